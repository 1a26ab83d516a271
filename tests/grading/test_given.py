"""Which read-only cells the examiner runs, and when."""

import pytest

from course_utils.grading.given import Given

IMPORTS = "import math\nimport types\nbox = types.SimpleNamespace(value=1)"


def after(*cells, used):
    given = Given({"answer"})
    for cell in cells:
        given.reach(cell)
    given.need(used)
    return given.scope


def test_a_cell_waits_for_a_test_that_uses_what_it_makes():
    cells = "x = 3", "y = x + 1\nprint(y)"
    assert "x" not in after(*cells, used={"z", "print", "answer"})
    assert after(*cells, used={"y"})["y"] == 4


def test_what_may_be_changed_is_up_to_date():
    cells = IMPORTS, "box.value = 2"
    given = Given(set())
    given.reach(IMPORTS)
    given.need({"box"})
    given.reach("print(math.pi, box)\nbox.value = 2")
    given.need({"math"})
    assert given.scope["box"].value == 1
    given.need({"box"})
    assert given.scope["box"].value == 2
    assert after(*cells, used={"box"})["box"].value == 2


def test_what_a_function_will_read_is_there():
    given = Given(set())
    given.reach("def area(r):\n    return PI * r")
    given.need({"area"})
    given.reach("PI = 3")
    given.need({"area"})
    assert given.scope["area"](2) == 6


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
    assert ("mark" in after(f"import random\nmark = 1\n{act}", used=set())) is at_once


def test_what_needs_the_student_is_left_out():
    assert "mine" not in after("mine = answer + 1", used={"mine"})


def test_magics_are_left_out_and_nothing_is_printed(capsys):
    assert after("%matplotlib inline\n!ls\nx = 1\nprint(x)", used={"x"})["x"] == 1
    assert capsys.readouterr().out == ""


def test_a_cell_that_fails_is_no_silent_matter():
    with pytest.raises(ZeroDivisionError):
        after("x = 1 / 0", used={"x"})
