"""The students' copy of the course: one archive without solutions and hidden tests."""

import zipfile
from pathlib import Path

from course_utils.course.release import release
from course_utils.errors import CourseError
from course_utils.repository import known_assignments

FOLDERS = ("lectures", "assignments", "course_utils", "docs")
FILES = (
    "CITATION.cff",
    "environment.yml",
    "LICENSE",
    "LICENSE-CONTENT",
    "Makefile",
    "nbgrader_config.py",
    "pyproject.toml",
    "README.md",
    "requirements.lock",
    "start.py",
)
# Tests are the instructor's, and sample answers are nearly right ones.
WITHOUT = ("course_utils/grading",)
JUNK = {"__pycache__", ".ipynb_checkpoints"}
DATE = (1980, 1, 1, 0, 0, 0)  # so that the same course gives the same archive


def bundle(root: Path, target: Path) -> list[str]:
    """Write what students need as a zip archive: lectures, assignments, course_utils, set-up.

    Parameters
    ----------
    root
        The repository.
    target
        The archive to write, such as `convnet-course.zip`.

    Returns
    -------
    list of str
        What is inside, relative to the archive's only folder, in order.

    Raises
    ------
    CourseError
        If assignments/ is not what solutions/ give, or the archive is there already.
    """
    if target.exists():
        raise CourseError(f"{target} is there already: name another file, or delete it")
    if known_assignments(root) and (stale := release(None, root, check=True)):
        raise CourseError(f"{stale[0]} is not what its solution gives: run `course release` first")
    found = [root / name for name in FILES if (root / name).is_file()]
    for folder in FOLDERS:
        found += [path for path in (root / folder).rglob("*") if path.is_file()]
    names = sorted(str(path.relative_to(root).as_posix()) for path in found)
    names = [name for name in names if _is_for_students(name)]
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                entry = zipfile.ZipInfo(f"{target.stem}/{name}", DATE)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, (root / name).read_bytes())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return names


def _is_for_students(name: str) -> bool:
    parts = set(name.split("/"))
    return not parts & JUNK and not any(f"{name}/".startswith(f"{w}/") for w in WITHOUT)
