"""How Moodle and Canvas name what was handed in, and what is kept of it for the way back.

Sources: Moodle, mod/assign/classes/downloader.php (the names of a download) and
mod/assign/feedback/file/importziplib.php (those it takes back); Canvas, lib/content_zipper.rb and
`infer_comment_context_from_filename` in app/models/abstract_assignment.rb.
"""

import datetime
import json
import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.archive import Entry
from course_utils.grading.run import Course

# "Ada Lovelace_123456_assignsubmission_file_", the last line only in some versions
MOODLE = re.compile(r"([^_]*)_(\d+)_assign(?:submission|feedback)_([a-z]+)(?:_(.*))?\Z", re.DOTALL)
# "lovelaceada_LATE_12345_67890_a1.ipynb", perhaps without a name; "LATE_anon_Ab1Cd_67890_a1.ipynb"
WHO = r"(?:(LATE_)?(anon_[A-Za-z0-9]+)|(.*?)_(LATE_)?(\d+))_"
CANVAS = re.compile(WHO + r"(\d+)_(.+)\Z", re.DOTALL)
CANVAS_TEXT = re.compile(WHO + r"(text|link)\.html\Z", re.DOTALL)
FORMATS = ["%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%A, %d %B %Y, %H:%M",
           "%d %B %Y, %I:%M %p", "%d %B %Y, %H:%M", "%Y-%m-%d %H:%M"]  # fmt: skip


@dataclass(frozen=True)
class Handed:
    """A file that somebody handed in.

    Attributes
    ----------
    path
        Below their folder, as they named it.
    number
        Of the upload, which grows with time; only Canvas tells it.
    """

    path: str
    entry: Entry
    number: int = 0


@dataclass
class Arrival:
    """What an archive holds of one student.

    Attributes
    ----------
    number
        By which the LMS knows them. Moodle's is another one in each assignment.
    name
        As the LMS writes it.
    files
        Handed in as files.
    texts
        What was handed in as text or address instead, which is not graded.
    late
        What the LMS says of lateness; empty if nothing.
    time
        When it was handed in, if a sheet tells.
    remarks
        What was not understood of it.
    names
        All that the archive calls them: more than one is forged, or not understood.
    """

    number: str
    name: str
    files: list[Handed] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    late: str = ""
    time: datetime.datetime | None = None
    remarks: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    @property
    def upload(self) -> int:
        """The newest of its uploads."""
        return max((file.number for file in self.files), default=0)


@dataclass
class Known:
    """What is kept of a collected submission, for the next archive and for the way back.

    Attributes
    ----------
    place
        What the names of its feedback start with, by which the LMS finds whose it is.
    time, made
        When it was handed in, and when the archive was made: ISO 8601; empty where unknown.
    upload
        As of `Arrival`.
    """

    lms: str
    number: str
    name: str
    place: str
    time: str = ""
    upload: int = 0
    made: str = ""


def arrivals(entries: Iterable[Entry]) -> tuple[str, list[Arrival], list[str]]:
    """Who handed in what.

    Returns
    -------
    lms, arrivals, strange
        `"moodle"` or `"canvas"`, by what most names look like; empty if none does. Names that are
        not of that form are strange.
    """
    entries = list(entries)
    read = {"moodle": _moodle, "canvas": _canvas}
    found = {lms: [one(entry) for entry in entries] for lms, one in read.items()}
    lms = max(found, key=lambda name: sum(part is not None for part in found[name]))
    if not any(found[lms]):
        return "", [], [entry.path for entry in entries]
    known: dict[str, Arrival] = {}
    strange = []
    for entry, part in zip(entries, found[lms], strict=True):
        if part is None:
            strange.append(entry.path)
            continue
        number, name, late, file = part
        one = known.setdefault(number, Arrival(number, name))
        one.late = one.late or late
        one.names.add(name)
        if isinstance(file, Handed):
            one.files.append(file)
        else:
            one.texts.append(file)
    return lms, list(known.values()), strange


def _moodle(entry: Entry) -> tuple[str, str, str, Handed | str] | None:
    """Number, name, lateness and file; the folder may lie in others, as Moodle allows itself."""
    parts = entry.path.split("/")
    for at, part in enumerate(parts):
        if found := MOODLE.match(part):
            name, number, kind, rest = found.groups()
            path = "/".join([*filter(None, [rest]), *parts[at + 1 :]])
            if not path:
                return None
            return number, name, "", Handed(path, entry) if kind == "file" else path
    return None


def _canvas(entry: Entry) -> tuple[str, str, str, Handed | str] | None:
    name = entry.path.rpartition("/")[2]
    found = CANVAS.match(name) or CANVAS_TEXT.match(name)
    if found is None:
        return None
    anonymous_late, anonymous, student, late, number = found.groups()[:5]
    file = found[6] if found.re is CANVAS_TEXT else Handed(found[7], entry, int(found[6]))
    return number or anonymous, student or "", "late" if late or anonymous_late else "", file


def place_of(lms: str, file: Handed) -> str:
    """What the names of feedback start with, by which the LMS finds whose it is."""
    if lms == "canvas":
        name = file.entry.path.rpartition("/")[2]
        start = name[: CANVAS.match(name).start(7)]
        # Canvas takes the first two numbers between underscores: a name of digits would be one
        return re.sub(r"^\d+_(?=(LATE_)?\d+_\d+_\Z)", "student_", start)
    part = next(p for p in file.entry.path.split("/") if MOODLE.match(p))
    rest = MOODLE.match(part)[4]
    return part.removesuffix(rest) if rest else f"{part}/"


def parse_time(text: str, zone: datetime.tzinfo | None) -> datetime.datetime | None:
    """A time as Moodle writes it in English, in UTC; None where it is none."""
    text = " ".join(text.split())  # some versions have narrow spaces
    for form in FORMATS:
        try:
            found = datetime.datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return found.astimezone(datetime.UTC)
    return None


def time_zone(name: str | None) -> datetime.tzinfo | None:
    """A zone by its name; None is this machine's.

    Raises
    ------
    CourseError
        If there is none of that name.
    """
    try:
        return zoneinfo.ZoneInfo(name) if name else None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise CourseError(f"There is no time zone {name!r}; one is Europe/Berlin.") from None


# What is kept


def read_known(course: Course, assignment: str) -> dict[str, Known]:
    """By student, what is kept of an assignment.

    Raises
    ------
    CourseError
        If it cannot be read; nothing is guessed then.
    """
    path = _kept(course, assignment)
    try:
        return {s: Known(**known) for s, known in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CourseError(
            f"{path} is damaged ({str(error)[:80]}): remove it and collect the newest archive "
            "again."
        ) from None


def write_known(course: Course, assignment: str, known: Mapping[str, Known]) -> None:
    """Keep it, all at once."""
    path = _kept(course, assignment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    content = {student: asdict(known[student]) for student in sorted(known)}
    fresh.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    fresh.replace(path)


def _kept(course: Course, assignment: str) -> Path:
    return gradebook_folder(course) / "lms" / f"{assignment}.json"


def gradebook_folder(course: Course) -> Path:
    """The folder of all that grading leaves behind."""
    return course.examined.parent
