"""Only lines of a student's cell are quoted as such."""

import json
from concurrent.futures import Future

import pytest
from cells import run_cell

from course_utils.checks.outcome import call
from course_utils.grading.student_errors import error
from course_utils.models import LeNet5
from course_utils.tracebacks import own_line

CELL = """import json
def outer(text):
    return inner(text)
def inner(text):
    return json.loads(text)
def own(text):
    raise ValueError(text)"""


@pytest.fixture(scope="module")
def cell():
    """What a cell defines that was compiled as IPython does it."""
    return run_cell(CELL)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("outer", "At line 5 of your cell: return json.loads(text)"),
        ("own", "At line 7 of your cell: raise ValueError(text)"),
    ],
)
def test_the_innermost_line_of_the_cell_is_quoted(cell, name, line):
    assert call(cell[name], ("{",), {}).where == line


@pytest.mark.parametrize("function", [json.loads, own_line, int], ids=lambda f: f.__name__)
def test_no_line_of_a_module_is_a_students(function):
    outcome = call(function, ("{",), {})
    assert outcome.error
    assert outcome.where == ""


def test_a_line_of_the_examiner_is_not_quoted():
    asked = Future()  # as where the other side answers with an error that has no line
    asked.set_exception(error("ValueError", ["ValueError"], "of the other side", ""))
    told = call(asked.result, (), {})
    assert told.error == "it raised ValueError: of the other side"
    assert told.where == ""


def test_a_line_of_the_course_is_not_quoted():
    assert call(LeNet5, (1, 10, 3), {}).where == ""
