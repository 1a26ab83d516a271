"""`course collect`: the archive of an LMS becomes submissions, and nothing that is there is lost.

What an archive holds is written by students: it is read file by file and never unpacked, and what
cannot be used is told in a sentence. A submission takes the place of another one only if it is
newer, and what it replaces is kept.
"""

import datetime
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.utils import parse_utc

from course_utils.errors import CourseError
from course_utils.grading import lms, run, sheets, unseen
from course_utils.grading.archive import Archive, open_archive
from course_utils.grading.lms import Arrival, Handed, Known
from course_utils.grading.rebuild import MAX_BYTES, ids
from course_utils.grading.submissions import (
    FEW,
    IGNORED,
    IGNORED_FOLDERS,
    MAX_FILE,
    MAX_FILES,
    MAX_NUMBER,
    read_folder,
)

# What browsers, Canvas, Jupyter and Windows add to the name of a second copy
COPY = re.compile(r"(?:[ _-]?\(\d+\)|-\d+|[ _-]+[Cc]opy\d*)\Z")
LETTERS = re.compile(r"(\d+)")


@dataclass
class Collected:
    """What became of an archive.

    Attributes
    ----------
    source
        `"moodle"` or `"canvas"`.
    new, newer, same, left
        Students: collected for the first time; in place of an older submission; as it was
        collected before; not collected.
    late
        What the LMS says of their lateness.
    told
        Sentences about a student, or about the archive where the name is empty.
    """

    source: str = ""
    new: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    late: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)


def collect(
    assignment: str,
    path: Path,
    root: Path,
    *,
    sheet: Path | None = None,
    roster: Path | None = None,
    zone: str | None = None,
    replace: bool = False,
) -> Collected:
    """Put what an archive of Moodle or Canvas holds where grading finds it.

    Parameters
    ----------
    assignment
        Its name.
    path
        Of the archive.
    root
        Folder of the course.
    sheet
        Moodle's grading worksheet, which tells times and addresses, or Canvas' gradebook.
    roster
        A CSV with the ids of students, as of `sheets.read_roster`; without it, an id is the name
        of the LMS and its number.
    zone
        In which the times of a worksheet are; this machine's by default.
    replace
        Take this submission also where another one is newer, or where that cannot be told.

    Raises
    ------
    CourseError
        If the archive cannot be understood at all, or what is written would be seen by git.
    """
    course = run.open_course(root)
    masters = run.read_masters(course, assignment)
    wanted = {name: ids(master) for name, master in masters.items()}
    top = course.folder("submitted", "NAME", assignment).parents[1]
    for folder in (top, lms.gradebook_folder(course)):
        unseen.demand_hidden(folder)
    done = Collected()
    known = lms.read_known(course, assignment)
    archive = open_archive(path)
    with archive.file:
        done.source, found, strange = lms.arrivals(archive.entries)
        _tell_about(path, [path, sheet, roster], archive, strange, done)
        identities = _identities(done, found, sheet, zone)
        students = _students(done, found, identities, roster, known)
        work = _Work(course, assignment, wanted, archive, known, replace, done)
        try:
            for student, arrival in sorted(students.items()):
                work.take(student, arrival)
        finally:
            if known:
                lms.write_known(course, assignment, known)
    return done


def _tell_about(
    path: Path, files: list, archive: Archive, strange: list[str], done: Collected
) -> None:
    if not done.source:
        names = ", ".join(map(repr, strange[:3])) or "nothing"
        raise CourseError(
            f"{path} holds {names}: no name is one that Moodle or Canvas gives to a submission "
            "(Name_123456_assignsubmission_file_, or name_12345_67890_file.ipynb)."
        )
    done.told += [("", f"{name!r} is left out: {why}") for name, why in archive.left_out]
    done.told += [
        ("", f"{name!r} is left out: its name tells no student, as the others do")
        for name in strange
    ]
    done.told += [
        ("", f"git sees {file}, which is about students: move it out of the repository, or into "
         "downloaded/")
        for file in files if file is not None and unseen.seen_by_git(file)
    ]  # fmt: skip


