"""What is a student's never lies where git would see it."""

import shutil
import subprocess
from pathlib import Path

from course_utils.errors import CourseError


def demand_hidden(folder: Path) -> None:
    """Refuse to write what is a student's where git would see it.

    Raises
    ------
    CourseError
        If it would.
    """
    if seen_by_git(folder / "any"):
        raise CourseError(
            f"git sees what lies in {folder}, and it would hold what is a student's: name another "
            "folder, such as gradebook/, or add it to .gitignore. Nothing was written."
        )


def seen_by_git(path: Path) -> bool:
    """Whether a path, which need not exist, lies in a repository and is not ignored there."""
    path = path.absolute()
    here = next(folder for folder in path.parents if folder.is_dir())
    git = shutil.which("git")
    if git is None:
        return False
    command = [git, "-C", str(here), "check-ignore", "--quiet", "--no-index", "--", str(path)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 1
