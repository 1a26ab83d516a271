"""The released notebook, run as it is: nothing raises but the checks, and they give no point."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.utils import determine_grade, is_grade

from course_utils.course.release import ROOT, known_assignments


@pytest.mark.parametrize("name", known_assignments())
def test_a_blank_copy_raises_in_checks_only_and_earns_nothing(name):
    for path in sorted((ROOT / "assignments" / name).glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, kernel_name="python3", timeout=120, allow_errors=True).execute()
        for cell in notebook.cells:
            if is_grade(cell):
                score, possible = determine_grade(cell)
                assert score == 0 < possible, cell.id
            else:
                kinds = [output.output_type for output in cell.get("outputs", [])]
                assert "error" not in kinds, cell.id