def _identities(
    done: Collected, found: list[Arrival], path: Path | None, zone: str | None
) -> dict[str, dict[str, str]]:
    """What is known of each, by the number of the LMS; times are read on the way."""
    column = "Full name" if done.source == "moodle" else "Student"
    known = {a.number: {"lms_id": a.number, column: a.name} for a in found}
    zone = lms.time_zone(zone)
    if path is None:
        return known
    sheet = sheets.read_sheet(path)
    if sheet.lms != done.source:
        raise CourseError(
            f"{path} is no table of {done.source.capitalize()}, from which the archive is: its "
            f"columns are {', '.join(sheet.header)[:200]}."
        )
    rows = {sheet.number(row): row for row in sheet.rows}
    for arrival in found:
        row = rows.get(arrival.number)
        if row is None:
            arrival.remarks.append(f"{path.name} has no row with the number {arrival.number}")
            continue
        known[arrival.number] |= sheet.identity(row)
        text = sheet.get(row, "Last modified (submission)")
        arrival.time = lms.parse_time(text, zone)
        if arrival.time is None and text not in ("", "-"):
            arrival.remarks.append(f"the time {text!r} is not understood")
        called = sheet.get(row, "Student")
        if called and _letters(called) != _letters(arrival.name) and arrival.name:
            arrival.remarks.append(f"is {arrival.name!r} in the archive, {called!r} in the table")
        status = sheet.get(row, "Status")
        if late := re.search(r"[^-]*\blate\b", status):
            arrival.late = late[0].strip()
        if "draft" in status.casefold():  # which Moodle puts into the archive as well
            arrival.remarks.append("has a draft there, which was never submitted")
        if extension := re.search(r"Extension granted[^-]*", status):
            arrival.remarks.append(f"{extension[0].strip()}, of which a penalty here knows nothing")
    return known


def _students(
    done: Collected,
    found: list[Arrival],
    identities: Mapping[str, dict[str, str]],
    path: Path | None,
    known: Mapping[str, Known],
) -> dict[str, Arrival]:
    """Whose each submission is; who cannot be told apart is left out."""
    roster = sheets.read_roster(path) if path else sheets.Roster()
    lowered = {number: sheets.lowered(one) for number, one in identities.items()}
    alone = sheets.occurrences(lowered.values())
    before = {k.number: student for student, k in known.items() if k.lms == done.source}
    whose: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in found:
        student = roster.student(lowered[arrival.number], alone)
        own = f"{done.source}-{arrival.number}"
        earlier = before.get(arrival.number, "")
        if not student and path and earlier in ("", own):
            done.told.append((own, f"{arrival.name or arrival.number} is not in the roster, or "
                              "not alone with that name"))  # fmt: skip
        student = student or earlier or own
        if earlier not in ("", student):
            done.told.append((student, f"was collected as {earlier} before, which stays as it is"))
        whose[student].append(arrival)
    for student in [s for s, arrivals in whose.items() if len(arrivals) > 1]:
        numbers = " and ".join(a.number for a in whose.pop(student))
        done.left.append(student)
        done.told.append((student, f"{numbers} are the same student by the roster: none of them "
                          "is collected"))  # fmt: skip
    return {student: arrivals[0] for student, arrivals in whose.items()}


