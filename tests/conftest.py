"""What tests of several folders need of the machine, and how long their modules take."""

import gc
import os

import matplotlib
import pytest
from module_times import Watch, longest_first

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap

matplotlib.use("Agg")  # by no variable of the environment, which would reach notebooks as well
WATCH = Watch()


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """What is imported stays: whoever looks for garbage later need not look at it."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items):
    longest_first(items)


def pytest_runtest_logreport(report):
    WATCH.note(report)


def pytest_terminal_summary(terminalreporter):
    WATCH.tell(terminalreporter)


@pytest.fixture(scope="session")
def sandboxed():
    """The sandbox works here; where it does not, the reason is told, and CI fails."""
    try:
        bubblewrap.require()
    except CourseError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))
