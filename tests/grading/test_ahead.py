"""What tests will ask the professional tools is known ahead, and computed once."""

import math
import re
import types

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.checks.engine import HIDDEN_ROUNDS, Check, case
from course_utils.grading import ahead, apart, names
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments


def cell(source, *, grade):
    about = {"grade_id": source[:9], "grade": grade, "locked": True, "solution": False}
    return new_code_cell(source, metadata={"nbgrader": about | {"points": 1}})


def test_calls_are_read_from_the_test_cells():
    test = """both = forward, backward
rungs = "first", "second"
checks.check_a(a, "one", "two")
%magic is no Python"""
    more = """rungs = "first", "second"
checks.check_b(b, *rungs)
elsewhere.check(b)
checks.check_c(*both, 3)
### BEGIN HIDDEN TESTS
checks.check_b(b, *rungs, seed=7)
checks.check_b(b, *rungs, seed=chosen)
checks.check_b(b, *rungs, seed=7)
### END HIDDEN TESTS"""
    given = "import numpy as np\nfrom package import part as checks"
    tests = cell(test, grade=True), cell(more, grade=True)
    cells = [cell(given, grade=False), *tests, new_code_cell("checks.mine()")]
    master = new_notebook(cells=cells)
    rungs = ("first", "second")
    assert ahead.questions(names.code_of(master)) == [
        ("package.part", "check_b", rungs, None),
        ("package.part", "check_c", (), None),
        ("package.part", "check_b", rungs, 7),
    ]


@pytest.mark.parametrize("name", known_assignments())
def test_all_checks_of_an_assignment_are_found(name):
    master = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    calls = sum(
        len(re.findall(r"\bchecks\.check_\w+\(", cell.source))
        for cell in master.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    )
    package = f"course_utils.checks.{name}"  # what judges experiments lies in modules of it
    found = [module for module, *_ in ahead.questions(names.code_of(master)) if module == package]
    assert len(found) == calls


def test_what_is_remembered_is_what_would_be_computed(capsys):
    asked = []

    def double(x):
        asked.append(x)
        return 2 * x

    check = Check("double", double, "numpy", {"all": lambda rng: [case(rng.normal(size=3))]})
    check.remember(["all", "invalid"], None)
    check.remember(["all"], 5)
    assert len(asked) == 1 + HIDDEN_ROUNDS  # one case, and each round of the hidden test
    check(lambda x: x + x)
    check(lambda x: x + x, seed=5)
    assert len(asked) == 1 + HIDDEN_ROUNDS
    check(lambda x: x + x, seed=6)
    assert len(asked) == 1 + 2 * HIDDEN_ROUNDS
    assert np.array_equal(asked[0], check._cases("all", None)[0].args[0])


def test_what_cannot_be_asked_ahead_stops_nothing_that_can(monkeypatch):
    remembered = []
    good = types.SimpleNamespace(remember=lambda *about: remembered.append(about))
    monkeypatch.setattr(math, "check", good, raising=False)
    cannot = [("no.module", "check", (), None), ("math", "no_check", (), None),
              ("math", "sqrt", (), None)]  # fmt: skip
    ahead.remember([*cannot, ("math", "check", ("rung",), 5)])
    assert remembered == [(("rung",), 5)]


@pytest.mark.parametrize(("given", "there"), [("from torch import nn", True), ("import re", False)])
def test_a_template_has_what_the_first_optimiser_would_import(given, there):
    master = new_notebook(cells=[cell(given, grade=False)])
    modules, _ = apart._wanted(master, Limits(), {})["template"]
    assert ("torch._dynamo" in modules) is there