@dataclass
class _Work:
    """Collects one student after the other."""

    course: run.Course
    assignment: str
    wanted: Mapping[str, frozenset[str]]
    archive: Archive
    known: dict[str, Known]
    replace: bool
    done: Collected

    def take(self, student: str, arrival: Arrival) -> None:
        """Collect a submission, or say why it is not."""
        for kind in arrival.texts:
            self.tell(student, f"handed in a text or an address ({kind}), which is not collected")
        for remark in arrival.remarks:
            self.tell(student, remark)
        if len(arrival.names) > 1:
            names = " and ".join(repr(name) for name in sorted(arrival.names))
            self.tell(student, f"is called {names} in the archive, so one of them may be somebody "
                      "else: nothing is collected")  # fmt: skip
            self.done.left.append(student)
            return
        files = self.read(student, arrival)
        folder = self.course.folder("submitted", student, self.assignment)
        if not files:
            self.tell(student, "handed in no file that can be read")
            self.done.left.append(student)
        elif folder.is_symlink() or folder.parent.is_symlink():
            self.tell(student, f"is left out: {folder} is a link")
            self.done.left.append(student)
        else:
            try:
                self.place(student, arrival, files, folder)
            except OSError as error:
                self.tell(student, f"cannot be written: {error.strerror} ({error.filename})")
                self.done.left.append(student)

    def place(self, student: str, arrival: Arrival, files: dict[str, bytes], folder: Path) -> None:
        """Write it, unless what is there is the same or newer."""
        fresh = self.fresh(student, arrival)
        old = self.known.get(student)
        if not folder.exists() or not any(folder.iterdir()):
            self.write(folder, files, arrival)
            self.done.new.append(student)
        elif _contents(folder) == files:
            if fresh.time > _time_of(folder):
                _write_time(folder, arrival.time)
            fresh.time = max(fresh.time, _time_of(folder))
            self.done.same.append(student)
        else:
            newer = _newer(fresh, old, _time_of(folder))
            if not newer and not self.replace:
                why = "is older than" if newer is False else "may be older or newer than"
                self.tell(student, f"what is in the archive {why} what was collected, which stays; "
                          "--replace takes it")  # fmt: skip
                self.done.left.append(student)
                return
            kept = self.keep(student, folder)
            self.write(folder, files, arrival)
            self.tell(student, f"replaces what was collected before, which is kept in {kept}")
            self.done.newer.append(student)
        self.known[student] = fresh
        if arrival.late:
            self.done.late[student] = arrival.late
            if not fresh.time:
                self.tell(student, "is late, but no time is known: nothing is taken off here")
        missing = [name for name in self.wanted if f"{name}.ipynb" not in files]
        if missing:
            for remark in read_folder(folder, student, self.wanted).remarks:
                self.tell(student, remark)

    def fresh(self, student: str, arrival: Arrival) -> Known:
        """What will be kept of it."""
        time = "" if arrival.time is None else arrival.time.isoformat()
        made = "" if self.archive.made is None else self.archive.made.isoformat()
        place = lms.place_of(self.done.source, max(arrival.files, key=lambda file: file.number))
        about = arrival.number, arrival.name, place, time, arrival.upload, made
        return Known(self.done.source, *about)

    def read(self, student: str, arrival: Arrival) -> dict[str, bytes]:
        """Contents by path; the newest notebook that is meant has the name of the assignment's."""
        chosen = self.chosen(student, arrival.files)
        files: dict[str, bytes] = {}
        room, few = MAX_FILES, FEW
        for file in sorted(arrival.files, key=lambda f: (f not in chosen, -f.number, f.path)):
            path = chosen.get(file) or _free(file, files, set(chosen.values()))
            try:
                if file not in chosen and (why := _unwanted(path)):
                    raise ValueError(why)
                if len(files) >= MAX_NUMBER:
                    raise ValueError(f"there are more than {MAX_NUMBER} files")
                large = file in chosen or (few > 0 and path.endswith(".ipynb"))
                files[path] = self.archive.read(
                    file.entry, MAX_BYTES if large else min(MAX_FILE, room)
                )
                few -= large
                room -= 0 if large else len(files[path])
            except ValueError as error:
                self.tell(student, f"{file.path!r} is left out: {error}")
        return files

    def chosen(self, student: str, files: list[Handed]) -> dict[Handed, str]:
        """Which file is taken for which notebook of the assignment."""
        found: dict[Handed, str] = {}
        for name in self.wanted:
            alike = [file for file in files if _means(file.path, name)]
            alike.sort(key=lambda f: (f.number, "/" not in f.path, _stem(f.path) == name,
                                      _natural(f.path)))  # fmt: skip
            if not alike:
                continue
            best = alike.pop()
            found[best] = f"{name}.ipynb"
            if alike:
                others = ", ".join(repr(_label(file)) for file in alike)
                self.tell(student, f"handed in several: {_label(best)!r} is taken, {others} lies "
                          "beside it")  # fmt: skip
        return found

    def write(self, folder: Path, files: Mapping[str, bytes], arrival: Arrival) -> None:
        """Write all of a submission, then put it in its place."""
        fresh = folder.with_name(f".{folder.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700, parents=True)
        for path, data in files.items():
            target = fresh / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(target, "xb") as file:
                file.write(data)
        _write_time(fresh, arrival.time)
        fresh.rename(folder)

    def keep(self, student: str, folder: Path) -> Path:
        """Move what is replaced to where it stays."""
        now = datetime.datetime.now(datetime.UTC)
        top = lms.gradebook_folder(self.course) / "replaced" / self.assignment / student
        kept = top / f"{now:%Y-%m-%dT%H-%M-%S.%f}"
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.rename(kept)
        return kept.relative_to(self.course.root)

    def tell(self, student: str, sentence: str) -> None:
        """For the report."""
        self.done.told.append((student, sentence))


def _letters(name: str) -> str:
    """What Canvas leaves of a name in an archive."""
    return re.sub(r"[\W_]", "", sheets.key(name))


def _newer(fresh: Known, old: Known | None, there: str) -> bool | None:
    """Whether it was handed in after what is there; None where that cannot be told."""
    pairs = [(fresh.time, there)]
    if old is not None and old.lms == fresh.lms:
        pairs += [(fresh.upload, old.upload), (fresh.made, old.made)]
    for mine, theirs in pairs:
        if mine and theirs and mine != theirs:
            return mine > theirs
    return None


def _means(path: str, name: str) -> bool:
    """Whether a file is that notebook, perhaps as a browser or an LMS renames a second copy."""
    stem = _stem(path)
    if not path.endswith(".ipynb"):
        return False
    while stem.casefold() != name.casefold() and COPY.search(stem):
        stem = COPY.sub("", stem)
    return stem.casefold() == name.casefold()


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".ipynb")


