"""Read a zip that students have filled, without unpacking it and without trusting what it says."""

import contextlib
import datetime
import stat
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError

MAX_ENTRIES = 200_000
DEEPEST = 20  # folders in folders
CHUNK = 1 << 20  # bytes
UTF8 = 0x800  # a flag of a zip: its name says which encoding it has
ENCRYPTED = 0x1
JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}  # what file managers add
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError)


@dataclass(frozen=True)
class Entry:
    """A file in the archive; its path has only plain names, joined by `/`."""

    path: str
    info: zipfile.ZipInfo


@dataclass
class Archive:
    """What an archive holds, as far as it can be used.

    Attributes
    ----------
    entries
        Files, in the order of the archive.
    left_out
        Names as they stand there, and why they cannot be used.
    made
        When the newest of its files was added, in the clock of who made it. Moodle and Canvas
        write the moment of the download.
    """

    file: zipfile.ZipFile
    entries: list[Entry] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    made: datetime.datetime | None = None

    def read(self, entry: Entry, limit: int) -> bytes:
        """The bytes of a file.

        Raises
        ------
        ValueError
            Why it cannot be had. What is larger than `limit` is never unpacked further than that.
        """
        if entry.info.file_size > limit:
            raise ValueError(too_large(entry.info.file_size, limit))
        try:
            with self.file.open(entry.info) as file:
                data = file.read(limit + 1)  # whatever size was announced
        except BROKEN as error:
            raise ValueError(f"it is damaged ({str(error)[:80]})") from None
        if len(data) > limit:
            raise ValueError(too_large(len(data), limit))
        return data


def too_large(size: int, limit: int) -> str:
    """Why a file is not read."""
    return f"it has {size / 1e6:,.0f} MB, more than {limit / 1e6:g}"


def open_archive(path: Path) -> Archive:
    """Open a zip; the caller closes its `file`.

    Raises
    ------
    CourseError
        If there is none, or nothing of it can be read.
    """
    if path.is_dir():
        raise CourseError(
            f"{path} is a folder: give the .zip as it was downloaded (Safari unpacks what it "
            "downloads; its settings can forbid that)."
        )
    try:
        archive = Archive(zipfile.ZipFile(path))
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}.") from None
    except (*BROKEN, ValueError) as error:
        raise CourseError(f"{path} cannot be read as a zip archive: {str(error)[:100]}.") from None
    infos = archive.file.infolist()
    if len(infos) > MAX_ENTRIES:
        archive.file.close()
        raise CourseError(f"{path} holds {len(infos)} files, at most {MAX_ENTRIES} are read.")
    seen: set[str] = set()
    for info in infos:
        name = _name(info)
        parts = PurePosixPath(name).parts
        if info.is_dir() or JUNK & set(parts) or (parts and parts[-1].startswith("._")):
            continue
        if why := _unusable(name, info) or ("another has its name" if name in seen else ""):
            archive.left_out.append((name, why))
            continue
        seen.add(name)
        archive.entries.append(Entry(name, info))
        made = datetime.datetime(*info.date_time) if _is_date(info) else None
        archive.made = max(filter(None, [archive.made, made]), default=None)
    return archive


def _name(info: zipfile.ZipInfo) -> str:
    """Its name; old programs write UTF-8 without saying so."""
    name = info.orig_filename
    if not info.flag_bits & UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name)


def _unusable(name: str, info: zipfile.ZipInfo) -> str:
    """Why a file is not taken; empty where it can be."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG):
        return "it is no regular file"
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted"
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or "\\" in name or name[1:2] == ":":
        return "its path leads out of the archive"
    if not all(part.strip(". ") for part in parts) or not name.isprintable():
        return "its name is none that a file can have here"
    if len(parts) > DEEPEST or any(len(part.encode()) > 250 for part in parts):
        return "its name is too long"
    return ""


def _is_date(info: zipfile.ZipInfo) -> bool:
    try:
        datetime.datetime(*info.date_time)
    except ValueError:
        return False
    return info.date_time[0] > 1980  # the year of a zip that knows no time
