"""Whether a busy machine takes a mark: the sample classes graded idle, and beside busy loops.

    python benchmarks/busy.py                    # all, twice beside four loops a processor
    python benchmarks/busy.py a1_convolution --loops 8 --times 1

Each submission of a sample class is examined while nothing else runs, and again while so many
programs compute for each processor that grading gets a small part of the time. Every score, verdict
and reason must be the same; what differs is printed, and the exit status says so.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat

from course_utils.grading.apart import Examiner
from course_utils.grading.demo.recipes import Recipe, fill_in, sample_class
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments

# Its class has an endless loop. By the clock, honest cells take longer than this on a busy machine.
SHORT = {"a1_convolution": Limits(cell_seconds=1)}


@contextlib.contextmanager
def busy_loops(each: int) -> Iterator[None]:
    """So many programs for each processor that compute all the time.

    Each has a session of its own: Linux shares processors out among sessions first, and beside one
    session grading, whose kernels have their own, would hardly be disturbed.
    """
    count = each * len(os.sched_getaffinity(0))
    loops = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"],
                              start_new_session=True) for _ in range(count)]  # fmt: skip
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def examined(name: str, recipes: list[Recipe]) -> tuple[dict[str, list[tuple]], bool, float]:
    """What each student is told, whether the clock stopped anybody, and the seconds of all."""
    solution = ROOT / "solutions" / name / f"{name}.ipynb"
    master, found, hurried = nbformat.read(solution, as_version=4), {}, False
    examiner = Examiner()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(examiner):
        for recipe in recipes:
            handed_in = Path(folder, f"{recipe.student}.ipynb")
            handed_in.write_bytes((ROOT / "assignments" / name / f"{name}.ipynb").read_bytes())
            fill_in(handed_in, recipe, solution)
            limits = SHORT.get(name, Limits())
            result = examiner.examine(handed_in.read_bytes(), master, limits)
            hurried |= result.hurried
            found[recipe.student] = [(c.name, c.score, c.verdict, c.reason) for c in result.cells]
    return found, hurried, time.perf_counter() - began


def main() -> None:
    """Grade each class idle and busy, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="assignments; all by default")
    parser.add_argument("--loops", type=int, default=4, help="for each processor")
    parser.add_argument("--times", type=int, default=2, help="beside them")
    arguments = parser.parse_args()
    differ = 0
    for name in arguments.names or known_assignments():
        recipes = sample_class(name)
        idle, _, seconds = examined(name, recipes)
        print(f"{name}: {len(recipes)} submissions, idle {seconds:.0f} s", flush=True)
        for _ in range(arguments.times):
            with busy_loops(arguments.loops):
                busy, hurried, took = examined(name, recipes)
            changed = [
                (student, a, b)
                for student in idle
                for a, b in zip(idle[student], busy[student], strict=True)
                if a != b
            ]
            differ += len(changed)
            stopped = ", somebody was stopped by the clock" if hurried else ""
            print(
                f"  busy {took:.0f} s ({took / seconds:.1f} times): {len(changed)} of "
                f"{sum(map(len, idle.values()))} marks and reasons differ{stopped}",
                flush=True,
            )
            for student, a, b in changed:
                print(f"    {student}: {a} → {b}")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
