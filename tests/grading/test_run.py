"""`course grade`: what it grades, what it leaves, what it refuses, and how it ends."""

import json
import os
import signal
import sys
from pathlib import Path

import nbformat
import pytest
import sqlalchemy
from nbgrader.api import Gradebook
from started import warm
from typer.testing import CliRunner

from course_utils.course import cli
from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, nbgrader_plugins, record, run, workers
from course_utils.grading.table import table
from grading import target
from grading.classes import (
    ENDS,
    MIX,
    NAME,
    PARTLY,
    RIGHT,
    SCORES,
    contents,
    copy_course,
    hand_in,
    make_course,
)
from grading.conftest import QUICK
from grading.tiny import IMPORTED, cell, environment, nbgrader, typed

pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def finished(empty, tmp_path_factory):
    """The class, graded in one go; not to be changed by a test."""
    course = copy_course(empty, tmp_path_factory.mktemp("finished") / "course")
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    run.grade(NAME, course, limits=QUICK)
    return course


@pytest.fixture
def course(empty, tmp_path):
    return copy_course(empty, tmp_path / "course")


@pytest.fixture
def graded(finished, tmp_path):
    return copy_course(finished, tmp_path / "course")


def grade(course, **options):
    return {line.student: line for line in run.grade(NAME, course, limits=QUICK, **options)}


def command(course, *arguments):
    """What `course grade` says, typed in the course, and its exit code."""
    done = typed(course, "course_utils.course.cli", "grade", *arguments)
    return done.stdout + done.stderr, done.returncode


class TestWhatIsGraded:
    def test_the_gradebook_holds_what_was_earned(self, finished):
        assert {student: about["score"] for student, about in contents(finished).items()} == SCORES

    def test_a_written_answer_waits_and_nothing_else(self, finished):
        grades = contents(finished)["ada"]["grades"]
        assert [name for name, (_, _, waits) in grades.items() if waits] == ["essay"]

    def test_an_answer_left_as_released_is_no_response(self, course):
        released = course / "assignments" / NAME / f"{NAME}.ipynb"
        hand_in(course, "blank", released.read_bytes())
        assert grade(course)["blank"].score == 0
        about = contents(course)["blank"]
        assert about["grades"]["essay"] == (0, None, False)
        assert about["comments"]["essay"] == "No response."

    def test_feedback_and_export_work_on_it(self, graded):
        nbgrader(graded, "generate_feedback", NAME)
        nbgrader(graded, "export")
        page = (graded / "gradebook/feedback/ben" / NAME / f"{NAME}.html").read_text()
        assert "assert count(3) == 6" in page
        assert "5050" not in page
        assert len((graded / "gradebook/grades.csv").read_text().splitlines()) == 1 + len(MIX)

    def test_plain_nbgrader_gives_the_same(self, graded):
        before = contents(graded)
        limit = f"--Examiner.cell_seconds={QUICK.cell_seconds}"
        nbgrader(graded, "autograde", NAME, "--force", limit)
        assert contents(graded) == before

    def test_a_late_submission_pays_what_the_course_says(self, course):
        with open(course / "nbgrader_config.py", "a") as file:
            file.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
        nbgrader(course, "db", "assignment", "add", NAME, "--duedate=2026-01-01 12:00:00 UTC")
        for student, day in (("early", 1), ("late", 2)):
            folder = hand_in(course, student, RIGHT)
            (folder / "timestamp.txt").write_text(f"2026-01-0{day} 11:00:00 UTC")
        grade(course)
        assert contents(course)["early"]["late"] is None
        assert contents(course)["late"]["late"] == 23


class TestAgain:
    def test_what_is_graded_is_left_alone(self, graded):
        before = contents(graded)
        assert {line.status for line in grade(graded).values()} == {"before"}
        assert contents(graded) == before

    def test_a_newer_submission_is_graded(self, graded):
        hand_in(graded, "ben", RIGHT)
        lines = grade(graded)
        assert lines["ben"].status == "graded"
        assert lines["ada"].status == "before"
        assert contents(graded)["ben"]["score"] == 23

    def test_a_changed_test_grades_all(self, graded):
        path = graded / "solutions" / NAME / f"{NAME}.ipynb"
        master = nbformat.read(path, as_version=4)
        cell(master, "count").source = "def count(n): return 7"
        cell(master, "check-count").source = "assert count(3) == 7"
        nbformat.write(master, path)
        lines = grade(graded)
        assert {line.status for line in lines.values()} == {"graded"}
        assert contents(graded)["ada"]["score"] == 18

    def test_only_some_and_again(self, graded):
        lines = grade(graded, only=["ada", "dan"], again=True)
        assert {name: line.status for name, line in lines.items()} == {"ada": "graded",
                                                                       "dan": "graded"}  # fmt: skip

    def test_marks_given_by_hand_stay(self, graded):
        url = f"sqlite:///{graded / 'gradebook' / 'gradebook.db'}"
        with Gradebook(url, "convnet") as book:
            mark = book.find_grade("essay", NAME, NAME, "ada")
            mark.manual_score, mark.needs_manual_grade = 1.5, False
            mark = book.find_grade("check-count", NAME, NAME, "ben")
            mark.manual_score = 4
            book.db.commit()
        grade(graded, again=True)
        about = contents(graded)
        assert about["ada"]["score"] == 24.5
        assert about["ben"]["grades"]["check-count"] == (0, 4, True)

    def test_scores_of_an_earlier_run_are_wiped(self, graded):
        hand_in(graded, "ada", b"no notebook any more")
        assert grade(graded)["ada"].score == 0
        assert contents(graded)["ada"]["score"] == 0


