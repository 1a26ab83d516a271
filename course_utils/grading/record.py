"""Write results into nbgrader's gradebook and its folder of graded notebooks.

Writing the same result twice leaves the same gradebook. Marks given by hand are never touched.
"""

import contextlib
import datetime
import os
import shutil
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
import sqlalchemy.exc
import sqlalchemy.orm
from alembic.script import ScriptDirectory
from nbgrader.api import (
    Assignment,
    BaseCell,
    Grade,
    Gradebook,
    MissingEntry,
    Notebook,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import is_solution
from traitlets.config import Config

from course_utils.errors import CourseError
from course_utils.grading.rebuild import grade_id
from course_utils.grading.verdicts import ExamResult


@contextlib.contextmanager
def open_gradebook(db_url: str, course_id: str) -> Iterator[Gradebook]:
    """The course's gradebook.

    Raises
    ------
    CourseError
        If it cannot be opened, or was made by another version of nbgrader.
    """
    try:
        # nbgrader 0.9 makes rows in an order that SQLAlchemy 2 remarks on.
        with warnings.catch_warnings(), Gradebook(db_url, course_id) as gradebook:
            warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
            _demand_present_version(gradebook)
            gradebook.db().expire_on_commit = False  # the same cells, for each submission
            yield gradebook
    except sqlalchemy.exc.SQLAlchemyError as error:
        said = str(error).splitlines()[0][:200]
        if "locked" in said:
            raise CourseError(
                f"The gradebook is in use: {said}. Nothing more was written. Wait for the other "
                "program, or close formgrader, and run this again."
            ) from None
        raise CourseError(
            f"The gradebook cannot be used: {said}. Nothing more was written. If nbgrader was "
            "updated, back the gradebook up and run: nbgrader db upgrade"
        ) from None


def _demand_present_version(gradebook: Gradebook) -> None:
    query = sqlalchemy.text("SELECT version_num FROM alembic_version")
    found = gradebook.db.execute(query).scalar()
    if found != ScriptDirectory(str(ALEMBIC_DIR)).get_current_head():
        raise CourseError(
            f"The gradebook is of another version of nbgrader ({found}). Back it up, then run: "
            "nbgrader db upgrade"
        )


def save_scores(
    gradebook: Gradebook, assignment: str, student: str, notebook: str, result: ExamResult
) -> None:
    """Write the scores of one notebook, in place of those of any earlier run.

    A remark for the instructor, and a cell that could not be graded, leave the submission waiting
    to be looked at. The submission must exist in the gradebook.
    """
    submitted = gradebook.find_submission_notebook(notebook, assignment, student)
    scores = {cell.name: cell for cell in result.cells}
    texts = {grade_id(cell): cell.source.strip() for cell in result.notebook.cells}
    answers = {grade_id(cell) for cell in result.notebook.cells if is_solution(cell)}
    released = {
        cell.name: cell.source.strip()
        for cell in submitted.notebook.source_cells
        if cell.name in answers - result.missing
    }
    untouched = {name for name, text in released.items() if texts[name] in ("", text)}
    attention = bool(result.remarks)
    for grade in sorted(submitted.grades, key=lambda grade: grade.name):
        known = scores.get(grade.name)
        grade.auto_score = known.score if known else None
        if known and known.verdict == "by hand" and grade.name in untouched:
            grade.auto_score = 0
        waits = grade.auto_score is None or grade.manual_score is not None
        grade.needs_manual_grade = waits or attention
        attention = False  # one cell is enough to bring it before the instructor's eyes
    for comment in submitted.comments:
        comment.auto_comment = "No response." if comment.name in untouched else None
    gradebook.db.commit()


def penalise_if_late(submitted: SubmittedNotebook, config: Config) -> None:
    """Apply the course's rule for late submissions (nbgrader's `AssignLatePenalties`)."""
    late = submitted.assignment.total_seconds_late
    if late > 0:  # its score may have changed, and what is changed before is forgotten here
        sqlalchemy.orm.object_session(submitted).refresh(submitted)
    submitted.late_submission_penalty = None
    if late > 0:
        rule = AssignLatePenalties(config=config)
        rule.init_plugin()
        student = submitted.assignment.student_id
        penalty = rule.plugin_inst.late_submission_penalty(student, submitted.score, late)
        if penalty is not None:
            submitted.late_submission_penalty = rule._check_late_penalty(submitted, penalty)


def record(
    gradebook: Gradebook,
    assignment: str,
    student: str,
    results: Mapping[str, ExamResult],
    folder: Path,
    submitted_at: datetime.datetime | None,
    secret: str,
    config: Config,
) -> None:
    """Write all that grading a submission gives, as `nbgrader autograde` would.

    Parameters
    ----------
    gradebook
        Open.
    assignment, student
        Names; the assignment must be in the gradebook.
    results
        By name of the notebook.
    folder
        Where the graded notebooks go; it is replaced as a whole.
    submitted_at
        The time on the submission, in UTC, where it has one.
    secret
        By which the exchange finds whose feedback it is; empty where the submission has none.
    config
        Of nbgrader, for the rule about late submissions.
    """
    gradebook.update_or_create_student(student)
    timestamp = {} if submitted_at is None else {"timestamp": submitted_at}
    submission = gradebook.update_or_create_submission(assignment, student, **timestamp)
    for name, result in results.items():
        save_scores(gradebook, assignment, student, name, result)
    for notebook in submission.notebooks:
        penalise_if_late(notebook, config)
    gradebook.db.commit()
    _write(folder, results, submitted_at, secret)


def follow(
    gradebook: Gradebook,
    assignment: str,
    student: str,
    submitted_at: datetime.datetime | None,
    config: Config,
) -> None:
    """Let what was graded before follow a changed due date, extension or time of submission."""
    with contextlib.suppress(MissingEntry):
        submission = gradebook.find_submission(assignment, student)
        if submitted_at is not None:
            submission.timestamp = submitted_at
        for notebook in submission.notebooks:
            penalise_if_late(notebook, config)
        gradebook.db.commit()


@dataclass(frozen=True)
class Score:
    """What the gradebook has of one graded cell.

    Attributes
    ----------
    auto, by_hand
        Points by machine and by hand; None where there are none.
    extra
        Points given beyond.
    waits
        Whether it is to be looked at.
    """

    auto: float | None = None
    by_hand: float | None = None
    extra: float = 0.0
    waits: bool = False

    @property
    def points(self) -> float | None:
        """What counts; None where it waits for a mark."""
        known = self.by_hand if self.by_hand is not None else self.auto
        return None if known is None else float(known) + self.extra


def scores(gradebook: Gradebook, assignment: str) -> dict[str, dict[str, Score]]:
    """All that the gradebook has of an assignment, by student and cell, in one query."""
    rows = (
        gradebook.db.query(SubmittedAssignment.student_id, BaseCell.name, Grade.auto_score,
                           Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .join(BaseCell, Grade.cell_id == BaseCell.id)
        .filter(Assignment.name == assignment)
    )  # fmt: skip
    found: dict[str, dict[str, Score]] = defaultdict(dict)
    for student, cell, auto, by_hand, extra, waits in rows:
        found[student][cell] = Score(auto, by_hand, float(extra or 0), bool(waits))
    return dict(found)


def penalties(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    """What is off for lateness, by student, over all notebooks of an assignment."""
    rows = (
        gradebook.db.query(
            SubmittedAssignment.student_id, SubmittedNotebook.late_submission_penalty
        )
        .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
        .join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
        .filter(Assignment.name == assignment)
    )
    found: dict[str, float] = defaultdict(float)
    for student, penalty in rows:
        found[student] += float(penalty or 0)
    return dict(found)


def standing(gradebook: Gradebook, assignment: str, student: str) -> tuple[float, float]:
    """What marks by hand change in the points of a submission, and what is off for lateness."""
    with contextlib.suppress(MissingEntry, UnicodeEncodeError):  # a name may be no text
        submission = gradebook.find_submission(assignment, student)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        by_hand = sum((g.score or 0) - (g.auto_score or 0) for g in grades)
        late = sum(n.late_submission_penalty or 0 for n in submission.notebooks)
        return float(by_hand), float(late)
    return 0.0, 0.0


def _write(
    folder: Path,
    results: Mapping[str, ExamResult],
    submitted_at: datetime.datetime | None,
    secret: str,
) -> None:
    fresh, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    for path in (fresh, old):
        remove(path)
    fresh.mkdir(parents=True)
    for name, result in results.items():
        nbformat.write(result.notebook, fresh / f"{name}.ipynb")
        (fresh / f"{name}.ipynb").chmod(0o444)
    if submitted_at is not None:  # by which nbgrader tells a newer submission
        (fresh / "timestamp.txt").write_text(f"{submitted_at:%Y-%m-%d %H:%M:%S.%f} UTC")
    if secret:
        (fresh / "submission_secret.txt").write_text(secret)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    remove(old)


def remove(folder: Path) -> None:
    """Remove a folder if it is there, also where its files are read-only."""
    if folder.exists():
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)


def demand_assignment(
    gradebook: Gradebook, assignment: str, cells: Mapping[str, Mapping[str, float]]
) -> list[Notebook]:
    """Make sure that the gradebook knows an assignment as it is now.

    Its cells stay loaded as long as what this returns is kept.

    Parameters
    ----------
    cells
        Points by the name of the cell, of each notebook of the assignment.

    Raises
    ------
    CourseError
        With the command that tells the gradebook.
    """
    remedy = f"Run: nbgrader generate_assignment {assignment} --force"
    try:
        notebooks = gradebook.find_assignment(assignment).notebooks
    except MissingEntry:
        raise CourseError(f"The gradebook does not know {assignment} yet. {remedy}") from None
    known = {n.name: {c.name: c.max_score for c in (*n.grade_cells, *n.task_cells)}
             for n in notebooks}  # fmt: skip
    if known != dict(cells):
        raise CourseError(
            f"{assignment} has other graded cells or points than the gradebook knows: it was "
            f"changed since. Run: course update {assignment}"
        )
    return list(notebooks)
