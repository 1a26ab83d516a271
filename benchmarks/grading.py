"""How fast a class is graded: plain nbgrader, `course grade`, and the student's own cells alone.

    python benchmarks/grading.py                       # all assignments, 20 submissions each
    python benchmarks/grading.py a1_convolution --sizes 20 50 200
    python benchmarks/grading.py --store               # and keep the table, here and in the docs

All three get the same submissions, on the same machine, one after the other, with two workers.
Plain nbgrader has its stock settings and runs students' code in the process of the tests; `course
grade` runs it in the sandbox. *Own cells* is what no grader can spare: nbclient runs a right
submission from which the tests were taken out. Core-seconds are those of the whole machine, so
nothing else should run on it, unless with a low priority (`nice`), which is not counted.
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
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from course_utils.grading.apart import Examiner
from course_utils.grading.demo.recipes import PERFECT, Recipe, fill_in, sample_class
from course_utils.grading.rebuild import role
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments

STORED = ROOT / "benchmarks" / "results" / "grading.json"
PAGE = ROOT / "docs" / "grading.md"
HEAD = """| assignment | alone, s | own cells, s | submissions | a minute | plain nbgrader | times |
| --- | --: | --: | --: | --: | --: | --: |"""
WORKERS = 2
REPEATS = 3  # of one submission alone
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "convnet"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.Exchange.root = "exchange"
"""
COLUMNS = {"n": "N", "minute": "per minute", "each": "s each", "core": "core-s each",
           "p50": "p50 s", "p95": "p95 s", "peak": "peak MB"}  # fmt: skip


def mix(name: str) -> list[Recipe]:
    """Six right submissions and those of the sample class that are wrong and come to an end."""
    wrong = [r for r in sample_class(name) if r.lost and "for ever" not in r.story]
    return [*[PERFECT] * 6, *wrong[:4]]


def make_course(folder: Path, name: str, size: int, stock: bool) -> Path:
    """A course with a class that has handed in."""
    folder.mkdir(parents=True)
    if stock:
        (folder / "nbgrader_config.py").write_text(STOCK)
    else:
        shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copytree(ROOT / "solutions" / name, folder / "solutions" / name)
    call(folder, "nbgrader", "generate_assignment", name)
    submitted = folder / ("submitted" if stock else "gradebook/submitted")
    made = {}
    for number, recipe in zip(range(size), itertools.cycle(mix(name)), strict=False):
        path = submitted / f"student-{number:05d}" / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        if recipe.student not in made:
            made[recipe.student] = hand_in(name, recipe, folder / f"{recipe.student}.ipynb")
        shutil.copy(made[recipe.student], path)
    return folder


def hand_in(name: str, recipe: Recipe, path: Path) -> Path:
    """What a sample student hands in."""
    shutil.copy(ROOT / "assignments" / name / f"{name}.ipynb", path)
    fill_in(path, recipe, ROOT / "solutions" / name / f"{name}.ipynb")
    return path


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


def busy(work: Callable) -> tuple[object, float]:
    """What some work gives, and the core-seconds of the machine that it took."""

    def used() -> float:
        now = psutil.cpu_times()
        return now.user + now.system + now.irq + now.softirq  # without what is nice

    before = used()
    return work(), used() - before


def measure_plain(folder: Path, name: str, size: int) -> dict:
    """Plain nbgrader, with its stock settings."""
    make_course(folder, name, size, stock=True)
    (seconds, peak, lines), core = busy(lambda: call(folder, "nbgrader", "autograde", name))
    starts = [at for at, line in lines if re.search(r"Sanitizing .*ipynb", line)]
    each = [b - a for a, b in itertools.pairwise([*starts, seconds])]
    return _row("plain nbgrader", size, seconds, core, each, peak)


def measure_course(folder: Path, name: str, size: int) -> dict:
    """`course grade`, each submission in the sandbox."""
    make_course(folder, name, size, stock=False)
    command = ("course_utils.course.cli", "grade", name, "--workers", str(WORKERS))
    (seconds, peak, lines), core = busy(lambda: call(folder, *command))
    notes = [json.loads(path.read_text()) for path in
             sorted((folder / "gradebook" / "examined" / name).glob("*.json"))]  # fmt: skip
    assert len(notes) == size, "".join(line for _, line in lines)
    parts = [note["seconds"][name] for note in notes]
    row = _row("course grade", size, seconds, core, [p["all"] for p in parts], peak)
    return row | {"parts": {key: statistics.mean(p[key] for p in parts) for key in parts[0]}}


def _row(what: str, size: int, seconds: float, core: float, each: list, peak: int) -> dict:
    each = sorted(each)
    p95 = each[min(len(each) - 1, round(0.95 * len(each)))]
    return {"what": what, "n": size, "minute": 60 * size / seconds, "each": seconds / size,
            "core": core / size, "p50": statistics.median(each), "p95": p95,
            "peak": peak / 2**20}  # fmt: skip


