"""What students are given holds all that they need, and nothing that they may not see."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from grading.tiny import NAME, make_course

from course_utils.course.bundle import bundle
from course_utils.course.release import release
from course_utils.errors import CourseError
from course_utils.repository import ROOT, known_assignments

SECRETS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("student") / "course.zip"
    _bundle(path)
    return path


@pytest.fixture(scope="module")
def unpacked(archive):
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(archive.parent)
    return archive.parent / "course"


def _bundle(path):
    """Of the course as it is; test_release compares its assignments with the solutions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("course_utils.course.bundle.release", lambda *_, **__: [])
        bundle(ROOT, path)


def run(folder, *command):
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_it_holds_what_a_student_needs(unpacked):
    there = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert {"Makefile", "pyproject.toml", "requirements.lock", "README.md"} <= there
    assert {f"assignments/{name}/{name}.ipynb" for name in known_assignments()} <= there
    lectures = {f"lectures/{path.name}" for path in Path(ROOT, "lectures").glob("*.ipynb")}
    assert lectures
    assert lectures <= there
    assert "course_utils/checks/engine.py" in there


def test_it_holds_nothing_else(unpacked):
    for name in ("solutions", "tests", "gradebook", "benchmarks", ".git", ".venv"):
        assert not (unpacked / name).exists()
    assert not (unpacked / "course_utils" / "grading").exists()


def test_no_solution_and_no_hidden_test_is_in_it(unpacked):
    """Neither the markers in a notebook, nor a call of a check from between them anywhere."""
    notebooks = [nbformat.read(p, as_version=4) for p in Path(ROOT, "solutions").rglob("*.ipynb")]
    secret = set()
    for cell in (cell for notebook in notebooks for cell in notebook.cells):
        hidden = False
        for line in cell.source.splitlines():
            hidden = hidden or "### BEGIN HIDDEN TESTS" in line
            if hidden and "###" not in line:
                secret.add(line.strip())
            hidden = hidden and "### END HIDDEN TESTS" not in line
    secret = {line for line in secret if "checks." in line}
    assert len(secret) > 20
    for path in unpacked.rglob("*.ipynb"):
        text = path.read_text()
        assert not [word for word in SECRETS if word in text], path
        cells = nbformat.reads(text, as_version=4).cells
        lines = {line.strip() for cell in cells for line in cell.source.splitlines()}
        assert not lines & secret, path


def test_a_lecture_and_a_check_run_there(unpacked):
    code = (
        "import course_utils.checks.a1_convolution as checks, course_utils\n"
        "print(course_utils.__file__)\n"
        "checks.check_mean_kernel(lambda k: None)"
    )
    ran = run(unpacked, "-c", code)
    assert str(unpacked) in ran.stdout
    assert "mean_kernel" in ran.stderr
    arguments = ["--to", "notebook", "--execute", "--stdout", "lectures/00_start_here.ipynb"]
    ran = run(unpacked, "-m", "nbconvert", *arguments)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", ["demo", "grade", "release"])
def test_what_is_not_there_is_told(unpacked, command):
    names = ["a1_convolution"] if command == "grade" else []
    ran = run(unpacked, "-m", "course_utils.course.cli", command, *names)
    assert ran.returncode == 1
    assert ran.stderr.strip() == (
        "course: this is a student's copy, which has no grading; ask for the repository"
    )


def test_the_same_course_gives_the_same_archive(archive, tmp_path):
    _bundle(tmp_path / "course.zip")
    assert (tmp_path / "course.zip").read_bytes() == archive.read_bytes()


def test_an_archive_is_never_overwritten(tmp_path):
    target = tmp_path / "course.zip"
    target.write_text("precious")
    with pytest.raises(CourseError, match="is there already"):
        bundle(ROOT, target)
    assert target.read_text() == "precious"


def test_a_stale_assignment_is_told(tmp_path):
    make_course(tmp_path)
    released = tmp_path / "assignments" / NAME / f"{NAME}.ipynb"
    target = tmp_path / "course.zip"
    with pytest.raises(CourseError, match="run `course release` first"):
        bundle(tmp_path, target)
    assert not list(tmp_path.glob("*.zip*"))
    release(root=tmp_path)
    assert released.relative_to(tmp_path).as_posix() in bundle(tmp_path, target)
