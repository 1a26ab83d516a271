"""A class from an LMS and back: seconds and memory of `course collect` and `course return`.

    python benchmarks/lms.py                     # 3 000 made-up submissions of a1, both systems
    python benchmarks/lms.py --students 300

The submissions are the released notebook, each with another first cell; the gradebook gets their
points without grading, and the page of feedback is the notebook as nbconvert shows it. Every step
runs in a process of its own, whose processor time and largest memory are stored.
"""

import argparse
import csv
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from nbgrader.api import Grade, Student, SubmittedAssignment, SubmittedNotebook

from course_utils.grading import record, run
from course_utils.grading.lms_collect import collect
from course_utils.grading.lms_return import give_back
from course_utils.repository import ROOT

NAME = "a1_convolution"
STORED = ROOT / "benchmarks" / "results" / "lms.json"
WORKSHEET = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum grade",
             "Grade can be changed", "Last modified (submission)", "Last modified (grade)",
             "Feedback comments"]  # fmt: skip


def measured(step: Callable, *arguments: object) -> dict[str, float]:
    """Seconds of clock and processor, and the largest memory in MB, in a new process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_measure, args=(theirs, step, *arguments))
    process.start()
    theirs.close()
    found = ours.recv()
    process.join()
    return found


def _measure(pipe: object, step: Callable, *arguments: object) -> None:
    began, used = time.perf_counter(), time.process_time()
    step(*arguments)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    seconds = round(time.perf_counter() - began, 1), round(time.process_time() - used, 1)
    pipe.send({"seconds": seconds[0], "processor": seconds[1], "memory": round(memory)})


def take(course: Path, lms: str) -> None:
    """Collect the archive."""
    sheet = course / "sheet.csv" if lms == "moodle" else None
    done = collect(NAME, course / "a.zip", course, sheet=sheet)
    if done.left or not done.new:
        sys.exit(f"{done.told[:3]}")


def back(course: Path) -> None:
    """Give everything back."""
    done = give_back(NAME, course / "sheet.csv", course)
    if done.left or len(done.pages) != len(done.filled):
        sys.exit(f"{done.told[:3]}")


def make(course: Path, lms: str, students: int) -> None:
    """A course, the archive of an LMS and its table."""
    shutil.copy(ROOT / "nbgrader_config.py", course)
    shutil.copytree(ROOT / "solutions" / NAME, course / "solutions" / NAME)
    released = (ROOT / "assignments" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8")
    with zipfile.ZipFile(course / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for n in range(students):
            name = f"student{n}_{1000 + n}_{5000 + n}_{NAME}.ipynb"
            if lms == "moodle":
                name = f"Student {n}_{1000 + n}_assignsubmission_file_/{NAME}.ipynb"
            archive.writestr(name, released.replace("Assignment", f"Assignment of {n},", 1))
    possible = _points()
    with (course / "sheet.csv").open("w", newline="", encoding="utf-8-sig") as file:
        write = csv.writer(file).writerow
        if lms == "moodle":
            write(WORKSHEET)
        else:
            write(["Student", "ID", "SIS Login ID", "Section", f"{NAME} (7)"])
            write(["    Points Possible", "", "", "", possible])
        for n in range(students):
            when = f"Wednesday, 10 June 2026, {n % 12 + 1}:{n % 60:02} PM"
            row = [f"Participant {1000 + n}", f"Student {n}", f"s{n}@x.edu",
                   "Submitted for grading -  - ", "", possible, "Yes", when, "-", ""]  # fmt: skip
            write(row if lms == "moodle" else [f"{n}, Student", 1000 + n, f"s{n}", "A", ""])


def _points() -> float:
    master = nbformat.read(ROOT / "solutions" / NAME / f"{NAME}.ipynb", as_version=4)
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in master.cells)


def graded(course: Path, lms: str, students: int) -> None:
    """Points into the gradebook and pages into the folder of feedback, without grading."""
    page, _ = HTMLExporter().from_filename(str(ROOT / "assignments" / NAME / f"{NAME}.ipynb"))
    first = course / "page.html"
    first.write_text(page, encoding="utf-8")
    about = run.open_course(course)
    with record.open_gradebook(about.db_url, about.course_id) as book:
        book.add_assignment(NAME)
        book.add_notebook(NAME, NAME)
        cell = book.add_grade_cell("all", NAME, NAME, max_score=_points(), cell_type="code")
        assignment, notebook = book.find_assignment(NAME), book.find_notebook(NAME, NAME)
        for n in range(students):
            student = f"{lms}-{1000 + n}"
            submission = SubmittedAssignment(assignment=assignment, student=Student(id=student))
            submitted = SubmittedNotebook(notebook=notebook, assignment=submission)
            points = {"auto_score": n % 10, "needs_manual_grade": False}
            book.db.add(Grade(cell=cell, notebook=submitted, **points))
            folder = about.folder("feedback", student, NAME)
            folder.mkdir(parents=True)
            os.link(first, folder / f"{NAME}.html")
        book.db.commit()


def main() -> None:
    """Measure both, print and store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=3000)
    parser.add_argument("--only", choices=("moodle", "canvas"))
    arguments = parser.parse_args()
    students = arguments.students
    found = json.loads(STORED.read_text()) if STORED.exists() else {}
    for lms in [arguments.only] if arguments.only else ("moodle", "canvas"):
        with tempfile.TemporaryDirectory() as folder:
            course = Path(folder)
            make(course, lms, students)
            found[lms] = {"students": students, "collect": measured(take, course, lms)}
            graded(course, lms, students)
            found[lms]["return"] = measured(back, course)
            size = (course / "gradebook/returned" / NAME / "feedback.zip").stat().st_size
            found[lms]["feedback"] = round(size / 1e6)  # MB
        print(lms, json.dumps(found[lms]), flush=True)
        STORED.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
