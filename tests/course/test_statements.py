"""Statements about cells run in the kernel of the run that is made anyway, right after the cell."""

import subprocess
import sys

import nbformat
import pytest

from course_utils.course import notebooks, statements
from course_utils.errors import CourseError
from course_utils.repository import LANGUAGE, ROOT

HOLDS = '"""Found."""\n\n\ndef the_sum(total):\n    assert total == 3\n\n\n'
CONFTEST = """
import importlib.util, pathlib
from course_utils.course import statements
statements.FOLDER = pathlib.Path(__file__).parent / "stated"
spec = importlib.util.spec_from_file_location("rooted", {root!r} + "/conftest.py")
rooted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rooted)
pytest_collection_modifyitems = rooted.pytest_collection_modifyitems
"""


@pytest.fixture
def stated(tmp_path, monkeypatch):
    """A notebook of two cells, and a function that says what must be found in them."""
    sources = {"the-sum": "total = 1 + 2", "the-product": "product = total * total\nproduct"}
    nb = nbformat.v4.new_notebook(metadata=LANGUAGE)
    nb.cells = [nbformat.v4.new_code_cell(text, id=id_) for id_, text in sources.items()]
    nb.cells[0].execution_count = 1
    shown = nbformat.v4.new_output("execute_result", {"text/plain": "9"}, execution_count=2)
    nb.cells[1].update(execution_count=2, outputs=[shown])
    path = tmp_path / "lectures" / "99_sums.ipynb"
    path.parent.mkdir()
    nbformat.write(nb, path)
    (tmp_path / "stated").mkdir()
    monkeypatch.setattr(statements, "FOLDER", tmp_path / "stated")
    statements.statements.cache_clear()

    def say(functions):
        (tmp_path / "stated" / "99_sums.py").write_text(functions)
        return path

    yield say
    statements.statements.cache_clear()


def test_a_cell_without_a_statement_runs_nothing(stated):
    stated(HOLDS)
    assert statements.after("99_sums", "the-product") == ""
    assert statements.after("98_none", "the-sum") == ""
    assert "total=total" in statements.after("99_sums", "the-sum")


def test_execute_stores_nothing_when_a_statement_does_not_hold(stated):
    path = stated(HOLDS + "def the_product(product, total):\n    assert product == total\n")
    before = path.read_bytes()
    with pytest.raises(CourseError, match=r"did not run, nothing was stored(.|\n)*AssertionError"):
        notebooks.execute(path)
    assert path.read_bytes() == before


def test_nbval_fails_the_cell_whose_statement_does_not_hold(stated, tmp_path):
    stated(HOLDS + "def the_product(product, total):\n    assert product == total\n")
    (tmp_path / "conftest.py").write_text(CONFTEST.format(root=str(ROOT)))
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path,
         "--nbval", "--nbval-current-env", "lectures/99_sums.ipynb"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert "1 failed, 1 passed" in run.stdout, run.stdout
    assert "A statement about this cell does not hold" in run.stdout
    assert "Cell 1" in run.stdout


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "lectures").glob("*.py")), ids=lambda path: path.stem
)
def test_each_statement_is_about_a_cell(path):
    (lecture,) = ROOT.glob(f"lectures/{path.stem}.ipynb")
    cells = {c.id.replace("-", "_") for c in notebooks.read(lecture).cells if c.cell_type == "code"}
    assert set(statements.statements(path.stem)) <= cells
