"""How fast a class is graded: plain nbgrader with its stock settings, and `course grade`.

    python benchmarks/grading.py --sizes 20 50 200

Both grade the same submissions of a1_convolution on the same machine, one after the other. Plain
nbgrader runs students' code in the process of the tests; `course grade` runs it in the sandbox.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from course_utils.demo.classes import a1_convolution as samples
from course_utils.demo.recipes import PERFECT, Recipe, fill_in
from course_utils.release import ROOT

NAME = "a1_convolution"
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "convnet"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.Exchange.root = "exchange"
"""
SLOW = samples.FORGOTTEN_NAME.replace("sigma=DEFAULT_SIGMA", "sigma").replace(
    "    if k < 1", "    import time\n    time.sleep(0.02)\n    if k < 1", 1
)
CRASH = "import numpy\nraise RuntimeError('this cell was never finished')"
MIX = [  # of ten submissions: six right, two wrong, one slow, one that raises
    *[PERFECT] * 6,
    Recipe("flipped", "", cells={"correlate2d": samples.FLIPPED}),
    Recipe("swapped", "", cells={"correlate2d": samples.HEIGHT_AND_WIDTH_SWAPPED}),
    Recipe("slow", "20 ms in each call of gaussian_kernel", cells={"gaussian_kernel": SLOW}),
    Recipe("crash", "one cell raises", cells={"median_filter": CRASH}),
]


def make_course(folder: Path, size: int, stock: bool) -> Path:
    """A course with a class that has handed in."""
    folder.mkdir(parents=True)
    if stock:
        (folder / "nbgrader_config.py").write_text(STOCK)
    else:
        shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / NAME, folder / "solutions" / NAME)
    call(folder, "nbgrader", "generate_assignment", NAME)
    released = ROOT / "assignments" / NAME / f"{NAME}.ipynb"
    submitted = folder / ("submitted" if stock else "gradebook/submitted")
    made = {}
    for number, recipe in zip(range(size), itertools.cycle(MIX), strict=False):
        path = submitted / f"student-{number:04d}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        shutil.copy(made.get(recipe.student, released), path)
        if recipe.student not in made:
            fill_in(path, recipe, ROOT / "solutions" / NAME / f"{NAME}.ipynb")
            made[recipe.student] = path
    return folder


def call(folder: Path, *command: str) -> tuple[float, int, list[tuple[float, str]]]:
    """Run a module in a course: seconds, peak memory in bytes, and its lines with their times."""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(folder / ".settings"),
        "OMP_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak, lines = [0], []
    watch = threading.Thread(target=_watch, args=(process, peak))
    watch.start()
    for line in process.stdout:
        lines.append((time.perf_counter() - began, line))
    process.wait()
    watch.join()
    return time.perf_counter() - began, peak[0], lines


def _watch(process: subprocess.Popen, peak: list[int]) -> None:
    """Keep the most memory that the process and its children use, shared pages counted once."""
    while process.poll() is None:
        used = 0
        try:
            for p in [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]:
                try:
                    used += p.memory_full_info().pss
                except psutil.Error:
                    continue
        except psutil.Error:
            break
        peak[0] = max(peak[0], used)
        time.sleep(1)


def measure_plain(folder: Path, size: int) -> dict:
    """Plain nbgrader, with its stock settings."""
    make_course(folder, size, stock=True)
    seconds, peak, lines = call(folder, "nbgrader", "autograde", NAME)
    starts = [at for at, line in lines if re.search(r"Sanitizing .*ipynb", line)]
    each = [b - a for a, b in itertools.pairwise([*starts, seconds])]
    return {"seconds": seconds, "peak": peak, "each": each}


def measure_course(folder: Path, size: int) -> dict:
    """`course grade`, each submission in the sandbox."""
    make_course(folder, size, stock=False)
    seconds, peak, lines = call(folder, "course_utils.cli", "grade", NAME)
    notes = [json.loads(path.read_text()) for path in
             sorted((folder / "gradebook" / "examined" / NAME).glob("*.json"))]  # fmt: skip
    assert len(notes) == size, "".join(line for _, line in lines)
    parts = [note["seconds"][NAME] for note in notes]
    return {"seconds": seconds, "peak": peak, "each": [p["all"] for p in parts], "parts": parts}


def scores(folder: Path) -> dict[str, float]:
    """Totals by student, as the gradebook has them."""
    from nbgrader.api import Gradebook

    path = next(
        p for p in (folder / "gradebook.db", folder / "gradebook/gradebook.db") if p.exists()
    )
    with Gradebook(f"sqlite:///{path}", "convnet") as book:
        return {s.student_id: s.score for s in book.assignment_submissions(NAME)}


def row(name: str, size: int, found: dict) -> str:
    """A line of the table."""
    each = sorted(found["each"])
    p95 = each[min(len(each) - 1, round(0.95 * len(each)))]
    return (
        f"{name:<16} {size:>5} {60 * size / found['seconds']:>10.1f} "
        f"{found['seconds'] / size:>10.2f} {statistics.median(each):>7.2f} {p95:>7.2f} "
        f"{found['peak'] / 2**20:>9.0f}"
    )


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50])
    parser.add_argument("--plain-up-to", type=int, default=50, help="plain nbgrader is slow")
    arguments = parser.parse_args()
    print(f"{NAME} on {os.cpu_count()} processors; of ten: 6 right, 2 wrong, 1 slow, 1 raises\n")
    head = (
        f"{'':<16} {'N':>5} {'per minute':>10} {'s each':>10} {'p50 s':>7} "
        f"{'p95 s':>7} {'peak MB':>9}"
    )
    print(head, "─" * len(head), sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="course-benchmark-") as scratch:
        for size in arguments.sizes:
            plain = None
            if size <= arguments.plain_up_to:
                plain = measure_plain(Path(scratch, f"plain-{size}"), size)
                print(row("plain nbgrader", size, plain), flush=True)
            course = measure_course(Path(scratch, f"course-{size}"), size)
            print(row("course grade", size, course), flush=True)
            if plain:
                print(f"{'':<16} {plain['seconds'] / course['seconds']:.1f} times the throughput")
                same = scores(Path(scratch, f"plain-{size}")) == scores(
                    Path(scratch, f"course-{size}")
                )
                print(f"{'':<16} the scores are {'the same' if same else 'NOT the same'}")
    parts = {key: statistics.mean(p[key] for p in course["parts"]) for key in course["parts"][0]}
    rest = parts["all"] - parts["start"] - parts["cells"] - parts["tests"]
    print("\nWhere the time of one submission goes, on average:")
    for name, seconds in [("start the kernel in its sandbox", parts["start"]),
                          ("run the student's cells", parts["cells"]),
                          ("ask and judge the tests", parts["tests"]),
                          ("rebuild, fork, end", rest)]:  # fmt: skip
        print(f"  {name:<34} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