def _natural(path: str) -> list:
    """So that (10) comes after (9)."""
    parts = LETTERS.split(path)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]


def _label(file: Handed) -> str:
    return f"{file.path} ({file.number})" if file.number else file.path


def _free(file: Handed, files: Mapping[str, bytes], taken: set[str]) -> str:
    """Its path, or another one where that is taken."""
    if file.path not in files and file.path not in taken:
        return file.path
    stem, dot, suffix = file.path.rpartition(".")
    number = file.number or len(files)
    return f"{stem} ({number}){dot}{suffix}" if dot else f"{suffix} ({number})"


def _unwanted(path: str) -> str:
    """Why a file is not collected, whatever it holds."""
    if path in IGNORED:
        return "nbgrader keeps its own under that name"
    if set(path.split("/")[:-1]) & IGNORED_FOLDERS:
        return "it lies in a folder that is not graded"
    return ""


def _contents(folder: Path) -> dict[str, bytes]:
    """All files of a collected submission but nbgrader's own, by path."""
    found = {}
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top, name)
            inside = path.relative_to(folder).as_posix()
            if inside not in IGNORED and not path.is_symlink():
                found[inside] = path.read_bytes()
    return found


def _time_of(folder: Path) -> str:
    """When it was handed in, ISO 8601 in UTC; empty where that is unknown."""
    try:
        found = parse_utc((folder / "timestamp.txt").read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return ""
    return found.replace(tzinfo=datetime.UTC).isoformat()


def _write_time(folder: Path, time: datetime.datetime | None) -> None:
    if time is not None:  # as nbgrader writes it
        text = f"{time:%Y-%m-%d %H:%M:%S.%f} UTC"
        (folder / "timestamp.txt").write_text(text, encoding="utf-8")
