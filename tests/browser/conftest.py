"""A real browser, and desks to sit at."""

import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from browser.lab import Lab
from browser.pages import QUIET, installed
from browser.servers import person, serving
from course_utils.course.bundle import bundle
from course_utils.repository import ROOT


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """pytest-playwright's `browser` and `page` start the installed browser; CI must have one."""
    found = installed()
    if found is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("there is no Chromium here: sudo apt install chromium")
    return {**browser_type_launch_args, "executable_path": found, "args": list(QUIET)}


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """The folder that instructor and students share."""
    folder = tmp_path_factory.mktemp("exchange")
    folder.chmod(0o777)
    return folder


@dataclass(frozen=True)
class Desk:
    """A copy of the course, and the shell of the person who has it."""

    folder: Path
    environment: dict[str, str]

    def nbgrader(self, *arguments):
        """Type a command."""
        subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            env=self.environment,
            check=True,
            capture_output=True,
            timeout=240,
        )


@pytest.fixture(scope="module")
def clone(exchange, tmp_path_factory):
    """An instructor's fresh clone, cut down to one assignment."""
    folder = tmp_path_factory.mktemp("instructor")
    course = folder / "course"
    for name in ("solutions/a1_convolution", "course_utils"):
        shutil.copytree(ROOT / name, course / name)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    return Desk(course, person(course, folder / "home", exchange))


@pytest.fixture(scope="module")
def instructor(browser, clone):
    """JupyterLab in the instructor's clone, as `start.py --author` opens it there."""
    settings = runpy.run_path(str(ROOT / "start.py"))["settings"]
    clone.environment["JUPYTER_CONFIG_PATH"] = settings(clone.environment, author=True)
    yield from _lab(browser, clone)


@pytest.fixture(scope="module")
def student_desk(exchange, tmp_path_factory):
    """What `course bundle` gives to students, unpacked."""
    folder = tmp_path_factory.mktemp("student")
    with pytest.MonkeyPatch.context() as patch:  # tests/course compares the assignments
        patch.setattr("course_utils.course.bundle.release", lambda *_, **__: [])
        bundle(ROOT, folder / "course.zip")
    with zipfile.ZipFile(folder / "course.zip") as archive:
        archive.extractall(folder)
    course = folder / "course"
    return Desk(course, person(course, folder / "home", exchange))


@pytest.fixture(scope="module")
def student(browser, student_desk):
    """JupyterLab in the student's copy, as start.py opens it there."""
    start = runpy.run_path(str(student_desk.folder / "start.py"))
    own = student_desk.environment
    own["JUPYTER_CONFIG_PATH"] = start["settings"](own)
    yield from _lab(browser, student_desk, *start["LAB"])


def _lab(browser, desk, *flags):
    with serving(desk.folder, desk.environment, "lab", *flags) as url:
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        yield Lab(page, url, desk.folder)
        page.context.close()
