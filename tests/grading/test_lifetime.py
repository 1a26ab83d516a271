"""A template comes and goes with the examiner; whatever ends it costs nobody a mark."""

import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from course_utils.grading import apart
from course_utils.repository import ROOT
from grading import target
from grading.classes import MIX, RIGHT
from grading.conftest import QUICK

pytestmark = pytest.mark.usefixtures("forking")
MASTER = target.master()
FAST = nbformat.writes(RIGHT).encode()
# A forked kernel sees no parent; one that is started for itself has bubblewrap.
WAITS = "import os, time\nif os.getppid() == 0:\n    time.sleep(50)\n" + target.RIGHT["count"]
SLOW = nbformat.writes(target.submission({**target.RIGHT, "count": WAITS})).encode()
PATIENT = dataclasses.replace(QUICK, cell_seconds=60, total_seconds=300)
TEMPLATE = "warm import main"


@pytest.fixture(scope="module")
def folder():
    """Where these tests alone put their files; the names of sockets must be short."""
    with tempfile.TemporaryDirectory(prefix="t") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", folder)
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def examiner(folder):
    """An examiner of which nothing is left at the end."""
    with ended(apart.Examiner(), folder) as examiner:
        yield examiner


@contextlib.contextmanager
def ended(examiner, folder):
    try:
        yield examiner
    finally:
        family = all_of(examiner)
        examiner.close()
        assert gone(family)
        assert not list(folder.glob("candidate-*"))


def below(pid):
    return psutil.Process(pid).children(recursive=True)


def all_of(examiner):
    """The boxes of an examiner and its templates, with all that runs in them."""
    boxes = [warm.process.pid for warm in examiner._warm.values()]
    boxes += [template._process.pid for template in examiner._templates.all]
    return [process for pid in boxes for process in (psutil.Process(pid), *below(pid))]


def gone(processes):
    """Whether they end soon; what nobody has waited for is still in the table."""

    def runs(process):
        with contextlib.suppress(psutil.Error):
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return False

    return until(lambda: not any(map(runs, processes)))


def points(result):
    assert result.remarks == []
    return sum(cell.score or 0 for cell in result.cells)


def templates(examiner):
    """The templates of an examiner; their forks are called the same, but are below them."""

    def is_one(process):
        with contextlib.suppress(psutil.Error):
            return TEMPLATE in " ".join(process.cmdline())
        return False

    boxes = [template._process.pid for template in examiner._templates.all]
    found = [p for pid in boxes for p in below(pid) if is_one(p) and "bwrap" not in p.cmdline()[0]]
    return [p for p in found if p.parent() not in found]


def until(condition):
    deadline = time.monotonic() + 30
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


class Running(threading.Thread):
    """A submission that is being examined, by a kernel that runs; `outcome` is what came of it."""

    def __init__(self, examiner):
        super().__init__()
        self.examiner, self.outcome = examiner, None
        self.start()
        assert until(self._has_begun)

    def _has_begun(self):
        """The template has forked a keeper, and that a first process and the kernel."""
        found = templates(self.examiner)
        self.template = found[0] if found else None
        return found and len(below(found[0].pid)) >= 3

    def run(self):
        try:
            self.outcome = points(self.examiner.examine(SLOW, MASTER, PATIENT))
        except apart.ExaminerDied as error:
            self.outcome = str(error)

    def result(self):
        self.join()
        return self.outcome


def graded(examiner, limits=PATIENT):
    """What the gradebook would hold of a class."""
    found = {}
    for student, submission in MIX.items():
        result = examiner.examine(nbformat.writes(submission).encode(), MASTER, limits)
        found[student] = [(c.name, c.score, c.verdict, c.reason) for c in result.cells]
        found[student] += [cell.get("outputs") for cell in result.notebook.cells]
    return found


def test_the_same_grades_warm_and_cold_and_where_it_must_be_cold(examiner, folder, capfd):
    known = graded(examiner)
    assert templates(examiner)
    assert graded(examiner, dataclasses.replace(PATIENT, cold=True)) == known
    assert capfd.readouterr().err == ""

    program = folder / "bwrap"
    program.write_text(f'#!/bin/sh\nexec {shutil.which("bwrap")} --disable-userns "$@"\n')
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        with ended(apart.Examiner(), folder) as other:
            assert graded(other) == known
            assert not templates(other)
    why = "namespaces cannot be nested here (unshare: No space left on device)"
    assert capfd.readouterr().err == (
        f"Each submission starts an examiner of its own, which takes a few seconds longer: {why}. "
        "Grades are the same.\n"
        f"Each submission starts a kernel of its own, which takes a second or two longer: {why}. "
        "Grades are the same.\n"
    )


def test_a_template_that_dies_under_a_submission_costs_no_mark(examiner):
    running = Running(examiner)
    running.template.kill()
    assert running.result() == 23
    assert points(examiner.examine(FAST, MASTER, PATIENT)) == 23
    (again,) = templates(examiner)  # a new one
    assert again.pid != running.template.pid


def test_all_ends_with_an_examiner_that_is_killed(examiner, folder):
    running = Running(examiner)
    warm = examiner._warm["boxed"].process
    family = [*below(warm.pid), *below(running.template.pid)]
    warm.kill()
    assert running.result() == "the examiner ended without a result"
    assert gone(family)
    assert not list(folder.glob("candidate-*"))  # they lay in the box
    assert points(examiner.examine(FAST, MASTER, PATIENT)) == 23


def test_a_full_shared_memory_and_a_hidden_proc():
    """In mounts of its own: the first makes no difference, the second is told in a sentence."""
    code = """
import sys, subprocess
from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, template
from course_utils.grading.examine import examine
from grading.test_lifetime import FAST, MASTER, PATIENT, points

made = template.Template(["numpy"])
made.wait()
template.choose(made)
print(points(examine(FAST, MASTER, PATIENT)), made.forked)
made.close()
subprocess.run(["mount", "--bind", "/dev/null", "/proc/timer_list"], check=True)
try:
    bubblewrap.require()
except CourseError as error:
    print(error)
"""
    fill = "mount -t tmpfs -o size=4k none /dev/shm; head -c 9999 /dev/zero > /dev/shm/all || true"
    inside = ["unshare", "--mount", *["--map-root-user"] * (os.geteuid() != 0)]
    done = subprocess.run(
        [*inside, "sh", "-ec", f'{fill}; exec "$@"', "sh", sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    graded, hidden = done.stdout.splitlines()
    assert graded == "23.0 True"
    assert "Can't mount proc" in hidden
    assert "nothing of /proc hidden (Docker: --security-opt systempaths=unconfined)" in hidden
