"""Which names are the examiner's own in tests, which the student's, and what a test comes upon."""

import ast

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.grading.names import plan, reached
from grading.tiny import code

SOLUTION = "### BEGIN SOLUTION\nimport scipy\nimport numpy as np\ndef solve(): ...\n"
SOLUTION += "answer = 3\ndef count():\n    global calls\n    calls = 1\n### END SOLUTION"


def _plan(unmarked="", given="", solution=SOLUTION):
    master = new_notebook(
        cells=[
            new_code_cell(unmarked),
            code("given", given),
            code("solution", solution, solution=True),
        ]
    )
    found = plan(master)
    return found, [ast.unparse(s) for own in found.own for s in own]


def test_what_solutions_define_is_the_students_but_not_what_they_import():
    found, own = _plan()
    assert found.solved == {"solve", "answer", "count", "calls"}
    assert own == ["import scipy", "import numpy as np"]


@pytest.mark.parametrize(
    "imports",
    ["import random as r", "from math import isclose as near", "from math import *",
     "try:\n    import tomllib\nexcept ImportError as error:\n    tomllib = None",
     "if True:\n    import json"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["unmarked", "given", "given beside the students' work"])
def test_what_any_cell_imports_is_the_examiners_own(imports, kind):
    source = f"{imports}\nx = solve()" if kind.startswith("given ") else imports
    found, own = _plan(**{kind.split()[0]: f"%matplotlib inline\n{source}"})
    assert imports in own
    assert found.others == ({"x"} if "x" in source.split() else set())


def test_functions_of_unmarked_cells_are_own_unless_they_use_what_students_can_change():
    source = "BOUND = 1\ndef close(a, b): return abs(a - b) < 1\n"
    source += "def near(a, b): return abs(a - b) < BOUND\ndef twice(): return near(solve(), 1)"
    source += "\ndef far(a, b): return not near(a, b)"
    found, own = _plan(source)
    assert "def close(a, b):\n    return abs(a - b) < 1" in own
    assert found.others == {"BOUND", "near", "twice", "far"}


def test_read_only_cells_are_own_as_far_as_they_do_without_the_student():
    assert _plan(given="x = 1\ny = x + 1")[0].others == set()
    found, own = _plan(given="def same(a): return a\nx = solve()\ny = x + 1", unmarked="y = 0")
    assert found.others == {"x", "y"}
    assert "def same(a):\n    return a" in own
    assert _plan(given="y = 1", unmarked="y = 0")[0].others == set()


def test_a_name_that_is_imported_and_then_solved_is_the_students():
    found, _ = _plan(unmarked="from math import sqrt", solution="def sqrt(x): ...")
    assert found.solved == {"sqrt"}


def test_what_a_magic_gives_is_left_to_the_notebook():
    assert _plan(given="files = !ls")[0].others == {"files"}


@pytest.mark.parametrize("source", ["!ls", "%%bash\nx=1", "def f(:"])
def test_what_is_no_python_defines_nothing(source):
    found, _ = _plan(unmarked=source, given=source, solution=source)
    assert not found.solved | found.others


@pytest.mark.parametrize(
    ("test", "names"),
    [
        ("assert f(1)", {"f"}),
        ("def test(): f(1)", set()),
        ("def test(): f(1)\ntest()", {"f"}),
        ("def one(): f(1)\ndef two(): one()\nfor t in [two]: t()", {"f"}),
        ("class T:\n    x = g()\n    def test(self): f(1)", {"g"}),
        ("class T:\n    def test(self): f(1)\nT().test()", {"f"}),
        ("def test(): f(1)\nvars()['test']()", {"f", "vars", "earlier_uses", "nothing"}),
        ("@run\ndef test(): f(1)", {"f", "run"}),
        ("(lambda: f(1))", {"f"}),
        ("earlier()", {"earlier_uses"}),
    ],
)
def test_what_a_test_comes_upon(test, names):
    earlier = ast.parse("def earlier(): earlier_uses()\ndef idle(): nothing()").body
    assert reached(test, earlier) == names
