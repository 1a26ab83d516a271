"""Every plain command of nbgrader, typed by one person in a fresh course."""

import getpass
import stat
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from grading.tiny import NAME, cell, environment, make_course, nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    make_course(folder)
    return folder


def test_the_whole_cycle_works_with_the_plain_commands(course):
    nbgrader(course, "generate_assignment", NAME)
    released = course / "assignments" / NAME / f"{NAME}.ipynb"
    assert "return x + x" not in released.read_text()

    nbgrader(course, "release_assignment", NAME)
    assert NAME in nbgrader(course, "list")
    listed = subprocess.run(
        [Path(sys.executable).parent / "nbgrader", "list"],
        cwd=course,
        env=environment(course),
        capture_output=True,
        text=True,
    )  # once as a process of its own; the others are forked, and say the same
    assert (listed.returncode, listed.stdout + listed.stderr) == (0, nbgrader(course, "list"))

    nbgrader(course, "fetch_assignment", NAME)
    copy = course / "convnet" / NAME / f"{NAME}.ipynb"
    assert copy.read_bytes() == released.read_bytes()

    notebook = nbformat.read(copy, as_version=4)
    cell(notebook, "double").source = "def double(x):\n    return 2 * x"
    cell(notebook, "answers").source = "first, second = 3, [5]"
    cell(notebook, "essay").source = "Since twice is plus itself."
    nbformat.write(notebook, copy)

    validated = nbgrader(course, "validate", str(copy))
    assert "Success" in validated
    inside = nbgrader(course, "validate", copy.name, cwd=copy.parent)
    assert "Success" in inside

    nbgrader(course, "submit", NAME)
    assert NAME in nbgrader(course, "list", "--inbound")
    nbgrader(course, "collect", NAME)
    nbgrader(course, "autograde", NAME)
    nbgrader(course, "generate_feedback", NAME)
    nbgrader(course, "release_feedback", NAME)
    nbgrader(course, "fetch_feedback", NAME)
    pages = list((course / "convnet" / NAME / "feedback").rglob("*.html"))
    assert len(pages) == 1
    assert "Score: 6.0 / 10.0" in pages[0].read_text()

    nbgrader(course, "export")
    (line,) = (course / "gradebook" / "grades.csv").read_text().splitlines()[1:]
    assert line.startswith(f"{NAME},")
    assert f",{getpass.getuser()}," in line
    assert line.endswith(",6.0,0.0,6.0,10.0")  # raw score, late penalty, score, possible


def test_nothing_appears_outside_the_ignored_folders(course):
    made = {path.name for path in course.iterdir()} - {".settings"}
    assert made <= {"nbgrader_config.py", "solutions", "assignments", "gradebook", "convnet"}


def test_only_the_owner_reaches_the_gradebook(course):
    assert stat.S_IMODE((course / "gradebook").stat().st_mode) == 0o700
    assert stat.S_IMODE((course / "gradebook" / "exchange").stat().st_mode) == 0o777


def test_a_failing_notebook_is_told_what_to_mend(course):
    copy = course / "assignments" / NAME / f"{NAME}.ipynb"
    # Two tests and the unanswered question.
    assert "VALIDATION FAILED ON 3 CELL(S)" in nbgrader(course, "validate", str(copy))
