"""What is odd and does no harm costs nothing: magics, windows, empty cells, a wrong file name."""

import json
import sqlite3

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.errors import CourseError
from course_utils.grading import proof, rebuild, record
from course_utils.grading.examine import examine
from course_utils.grading.sandbox import Limits
from course_utils.grading.submissions import read_folder
from grading.tiny import code, notebook

F = "def f(x):\n    return x"
GIVEN = {
    "inline": "%matplotlib inline\nimport numpy as np\nLIMIT = 4",
    "shell": "files = !ls\ncount = len(files)",
    "bash": "%%bash\nls",
    "time": "%%time\nWAIT = 3",
}
ANSWERS = {
    "magics": f"%matplotlib inline\n%config InlineBackend.figure_format = 'png'\n{F}",
    "windows": "%matplotlib widget\nimport matplotlib\nmatplotlib.use('TkAgg')\n"
    "import matplotlib.pyplot as plt\nplt.plot([1])\ndef g(x):\n    return x",
    "timed": "%%time\ndef h(x):\n    return x",
    "absent": "import no_such_package\ndef k(x):\n    return x",
}
TESTS = {
    "magics": "assert f(2) == 2 and LIMIT == 4 and WAIT == 3",
    "windows": "assert g(2) == 2",
    "timed": "assert h(2) == 2",
    "shell": "assert count == len(files) and h(3) == 3",
    "absent": "assert k(2) == 2",
}


def _master():
    cells = [code(name, text) for name, text in GIVEN.items()]
    for name, text in ANSWERS.items():
        first, _, rest = text.partition("\n")
        rest = rest.replace("import no_such_package\n", "")
        solved = f"### BEGIN SOLUTION\n{rest}\n### END SOLUTION"
        solved = f"{first}\n{solved}" if first.startswith("%%") else solved
        cells.append(code(name, solved, solution=True))
    cells += [code(f"test-{name}", text, points=1) for name, text in TESTS.items()]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def graded(start):
    """What each test gave; the submission has a cell without text for each that it may have."""
    nb = _master()
    for cell in nb.cells:
        cell.source = ANSWERS.get(cell.id, cell.source)
    nb.cells += [new_code_cell(" ", id=f"empty-{n}") for n in range(rebuild.MAX_CELLS + 1)]
    data = nbformat.writes(nb).encode()
    limits = Limits(cell_seconds=30)
    result = proof.Examiner(examine).examine(data, _master(), limits)
    return {cell.name.removeprefix("test-"): cell for cell in result.cells}


@pytest.mark.parametrize("name", ["magics", "windows", "timed", "shell"])
def test_magics_and_backends_stop_no_cell(graded, name):
    assert graded[name].score == 1, graded[name]


def test_a_name_that_is_missing_says_what_stopped_its_cell(graded):
    assert graded["absent"].score == 0
    assert graded["absent"].reason == (
        "✗ `k` is not defined, since its cell stopped: "
        "ModuleNotFoundError: No module named 'no_such_package'"
    )


def test_a_pasted_picture_is_told(start):
    nb = notebook()
    nb.cells[-1].source = "See ![my sheet](attachment:photo.png)"
    result = examine(nbformat.writes(nb).encode(), notebook(), Limits(cell_seconds=30))
    assert result.remarks == [
        "essay: a picture was pasted into the text, which only the submitted notebook shows"
    ]


def test_a_gradebook_in_use_is_not_called_old(tmp_path):
    path = tmp_path / "gradebook.db"
    with record.open_gradebook(f"sqlite:///{path}", "c"):
        pass
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(CourseError, match=r"in use: .*locked.* close formgrader"),
            record.open_gradebook(f"sqlite:///{path}?timeout=0.1", "c") as book,
        ):
            book.update_or_create_student("ada")


class TestLimits:
    def test_outputs_are_not_counted(self):
        nb = json.loads(nbformat.writes(notebook()))
        text = "x" * 70_000_000
        shown = {"output_type": "stream", "name": "stdout", "text": text}
        next(c for c in nb["cells"] if c["id"] == "show")["outputs"] = [shown]
        assert len(rebuild.read(json.dumps(nb).encode())) == len(nb["cells"])

    def test_too_many_cells_are_told_with_the_limit(self):
        nb = {"cells": [{"cell_type": "code", "source": "1"}] * (rebuild.MAX_CELLS + 1)}
        with pytest.raises(rebuild.Unreadable, match=f"2001 cells, at most {rebuild.MAX_CELLS}"):
            rebuild.read(json.dumps(nb).encode())


class TestNames:
    WANTED = {"t1_tiny": rebuild.ids(notebook())}  # noqa: RUF012

    def test_a_notebook_of_another_name_is_taken_if_it_must_be_the_one(self, tmp_path):
        (tmp_path / "my work.ipynb").write_text(nbformat.writes(notebook()))
        (tmp_path / "scratch.ipynb").write_text(nbformat.writes(new_notebook()))
        found = read_folder(tmp_path, "ada", self.WANTED)
        assert len(rebuild.read(found.notebooks["t1_tiny"])) == len(notebook().cells)
        assert found.remarks == [
            "t1_tiny.ipynb is missing; my work.ipynb has its cells and was graded"
        ]

    @pytest.mark.parametrize("names", [["one", "two"], []])
    def test_otherwise_the_student_reads_what_is_missing_and_what_is_there(self, tmp_path, names):
        for name in names:
            (tmp_path / f"{name}.ipynb").write_text(nbformat.writes(notebook()))
        found = read_folder(tmp_path, "ada", self.WANTED)
        there = ", only one.ipynb, two.ipynb" if names else ""
        assert found.remarks == [f"there is no readable t1_tiny.ipynb{there}"]
        with pytest.raises(rebuild.Unreadable, match=found.remarks[0]):
            rebuild.read(found.notebooks["t1_tiny"])
