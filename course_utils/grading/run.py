"""`course grade`: all submissions of an assignment at once, and what is done stays done.

One process, this one, writes into the gradebook. The note that a submission is graded is written
last, so a run that was killed at any moment continues with those that have none.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import sqlalchemy.exc
from nbgrader.api import Gradebook
from tqdm import tqdm
from traitlets.config import Config, PyFileConfigLoader

import course_utils
from course_utils.errors import CourseError
from course_utils.grading import beside, record
from course_utils.grading.bubblewrap import require, runs_as_root
from course_utils.grading.rebuild import grade_id, ids, role
from course_utils.grading.sandbox import Limits
from course_utils.grading.submissions import Submission, read_folder
from course_utils.grading.table import Line
from course_utils.grading.verdicts import CellResult, ExamResult
from course_utils.grading.workers import Pool, pool


@dataclass(frozen=True)
class Course:
    """Where the course stands, as `nbgrader_config.py` says."""

    config: Config
    root: Path
    db_url: str
    course_id: str

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Of one student and assignment; `step` is one of nbgrader's, such as `"submitted"`."""
        structure = "{nbgrader_step}/{student_id}/{assignment_id}"
        names = {"student_id": student, "assignment_id": assignment}
        where = self.config.CourseDirectory[f"{step}_directory"]
        return self.root / structure.format(nbgrader_step=where, **names)

    @property
    def examined(self) -> Path:
        """What has been graded, one small file for each submission."""
        return (self.root / self.config.CourseDirectory.autograded_directory).parent / "examined"


@dataclass(frozen=True)
class Task:
    """What all submissions of an assignment are examined with.

    Attributes
    ----------
    masters
        The instructor's notebooks, by name.
    own_files
        Contents of the instructor's other files, by relative path.
    keep
        Those of them that a student's own version replaces.
    """

    assignment: str
    masters: dict[str, nbformat.NotebookNode]
    own_files: dict[str, bytes]
    keep: list[str]
    limits: Limits

    def read(self, course: Course, student: str) -> Submission:
        """A submission with the files that it is run with."""
        folder = course.folder("submitted", student, self.assignment)
        submission = read_folder(folder, student, {n: ids(m) for n, m in self.masters.items()})
        submission.files = beside.put_over(self.own_files, submission.files, self.keep)
        return submission

    def of(self, course: Course, student: str) -> tuple:
        """The arguments of `workers.examine_all`."""
        about = self.masters, self.own_files, self.limits, course_utils.__version__
        return self.read(course, student), *about

    def digest(self, submission: Submission) -> str:
        """Tells apart whether anything that matters for the result has changed."""
        cells = [[name, [[c.cell_type, c.source, c.metadata.get("nbgrader")] for c in nb.cells]]
                 for name, nb in sorted(self.masters.items())]  # fmt: skip
        cells += [nb.metadata.get("convnet") for _, nb in sorted(self.masters.items())]
        data = json.dumps(cells, sort_keys=True).encode()
        own = Submission("", files=self.own_files).digest()
        return submission.digest(hashlib.sha256(data).digest(), own.encode())


def open_course(root: Path) -> Course:
    """Read the configuration of the course in a folder.

    Raises
    ------
    CourseError
        If there is none.
    """
    if not (root / "nbgrader_config.py").exists():
        raise CourseError(f"There is no nbgrader_config.py in {root}: run this in the course.")
    config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
    directory = config.CourseDirectory
    return Course(config, root, str(directory.db_url), str(directory.course_id))


def configured_limits(course: Course, **overrides: float | bool | None) -> Limits:
    """The limits of `nbgrader_config.py`, with what is given instead.

    Raises
    ------
    CourseError
        If one is not above 0.
    """
    own = course.config.Examiner
    wanted = {"cell_seconds": own.get("cell_seconds"), "total_seconds": own.get("total_seconds")}
    wanted["memory"] = int(own.memory) << 20 if "memory" in own else None
    wanted["cold"] = own.get("cold")
    wanted |= {name: value for name, value in overrides.items() if value is not None}
    try:
        return Limits(**{name: value for name, value in wanted.items() if value is not None})
    except ValueError as error:
        raise CourseError(f"A limit cannot be used: {error}.") from None


