"""Submissions with something broken: each is graded, in bounded time, and the others as well."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell
from nbgrader.api import Gradebook, MissingEntry

from grading.hostile import MARKED, SCRIPTS
from grading.tiny import NAME, cell, make_course, nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")
CELL_SECONDS = 2
SOLVED = {
    "double": "def double(x):\n    return 2 * x",
    "answers": "first, second = 3, [4]",
    "essay": "Since twice is plus itself.",
}
SWALLOWS_INTERRUPTS = """
import time
while True:
    try:
        time.sleep(1)
    except BaseException:
        pass
"""


def _without(nb, *ids):
    nb.cells = [c for c in nb.cells if c.id not in ids]


def _insert(nb, before, *cells):
    at = nb.cells.index(cell(nb, before))
    nb.cells[at:at] = cells


def _perfect(nb):
    pass


def _deleted_test_and_its_solution(nb):
    _without(nb, "answers", "check-answers")


def _deleted_everything_but_one(nb):
    _without(nb, "title", "imports", "check-double", "show", "answers", "check-answers", "essay")


def _tests_tagged_to_be_skipped(nb):
    cell(nb, "double").source = "def double(x):\n    return 0"
    for c in nb.cells:
        c.metadata["tags"] = ["", "skip-execution"]


def _metadata_changed(nb):
    cell(nb, "double").source = "def double(x):\n    return 0"
    cell(nb, "check-double").metadata["nbgrader"] |= {"points": 0, "locked": False, "grade": False}
    cell(nb, "check-answers").metadata["nbgrader"] |= {"points": 50}
    cell(nb, "show").metadata["nbgrader"] = cell(nb, "check-answers").metadata["nbgrader"] | {
        "grade_id": "mine"
    }
    cell(nb, "imports").metadata["nbgrader"] = 7


def _doubled_test(nb):
    cell(nb, "answers").source = "first, second = 3, [5]"
    twice = nbformat.from_dict(cell(nb, "check-answers") | {"id": "again", "source": "2"})
    _insert(nb, "essay", twice)


def _cells_of_another_kind(nb):
    test = cell(nb, "check-double")
    at = nb.cells.index(test)
    nb.cells[at] = new_markdown_cell("Nothing to run.", id=test.id, metadata=test.metadata)


def _edited_test(nb):
    cell(nb, "double").source = "def double(x):\n    return 0"
    cell(nb, "check-double").source = "assert True"


def _endless_loop(nb):
    cell(nb, "answers").source = "while True:\n    pass"


def _loop_that_cannot_be_stopped(nb):
    cell(nb, "answers").source = SWALLOWS_INTERRUPTS


def _kernel_ended(nb):
    cell(nb, "answers").source = "import os\nos._exit(1)"


def _scripts_everywhere(nb):
    cell(nb, "essay").source = MARKED
    _insert(
        nb,
        "answers",
        new_code_cell(SCRIPTS, id="scripts"),
        new_markdown_cell(MARKED, id="marked"),
        new_raw_cell("<script>evil()</script>", metadata={"raw_mimetype": "text/html"}, id="raw"),
    )
    stored = new_output("display_data", {"text/html": "<script>evil()</script>"})
    cell(nb, "double").outputs = [stored]
    cell(nb, "double").source += '\n\n\nclass _:\n    """### BEGIN HIDDEN TESTS"""'


