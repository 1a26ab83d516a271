"""`course return`: grades into the table that an LMS exported, and feedback as its archive.

The table keeps every byte but the grades that are filled in. Who is not graded to the end is left
out and told, and so is whatever the LMS would refuse or take for something else.
"""

import math
import os
import re
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import MissingEntry

from course_utils.errors import CourseError
from course_utils.grading import lms, record, run, sheets, unseen
from course_utils.grading.lms import Known
from course_utils.grading.sheets import CANVAS_TITLE, POSSIBLE, Field, Sheet
from course_utils.grading.submissions import IGNORED

ENOUGH = 1e-6  # points


@dataclass
class Returned:
    """What goes back.

    Attributes
    ----------
    sheet, feedback
        The files that were written; None where there is no page of feedback.
    column
        In which the grades stand.
    filled, pages
        Students whose grade, and whose pages, are in them.
    left
        Students who are left out.
    without
        Rows of people who handed nothing in here.
    told
        Sentences about a student, or about all where the name is empty.
    """

    sheet: Path | None = None
    feedback: Path | None = None
    column: str = ""
    filled: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    without: int = 0
    told: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Grade:
    """What the gradebook has of a student: points in all, and the cells that wait for a mark."""

    points: float
    waits: list[str]
    to_confirm: bool