@pytest.mark.parametrize("count", [1, 2])
def test_the_same_class_gets_the_same_gradebook(empty, finished, tmp_path, count):
    course = copy_course(empty, tmp_path / "course")
    for student, submission in reversed(MIX.items()):
        hand_in(course, student, submission)
    grade(course, workers=count)
    assert contents(course) == contents(finished)


KILLED = """
import os
from pathlib import Path
from course_utils.grading import {module}, run
from course_utils.grading.sandbox import Limits
calls, original = 0, {module}.{function}
def stop(*arguments):
    global calls
    calls += 1
    if calls == {call}:
        os.kill(os.getpid(), 9)
    return original(*arguments)
{module}.{function} = stop
run.grade({name!r}, Path.cwd(), limits={limits}, workers=1)
"""


@pytest.mark.parametrize(
    ("module", "function", "call", "noted"),
    [
        ("run", "_demand_space", 1, 0),
        ("proof", "Examiner.examine", 2, None),  # how many are noted by then may differ
        ("record", "record", 3, 2),
        ("run", "_write_note", 3, 2),
    ],
    ids=["at the start", "while grading", "between two records", "before the note of a record"],
)
def test_a_run_that_was_killed_is_continued(
    empty, finished, tmp_path, module, function, call, noted
):
    course = copy_course(empty, tmp_path / "course")
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    code = KILLED.format(module=module, function=function, call=call, name=NAME, limits=QUICK)
    ended = warm(*IMPORTED).run("-c", code, cwd=course, env=environment(course))
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    examined = course / "gradebook" / "examined" / NAME
    done = {path.stem for path in examined.glob("*.json")}
    assert len(done) == noted or noted is None
    lines = grade(course)
    assert contents(course) == contents(finished)
    assert {name for name, line in lines.items() if line.status == "before"} == done
    assert {path.stem for path in examined.glob("*.json")} == MIX.keys()
    assert not list((course / "gradebook" / "autograded").glob("*/.*"))


NO_NOTEBOOK = {  # by student: a file, what is in it, and what is told
    "torn": (f"{NAME}.ipynb", b'{"cells": [', "not a notebook"),
    "binary": (f"{NAME}.ipynb", b"\x7fELF\x00\xff", "not text"),
    "empty": (f"{NAME}.ipynb", b"", "not a notebook"),
    "renamed": ("mine.ipynb", b"{}", f"no readable {NAME}.ipynb, only mine.ipynb"),
    "missing": ("notes.txt", b"late, sorry", f"no readable {NAME}.ipynb"),
}


