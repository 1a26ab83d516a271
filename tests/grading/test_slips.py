"""What is not the student's costs them nothing and earns them nothing: a person looks at it."""

import json

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_utils.grading import run
from course_utils.grading.table import table
from grading import slips
from grading.classes import copy_course
from grading.conftest import QUICK
from grading.slips import KNOWN, NAME, NO_TEST, RIGHT, SECRETS, STUDENTS
from grading.tiny import cell, make_course, nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")
WITHOUT_CELLS = [
    f"{name}: The submission has no cell for this answer" for name in ("essay", "program")
]


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """The class, to be graded in copies of this folder."""
    folder = tmp_path_factory.mktemp("course")
    beside = make_course(folder, NAME, slips.master()).parent
    for name, text in slips.FILES.items():
        (beside / name).write_text(text)
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write(slips.KEPT)
    nbgrader(folder, "generate_assignment", NAME)
    for student in STUDENTS:
        slips.hand_in(folder, student)
    return folder


@pytest.fixture(scope="module")
def course(handed_in, tmp_path_factory):
    """Graded, with feedback; and what the instructor is told."""
    folder = copy_course(handed_in, tmp_path_factory.mktemp("graded") / "course")
    told = table(run.grade(NAME, folder, limits=QUICK))
    nbgrader(folder, "generate_feedback", NAME)
    return folder, told


@pytest.fixture(scope="module")
def book(course):
    return _book(course[0])


def _book(folder):
    """Of each student, each cell's score and whether it waits, and the comments."""
    found = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook' / 'gradebook.db'}", "convnet") as opened:
        for submission in opened.assignment_submissions(NAME):
            (notebook,) = submission.notebooks
            grades = {g.name: (g.auto_score, g.needs_manual_grade) for g in notebook.grades}
            comments = {c.name: c.auto_comment for c in notebook.comments}
            found[submission.student_id] = grades | {"comments": comments}
    assert found.keys() == STUDENTS.keys()
    return found


def _page(course, student):
    return (course[0] / f"gradebook/feedback/{student}/{NAME}/{NAME}.html").read_text()


def test_what_can_be_judged_earns_a_point_where_it_is_right(book):
    for name in KNOWN:
        scores = {student: grades[f"check-{name}"][0] for student, grades in book.items()}
        assert scores == {student: float(student in RIGHT) for student in STUDENTS}, name


def test_what_is_no_test_is_graded_for_nobody_and_waits(book):
    for name in NO_TEST:
        found = {student: grades[f"check-{name}"] for student, grades in book.items()}
        assert found.pop("blank")[0] in (None, 0), name  # no test asks for what is not there
        assert set(found.values()) == {(None, True)}, name


def test_the_instructor_reads_what_is_wrong_with_it(course):
    for _, said in NO_TEST.values():
        assert said in course[1]


class TestByHand:
    def test_a_task_waits_for_a_person_whatever_is_below_it(self, book):
        assert {grades["task"] for grades in book.values()} == {(None, True)}
        assert {grades["comments"]["task"] for grades in book.values()} == {None}

    @pytest.mark.parametrize("name", ["essay", "program"])
    def test_an_answer_waits_and_one_left_as_released_is_no_response(self, book, name):
        assert book["right"][name] == book["bare"][name] == (None, True)
        assert book["blank"][name] == (0, False)
        assert book["blank"]["comments"][name] == "No response."

    def test_an_answer_without_its_cell_is_looked_for(self, course, book):
        assert not any(book["bare"]["comments"].values())
        for wrong in WITHOUT_CELLS:
            assert wrong in course[1]
        assert "Because it is so." in _page(course, "bare")


@pytest.mark.parametrize("student", STUDENTS)
def test_feedback_holds_nothing_of_what_is_hidden(course, student):
    page = _page(course, student)
    assert not [secret for secret in SECRETS if secret in page]
    assert "This test could not be judged" in page
    outputs = json.dumps(_outputs(course[0], student))
    assert not [secret for secret in SECRETS if secret in outputs]


def _outputs(folder, student):
    path = folder / f"gradebook/autograded/{student}/{NAME}/{NAME}.ipynb"
    return [c.get("outputs", []) for c in nbformat.read(path, as_version=4).cells]


def test_plain_nbgrader_gives_and_says_the_same(handed_in, course, book, tmp_path):
    """The same gradebook and outputs, of which feedback is made."""
    folder = copy_course(handed_in, tmp_path / "course")
    said = nbgrader(folder, "autograde", NAME, f"--Examiner.cell_seconds={QUICK.cell_seconds}")
    assert _book(folder) == book
    for student in STUDENTS:
        assert _outputs(folder, student) == _outputs(course[0], student)
    for wrong in [*(why for _, why in NO_TEST.values()), *WITHOUT_CELLS]:
        assert wrong in said


def test_the_patcher_saw_nothing_and_kept_only_the_file_that_may_be_changed(course):
    path = course[0] / f"gradebook/autograded/patcher/{NAME}/{NAME}.ipynb"
    assert cell(nbformat.read(path, as_version=4), "program").outputs[0].text == "[] my own\n"
