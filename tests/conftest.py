"""What tests of several folders need of the machine."""

import os

import pytest

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap


@pytest.fixture(scope="session")
def sandboxed():
    """The sandbox works here; where it does not, the reason is told, and CI fails."""
    try:
        bubblewrap.require()
    except CourseError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
