"""Every attack gains nothing, changes nothing, ends in time, and can be understood.

All are handed in to one course, between honest students, and graded in one run. An attack that is
not marked harmless is only ever run inside the sandbox.
"""

import hashlib
import json
import os
import re
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from bs4 import BeautifulSoup

from course_utils.grading import names, run
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT
from grading import impossible, target
from grading.classes import NAME, contents, hand_in, make_course
from grading.hostile_class import (
    ATTACKS,
    CLASSES,
    EXAMPLES,
    FLAWS,
    TRICKS,
    earned,
    kind,
    master,
    passed_the_impossible,
    submit,
    table,
)
from grading.tiny import nbgrader

pytestmark = pytest.mark.timeout(900)  # 200 submissions, of which some use all their time
LIMITS = Limits(cell_seconds=0.5, total_seconds=5, memory=256 << 20, disk=16 << 20)
TOGETHER = 6  # more than there are processors: many only wait for a limit
SECONDS_EACH = 120  # more than the clock allows a submission at the utmost
HONEST = [f"honest-{number}" for number in range(8)]


def _state(folder: Path) -> dict[str, str]:
    """A digest of every file in a folder that grading has no business with."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _processes() -> set[int]:
    return {p.pid for p in psutil.process_iter() if p.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture(scope="module")
def course(sandboxed, tmp_path_factory):
    """What the folder, the gradebook and the machine are like before and after."""
    folder = make_course(tmp_path_factory.mktemp("hostile"), master=master())
    students = sorted(ATTACKS)
    every = max(1, len(students) // len(HONEST))
    for number, name in enumerate(students):
        submit(ATTACKS[name], folder, name)
        if number % every == 0 and number // every < len(HONEST):
            hand_in(folder, f"honest-{number // every}", target.submission(target.RIGHT, master()))
    own = [folder / "solutions", folder / "assignments", folder / "gradebook" / "submitted"]
    before, running = [_state(f) for f in own], _processes()
    began = time.monotonic()
    lines = run.grade(NAME, folder, limits=LIMITS, workers=TOGETHER)
    seconds = time.monotonic() - began
    nbgrader(folder, "generate_feedback", NAME)
    return SimpleNamespace(
        folder=folder,
        lines={line.student: line for line in lines},
        book=contents(folder),
        seconds=seconds,
        unchanged=before == [_state(f) for f in own],
        left_over=_processes() - running,
    )


def _note(course, name):
    """What was found; nothing where a fault of a test left the submission for the instructor."""
    path = course.folder / "gradebook" / "examined" / NAME / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {"cells": [], "seconds": {}}


def test_there_are_enough_of_every_class():
    count = Counter(map(kind, ATTACKS))
    assert set(count) == set(CLASSES)
    assert min(count.values()) >= 10
    assert count.total() >= 180


def test_each_flaw_and_each_trick_is_tried():
    assert {a.FLAW for a in ATTACKS.values()} == {*FLAWS}
    assert {a.TRICK for a in ATTACKS.values()} == {*TRICKS, "none"}
    assert all(flaw == ATTACKS[name].FLAW for flaw, name in EXAMPLES.items())


def test_no_two_are_the_same():
    """Neither in what they do nor in what they say."""
    told = [a.__doc__ for a in ATTACKS.values()]
    done = [Path(a.__file__).read_text().partition("HARMLESS")[2] for a in ATTACKS.values()]
    assert len({*told}) == len({*done}) == len(ATTACKS)


def test_the_guide_shows_the_table():
    assert table() in (ROOT / "docs" / "grading.md").read_text()


def test_the_impossible_is_not_refused_at_release():
    assert [*names.faults(master())] == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_says_what_it_is(name):
    attack = ATTACKS[name]
    assert attack.__doc__.strip().endswith((".", "?"))
    assert isinstance(attack.HARMLESS, bool)
    assert set(getattr(attack, "EARNS", {})) <= set(target.POINTS)


@pytest.mark.parametrize("name", ATTACKS)
def test_no_mark_is_gained(course, name):
    grades = course.book[name]["grades"]
    gained = {cell: grades[cell][0] or 0 for cell in earned(ATTACKS[name])}
    assert gained == earned(ATTACKS[name])


def test_nothing_passes_what_contradicts_itself(course):
    """Neither an attack nor honest work; and most are asked, and not left out for their errors."""
    passed = {name: passed_the_impossible(book["grades"]) for name, book in course.book.items()}
    assert {name: cells for name, cells in passed.items() if cells} == {}
    told = [c["reason"] for name in HONEST for c in _note(course, name)["cells"]
            if c["name"] in impossible.TESTS]  # fmt: skip
    assert len(told) == len(HONEST) * len(impossible.TESTS)
    assert not any("not defined" in why or "could not be judged" in why for why in told)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_graded_and_the_reason_can_be_read(course, name):
    # Or it waits for the instructor, loudly, as where an answer makes a score that is no number.
    assert course.lines[name].status == "graded" or course.lines[name].remarks
    told = [*course.lines[name].remarks, *(c["reason"] for c in _note(course, name)["cells"])]
    assert any(told) or sum(earned(ATTACKS[name]).values()) == 23
    assert getattr(ATTACKS[name], "SAYS", "").lower() in "\n".join(told).lower()
    assert "Traceback" not in "".join(told)
    assert "course_utils/grading" not in "".join(told)


@pytest.mark.parametrize("name", ATTACKS)
def test_it_ends_in_time(course, name):
    assert _note(course, name)["seconds"].get(NAME, {"all": 0})["all"] < SECONDS_EACH
    assert "did not come to an end" not in " ".join(course.lines[name].remarks)


@pytest.mark.parametrize("name", ATTACKS)
def test_its_feedback_acts_on_nobody(course, name):
    page = (course.folder / "gradebook/feedback" / name / NAME / f"{NAME}.html").read_text()
    body = BeautifulSoup(page, "html.parser").body
    acting = ["script", "iframe", "svg", "form", "style", "object", "meta", "input", "link"]
    assert not body.find_all(acting)
    for element in body.find_all(True):
        assert not [name for name in element.attrs if name.startswith(("on", "style"))]
        assert not re.match(r"\s*(javascript|data|vbscript):", element.get("href", ""), re.I)
    assert len(page) < 16_000_000


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_earns_what_it_did_among_others(course, name):
    assert course.lines[name].score == 23
    assert course.lines[name].remarks == []


def test_no_file_of_the_course_was_changed(course):
    assert course.unchanged


def test_no_process_is_left(course):
    """The template and the warm examiner wait for the next class, and have no child."""
    running = [p for p in psutil.process_iter(["cmdline"]) if p.pid in course.left_over]
    assert not [_command(p) for p in running if _is_a_kernels(p) and not _is_of_another_worker(p)]


def _command(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""  # it has just ended


def _is_a_kernels(process):
    """Whether it is a kernel, its sandbox, its keeper or the first process beside it."""
    command, parent = _command(process), process.parent()
    if "warm import main" in command or "boxed import main" in command:
        return "bwrap" not in command and "bwrap" not in _command(parent)
    return (
        "bwrap" in command or "inside import main" in command or command.endswith("sleep infinity")
    )


def _is_of_another_worker(process):
    """Whether the tests that run beside these have started it: an orphan counts as our own."""
    try:
        above = {parent.pid for parent in process.parents()}
    except psutil.NoSuchProcess:
        return True  # it has just ended
    return os.getppid() in above and os.getpid() not in above
