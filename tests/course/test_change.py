"""An assignment is changed after it was handed in: one command, and no mark by hand is lost."""

import datetime
import os
import sys
from pathlib import Path

import nbformat
import pytest
from grading import tiny
from grading.conftest import QUICK
from grading.tiny import NAME, cell, code, nbgrader, notebook
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from course_utils.course.cli import app
from course_utils.errors import CourseError
from course_utils.grading import run
from course_utils.grading.table import table

pytestmark = pytest.mark.usefixtures("sandboxed")
SOLVED = {"double": "def double(x):\n    return 2 * x", "answers": "first = 3\nsecond = [4]"}


def _changed():
    """Other points, another name, a test more, and one less that had a mark by hand."""
    nb = notebook()
    cell(nb, "check-double").metadata.nbgrader.points = 6
    essay = cell(nb, "essay")
    essay.metadata.nbgrader.grade_id = essay.id = "why"
    nb.cells = [c for c in nb.cells if c.id != "check-answers"]
    nb.cells.append(code("check-again", "assert double(4) == 8", points=2))
    return nb


def _book(folder):
    return Gradebook(f"sqlite:///{folder / 'gradebook' / 'gradebook.db'}", "convnet")


def _submission(nb):
    for each in nb.cells:
        each.source = SOLVED.get(each.id, each.source)
    return nb


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded course with marks by hand, its assignment changed; and what was said of it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    folder = tmp_path_factory.mktemp("course")
    path = tiny.make_course(folder)
    nbgrader(folder, "generate_assignment", NAME)
    submitted = folder / "gradebook" / "submitted" / "ada" / NAME
    submitted.mkdir(parents=True)
    nbformat.write(_submission(notebook()), submitted / f"{NAME}.ipynb")
    run.grade(NAME, folder, limits=QUICK)
    with _book(folder) as book:
        grades = book.find_submission(NAME, "ada").notebooks[0].grades
        for grade in grades:
            if grade.name in ("essay", "check-answers"):
                grade.manual_score = 1.5
        book.db.commit()
    nbgrader(folder, "generate_feedback", NAME)
    before = (folder / f"gradebook/feedback/ada/{NAME}/{NAME}.html").read_text()
    nbformat.write(_changed(), path)
    with pytest.raises(CourseError, match=f"course update {NAME}"):
        run.grade(NAME, folder, limits=QUICK)
    patch.chdir(folder)
    refused = CliRunner().invoke(app, ["update", NAME], input="n\n")
    unchanged = nbformat.read(folder / "assignments" / NAME / f"{NAME}.ipynb", as_version=4)
    done = CliRunner().invoke(app, ["update", NAME, "--yes"], catch_exceptions=False)
    lines = run.grade(NAME, folder, limits=QUICK)
    yield folder, refused, unchanged, done, lines, before
    patch.undo()


def test_it_says_first_what_it_will_change_and_asks(course):
    _, refused, unchanged, *_ = course
    for line in (
        f"{NAME}: essay is called why from now on; its marks stay",
        f"{NAME}: check-double counts 6 points instead of 5; marks by hand stay as they are",
        f"{NAME}: check-again is new",
        f"{NAME}: check-answers is removed, with its marks",
        f"{NAME}: ada had 1.5 points by hand for check-answers; that is kept in a file",
        "Change this?",
    ):
        assert line in refused.output
    assert "Done" not in refused.output
    assert cell(unchanged, "essay")


def test_marks_by_hand_are_kept_and_the_rest_is_graded_anew(course):
    folder, *_ = course
    with _book(folder) as book:
        grades = {g.name: (g.auto_score, g.manual_score, g.max_score)
                  for g in book.find_submission(NAME, "ada").notebooks[0].grades}  # fmt: skip
        comments = {c.name for c in book.find_submission(NAME, "ada").notebooks[0].comments}
    assert grades == {
        "check-double": (6, None, 6),
        "check-again": (2, None, 2),
        "why": (None, 1.5, 3),
    }
    assert comments == {"double", "answers", "why"}
    kept = folder / "gradebook" / f"removed-marks-{NAME}.csv"
    assert kept.read_text().split() == ["ada,check-answers,1.5"]


def test_the_release_and_the_table_follow(course):
    folder, _, _, done, lines, _ = course
    assert "Done." in done.output
    released = nbformat.read(folder / "assignments" / NAME / f"{NAME}.ipynb", as_version=4)
    assert cell(released, "why")
    assert cell(released, "check-again")
    assert "8 / 11       +1.5 by hand" in table(lines)
    assert CliRunner().invoke(app, ["update", NAME]).output.startswith("The gradebook knows it")


def test_feedback_and_penalties_follow_by_themselves(course):
    folder, *_, before = course
    with _book(folder) as book:
        book.update_or_create_assignment(NAME, duedate=datetime.datetime(2026, 1, 1))
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'late.Two'\n")
    (folder / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\nclass Two(BasePlugin):\n"
        "    def late_submission_penalty(self, student, score, seconds):\n        return 2.0\n"
    )
    sys.path.insert(0, str(folder))
    stamp = folder / "gradebook" / "submitted" / "ada" / NAME / "timestamp.txt"
    stamp.write_text("2026-02-01 00:00:00 UTC")
    try:
        lines = run.grade(NAME, folder, limits=QUICK)
    finally:
        sys.path.remove(str(folder))
    assert [line.status for line in lines] == ["before"]
    assert "graded before, +1.5 by hand, −2 late" in table(lines)
    nbgrader(folder, "generate_feedback", NAME)
    page = (folder / f"gradebook/feedback/ada/{NAME}/{NAME}.html").read_text()
    assert page != before
    assert "check-again" in page