def grade(
    assignment: str,
    root: Path,
    *,
    limits: Limits | None = None,
    only: Iterable[str] = (),
    again: bool = False,
    workers: int | None = None,
    scheduler: str | None = None,
) -> list[Line]:
    """Grade what was submitted for an assignment, and record it.

    Parameters
    ----------
    assignment
        Its name.
    root
        Folder of the course.
    limits
        For each submission; those of the configuration by default.
    only
        Students; all by default.
    again
        Also those that are graded already and have not changed since.
    workers
        Submissions at the same time, here; as many as there are processors by default.
    scheduler
        Address of a Dask scheduler, whose workers grade instead.

    Returns
    -------
    list of Line
        One for each submission, in the order of names.

    Raises
    ------
    CourseError
        If nothing can be graded; what was graded before stays.
    """
    course = open_course(root)
    limits = limits or configured_limits(course)
    if limits.sandbox and scheduler is None:
        require()
    task = read_task(course, assignment, limits)
    masters = task.masters
    students = _students(course, assignment, list(only))
    if not students:
        where = course.folder("submitted", "NAME", assignment).relative_to(root)
        raise CourseError(f"There are no submissions: none at {where}. Collect them first.")
    _demand_space(course)
    lines: dict[str, Line] = {}
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        loaded = record.demand_assignment(gradebook, assignment, points_of(masters))
        pending = []
        for student in students:
            known = None if again else _known(course, task, student)
            if known:
                lines[student] = known
                record.follow(gradebook, assignment, student, _submitted_at(
                    course, assignment, student), course.config)  # fmt: skip
            else:
                pending.append(student)
        with pool(workers, scheduler) as some, _progress(len(pending)) as bar:
            for submission, outcome in examined(some, course, task, pending):
                line = _record(course, gradebook, task, submission, outcome)
                lines[line.student] = line
                bar.update()
        for student, line in lines.items():
            line.by_hand, line.penalty = record.standing(gradebook, assignment, student)
        del loaded  # the cells, which until here were read once
    return [lines[student] for student in students]


@dataclass(frozen=True)
class Change:
    """A graded cell that would earn another score than the gradebook has.

    Attributes
    ----------
    before, after
        Points; None where the cell was not, or could not be, graded.
    why
        What the student would be told now, or what they were told before.
    by_hand
        Whether a mark by hand stands, which stays.
    """

    student: str
    cell: str
    before: float | None
    after: float | None
    why: str
    by_hand: bool


def what_if(
    assignment: str,
    root: Path,
    *,
    limits: Limits | None = None,
    only: Iterable[str] = (),
    workers: int | None = None,
    scheduler: str | None = None,
    accept: bool = False,
) -> tuple[list[Change], int]:
    """Grade into nothing, and tell whose score would change; for after a test was mended.

    Parameters
    ----------
    assignment, root, limits, only, workers, scheduler
        As of `grade`. Who is not in the gradebook yet is left out: `grade` is for them.
    accept
        Record the submissions whose score changes, and no others.

    Returns
    -------
    changes, count
        In the order of names, and how many submissions were compared.

    Raises
    ------
    CourseError
        If nothing can be graded.
    """
    course = open_course(root)
    limits = limits or configured_limits(course)
    if limits.sandbox and scheduler is None:
        require()
    task = read_task(course, assignment, limits)
    changes: list[Change] = []
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        loaded = record.demand_assignment(gradebook, assignment, points_of(task.masters))
        known = record.scores(gradebook, assignment)
        students = [s for s in _students(course, assignment, list(only)) if s in known]
        if not students:
            raise CourseError(f"Nothing of {assignment} is graded yet: course grade {assignment}")
        with pool(workers, scheduler) as some, _progress(len(students)) as bar:
            for submission, outcome in examined(some, course, task, students):
                told = _told_before(course, assignment, submission.student)
                new = _changes(submission.student, outcome, known[submission.student], told)
                if new and accept and not isinstance(outcome, str):  # a failure is no score
                    _record(course, gradebook, task, submission, outcome)
                changes += new
                bar.update()
        del loaded
    return sorted(changes, key=lambda change: (change.student, change.cell)), len(students)