class TestBadInput:
    def test_an_unknown_assignment(self, course):
        with pytest.raises(CourseError, match="no assignment 'a9'; known are: t2_target"):
            run.grade("a9", course, limits=QUICK)

    def test_no_submissions(self, course):
        with pytest.raises(CourseError, match="There are no submissions"):
            grade(course)

    def test_a_student_who_did_not_submit(self, graded):
        with pytest.raises(CourseError, match="zoe has not submitted"):
            grade(graded, only=["zoe"])

    def test_a_folder_that_is_no_course(self, tmp_path):
        with pytest.raises(CourseError, match=r"no nbgrader_config.py"):
            run.grade(NAME, tmp_path)

    def test_an_assignment_that_the_gradebook_does_not_know(self, course, monkeypatch):
        # nbgrader asks alembic, by name, of which version a new gradebook is.
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        (course / "gradebook" / "gradebook.db").unlink()
        hand_in(course, "ada", RIGHT)
        with pytest.raises(CourseError, match="nbgrader generate_assignment t2_target --force"):
            grade(course)

    def test_an_assignment_that_was_changed_since(self, course):
        path = course / "solutions" / NAME / f"{NAME}.ipynb"
        master = nbformat.read(path, as_version=4)
        master.cells = [c for c in master.cells if c.id != "check-count"]
        nbformat.write(master, path)
        hand_in(course, "ada", RIGHT)
        with pytest.raises(CourseError, match="it was changed since"):
            grade(course)

    def test_a_gradebook_of_another_version(self, graded):
        engine = sqlalchemy.create_engine(f"sqlite:///{graded / 'gradebook' / 'gradebook.db'}")
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'old'"))
        before = contents(graded)
        with pytest.raises(CourseError, match="nbgrader db upgrade"):
            grade(graded, again=True)
        assert contents(graded) == before

    def test_a_gradebook_that_is_none(self, graded):
        (graded / "gradebook" / "gradebook.db").write_bytes(b"nonsense" * 1000)
        with pytest.raises(CourseError, match="The gradebook cannot be used"):
            grade(graded, again=True)

    def test_a_name_may_be_odd(self, course):
        students = ["Zoë Müller", "..hidden", "a b'c\"d", "名前", "-rf", "%s"]
        for student in students:
            hand_in(course, student, PARTLY)
        assert {name: line.score for name, line in grade(course).items()} == dict.fromkeys(
            students, 21
        )
        assert {s: about["score"] for s, about in contents(course).items()} == dict.fromkeys(
            students, 21
        )

    def test_what_is_no_notebook_is_told_and_the_others_are_graded(self, course):
        for student, (name, data, _) in NO_NOTEBOOK.items():
            hand_in(course, student, data, name)
        hand_in(course, "ben", RIGHT)
        lines = grade(course)
        assert {name: line.score for name, line in lines.items()} == {
            "ben": 23, **dict.fromkeys(NO_NOTEBOOK, 0)
        }  # fmt: skip
        book = contents(course)
        for student, (*_, why) in NO_NOTEBOOK.items():
            assert any(why in remark for remark in lines[student].remarks)
            assert why in table([lines[student]])
            grades = book[student]["grades"].values()
            assert sum(waits for _, _, waits in grades) == 1  # flagged, once

    def test_a_name_that_is_no_text_is_told_and_the_others_are_graded(self, course):
        hand_in(course, "ada", RIGHT)
        hand_in(course, os.fsdecode(b"zo\xeb"), RIGHT)
        folder = hand_in(course, "ben", RIGHT)
        (folder / os.fsdecode(b"\xff.txt")).write_text("")
        lines = run.grade(NAME, course, limits=QUICK)
        assert sorted(line.status for line in lines) == ["graded", "graded", "not graded"]
        told = table(lines)
        assert "cannot be written" in told
        assert "its name is no text" in told
        told.encode()

    def test_links_are_not_followed(self, course, tmp_path):
        secret = tmp_path / "secret.ipynb"
        secret.write_bytes(nbformat.writes(RIGHT).encode())
        folder = hand_in(course, "mallory", b"", "x.txt")
        (folder / f"{NAME}.ipynb").symlink_to(secret)
        (folder / "passwd.txt").symlink_to("/etc/passwd")
        (folder / "all").symlink_to("/etc")
        (course / "gradebook/submitted/eve").mkdir()
        (course / "gradebook/submitted/eve" / NAME).symlink_to(folder)
        os.mkfifo(folder / "pipe")
        lines = grade(course)
        assert lines["mallory"].score == lines["eve"].score == 0
        told = " ".join(lines["mallory"].remarks)
        for name in (f"{NAME}.ipynb", "passwd.txt", "all"):
            assert f"{name} was left out: it is a link" in told
        assert "pipe was left out: it is no regular file" in told

    def test_a_notebook_of_another_course_earns_nothing(self, course):
        other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hi')")])
        hand_in(course, "ada", other)
        assert grade(course)["ada"].score == 0

    def test_a_place_that_cannot_be_written_stops_before_anything_is_done(self, graded):
        examined = graded / "gradebook" / "examined"
        for path in (examined / NAME).iterdir():
            path.unlink()
        (examined / NAME).rmdir()
        examined.rmdir()
        examined.write_text("in the way")
        with pytest.raises(CourseError, match="cannot be written"):
            grade(graded, again=True)

    def test_a_result_that_cannot_be_written_is_told_and_the_others_are_graded(self, course):
        for student in ("ada", "ben"):
            hand_in(course, student, RIGHT)
        (course / "gradebook" / "autograded").mkdir()
        (course / "gradebook" / "autograded" / "ada").write_text("in the way")
        lines = grade(course)
        assert lines["ada"].status == "not graded"
        assert "cannot be written" in lines["ada"].remarks[0]
        assert lines["ben"].status == "graded"

    def test_a_full_disk_is_told_before_anything_is_done(self, graded, monkeypatch):
        usage = type("Usage", (), {"free": 1_000_000})
        monkeypatch.setattr(run.shutil, "disk_usage", lambda _: usage)
        with pytest.raises(CourseError, match="is full: 1 MB are left"):
            grade(graded, again=True)

    def test_a_disk_that_fills_up_on_the_way_loses_nothing(self, graded, monkeypatch):
        before = contents(graded)
        monkeypatch.setattr(record, "_write", _no_space)
        lines = grade(graded, again=True)
        assert {line.status for line in lines.values()} == {"not graded"}
        monkeypatch.undo()
        assert {line.status for line in grade(graded).values()} == {"graded"}
        assert contents(graded) == before


