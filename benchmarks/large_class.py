"""What `course report` and `course grade --what-if` cost for a large class, without examining it.

    python benchmarks/large_class.py                  # 3 000 submissions of a1
    python benchmarks/large_class.py --store          # and keep what was measured

The gradebook, the notes of grading and the submissions are made up: the class of `benchmarks/
similar.py`, with points and reasons drawn from those of the sample class. What-if is given results
instead of examining, so that what is left is its own; examining is measured by
`benchmarks/grading.py`.
"""

import argparse
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

import sqlalchemy
from nbgrader.api import Grade, Gradebook, Student, SubmittedAssignment, SubmittedNotebook

from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT)]

from benchmarks import similar  # noqa: E402

STORED = ROOT / "benchmarks" / "results" / "large_class.json"
NAME = similar.ASSIGNMENT
REASONS = [
    "✗ {0}: 2 of 2 values differ, the largest by {1}\n"
    "  The kernel is flipped: that is true convolution.\n  Seen with 2×3 image, 2×2 kernel.",
    "✗ {0}: the result has shape ({1}, 6), expected (6, {1})\n"
    "  In this case: The sizes are right, but two axes are exchanged.\n  Seen with 7×10 image.",
    "✗ {0}: {1} of 25 values differ, the largest by 0.5\n  Seen with 3×3 image.",
    "✗ {0}: it is not written yet",
]
CHILD = """
import json, resource, sys, time
from pathlib import Path
from course_utils.grading import report, run
name, root, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3]

def examined(some, course, task, students):
    from course_utils.grading.verdicts import CellResult, ExamResult
    for student in students:
        submission, *_ = task.of(course, student)
        cells = [CellResult(cell, points, points, "passed") for cells in
                 run.points_of(task.masters).values() for cell, points in cells.items()]
        yield submission, {name: ExamResult(cells, None, [])}

began = time.perf_counter()
if what == "report":
    report.write(name, root)
else:
    from course_utils.grading.table import changed
    run._examined = examined
    changed(*run.what_if(name, root), False)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": round(time.perf_counter() - began, 1),
                  "processor": round(used.ru_utime + used.ru_stime, 1),
                  "MB": used.ru_maxrss >> 10}))
"""


def make(folder: Path, size: int, seed: int) -> None:
    """A course in which a large class is graded."""
    similar.hand_in(folder, similar.made_up(size, seed)[0])
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--force"],
                   cwd=folder, env=environment, check=True, capture_output=True)  # fmt: skip
    chance, now = random.Random(seed), datetime.datetime(2027, 3, 1)
    with Gradebook(f"sqlite:///{folder}/gradebook/gradebook.db", "convnet") as gradebook:
        assignment = gradebook.find_assignment(NAME)
        (notebook,) = assignment.notebooks
        cells = [(cell.id, cell.name, cell.max_score) for cell in notebook.grade_cells]
        rows: dict[type, list[dict]] = {
            kind: [] for kind in (Student, SubmittedAssignment, SubmittedNotebook, Grade)
        }
        notes = folder / "gradebook/examined" / NAME
        notes.mkdir(parents=True)
        for number in range(size):
            student, skill = similar.student(number), chance.random()
            of, handed_in = uuid.uuid4().hex, uuid.uuid4().hex
            rows[Student].append({"id": student})
            rows[SubmittedAssignment].append(
                {"id": of, "assignment_id": assignment.id, "student_id": student, "timestamp": now}
            )
            rows[SubmittedNotebook].append(
                {"id": handed_in, "notebook_id": notebook.id, "assignment_id": of}
            )
            told = []
            for cell, name, points in cells:
                right = chance.random() < 0.4 + 0.6 * skill
                rows[Grade].append({
                    "id": uuid.uuid4().hex, "cell_id": cell, "notebook_id": handed_in,
                    "auto_score": points * right, "needs_manual_grade": False,
                })  # fmt: skip
                reason = chance.choice(REASONS).format(name, chance.randint(2, 25))
                told.append({"name": name, "points": points, "score": points * right,
                             "verdict": "", "reason": "" if right else reason})  # fmt: skip
            used = {NAME: {"processor": chance.random(), "memory": 2.5e8}}
            note = {"digest": "", "score": 0, "possible": 100, "remarks": [], "cells": told,
                    "used": used}  # fmt: skip
            (notes / f"{student}.json").write_text(json.dumps(note))
        for kind, some in rows.items():
            gradebook.db.execute(sqlalchemy.insert(kind.__table__), some)
        gradebook.db.commit()


def measure(size: int, seed: int) -> dict:
    """Seconds and memory of both commands, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="course-large-") as scratch:
        folder = Path(scratch)
        make(folder, size, seed)
        for what in ("report", "what-if"):
            done = subprocess.run([sys.executable, "-c", CHILD, NAME, scratch, what], cwd=ROOT,
                                  stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
            found[what] = json.loads(done.stdout.splitlines()[-1])
        page = folder / "gradebook/reports" / NAME / "index.html"
        found["report"]["page MB"] = round(page.stat().st_size / 1e6, 2)
    return found


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", action="store_true", help=f"keep it in {STORED.name}")
    arguments = parser.parse_args()
    found = {str(arguments.size): measure(arguments.size, arguments.seed)}
    print(found)
    if arguments.store:
        known = json.loads(STORED.read_text()) if STORED.exists() else {}
        STORED.write_text(json.dumps(known | found, indent=1) + "\n")


if __name__ == "__main__":
    main()
