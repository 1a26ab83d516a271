"""Collect submissions from a folder in which every student of a shared machine can write.

Whatever lies there may be forged, of any size, and change while it is copied.
"""

import os
import secrets
import shutil
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from nbgrader import utils
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect

from course_utils.grading.submissions import MAX_NUMBER, READING

DEEPEST = 20  # folders in folders
SECRET = 128  # letters of nbgrader's own
CHUNK = 1 << 20  # bytes
SLACK = 600  # seconds between the time in a submission's name and that of its files


class Collect(ExchangeCollect):
    """Collect without trust: one bad submission neither reaches other files nor stops the rest.

    Unless `ExchangeCollect.check_owner` is off, what belongs to another user than its name says
    counts as nobody's. nbgrader's own class would take it for the student's last submission.
    """

    def _path_to_record(self, path: str) -> dict:
        """What the name of a submission says; the user is empty if it cannot be believed."""
        try:
            record = super()._path_to_record(path)
            about = os.lstat(path)
        except (ExchangeError, ValueError, OverflowError, OSError):
            self.log.error("%s is left out: that is no name of a submission", path)
            return {"username": "", "filename": "", "timestamp": datetime.min}
        if self.check_owner and record["username"] != (owner := _name(about.st_uid)):
            self.log.error("%s is left out: it belongs to %s. Cheating attempt?", path, owner)
            record["username"] = ""
        return record

    def init_src(self) -> None:
        """Find the submissions to collect, without those that are nobody's."""
        super().init_src()
        self.src_records = [record for record in self.src_records if record["username"]]

    def do_copy(self, src: str, dest: str, log: object = None) -> None:
        """Copy a submission; what is left out of it is told.

        Its time is that of its name, by which it was chosen, whatever stands in its files. If it
        has no secret, by which its feedback is found, it gets one, or feedback would stop for all.
        """
        rules = {"exclude": self.coursedir.ignore, "include": self.coursedir.include}
        size = self.coursedir.max_file_size
        ignore = utils.ignore_patterns(**rules, max_file_size=size, log=self.log)
        try:
            source = os.open(src, READING | os.O_DIRECTORY)
        except OSError as error:
            self.log.error("%s is left out: %s", src, error.strerror)
            return
        try:
            about = os.fstat(source)
            copy = _Copy(ignore, about.st_uid, about.st_ctime, 1000 * self.coursedir.max_dir_size)
            Path(dest).mkdir(mode=0o700)
            copy.folder(source, Path(dest))
        finally:
            os.close(source)
        for name, why in copy.left_out:
            self.log.warning("%s of %s is left out: %s", ascii(name), src, why)
        claimed = super()._path_to_record(src)["timestamp"]
        _write(Path(dest, "timestamp.txt"), f"{claimed} UTC")
        _write(Path(dest, "submission_secret.txt"), _secret(Path(dest, "submission_secret.txt")))
        if copy.changed > claimed.replace(tzinfo=UTC).timestamp() + SLACK:
            when = datetime.fromtimestamp(copy.changed, UTC)
            self.log.warning("%s says %s UTC, but was changed at %s", src, claimed, when)


@dataclass
class _Copy:
    """Copies folders through open descriptors, so that nothing can be put in their place."""

    ignore: object  # from a folder and the names in it to those that are not wanted
    owner: int
    changed: float  # when something in it was last changed, which only the system can set
    room: int  # bytes
    number: int = MAX_NUMBER
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def folder(self, source: int, target: Path, depth: int = 0) -> None:
        """Copy what is in an open folder into one that exists."""
        names = sorted(os.listdir(source))
        ignored = self.ignore(f"/proc/self/fd/{source}", names)
        for name in names:
            if name in ignored:
                continue
            try:
                self._entry(name, source, target / name, depth)
            except (OSError, ValueError) as error:
                self.left_out.append((name, getattr(error, "strerror", None) or str(error)))

    def _entry(self, name: str, source: int, target: Path, depth: int) -> None:
        self.number -= 1
        if self.number < 0:
            raise ValueError(f"there are more than {MAX_NUMBER} files")
        opened = os.open(name, READING, dir_fd=source)
        try:
            about = os.fstat(opened)
            self.changed = max(self.changed, about.st_ctime)
            if about.st_uid != self.owner:
                raise ValueError(f"it belongs to {_name(about.st_uid)}")
            if stat.S_ISDIR(about.st_mode) and depth < DEEPEST:
                target.mkdir(mode=0o700)
                self.folder(opened, target, depth + 1)
            elif stat.S_ISREG(about.st_mode):
                self._file(opened, target, about.st_size)
            else:
                raise ValueError("it is neither a file nor a folder near the top")
        finally:
            os.close(opened)

    def _file(self, opened: int, target: Path, size: int) -> None:
        """Copy as many bytes as the file had when it was opened."""
        if size > self.room:
            raise ValueError("all files together are too large")
        self.room -= size
        with open(opened, "rb", closefd=False) as file, open(target, "xb") as copy:
            while size > 0 and (data := file.read(min(size, CHUNK))):
                size -= copy.write(data)


def _write(path: Path, text: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.write_text(text)


def _secret(path: Path) -> str:
    """What nbgrader wrote when the student submitted, or else a new one."""
    if path.is_file():
        text = path.read_bytes()[:SECRET].decode("ascii", errors="replace")
        if len(text) == SECRET and text.isalnum():
            return text
    return secrets.token_hex(SECRET // 2)


def _name(user: int) -> str:
    import pwd  # which Windows does not have

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user number {user}"
