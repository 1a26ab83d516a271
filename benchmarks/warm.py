"""Forked kernels: how fast they start, and whether anything gets from one to another.

    python benchmarks/warm.py start                # one kernel, one submission of a1
    python benchmarks/warm.py pairs --times 200    # each attack beside honest work, warm and cold
    python benchmarks/warm.py kills --times 100    # grading that is killed at random moments
    python benchmarks/warm.py many --times 10000   # a large class

Without a word, the first is done as it is and the others for a few submissions.
"""

import argparse
import dataclasses
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil

from course_utils.grading import apart, run, template
from course_utils.grading.candidate import Candidate
from course_utils.grading.demo.recipes import PERFECT, fill_in
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from grading import target  # noqa: E402
from grading.classes import (  # noqa: E402
    MIX,
    NAME,
    RIGHT,
    contents,
    copy_course,
    hand_in,
    make_course,
)
from grading.hostile_class import ATTACKS, earned, submit  # noqa: E402
from grading.tiny import environment  # noqa: E402

A1 = "a1_convolution"
LIMITS = Limits(cell_seconds=2, total_seconds=20, memory=512 << 20, disk=16 << 20)
SEED = 0


def measure_start(times: int) -> None:
    """Seconds from nothing to a kernel that answers, and for one submission alone."""
    with_torch = template.Template(["numpy", "torch", "matplotlib.pyplot"])
    with_torch.wait()
    imports = "import numpy, torch, matplotlib.pyplot"
    print(f"{'':<34} {'warm s':>8} {'cold s':>8}")
    ways = {}
    for name, chosen in (("warm", with_torch), ("cold", None)):
        template.choose(chosen)
        starts, alls = [], []
        for _ in range(times):
            began = time.perf_counter()
            candidate = Candidate(Limits())
            starts.append(time.perf_counter() - began)
            candidate.run(imports)
            alls.append(time.perf_counter() - began)
            candidate.end()
        ways[name] = statistics.median(starts), statistics.median(alls)
    with_torch.close()
    template.choose(None)
    for row, name in enumerate(("a kernel", f"a kernel, and {imports[7:]}")):
        print(f"{name:<34.34} {ways['warm'][row]:>8.3f} {ways['cold'][row]:>8.3f}")

    master = nbformat.read(ROOT / "solutions" / A1 / f"{A1}.ipynb", as_version=4)
    examiner, found = apart.Examiner(), {}
    for name, limits in (("warm", Limits()), ("cold", Limits(cold=True))):
        results = [_timed(examiner.examine, _right(A1), master, limits) for _ in range(times + 1)]
        found[name] = [seconds for seconds, _ in results[1:]]  # the first waits for imports
    examiner.close()
    warm, cold = (statistics.median(found[name]) for name in ("warm", "cold"))
    print(f"{f'a right submission of {A1}':<34.34} {warm:>8.3f} {cold:>8.3f}")


def _timed(function: Callable, *arguments: object) -> tuple[float, object]:
    began = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - began, result


def _right(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.ipynb")
        path.write_bytes((ROOT / "assignments" / name / f"{name}.ipynb").read_bytes())
        fill_in(path, PERFECT, ROOT / "solutions" / name / f"{name}.ipynb")
        return path.read_bytes()


def grade_in_pairs(times: int) -> None:
    """Each attack, forked and by itself, while honest work is graded beside it without a pause."""
    names = random.Random(SEED).sample(sorted(ATTACKS), min(times, len(ATTACKS)))
    honest, examiner = nbformat.writes(RIGHT).encode(), apart.Examiner()
    beside, gained, unequal = 0, [], []
    for name in names:
        outcomes = {}
        for way in ("warm", "cold"):
            limits = dataclasses.replace(LIMITS, cold=way == "cold")
            attack = threading.Thread(target=_attack, args=(examiner, name, limits, outcomes, way))
            attack.start()
            patient = dataclasses.replace(limits, cell_seconds=30, total_seconds=120)
            while attack.is_alive():
                result = examiner.examine(honest, target.master(), patient)
                lost = [cell for cell in result.cells if cell.score not in (cell.points, None)]
                assert [*lost, *result.remarks] == [], (name, way)
                beside += 1
            attack.join()
        fair = earned(ATTACKS[name])
        if any((score or 0) > fair.get(cell, 0) for cell, score in outcomes["warm"].items()):
            gained.append(name)
        if outcomes["warm"] != outcomes["cold"]:
            unequal.append(name)
    examiner.close()
    print(
        f"{len(names)} attacks, warm and cold; {beside} honest submissions beside them, all in full"
    )
    print(f"a mark was gained by {gained or 'none'}; warm and cold differ in {unequal or 'none'}")


def _attack(examiner: apart.Examiner, name: str, limits: Limits, outcomes: dict, way: str) -> None:
    from course_utils.grading.submissions import read_folder

    with tempfile.TemporaryDirectory() as folder:
        submit(ATTACKS[name], Path(folder), name)
        read = read_folder(Path(folder, "gradebook", "submitted", name, NAME), name, [NAME])
    data = read.notebooks.get(NAME, b"")
    try:
        result = examiner.examine(data, target.master(), limits, read.files)
        outcomes[way] = {cell.name: cell.score for cell in result.cells}
    except Exception as error:
        outcomes[way] = {"error": str(error)}


def kill_at_random(times: int) -> None:
    """Kill `course grade`, or a process of it, at a random moment; then let it continue."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory(prefix="kills-") as scratch:
        empty = make_course(Path(_made(scratch, "empty")))
        for student, submission in MIX.items():
            hand_in(empty, student, submission)
        known = copy_course(empty, Path(scratch, "known"))
        seconds, _ = _timed(_grade_to_the_end, known)
        kinds = {"SIGKILL": 0, "Ctrl-C": 0, "one process": 0}
        for number in range(times):
            course = copy_course(empty, Path(scratch, str(number)))
            kind = chance.choice(list(kinds))
            family = _kill_once(course, kind, seconds * chance.random(), chance)
            _grade_to_the_end(course)
            assert contents(course) == contents(known), (number, kind)
            assert not _still_there(family), (number, kind)
            kinds[kind] += 1
    told = ", ".join(f"{kind}: {count}" for kind, count in kinds.items())
    print(f"killed {times} times ({told}): the same gradebook each time, no process left")


def _made(*parts: str) -> str:
    os.makedirs(os.path.join(*parts))
    return os.path.join(*parts)


def _command(course: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "course_utils.course.cli", "grade", NAME, "--timeout=4"],
        cwd=course,
        env=environment(course),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _grade_to_the_end(course: Path) -> None:
    process = _command(course)
    said, _ = process.communicate()
    assert process.returncode == 0, said


def _kill_once(course: Path, kind: str, after: float, chance: random.Random) -> list:
    """Gives all processes that were there."""
    process = _command(course)
    time.sleep(after)
    family = psutil.Process(process.pid).children(recursive=True)
    if kind == "SIGKILL":
        os.killpg(process.pid, signal.SIGKILL)
    elif kind == "Ctrl-C":
        os.killpg(process.pid, signal.SIGINT)
    elif own := [p for p in family if "warm import main" in _words(p)]:
        _kill(chance.choice(own))  # a template, its sandbox, a keeper, or a kernel
    process.communicate()
    return family


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return


def _still_there(family: list) -> list:
    deadline = time.monotonic() + 20
    while (left := [p for p in family if _runs(p)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def grade_many(times: int) -> None:
    """A class of a small assignment: whether time and memory for one grow with its size."""
    with tempfile.TemporaryDirectory(prefix="many-") as scratch:
        course = make_course(Path(_made(scratch, "course")))
        for number in range(times):
            hand_in(course, f"student-{number:05d}", RIGHT)
        seconds, lines = _timed(lambda: run.grade(NAME, course, limits=LIMITS))
        assert {line.score for line in lines} == {23}
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{times} submissions: {seconds:.0f} s, {seconds / times:.3f} s each; {used:.0f} MB at most"
    )


PARTS = {"start": (measure_start, 20), "pairs": (grade_in_pairs, 6), "kills": (kill_at_random, 3),
         "many": (grade_many, 100)}  # fmt: skip


def main() -> None:
    """Do one part, or each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=list(PARTS))
    parser.add_argument("--times", type=int, help="kernels, attacks, kills or submissions")
    arguments = parser.parse_args()
    for name, (part, times) in PARTS.items():
        if arguments.part in (None, name):
            part(arguments.times or times)


if __name__ == "__main__":
    main()