def _no_space(*_):
    raise OSError(28, "No space left on device")


class TestFaults:
    def test_an_examiner_that_dies_leaves_the_submission_not_graded(self, course):
        path = course / "solutions" / NAME / f"{NAME}.ipynb"
        master = nbformat.read(path, as_version=4)
        cell(master, "check-count").source = "if count(3) == 6:\n    import os; os._exit(3)"
        nbformat.write(master, path)
        hand_in(course, "ada", RIGHT)
        hand_in(
            course, "ben", target.submission({**target.RIGHT, "count": "def count(n): return n"})
        )
        lines = grade(course)
        assert lines["ada"].status == "not graded"
        assert "without a result" in lines["ada"].remarks[0]
        assert lines["ben"].status == "graded"
        assert "1 NOT GRADED, see above" in table(list(lines.values()))
        grades = contents(course)["ada"]["grades"].values()
        assert all(score is None and waits for score, _, waits in grades)
        assert (
            "not graded yet"
            in (course / "gradebook/autograded/ada" / NAME / f"{NAME}.ipynb").read_text()
        )
        assert grade(course)["ada"].status == "not graded"  # it is tried again each time

    def test_without_a_sandbox_nothing_is_graded(self, graded, monkeypatch, tmp_path):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(bubblewrap, "_way", lambda: "as it is")
        with pytest.raises(CourseError, match="sudo apt install bubblewrap"):
            grade(graded, again=True)

    def test_an_unreachable_scheduler(self, graded, monkeypatch):
        client = workers.Client
        monkeypatch.setattr(workers, "Client", lambda at, timeout: client(at, timeout="1s"))
        with pytest.raises(CourseError, match="No scheduler answers"):
            grade(graded, again=True, scheduler="tcp://127.0.0.1:9")

    def test_a_limit_that_makes_no_sense(self, finished):
        with pytest.raises(CourseError, match="memory must be above 0"):
            run.configured_limits(run.open_course(finished), memory=0)


class TestCold:
    """That kernels are started anew is a limit like the others."""

    def test_the_configuration_says_so(self, course):
        assert not run.configured_limits(run.open_course(course)).cold
        with open(course / "nbgrader_config.py", "a") as file:
            file.write("c.Examiner.cold = True\n")
        assert run.configured_limits(run.open_course(course)).cold

    def test_plain_nbgrader_says_so(self):
        assert not nbgrader_plugins.Examiner().limits().cold
        assert nbgrader_plugins.Examiner(cold=True).limits().cold

    def test_the_command_says_so(self, course, monkeypatch):
        asked = []
        monkeypatch.setattr(run, "grade", lambda *_, limits, **__: asked.append(limits) or [])
        monkeypatch.chdir(course)
        for options in ([], ["--cold"]):
            CliRunner().invoke(cli.app, ["grade", NAME, *options])
        assert [limits.cold for limits in asked] == [False, True]


class TestCommand:
    def test_it_says_what_was_graded_and_why_not(self, graded):
        hand_in(graded, "finn", ENDS)
        hand_in(graded, "gus", b"{")
        said, code = command(graded, NAME, "--timeout=4", "--memory=512", "--workers=1")
        assert code == 0, said
        assert "submission" in said  # the progress bar
        assert "finn     18 / 25" in said
        assert "gus      0 / 25" in said
        assert "! the file is not a notebook" in said
        assert "2 graded, 5 graded before (--again grades them anew)" in said

    def test_without_a_sandbox_it_is_loud(self, course):
        hand_in(course, "ada", RIGHT)
        said, _ = command(course, NAME, "--no-sandbox")
        assert "NO SANDBOX: students' code runs with your rights" in said
        assert contents(course)["ada"]["score"] == 23

    def test_a_mistake_is_told_in_a_sentence(self, course):
        said, code = command(course, "a9")
        assert code == 1
        assert said.startswith("course: There is no assignment 'a9'")


def test_a_note_keeps_what_each_cell_earned_and_what_was_used(finished):
    note = json.loads((finished / "gradebook/examined" / NAME / "cleo.json").read_text())
    cells = {c["name"]: (c["score"], c["verdict"]) for c in note["cells"]}
    assert cells["check-answers"] == (1, "partly")
    assert cells["essay"] == (None, "by hand")
    assert set(note["seconds"][NAME]) == {"start", "cells", "tests", "all"}
    assert note["used"][NAME]["processor"] > 0
    assert note["used"][NAME]["memory"] > 1e6
    assert target.POINTS.keys() == cells.keys()