def _changes(
    student: str,
    outcome: dict[str, ExamResult] | str,
    known: dict[str, record.Score],
    told: dict[str, str],
) -> list[Change]:
    """What differs from the gradebook in what is graded by machine."""
    if isinstance(outcome, str):
        return [Change(student, "all", None, None, outcome, by_hand=False)]
    found = []
    for cell in (cell for result in outcome.values() for cell in result.cells):
        old = known.get(cell.name, record.Score())
        if cell.verdict not in ("by hand", "missing") and cell.score != old.auto:
            why = cell.reason or f"before: {told.get(cell.name, '') or 'nothing was told'}"
            by_hand = old.by_hand is not None
            found.append(Change(student, cell.name, old.auto, cell.score, why, by_hand))
    return found


def _told_before(course: Course, assignment: str, student: str) -> dict[str, str]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads(_note(course, assignment, student).read_text(encoding="utf-8"))
        return {cell["name"]: cell["reason"] for cell in note["cells"]}
    return {}


def warnings_about_the_sandbox() -> list[str]:
    """What the sandbox cannot do on this machine."""
    if runs_as_root():
        return ["As root the number of processes of a submission is only watched, not limited: "
                "grade as an ordinary user."]  # fmt: skip
    return []


def read_masters(course: Course, assignment: str) -> dict[str, nbformat.NotebookNode]:
    """The instructor's notebooks of an assignment, by name.

    Raises
    ------
    CourseError
        If there is no such assignment.
    """
    source = course.root / course.config.CourseDirectory.source_directory
    known = sorted({path.parent.name for path in source.glob("*/*.ipynb")})
    if assignment not in known:
        names = ", ".join(known) or "none"
        raise CourseError(f"There is no assignment {assignment!r}; known are: {names}.")
    paths = sorted((source / assignment).glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


def read_task(course: Course, assignment: str, limits: Limits) -> Task:
    """Read what the instructor has for an assignment."""
    source = course.root / course.config.CourseDirectory.source_directory
    masters = read_masters(course, assignment)
    keep = course.config.Autograde.get("exclude_overwriting", {}).get(assignment, [])
    return Task(assignment, masters, beside.read(source / assignment), list(keep), limits)


def submitted(course: Course, assignment: str) -> list[str]:
    """Names of those who handed in."""
    top = course.folder("submitted", "NAME", assignment).parents[1]
    return sorted(path.parent.name for path in top.glob(f"*/{assignment}"))


def _students(course: Course, assignment: str, only: list[str]) -> list[str]:
    """Names of those who handed in, or of those that are asked for."""
    top = course.folder("submitted", "NAME", assignment).parents[1]
    found = submitted(course, assignment)
    for student in only:
        if student not in found:
            raise CourseError(f"{student} has not submitted {assignment}, nothing is in {top}.")
    return [student for student in found if not only or student in only]


def points_of(masters: dict[str, nbformat.NotebookNode]) -> dict[str, dict[str, float]]:
    """Points by the name of the graded cell, of each notebook."""
    return {n: {c.name: c.points for c in _graded(m)} for n, m in masters.items()}


def _graded(master: nbformat.NotebookNode) -> list[CellResult]:
    """The graded cells of a master, with nothing earned."""
    about = [(grade_id(c), c.metadata.nbgrader.get("points", 0)) for c in master.cells
             if role(c) in ("test", "by hand")]  # fmt: skip
    return [CellResult(name, points, None, "not graded") for name, points in about]


def _demand_space(course: Course) -> None:
    """Refuse to begin where nothing could be written at the end."""
    top = course.examined.parent
    try:
        course.examined.mkdir(parents=True, exist_ok=True)
        probe = course.examined / ".probe"
        probe.write_text("")
        probe.unlink()
        free = shutil.disk_usage(top).free
    except OSError as error:
        raise CourseError(f"{top} cannot be written: {error}. Nothing was graded.") from None
    if free < 50_000_000:
        raise CourseError(f"The disk of {top} is full: {free / 1e6:.0f} MB are left.")


def examined(
    some: Pool, course: Course, task: Task, students: Iterable[str]
) -> Iterator[tuple[Submission, dict[str, ExamResult] | str]]:
    """What became of each submission, in the order in which they are done.

    Who was stopped by the clock alone, while others computed, comes once more at the end, alone.
    """
    hurried = []
    for submission, outcome in some.run(task.of(course, student) for student in students):
        if isinstance(outcome, str) or not any(result.hurried for result in outcome.values()):
            yield submission, outcome
        else:
            hurried.append(submission.student)
    for student in hurried:
        yield from some.run([task.of(course, student)])


def _record(
    course: Course,
    gradebook: Gradebook,
    task: Task,
    submission: Submission,
    outcome: dict[str, ExamResult] | str,
) -> Line:
    """Write one submission, and last the note that it is done."""
    student, assignment, masters = submission.student, task.assignment, task.masters
    folder = course.folder("autograded", student, assignment)
    if isinstance(outcome, str):
        possible = sum(c.points for master in masters.values() for c in _graded(master))
        outcome = {name: _not_graded(master, outcome) for name, master in masters.items()}
        line = Line(student, "not graded", 0, possible)
    else:
        line = Line(student, "graded")
    for result in outcome.values():
        result.remarks += [r for r in submission.remarks if r not in result.remarks]
        line.remarks += [r for r in result.remarks if r not in line.remarks]
    results = [cell for result in outcome.values() for cell in result.cells]
    line.score = sum(cell.score or 0 for cell in results)
    line.possible = sum(cell.points for cell in results)
    if any(result.not_graded for result in outcome.values()):
        line.status = "not graded"
    done = _note(course, assignment, student)
    done.unlink(missing_ok=True)
    try:
        submitted_at = _submitted_at(course, assignment, student)
        secret = _beside(course, assignment, student, "submission_secret.txt")
        where = (gradebook, assignment, student)
        record.record(*where, outcome, folder, submitted_at, secret, course.config)
        if line.status == "graded":
            _write_note(done, line, task.digest(submission), outcome)
    except (OSError, ValueError, sqlalchemy.exc.SQLAlchemyError) as error:
        gradebook.db.rollback()
        line.status = "not graded"
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        line.remarks.insert(0, f"the result cannot be written: {why}")
    return line


def _not_graded(master: nbformat.NotebookNode, why: str) -> ExamResult:
    cells = [CellResult(c.name, c.points, None, "not graded", why) for c in _graded(master)]
    note = nbformat.v4.new_markdown_cell("**This submission is not graded yet.**", id="not-graded")
    return ExamResult(cells, nbformat.v4.new_notebook(cells=[note]), [why])


def _submitted_at(course: Course, assignment: str, student: str) -> object:
    """The time that nbgrader wrote beside the submission, if it did."""
    from nbgrader.utils import parse_utc

    with contextlib.suppress(ValueError):
        if text := _beside(course, assignment, student, "timestamp.txt"):
            return parse_utc(text)
    return None


def _beside(course: Course, assignment: str, student: str, name: str) -> str:
    """What nbgrader wrote into a file beside the submission; empty where it did not."""
    path = course.folder("submitted", student, assignment) / name
    with contextlib.suppress(OSError, ValueError):
        if not path.is_symlink():
            with path.open(encoding="utf-8") as file:
                return file.read(1000).strip()
    return ""


# What is done


def _note(course: Course, assignment: str, student: str) -> Path:
    return course.examined / assignment / f"{student}.json"


def _write_note(path: Path, line: Line, digest: str, results: dict[str, ExamResult]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "digest": digest,
        "score": line.score,
        "possible": line.possible,
        "remarks": line.remarks,
        "cells": [_told(cell) for result in results.values() for cell in result.cells],
        "seconds": {name: result.seconds for name, result in results.items()},
        "questions": {name: result.questions for name, result in results.items()},
        "used": {name: result.used for name, result in results.items()},
    }
    fresh = path.with_suffix(".new")
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _told(cell: CellResult) -> dict:
    return {k: v for k, v in vars(cell).items() if k not in ("detail", "doubt")}


def _known(course: Course, task: Task, student: str) -> Line | None:
    """What an earlier run found, if submission and assignment are as they were then."""
    assignment = task.assignment
    try:
        known = json.loads(_note(course, assignment, student).read_text(encoding="utf-8"))
        if not course.folder("autograded", student, assignment).exists():
            return None
        digest = task.digest(task.read(course, student))
        line = Line(student, "before", known["score"], known["possible"], known["remarks"])
        return line if known["digest"] == digest else None
    except (OSError, ValueError, KeyError):
        return None


@contextlib.contextmanager
def _progress(total: int) -> Iterator[tqdm]:
    with tqdm(total=total, unit="submission", disable=not total, file=sys.stderr) as bar:
        yield bar
