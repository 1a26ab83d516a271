"""Collecting from a folder in which students can put whatever they like."""

import getpass
import os
import shutil

import pytest
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.coursedir import CourseDirectory

from course_utils.grading.collect import Collect
from course_utils.grading.run import open_course
from grading.tiny import NAME, environment, make_course

ME = getpass.getuser()
TIME = "2026-03-01 12:00:00.000000 UTC"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A gradebook with nothing in it, whose making takes a second."""
    folder = tmp_path_factory.mktemp("gradebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environment(folder)["PATH"])  # where alembic is
        Gradebook(f"sqlite:///{folder}/gradebook.db", "convnet").close()
    return folder / "gradebook.db"


@pytest.fixture
def course(tmp_path, empty):
    make_course(tmp_path)
    (tmp_path / "gradebook" / "exchange" / "convnet" / "inbound").mkdir(parents=True)
    shutil.copy(empty, tmp_path / "gradebook")
    return tmp_path


def hand_in(course, student=ME, time=TIME):
    """A submission made without nbgrader; its folder."""
    inbound = course / "gradebook" / "exchange" / "convnet" / "inbound"
    folder = inbound / f"{student}+{NAME}+{time}+0000"
    folder.mkdir()
    shutil.copy(course / "solutions" / NAME / f"{NAME}.ipynb", folder)
    return folder


def collect(course, update=False):
    """What `nbgrader collect` does and says."""
    config = open_course(course).config
    directory = CourseDirectory(config=config)
    directory.assignment_id = NAME
    authenticator = Authenticator(config=config)
    done = utils.capture_log(
        Collect(coursedir=directory, authenticator=authenticator, config=config, update=update)
    )
    assert done["success"], done["error"]
    return done.get("log", "")


def collected(course, student=ME):
    return course / "gradebook" / "submitted" / student / NAME


def names(folder):
    return {path.name for path in folder.iterdir()} - {"timestamp.txt", "submission_secret.txt"}


def test_a_later_submission_in_ones_name_by_somebody_else_does_not_count(course):
    hand_in(course)
    somebody_else = hand_in(course, "victim", TIME.replace("12", "13"))
    said = collect(course)
    assert f"{somebody_else} is left out: it belongs to {ME}" in said
    assert names(collected(course)) == {f"{NAME}.ipynb"}
    assert not collected(course, "victim").exists()


@pytest.mark.parametrize("time", ["no time at all", "99999999999999999999", "", "2026-13-45"])
def test_a_name_without_a_time_stops_nobody(course, time):
    hand_in(course, time=time)
    said = collect(course)
    assert "that is no name of a submission" in said
    hand_in(course)
    collect(course)
    assert names(collected(course)) == {f"{NAME}.ipynb"}


def test_what_is_no_file_is_left_out_and_told(course):
    folder = hand_in(course)
    (folder / "kept").mkdir()
    (folder / "kept" / "note.txt").write_text("mine")
    (folder / "link.txt").symlink_to(course / "nbgrader_config.py")
    (folder / "away").symlink_to(course / "solutions")
    os.mkfifo(folder / "pipe")
    deep = folder.joinpath(*["deep"] * 30)
    deep.mkdir(parents=True)
    said = collect(course)
    assert names(collected(course)) == {f"{NAME}.ipynb", "kept", "deep"}
    assert (collected(course) / "kept" / "note.txt").read_text() == "mine"
    for name in ("link.txt", "away", "pipe", "deep"):
        assert f"'{name}' of" in said


def test_a_submission_that_is_a_link_is_left_out(course):
    folder = hand_in(course)
    shutil.rmtree(folder)
    folder.symlink_to(course / "solutions" / NAME)
    said = collect(course)
    assert f"{folder} is left out" in said
    assert not collected(course).exists()


def test_what_stands_in_its_files_neither_sets_its_time_nor_stops_feedback(course):
    folder = hand_in(course)
    (folder / "timestamp.txt").mkdir()
    (folder / "submission_secret.txt").write_bytes(b"\xff" * 300)
    said = collect(course)
    assert (collected(course) / "timestamp.txt").read_text().startswith("2026-03-01 12:00:00")
    assert (collected(course) / "submission_secret.txt").read_text().isalnum()
    assert "says 2026-03-01 12:00:00 UTC, but was changed at" in said
    collect(course, update=True)


def test_too_much_is_left_out(course):
    folder = hand_in(course)
    for number in range(3):
        with open(folder / f"{number}.bin", "wb") as file:
            file.truncate(40_000_000)
    said = collect(course)
    assert names(collected(course)) == {f"{NAME}.ipynb", "0.bin", "1.bin"}
    assert "'2.bin' of" in said
    assert "too large" in said


def test_what_turns_into_a_link_while_it_is_copied_leads_nowhere(course, monkeypatch):
    """A folder is listed first, and what is in it is opened later."""
    folder = hand_in(course)
    (folder / "z.txt").write_text("harmless")
    (folder / "z").mkdir()
    known = utils.ignore_patterns

    def swap_and_ignore(*arguments, **options):
        def ignore(where, names):
            if "z.txt" in names:
                (folder / "z.txt").unlink()
                (folder / "z.txt").symlink_to(course / "nbgrader_config.py")
                (folder / "z").rmdir()
                (folder / "z").symlink_to(course / "solutions")
            return known(*arguments, **options)(where, names)

        return ignore

    monkeypatch.setattr(utils, "ignore_patterns", swap_and_ignore)
    said = collect(course)
    assert names(collected(course)) == {f"{NAME}.ipynb"}
    assert "'z.txt' of" in said
    assert "'z' of" in said