SUBMISSIONS = {  # what was handed in, and what the two tests earn
    _perfect: (5, 2),
    _deleted_test_and_its_solution: (5, 0),
    _deleted_everything_but_one: (5, 0),
    _tests_tagged_to_be_skipped: (0, 2),
    _metadata_changed: (0, 2),
    _doubled_test: (5, 1),
    _cells_of_another_kind: (5, 2),
    _edited_test: (0, 2),
    _endless_loop: (5, 0),
    _loop_that_cannot_be_stopped: (5, 0),
    _kernel_ended: (5, 0),
    _scripts_everywhere: (5, 2),
}
STUDENTS = {function.__name__.strip("_"): function for function in SUBMISSIONS}
UNUSABLE = {
    "broken": {f"{NAME}.ipynb": '{"cells": ['},
    "renamed": {"mine.ipynb": "{}"},
    "empty": {},
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which all of them were graded by one command."""
    folder = tmp_path_factory.mktemp("course")
    make_course(folder)
    nbgrader(folder, "generate_assignment", NAME)
    for student, spoil in STUDENTS.items():
        nb = nbformat.read(folder / "assignments" / NAME / f"{NAME}.ipynb", as_version=4)
        for id_, source in SOLVED.items():
            cell(nb, id_).source = source
        spoil(nb)
        path = folder / "gradebook" / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(nb, path)
    for student, files in UNUSABLE.items():
        (folder / "gradebook" / "submitted" / student / NAME).mkdir(parents=True)
        for name, text in files.items():
            (folder / "gradebook" / "submitted" / student / NAME / name).write_text(text)
    nbgrader(
        folder, "autograde", NAME, f"--Examiner.cell_seconds={CELL_SECONDS}", code=1
    )  # renamed
    nbgrader(folder, "generate_feedback", NAME)
    return folder


def _graded(course, student):
    path = course / "gradebook" / "autograded" / student / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


def _page(course, student):
    path = course / "gradebook" / "feedback" / student / NAME / f"{NAME}.html"
    return path.read_text()


@pytest.mark.parametrize("student", STUDENTS)
def test_the_points_are_those_that_were_earned(course, student):
    with Gradebook(f"sqlite:///{course / 'gradebook' / 'gradebook.db'}", "convnet") as book:
        (notebook,) = book.find_submission(NAME, student).notebooks
        scores = {grade.name: grade.auto_score for grade in notebook.grades}
    assert (scores["check-double"], scores["check-answers"]) == SUBMISSIONS[STUDENTS[student]]


@pytest.mark.parametrize("student", UNUSABLE)
def test_an_unusable_submission_gets_no_point_and_stops_no_other(course, student):
    with Gradebook(f"sqlite:///{course / 'gradebook' / 'gradebook.db'}", "convnet") as book:
        try:
            scores = [n.score for n in book.find_submission(NAME, student).notebooks]
        except MissingEntry:
            scores = []
    assert not any(scores)


def test_a_broken_file_says_why_it_cannot_be_graded(course):
    assert "is not a notebook" in _graded(course, "broken").cells[0].source
    assert "could not be graded" in _page(course, "broken")


def test_a_lost_cell_comes_back_where_the_master_has_it(course):
    order = [c.metadata.get("nbgrader", {}).get("grade_id") for c in
             _graded(course, "deleted_everything_but_one").cells]  # fmt: skip
    assert order == ["imports", "double", "check-double", "answers", "check-answers", "essay"]


def test_a_lost_answer_comes_back_empty_and_not_as_the_solution(course):
    graded = _graded(course, "deleted_everything_but_one")
    assert cell(graded, "essay").source == cell(graded, "answers").source == ""


@pytest.mark.parametrize(
    ("student", "why"),
    [
        ("endless_loop", f"ran for more than {CELL_SECONDS} s"),
        ("loop_that_cannot_be_stopped", "cannot be stopped"),
        ("kernel_ended", "the kernel ended"),
    ],
)
def test_a_lost_kernel_is_explained_in_the_cell_that_lost_it(course, student, why):
    outputs = cell(_graded(course, student), "answers").outputs
    assert why in outputs[-1].evalue


@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_carries_nothing_that_acts(course, student):
    body = BeautifulSoup(_page(course, student), "html.parser").body
    for name in ("script", "style", "iframe", "object", "form", "input", "button", "svg", "link"):
        assert not body.find_all(name), name
    for element in body.find_all(True):
        assert not [a for a in element.attrs if a.startswith(("on", "style", "src"))
                    and not str(element[a]).startswith("data:image/png;base64,")]  # fmt: skip
        assert not re.match(r"\s*(javascript|data|vbscript):", element.get("href", ""), re.I)


def test_feedback_keeps_what_a_student_wrote(course):
    page = _page(course, "scripts_everywhere")
    assert "<b>kept</b>" in page
    assert "<strong>kept too</strong>" in page
    assert "&lt;script&gt;evil()" in page  # printed text is shown as text


@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_never_shows_a_hidden_test(course, student):
    text = BeautifulSoup(_page(course, student), "html.parser").get_text()
    assert "-42" not in text
    assert "first == 3" not in text


def test_graded_notebooks_hold_no_output_that_formgrader_would_run(course):
    for c in _graded(course, "scripts_everywhere").cells:
        for output in c.get("outputs", []):
            assert not {"application/javascript", "image/svg+xml"} & set(output.get("data", {}))
            kept = output.get("metadata", {})
            assert not {key for about in kept.values() for key in about} - {"alt"}
