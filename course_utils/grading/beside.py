"""The instructor's own files beside a notebook: in grading they are there, and theirs count."""

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.submissions import IGNORED_FOLDERS

MAX_FILES = 50_000_000  # bytes of all together: they lie in the memory of each submission


def read(folder: Path) -> dict[str, bytes]:
    """Contents of what the release hands out beside the notebooks, by relative path.

    Raises
    ------
    CourseError
        If that is too much.
    """
    files = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in IGNORED_FOLDERS for part in name.parts)
        if path.is_file() and not hidden and path.suffix not in (".ipynb", ".pyc"):
            files[name.as_posix()] = path.read_bytes()
    size = sum(map(len, files.values()))
    if size > MAX_FILES:
        raise CourseError(
            f"The files in {folder} have {size / 1e6:.0f} MB; {MAX_FILES / 1e6:.0f} MB can be "
            "given to each submission."
        )
    return files


def put_over(
    own: Mapping[str, bytes], submitted: Mapping[str, bytes], keep: Collection[str] = ()
) -> dict[str, bytes]:
    """What a submission is run with: of files with the same name the instructor's.

    Except for those in `keep` (nbgrader's `exclude_overwriting`), which students are to change.
    """
    own = {name: data for name, data in own.items() if name not in keep or name not in submitted}
    folders = {str(parent) for name in own for parent in Path(name).parents}
    left = {
        name: data
        for name, data in submitted.items()
        if name not in folders and not any(str(p) in own for p in Path(name).parents)
    }
    return left | own


@contextlib.contextmanager
def working_folder(files: Mapping[str, bytes]) -> Iterator[None]:
    """Work in a new folder with these files, from which modules can be imported too."""
    with tempfile.TemporaryDirectory(prefix=_prefix(os.getpid())) as top, contextlib.chdir(top):
        for name, data in files.items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(data)
        sys.path.insert(0, top)
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path.remove(top)
            for name, module in list(sys.modules.items()):
                if str(getattr(module, "__file__", None) or "").startswith(top + os.sep):
                    del sys.modules[name]


def remove_folder_of(process: int) -> None:
    """Remove the working folder that a process has left behind, if it has."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix(process)}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _prefix(process: int) -> str:
    return f"examiner-{process}-"
