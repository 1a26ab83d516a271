"""A whole grading cycle on a small class of sample students, in a folder that is thrown away.

Everything is done by the commands that an instructor and a student type, so this shows the course
at work and is its end-to-end test at once.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from course_utils.errors import CourseError
from course_utils.grading.demo.cycle import Course
from course_utils.grading.demo.marks import Row, mark_by_hand, read_rows
from course_utils.grading.demo.recipes import sample_class
from course_utils.grading.demo.table import table
from course_utils.repository import ROOT, known_assignments

CELL_SECONDS = 10  # a sample student's endless loop costs this much; the real limit is longer


def run(
    assignments: Iterable[str] | None = None,
    keep: Path | None = None,
    timeout: int = CELL_SECONDS,
    root: Path = ROOT,
) -> list[Row]:
    """Release, submit, collect, grade, mark by hand, return and export; print the gradebook.

    Parameters
    ----------
    assignments
        Names; the first one of the course by default.
    keep
        An empty or new folder to work in and leave behind; by default a temporary one.
    timeout
        Seconds that one cell may run.
    root
        The repository to take the course from.

    Returns
    -------
    list of Row
        One for each assignment and student.

    Raises
    ------
    CourseError
        For an unknown assignment, a folder that is not empty, or a command that fails.
    """
    known = known_assignments(root)
    names = list(assignments or known[:1])
    for name in names:
        if name not in known:
            raise CourseError(f"There is no assignment {name!r}; known are: {', '.join(known)}.")
    rows = []
    with _folder(keep) as folder:
        course = Course(folder, timeout)
        course.copy_from(root, names)
        for name in names:
            rows += _grade(course, name)
        course.nbgrader("export")
        if keep:
            print(f"Kept in {folder}: gradebook/grades.csv, gradebook/feedback/, students/")
    return rows


def _grade(course: Course, name: str) -> list[Row]:
    """One assignment from release to feedback."""
    recipes = sample_class(name)
    print(f"\n{name}, {len(recipes)} students")
    for command in ("generate_assignment", "release_assignment"):
        course.nbgrader(command, name)
    course.work_and_submit(name, recipes)
    course.nbgrader("collect", name)
    course.grade(name)
    mark_by_hand(course, name, recipes)
    course.nbgrader("generate_feedback", name)
    course.nbgrader("release_feedback", name)
    course.as_student("fetch_feedback", name, recipes[0].student)
    rows = read_rows(course, name, recipes)
    print(f"\n{table(rows)}\n")
    return rows


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="course-demo-") as folder:
            yield Path(folder).resolve()
        return
    keep = Path(keep).resolve()
    if keep.exists() and any(keep.iterdir()):
        raise CourseError(f"{keep} is not empty: name a new folder for --keep.")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep
