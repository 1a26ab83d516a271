"""The tables of an LMS: read as CSV, and written with a few fields changed and no other byte.

Sources: Moodle's grading worksheet, mod/assign/gradingtable.php and mod/assign/feedback/offline;
Canvas' export of the gradebook, lib/gradebook_exporter.rb and gradebook_importer.rb.
"""

import codecs
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.errors import CourseError

MAX_BYTES = 50_000_000
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le",
        codecs.BOM_UTF16_BE: "utf-16-be"}  # fmt: skip
POSSIBLE = "Points Possible"  # the row of Canvas that holds maxima
CANVAS_TITLE = re.compile(r"(.*) \((\d+)\)\Z", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """A field: what it says, and where it stands in the text."""

    value: str
    start: int
    end: int


@dataclass
class Sheet:
    """A table as it stands in its file.

    Attributes
    ----------
    header
        Names of columns, without space around.
    rows
        Fields of all other lines that are not empty.
    """

    path: Path
    text: str
    encoding: str
    bom: bytes
    header: list[str]
    rows: list[list[Field]]

    @property
    def lms(self) -> str:
        """`"moodle"`, `"canvas"`, or empty if it is neither's."""
        names = [name.casefold() for name in self.header]
        if "identifier" in names and "grade" in names:
            return "moodle"
        if "id" in names and names[0] in ("student", "lastname") and "section" in names:
            return "canvas"
        return ""

    def column(self, name: str) -> int | None:
        """Where a column stands; whether letters are large makes no difference."""
        names = [n.casefold() for n in self.header]
        return names.index(name.casefold()) if name.casefold() in names else None

    def get(self, row: list[Field], name: str) -> str:
        """What a row says in a column, without space around; empty where there is none."""
        where = self.column(name)
        return row[where].value.strip() if where is not None and where < len(row) else ""

    def number(self, row: list[Field]) -> str:
        """By which the LMS knows who a row is about; empty where it is about nobody."""
        if self.lms == "moodle":  # "Participant 123456", the word in the language of Moodle
            found = re.search(r"(\d+)\Z", self.get(row, "Identifier"))
            return found[1] if found else ""
        found = self.get(row, "ID")
        return found if found.isdecimal() else ""

    def identity(self, row: list[Field]) -> dict[str, str]:
        """All that a row says of who it is about, by column."""
        known = {n: f.value.strip() for n, f in zip(self.header, row, strict=False) if n}
        return {n: value for n, value in known.items() if value} | {"lms_id": self.number(row)}

    def changed(self, values: Mapping[tuple[int, int], str]) -> bytes:
        """The file with other values, by the numbers of row and column; all else stays."""
        parts, end = [], 0
        for (row, column), value in sorted(values.items()):
            old = self.rows[row][column]
            quote = '"' if self.text[old.start : old.start + 1] == '"' else ""
            parts += [self.text[end : old.start], quote, value, quote]
            end = old.end
        return self.bom + "".join([*parts, self.text[end:]]).encode(self.encoding)


def read_sheet(path: Path) -> Sheet:
    """Read a table, whatever separates its fields.

    Raises
    ------
    CourseError
        If there is none, or it is no CSV.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_BYTES:
        raise CourseError(f"{path} is larger than {MAX_BYTES / 1e6:.0f} MB: that is no class.")
    if data.startswith(b"PK"):
        raise CourseError(f"{path} is an archive or a workbook: export it as CSV.")
    bom = next((mark for mark in BOMS if data.startswith(mark)), b"")
    encoding = BOMS.get(bom, "utf-8")
    try:
        text = data[len(bom) :].decode(encoding)
    except UnicodeDecodeError:
        if bom:
            raise CourseError(f"{path} is no text.") from None
        encoding = "latin-1"  # of older programs; any bytes come back as they were
        text = data.decode(encoding)
    line = text[: text.find("\n")] if "\n" in text else text
    separator = max(",;\t", key=line.count)
    rows = _fields(text, separator, path)
    rows = [row for row in rows if any(f.value.strip() for f in row)]
    if not rows:
        raise CourseError(f"{path} is empty.")
    header = [field.value.strip() for field in rows[0]]
    return Sheet(path, text, encoding, bom, header, rows[1:])


def _fields(text: str, separator: str, path: Path) -> list[list[Field]]:
    """All fields of a CSV, with their places (RFC 4180, and ends of lines of any kind)."""
    s = re.escape(separator)
    one = re.compile(rf'("[^"]*(?:""[^"]*)*"|(?!")[^{s}\r\n]*)({s}|\r\n|\r|\n|\Z)')
    rows: list[list[Field]] = [[]]
    at = 0
    while at < len(text) or rows[-1]:
        found = one.match(text, at)
        if not found:
            line = text.count("\n", 0, at) + 1
            raise CourseError(f"{path} is no CSV: a quote in line {line} is not closed.")
        raw, end = found.groups()
        value = raw[1:-1].replace('""', '"') if raw.startswith('"') else raw
        rows[-1].append(Field(value, found.start(1), found.end(1)))
        at = found.end()
        if end != separator:
            if at >= len(text):
                break
            rows.append([])
    return rows


@dataclass
class Roster:
    """Which student is meant, by any column that it shares with what the LMS tells.

    Attributes
    ----------
    columns
        By name, in the order of the file: the students by what stands there.
    """

    columns: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def student(self, identity: Mapping[str, str], alone: Mapping[str, Counter]) -> str:
        """The student whom an identity of the LMS means; empty if that cannot be told.

        Parameters
        ----------
        identity
            What the LMS tells of one.
        alone
            How often each value occurs in each column of the LMS: a name of two decides nothing.
        """
        for column, students in self.columns.items():
            value = key(identity.get(column, ""))
            found = students.get(value, set())
            if value and len(found) == 1 and alone[column][value] <= 1:
                return next(iter(found))
        return ""


def read_roster(path: Path) -> Roster:
    """Read a roster: a CSV with `student_id` and columns named as the LMS names its own.

    Raises
    ------
    CourseError
        If it has no such column, or an id that cannot be the name of a folder.
    """
    sheet = read_sheet(path)
    if sheet.column("student_id") is None:
        raise CourseError(
            f"{path} has no column student_id; its columns are {', '.join(sheet.header)[:200]}."
        )
    roster = Roster({n.casefold(): defaultdict(set) for n in sheet.header if n})
    for row in sheet.rows:
        student = sheet.get(row, "student_id")
        if student and not fits(student):
            raise CourseError(f"{path}: {student[:60]!r} cannot be the id of a student.")
        for name, one in zip(sheet.header, row, strict=False):
            if student and name and key(one.value):
                roster.columns[name.casefold()][key(one.value)].add(student)
    del roster.columns["student_id"]
    return roster


def occurrences(identities: Iterable[Mapping[str, str]]) -> dict[str, Counter]:
    """How often each value occurs in each column."""
    found: dict[str, Counter] = defaultdict(Counter)
    for identity in identities:
        for column, value in identity.items():
            found[column][key(value)] += 1
    return found


def lowered(identity: Mapping[str, str]) -> dict[str, str]:
    """With small letters in the names of columns."""
    return {name.casefold(): value for name, value in identity.items()}


def key(value: str) -> str:
    """What is compared: letters in one form, small, single spaces."""
    return " ".join(unicodedata.normalize("NFC", value).casefold().split())


def fits(student: str) -> bool:
    """Whether it can be the id of a student: the name of one folder, on one line."""
    return (
        0 < len(student.encode("utf-8", "replace")) <= 100
        and student.isprintable()
        and student == student.strip()
        and not student.startswith(".")
        and not set(student) & set("/\\*?[]{}")
    )


def quantity(text: str) -> float | None:
    """A number with a point or a comma; None where it is none."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None