def give_back(
    assignment: str,
    path: Path,
    root: Path,
    *,
    roster: Path | None = None,
    column: str | None = None,
    scale: bool = False,
    into: Path | None = None,
) -> Returned:
    """Fill the grades of an assignment into the table of an LMS, and pack the feedback for it.

    Parameters
    ----------
    assignment
        Its name.
    path
        Moodle's grading worksheet, or what Canvas exports of its gradebook.
    root
        Folder of the course.
    roster
        As of `collect`; who came from the archive of the LMS is known without.
    column
        Of Canvas: the assignment, by its name or number; by default the one that is called alike.
    scale
        Convert points to the maximum that the LMS has.
    into
        The folder to write into; `gradebook/returned/ASSIGNMENT` by default.

    Raises
    ------
    CourseError
        If the table cannot be understood, or its maximum is another one; nothing is written then.
    """
    course = run.open_course(root)
    run.read_masters(course, assignment)
    folder = into or lms.gradebook_folder(course) / "returned" / assignment
    unseen.demand_hidden(folder)
    sheet = sheets.read_sheet(path)
    if not sheet.lms:
        raise CourseError(
            f"{path} is neither Moodle's grading worksheet, downloaded in English, nor what Canvas "
            f"exports of its gradebook: its columns are {', '.join(sheet.header)[:200]}."
        )
    grades, possible = _grades(course, assignment)
    known = lms.read_known(course, assignment)
    done = Returned()
    if unseen.seen_by_git(path):
        done.told.append(("", f"git sees {path}, which is about students: move it away"))
    where = _column(sheet, assignment, column)
    done.column = sheet.header[where]
    factor = _factor(sheet, where, possible, scale, path)
    work = _Work(course, assignment, sheet, where, factor, known, done)
    values = work.fill(grades, sheets.read_roster(roster) if roster else sheets.Roster())
    if not work.met:
        raise CourseError(
            f"No row of {path} belongs to a student of {assignment}: is it the table of another "
            "assignment? Who did not come from the archive of the LMS needs --roster."
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    done.sheet = folder / path.name
    if done.sheet.exists() and done.sheet.samefile(path):
        raise CourseError(f"{path} would be overwritten: name another folder with --into.")
    _replace(done.sheet, sheet.changed(values))
    work.pack(folder / "feedback.zip")
    return done


def _grades(course: run.Course, assignment: str) -> tuple[dict[str, _Grade], float]:
    """By student, and the points of the assignment; penalties and marks by hand are in them."""
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        scores = record.scores(gradebook, assignment)
        late = record.penalties(gradebook, assignment)
        if not scores:
            raise CourseError(f"Nothing of {assignment} is graded yet: course grade {assignment}")
        try:
            possible = float(gradebook.find_assignment(assignment).max_score)
        except MissingEntry:
            raise CourseError(f"The gradebook does not know {assignment}.") from None
    found = {}
    for student, cells in scores.items():
        points = sum(score.points or 0.0 for score in cells.values()) - late.get(student, 0.0)
        waits = sorted(name for name, score in cells.items() if score.points is None)
        to_confirm = any(score.waits for score in cells.values())
        found[student] = _Grade(max(0.0, points), waits, to_confirm)  # as nbgrader exports it
    return found, possible


def _column(sheet: Sheet, assignment: str, wanted: str | None) -> int:
    """Where the grades go."""
    if sheet.lms == "moodle":
        return sheet.column("Grade")
    titles = {at: CANVAS_TITLE.match(name) for at, name in enumerate(sheet.header)}
    titles = {at: found.groups() for at, found in titles.items() if found}
    if wanted is None:
        plain = _plain(assignment)
        fitting = [at for at, (title, _) in titles.items() if plain in _plain(title)]
    else:
        fitting = [at for at, (title, number) in titles.items()
                   if wanted in (title, number, sheet.header[at])]  # fmt: skip
    if len(fitting) != 1:
        names = ", ".join(repr(sheet.header[at]) for at in titles) or "none"
        raise CourseError(
            f"{'No' if not fitting else 'More than one'} assignment of Canvas is called like "
            f"{wanted or assignment!r}; name one by --column: {names}."
        )
    return fitting[0]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _factor(sheet: Sheet, where: int, possible: float, scale: bool, path: Path) -> float:
    """By what points are multiplied, so that the maximum of the LMS is reached."""
    whole = [row for row in sheet.rows if len(row) == len(sheet.header)]
    if sheet.lms == "moodle":
        found = {sheet.get(row, "Maximum grade") for row in whole}
    else:
        found = {row[where].value for row in whole if row[0].value.strip() == POSSIBLE}
    maxima = {sheets.quantity(text) for text in found}
    most = next(iter(maxima)) if len(maxima) == 1 else None
    if most is None:
        raise CourseError(
            f"{path} does not say what is the maximum of points ({', '.join(sorted(found))[:60]}): "
            "in the LMS the assignment must be graded by points."
        )
    if abs(most - possible) < ENOUGH:
        return 1.0
    if not scale or possible <= 0:
        raise CourseError(
            f"The maximum in {path} is {most:g}, but the assignment has {possible:g} points: set "
            "it in the LMS and export again, or convert the points with --scale."
        )
    return most / possible


@dataclass
class _Work:
    """Fills the table, row by row, and packs the pages."""

    course: run.Course
    assignment: str
    sheet: Sheet
    where: int
    factor: float
    known: dict[str, Known]
    done: Returned
    places: dict[str, str] = field(default_factory=dict)
    met: int = 0  # students who have a row

    def fill(self, grades: dict[str, _Grade], roster: sheets.Roster) -> dict[tuple[int, int], str]:
        """The new values, by the numbers of row and column."""
        values = {}
        rows = self.rows(roster)
        handed_in = set(grades) | set(self.known)
        for student, found in sorted(rows.items()):
            if student not in handed_in:
                self.done.without += len(found)
                continue
            self.met += 1
            if len(found) > 1:
                self.leave(student, "has more than one row in the table")
            else:
                at, row = found[0]
                why = self.refused(student, row, grades.get(student))
                if why:
                    self.leave(student, why)
                    continue
                grade = grades[student]
                text = _written(grade.points * self.factor)
                self.compare(student, row[self.where].value, text, grade)
                values[at, self.where] = text
                self.done.filled.append(student)
                self.places[student] = self.place(student, row)
        for student in sorted(handed_in - set(rows)):
            self.leave(student, "has no row in the table")
        return values

    def rows(self, roster: sheets.Roster) -> dict[str, list[tuple[int, list[Field]]]]:
        """By student, their rows; who is known by another number is none of the table's."""
        identities = {
            at: sheets.lowered(self.sheet.identity(row))
            for at, row in enumerate(self.sheet.rows)
            if self.sheet.number(row)
        }
        alone = sheets.occurrences(identities.values())
        numbers = {k.number: s for s, k in self.known.items() if k.lms == self.sheet.lms}
        found = defaultdict(list)
        for at, identity in identities.items():
            number = identity["lms_id"]
            student = numbers.get(number) or roster.student(identity, alone)
            student = student or f"{self.sheet.lms}-{number}"
            found[student].append((at, self.sheet.rows[at]))
        return found

    def refused(self, student: str, row: list[Field], grade: _Grade | None) -> str:
        """Why no grade is written; empty where one is."""
        known = self.known.get(student)
        if known and known.lms == self.sheet.lms and known.number != self.sheet.number(row):
            return (f"has the number {self.sheet.number(row)} here, but handed in as "
                    f"{known.number}: is this the table of another assignment?")  # fmt: skip
        if len(row) != len(self.sheet.header):
            return f"has a row of {len(row)} fields, where the header has {len(self.sheet.header)}"
        if grade is None:
            return f"is not graded yet: course grade {self.assignment}"
        if grade.waits:
            return f"waits for a mark: {', '.join(grade.waits)}"
        if self.graded_at(student) < self.handed_in_at(student):
            return f"handed in anew since it was graded: course grade {self.assignment}"
        if self.sheet.get(row, "Grade can be changed").casefold() == "no":
            return "has a grade that is locked in Moodle"
        if self.sheet.lms == "canvas" and row[self.where].value.strip() in ("EX", "N/A"):
            return f"has {row[self.where].value.strip()} in Canvas: excused, or not theirs to do"
        most = sheets.quantity(self.sheet.get(row, "Maximum grade"))
        if most is not None and grade.points * self.factor > most + ENOUGH:
            return f"has {_written(grade.points * self.factor)} points, more than Moodle takes"
        return ""

    def graded_at(self, student: str) -> float:
        """When grading was done last, in seconds; never ends where no file tells."""
        note = self.course.examined / self.assignment / f"{student}.json"
        graded = self.course.folder("autograded", student, self.assignment)
        return max((p.stat().st_mtime for p in (note, graded) if p.exists()), default=math.inf)

    def handed_in_at(self, student: str) -> float:
        """When the newest file of their submission was written here, in seconds."""
        folder = self.course.folder("submitted", student, self.assignment)
        paths = [path for path in folder.glob("*") if path.name not in IGNORED]
        return max((path.lstat().st_mtime for path in paths), default=0.0)

    def compare(self, student: str, before: str, text: str, grade: _Grade) -> None:
        """Tell what is overwritten, and what may still change."""
        old = sheets.quantity(before)
        if before.strip() not in ("", "-") and (old is None or _written(old) != text):
            self.tell(student, f"has {before.strip()} in the LMS, which becomes {text}")
        if grade.to_confirm:
            self.tell(student, "has cells to look at in formgrader; the points count as they are")

    def place(self, student: str, row: list[Field]) -> str:
        """What the names of their feedback start with; empty where that is not known."""
        known = self.known.get(student)
        if known and known.lms == self.sheet.lms:
            return known.place
        name = re.sub(r"[_/\\]", " ", self.sheet.get(row, "Full name")) or "Participant"
        moodle = f"{name}_{self.sheet.number(row)}_assignsubmission_file_/"
        return moodle if self.sheet.lms == "moodle" else ""

    def pack(self, target: Path) -> None:
        """Write the archive of feedback, of those whose grade is written."""
        fresh = target.with_suffix(".new")
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for student in self.done.filled:
                folder = self.course.folder("feedback", student, self.assignment)
                pages = [p for p in sorted(folder.glob("*.html")) if p.is_file()]
                if why := self.no_page(student, pages):
                    self.tell(student, why)
                    continue
                for page in pages:
                    archive.write(page, self.places[student] + page.name)
                self.done.pages.append(student)
        if not self.done.pages:
            fresh.unlink()
            target.unlink(missing_ok=True)
            command = f"nbgrader generate_feedback {self.assignment}"
            self.done.told = [t for t in self.done.told if not t[1].startswith("has no feedback")]
            self.tell("", f"there is no feedback to give back: {command}")
            return
        fresh.replace(target)
        os.chmod(target, 0o600)
        self.done.feedback = target

    def no_page(self, student: str, pages: list[Path]) -> str:
        """Why there is no feedback to give back; empty where there is."""
        command = f"nbgrader generate_feedback {self.assignment}"
        if not pages:
            return f"has no feedback yet: {command}"
        written = min(page.stat().st_mtime for page in pages)
        if written < self.graded_at(student) < math.inf:
            return f"has feedback that is older than the grade, and left out: {command} --force"
        if not self.places[student]:
            return "did not come from an archive of Canvas, which takes feedback for no other"
        return ""

    def leave(self, student: str, why: str) -> None:
        """Leave a student out, and tell."""
        self.done.left.append(student)
        self.tell(student, f"is left out: {why}")

    def tell(self, student: str, sentence: str) -> None:
        """For the report."""
        self.done.told.append((student, sentence))


def _written(points: float) -> str:
    """A number that every LMS and spreadsheet takes for one, to a hundredth."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def _replace(target: Path, data: bytes) -> None:
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(data)
    os.chmod(fresh, 0o600)
    fresh.replace(target)
