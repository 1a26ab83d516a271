"""What a submission waits for a processor is not counted: the same verdict on a busy machine."""

import contextlib
import dataclasses
import itertools
import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from course_utils.grading import kernel as kernel_module
from course_utils.grading import patience, run, workers
from course_utils.grading.candidate import READY_SECONDS, Candidate
from course_utils.grading.kernel import Ended, Kernel, Unanswered
from grading.classes import NAME, RIGHT, hand_in, make_course
from grading.conftest import QUICK

HOGS = 4  # beside a kernel, on the same processor
LIMIT = 0.5
SHORT = dataclasses.replace(QUICK, cell_seconds=LIMIT)
WORK = """
import time
def work(seconds):
    began = time.process_time()
    while time.process_time() < began + seconds:
        pass
    return seconds
"""

pytestmark = pytest.mark.skipif(
    patience.own_seconds(os.getpid()) == 0, reason="Linux tells here not how long threads waited"
)


def text_of(outputs):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in outputs)


@contextlib.contextmanager
def crowded(*candidates):
    """All processes of kernels share one processor with programs that compute all the time."""
    place = {min(os.sched_getaffinity(0))}
    for candidate in candidates:
        for pid in patience.family(candidate.sandbox.program.top):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(pid, place)
    hogs = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(HOGS)]
    for hog in hogs:
        os.sched_setaffinity(hog.pid, place)
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def test_waiting_counts_before_it_is_over(tmp_path, monkeypatch):
    """Linux adds it only then; with the lowest priority that may be after seconds."""
    monkeypatch.setattr(patience, "PROC", tmp_path)
    folder = tmp_path / "7/task/7"
    folder.mkdir(parents=True)
    (folder / "children").write_text("")

    def excused(now, state, computed, waited):
        monkeypatch.setattr(patience.time, "monotonic", lambda: now)
        (folder / "stat").write_text(f"7 (a ) name) {state} 1 1")
        (folder / "schedstat").write_text(f"{computed * 1e9:.0f} {waited * 1e9:.0f} 1")
        return clock.excused() if clock else None

    clock = None
    excused(0, "R", 1, 1)
    clock = patience.Waiting(7)
    assert excused(1, "R", 1.5, 1.2) == pytest.approx(0.2)
    assert excused(4, "R", 1.5, 1.2) == pytest.approx(3.2)  # ready, and nothing computed since 1
    assert excused(5, "R", 1.6, 4.8) == pytest.approx(3.8)  # now Linux has added it
    assert excused(8, "S", 1.6, 4.8) == pytest.approx(3.8)  # who sleeps does not wait
    assert excused(9, "R", 1.6, 4.8) == pytest.approx(3.8)  # nor has who was not ready before
    assert excused(10, "R", 1.6, 4.8) == pytest.approx(4.8)


def test_only_others_are_an_excuse(tmp_path, monkeypatch):
    """What the threads of one submission take from each other is its own use of the processor."""
    monkeypatch.setattr(patience, "PROC", tmp_path)
    now = [0.0]
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])

    def spend(computed, waited, threads=8):
        for number in range(7, 7 + threads):
            folder = tmp_path / f"7/task/{number}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "children").write_text("")
            (folder / "stat").write_text(f"{number} (python) S 1 1")
            (folder / "schedstat").write_text(f"{computed * 1e9:.0f} {waited * 1e9:.0f} 1")

    spend(computed=0, waited=0)
    clock = patience.Waiting(7)
    now[0] = 4.0
    spend(computed=0.5, waited=3.5)  # eight of them in turn, on one processor of their own
    assert clock.excused() == 0
    now[0] = 12.0
    spend(computed=1.0, waited=11.0)  # then beside eight of somebody else
    assert clock.excused() == pytest.approx(4.0)


def test_a_kernel_is_looked_at_before_its_time_is_over(monkeypatch):
    """Only so can it be seen that it waits at the end; an answer that comes soon needs no look."""
    now, looks, kernel = [0.0], [], Kernel.__new__(Kernel)
    kernel.sandbox = SimpleNamespace(ended=False)
    monkeypatch.setattr(kernel_module.time, "monotonic", lambda: now[0])

    def mark(clock):
        looks.append((now[0], "mark"))

    def excused(clock):
        looks.append((now[0], clock))
        return 0.0

    kernel._watch = SimpleNamespace(mark=mark, excused=excused)
    kernel._allow(2.0)
    now[0] = kernel_module.SOON
    assert not kernel._is_late()
    assert looks == []
    for now[0] in (0.5, 1.1, 1.2, 1.5, 2.0, 2.1, 2.4):
        assert not kernel._is_late()  # until 0.5 nobody has counted, so that much is given back
    assert looks == [(0.5, "mark"), (1.1, "now"), (1.5, "now"), (2.0, "now"), (2.4, "now")]
    now[0] = 2.5
    assert kernel._is_late()


