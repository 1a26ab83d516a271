"""Read what was handed in, without following links and without trusting names or sizes."""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.grading.rebuild import MAX_BYTES, claims

MAX_FILE = 5_000_000  # bytes of a file beside the notebook
MAX_FILES = 20_000_000  # of all together
MAX_NUMBER = 1000  # of them
FEW = 3  # notebooks that are not wanted, of which outputs may make one large
IGNORED = {"timestamp.txt", "submission_secret.txt"}  # nbgrader's own
IGNORED_FOLDERS = {".ipynb_checkpoints", "__pycache__", "feedback"}
# A link is refused, a pipe never waits. Windows has neither flag, and one that leaves bytes alone.
READING = os.O_RDONLY | sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
)


@dataclass
class Submission:
    """What one student handed in for one assignment.

    Attributes
    ----------
    student
        The name of the folder.
    notebooks
        Contents of the notebooks, by name without suffix; a text where there is none, and why.
    files
        Contents of other files, by relative path.
    remarks
        What was left out, and why.
    """

    student: str
    notebooks: dict[str, bytes | str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def digest(self, *more: bytes) -> str:
        """Tells apart whether anything that matters for grading has changed."""
        parts = [(f"notebook {name}", data) for name, data in sorted(self.notebooks.items())]
        parts += [(f"file {name}", data) for name, data in sorted(self.files.items())]
        found = hashlib.sha256()
        for name, data in [*parts, *(("", data) for data in more)]:
            data = data.encode(errors="replace") if isinstance(data, str) else data
            found.update(f"{name}\0{len(data)}\0".encode(errors="surrogateescape") + data)
        return found.hexdigest()


def read_folder(folder: Path, student: str, wanted: Mapping[str, frozenset[str]]) -> Submission:
    """Read a submission.

    Parameters
    ----------
    folder
        Of this student and assignment.
    student
        Their name.
    wanted
        By the names of the assignment's notebooks, without suffix, the ids of their cells. If one
        is missing, and a single other notebook has such cells, that is taken for it.
    """
    found, room = Submission(student), MAX_FILES
    if folder.is_symlink() or folder.parent.is_symlink():
        found.remarks.append("the submission is a link to another place")
        return found
    others: dict[str, bytes] = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        notebook = name.removesuffix(".ipynb") if name.endswith(".ipynb") else None
        large = notebook is not None and (notebook in wanted or len(others) < FEW)
        limit = MAX_BYTES if large else min(MAX_FILE, room)
        if len(found.files) + len(others) >= MAX_NUMBER:
            found.remarks.append(f"only the first {MAX_NUMBER} files were read")
            break
        try:
            name.encode()  # a name may be any bytes
            data = _read(path, limit)
        except UnicodeEncodeError:
            found.remarks.append(f"{_printable(name)} was left out: its name is no text")
            continue
        except (OSError, ValueError) as error:
            found.remarks.append(f"{_printable(name)} was left out: {error}")
            continue
        if notebook in wanted:
            found.notebooks[notebook] = data
        elif notebook is not None:
            others[name] = data
            room -= 0 if large else len(data)
        else:
            found.files[name] = data
            room -= len(data)
    for name in wanted:
        if name not in found.notebooks:
            _look_for(name, wanted[name], others, found)
    return found


def _look_for(
    wanted: str, ids: frozenset[str], others: dict[str, bytes], found: Submission
) -> None:
    """Take a notebook of another name, if only one can be meant, or say why there is none."""
    alike = [n for n, data in others.items() if 2 * len(claims(data, ids)) >= len(ids) > 0]
    there = f", only {', '.join(map(_printable, others))}" if others else ""
    missing = f"there is no readable {wanted}.ipynb{there}"
    if len(alike) == 1:
        name = alike[0]
        found.notebooks[wanted] = others.pop(name)
        missing = f"{wanted}.ipynb is missing; {_printable(name)} has its cells and was graded"
    else:
        found.notebooks[wanted] = missing.encode(errors="replace").decode()
    found.remarks.append(missing)


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for top, folders, names in os.walk(folder):
            folders[:] = sorted(set(folders) - IGNORED_FOLDERS)
            here = Path(top)
            links = [name for name in folders if (here / name).is_symlink()]
            for name in sorted([*names, *links]):
                if here != folder or name not in IGNORED:
                    yield here / name


def _read(path: Path, limit: int) -> bytes:
    """The bytes of a regular file, which is not a link."""
    if path.is_symlink():
        raise ValueError("it is a link")
    descriptor = os.open(path, READING)
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError("it is no regular file")
        if about.st_size > limit:
            raise ValueError(f"it has {about.st_size / 1e6:.0f} MB, more than {limit / 1e6:.0f}")
        return file.read(limit)


def _printable(name: str) -> str:
    """On one line, and without what a terminal would obey."""
    return "".join(c if c.isprintable() else "?" for c in name)[:100]