def measure_alone(folder: Path, name: str) -> dict:
    """One right submission: its own cells by nbclient, and graded by a warm examiner."""
    data = hand_in(name, PERFECT, folder / f"{name}.ipynb").read_bytes()
    master = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    own, graded, questions = [], [], 0

    def run_own_cells() -> None:
        notebook = nbformat.reads(data.decode(), as_version=4)
        notebook.cells = [cell for cell in notebook.cells if role(cell) != "test"]
        began = time.perf_counter()
        NotebookClient(notebook, timeout=300).execute(cwd=str(folder))
        own.append(time.perf_counter() - began)

    examiner = Examiner()
    examiner.examine(data, master, Limits())  # which warms it

    def examine() -> int:
        began = time.perf_counter()
        result = examiner.examine(data, master, Limits())
        graded.append(time.perf_counter() - began)
        assert not result.not_graded
        return result.questions

    _, own_core = busy(lambda: [run_own_cells() for _ in range(REPEATS)])
    questions, core = busy(lambda: [examine() for _ in range(REPEATS)])
    examiner.close()
    return {"own": statistics.median(own), "own core": own_core / REPEATS,
            "graded": statistics.median(graded), "core": core / REPEATS,
            "questions": max(questions)}  # fmt: skip


def scores(folder: Path) -> dict[str, float]:
    """Totals by student, as the gradebook has them."""
    from nbgrader.api import Gradebook

    path = next(
        p for p in (folder / "gradebook.db", folder / "gradebook/gradebook.db") if p.exists()
    )
    with Gradebook(f"sqlite:///{path}", "convnet") as book:
        return {s.student_id: s.score for s in book.assignment_submissions(path_name(folder))}


def path_name(folder: Path) -> str:
    """The only assignment of a course."""
    return next((folder / "solutions").iterdir()).name


def show(row: dict) -> None:
    """Print a line of the table."""
    values = [f"{row[key]:.{0 if key in ('n', 'peak') else 2}f}" for key in COLUMNS]
    print(
        f"  {row['what']:<16}"
        + "".join(f"{v:>{len(h) + 2}}" for v, h in zip(values, COLUMNS.values(), strict=True)),
        flush=True,
    )


def measure(name: str, sizes: list[int], plain_up_to: int, scratch: Path) -> dict:
    """All rows of one assignment, printed as they come."""
    print(f"\n{name}\n  {'':<16}" + "".join(f"  {head}" for head in COLUMNS.values()), flush=True)
    rows = []
    for size in sizes:
        if size <= plain_up_to:
            rows.append(measure_plain(scratch / f"{name}-plain-{size}", name, size))
            show(rows[-1])
        rows.append(measure_course(scratch / f"{name}-{size}", name, size))
        show(rows[-1])
        if size <= plain_up_to:
            plain, course = rows[-2:]
            print(f"  {'':<16}  {course['minute'] / plain['minute']:.1f} times the throughput")
            two = (scores(scratch / f"{name}{kind}-{size}") for kind in ("-plain", ""))
            differ = {s for a, b in [two] for s in a if a[s] != b[s]}
            print(f"  {'':<16}  the scores of {len(differ)} of {size} differ")
    parts = rows[-1]["parts"]
    print("  one of them, on average: " + ", ".join(f"{k} {v:.2f} s" for k, v in parts.items()))
    alone = measure_alone(scratch, name)
    print(
        f"  one alone: own cells {alone['own']:.2f} s ({alone['own core']:.2f} core-s), graded "
        f"{alone['graded']:.2f} s ({alone['core']:.2f} core-s): "
        f"{alone['graded'] / alone['own']:.2f} times; {alone['questions']} questions",
        flush=True,
    )
    return {"rows": rows, "alone": alone}


def page_table(stored: dict) -> str:
    """The table of the docs, from what is stored: a row for each size of a class."""
    lines = [HEAD]
    for name, found in stored.items():
        alone = found["alone"]
        rates = {(row["what"], row["n"]): row["minute"] for row in found["rows"]}
        for size in sorted({size for _, size in rates}):
            course, plain = rates["course grade", size], rates.get(("plain nbgrader", size))
            cells = [name, f"{alone['graded']:.2f}", f"{alone['own']:.2f}", f"{size}",
                     f"{course:.0f}", f"{plain:.1f}" if plain else "–",
                     f"{course / plain:.1f}" if plain else "–"]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def store(stored: dict) -> None:
    """Keep what was measured, and put the table into the docs."""
    STORED.write_text(json.dumps(stored, indent=1) + "\n")
    pattern = re.escape(HEAD.splitlines()[0]) + r".*?(?=\n\n)"
    text, count = re.subn(
        pattern, lambda _: page_table(stored), PAGE.read_text(), count=1, flags=re.DOTALL
    )
    if not count:
        sys.exit(f"{PAGE.name} has no table that begins with: {HEAD.splitlines()[0]}")
    PAGE.write_text(text)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignments", nargs="*", default=known_assignments())
    parser.add_argument("--sizes", type=int, nargs="+", default=[20])
    parser.add_argument("--plain-up-to", type=int, default=50, help="plain nbgrader is slow")
    parser.add_argument("--store", action="store_true", help=f"keep the table in {STORED.name}")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} processors, {WORKERS} workers; six of ten submissions are right")
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    with tempfile.TemporaryDirectory(prefix="course-benchmark-") as scratch:
        for name in arguments.assignments:
            stored[name] = measure(name, arguments.sizes, arguments.plain_up_to, Path(scratch))
    if arguments.store:
        store(stored)


if __name__ == "__main__":
    main()