def test_who_never_begins_to_answer_was_not_stopped_by_the_clock_alone(monkeypatch):
    """Or it would be examined once more at the end, while nobody else is graded."""
    now, deaf = [0.0], Candidate.__new__(Candidate)
    deaf.sandbox, deaf.hurried, deaf._left = SimpleNamespace(ended=False), False, LIMIT
    deaf._watch = SimpleNamespace(mark=lambda clock: None, excused=lambda clock: 0.03)
    monkeypatch.setattr(kernel_module.time, "monotonic", lambda: now[0])

    def poll():
        now[0] += 0.05

    def fail(why):
        raise Ended(why)

    deaf._read, deaf._poll, deaf._fail = lambda: None, poll, fail
    deaf._allow(LIMIT)  # for the whole test, whose precaution is over before the kernel is given up
    with pytest.raises(Ended, match="does not answer questions any more"):
        deaf._wait_until_ready()
    assert now[0] == pytest.approx(READY_SECONDS, abs=1)
    assert not deaf.hurried


def told_of(kernel, cell):
    """What a cell says, also where on so busy a processor the interrupt comes too late for it."""
    try:
        return text_of(kernel.run(cell))
    except Ended as why:
        return str(why)


class TestOnABusyProcessor:
    @pytest.fixture
    def kernel(self, fresh):
        made = fresh(SHORT)
        assert not text_of(made.run(WORK))
        return made

    def test_who_computes_less_than_the_limit_is_waited_for(self, kernel):
        with crowded(kernel):
            began = time.monotonic()
            assert text_of(kernel.run("print(work(0.3))")) == "0.3\n"
            assert time.monotonic() - began > LIMIT  # by the clock it was too long
            with kernel.questions():
                assert kernel.named("work")(0.3) == 0.3

    def test_who_computes_more_is_stopped(self, kernel):
        with crowded(kernel):
            assert "it ran for more than 0.5 s" in text_of(kernel.run("work(9)"))
            with kernel.questions(), pytest.raises(Unanswered, match=r"more than 0\.5 s"):
                kernel.named("work")(9)

    def test_who_sleeps_is_stopped(self, kernel):
        with crowded(kernel):
            assert "it ran for more than 0.5 s" in text_of(kernel.run("time.sleep(9)"))
            assert not kernel.hurried  # by its own time, not by the precaution

    def test_threads_that_wait_for_each_other_are_no_excuse(self, kernel):
        with crowded(kernel):
            cell = (
                "import hashlib, threading\n"
                "def digest():\n"  # which lets other threads compute meanwhile
                "    while True:\n"
                "        hashlib.sha256(bytes(1_000_000))\n"
                "for _ in range(8):\n"
                "    threading.Thread(target=digest, daemon=True).start()\n"
                "time.sleep(9)"
            )
            assert "it ran for more than 0.5 s" in told_of(kernel, cell)
            assert not kernel.hurried

    def test_the_clock_is_a_precaution(self, kernel, monkeypatch):
        monkeypatch.setattr(patience, "PRECAUTION", 1.1)
        with crowded(kernel):  # of which it may have half: Linux gives each session one share
            assert "it ran for more than" in told_of(kernel, "work(0.48)")
        assert kernel.hurried


def test_what_was_used_is_known_at_the_end(fresh):
    kernel = fresh()
    kernel.run(WORK + "work(0.3); kept = bytearray(50_000_000)")
    kernel.end()
    assert 0.3 <= kernel.used["processor"] < 60
    assert kernel.used["memory"] > 50_000_000


def test_whoever_was_stopped_by_the_clock_is_examined_once_more(sandboxed, tmp_path, monkeypatch):
    course = make_course(tmp_path)
    for student in ("ada", "ben"):
        hand_in(course, student, RIGHT)
    numbers, examiner = itertools.count(1), workers._examiner

    def examine(*about):
        number = next(numbers)
        result = examiner.examine(*about)
        if number == 1:
            result.hurried = True
            result.cells[0] = dataclasses.replace(result.cells[0], score=0)
        return result

    monkeypatch.setattr(workers, "_examiner", SimpleNamespace(examine=examine))
    lines = run.grade(NAME, course, limits=QUICK, workers=2)
    assert [line.score for line in lines] == [23, 23]
    assert next(numbers) == 4  # two, and one of them again
