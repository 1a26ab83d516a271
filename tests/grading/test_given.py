"""Which read-only cells the examiner runs, and when."""

import ast

import pytest

from course_utils.grading.given import Given

IMPORTS = "import random\nimport types\nbox = types.SimpleNamespace(value=1)"


def matter(given, cell, *used):
    return given.matters(ast.parse(cell).body, set(used))


def test_a_cell_waits_for_a_test_that_uses_what_it_makes():
    assert not matter(Given(), "x = 3\nprint(x)", "z", "print", "answer")
    assert matter(Given(), "x = 3\nprint(x)", "x")


def test_what_may_be_changed_is_up_to_date():
    given = Given()
    assert matter(given, IMPORTS, "box")
    assert not matter(given, "print(random.random(), box)\nbox.value = 2", "random")
    assert matter(given, "print(random.random(), box)\nbox.value = 2", "box")


def test_what_a_function_will_read_is_there():
    given = Given()
    assert matter(given, "def area(r):\n    return PI * r", "area")
    assert matter(given, "PI = 3", "area")


@pytest.mark.parametrize(
    ("act", "at_once"),
    [
        ("random.seed(0)", True),
        ("with open('/dev/null'):\n    random.seed(0)", True),
        ("random.option = 3", True),
        ("random.__dict__['option'] = 3", True),
        ("x = random.random()", False),
        ("def later():\n    random.seed(0)", False),
        ("print(random.random())", False),
    ],
)
def test_what_acts_on_modules_acts_at_once(act, at_once):
    assert matter(Given(), f"import random\nmark = 1\n{act}") is at_once


@pytest.mark.parametrize("cell", ["from math import *", "globals()['pi'] = 3", "exec('pi = 3')"])
def test_what_no_name_tells_is_run_before_any_test(cell):
    assert matter(Given(), cell, "pi")
