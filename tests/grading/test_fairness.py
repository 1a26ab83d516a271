"""Grading decides as the student's own kernel does, word by word, on every known version."""

import functools
import importlib
import itertools
import pkgutil
from pathlib import Path

import pytest
from graders import candidates
from graders.remembered import remembered

from course_utils import checks
from course_utils.checks.engine import Check, CheckFailed
from course_utils.course.release import ROOT
from course_utils.grading.candidate import Candidate
from course_utils.grading.sandbox import Limits

ASSIGNMENTS = [m.name for m in pkgutil.iter_modules(checks.__path__) if m.ispkg]
ROOMS = "", ".forms", ".styles"  # of candidates, each with a module for an assignment
# What stands in for the registering decorators, so that the very text of the module runs there.
STAND_IN = """
import sys, types
stand_in = types.ModuleType("graders.candidates")
stand_in.mutant = stand_in.alternative = lambda *a, **k: lambda function: function
sys.modules |= {"graders": types.ModuleType("graders"), "graders.candidates": stand_in}
"""


@pytest.fixture(scope="module")
def over_there(sandboxed):
    """One kernel for each module of candidates that is asked for, in which all are defined."""
    kernels = {}

    def kernel(name):
        if name not in kernels:
            path = Path(ROOT, "tests", *name.split(".")).with_suffix(".py")
            kernels[name] = Candidate(Limits())
            assert kernels[name].run(STAND_IN + path.read_text()) == []
        return kernels[name]

    yield kernel
    for each in kernels.values():
        each.end()


@functools.cache
def _checks(assignment):
    module = importlib.import_module(f"{checks.__name__}.{assignment}")
    return {c.name: remembered(c) for c in vars(module).values() if isinstance(c, Check)}


def _registered():
    for assignment, room in itertools.product(ASSIGNMENTS, ROOMS):
        importlib.import_module(f"graders{room}.{assignment}")
    return [c for c in candidates.REGISTERED if c.key[0] in ASSIGNMENTS]


def verdict(check, functions, part, seed):
    """What is told for one part."""
    try:
        check(*functions, part, seed=seed)
    except CheckFailed as failure:
        return str(failure)
    return None


def test_many_odd_styles_are_asked():
    styles = [c for c in _registered() if c.function.__module__.startswith("graders.styles.")]
    assert len(styles) >= 30
    assert not any(c.says for c in styles)


@pytest.mark.parametrize("seed", [None, 20])
@pytest.mark.parametrize("candidate", _registered(), ids=lambda c: c.label)
def test_the_verdict_is_the_same(over_there, candidate, seed, capsys):
    assignment, name = candidate.key
    check, kernel = _checks(assignment)[name], over_there(candidate.function.__module__)
    with kernel.questions():
        remote = kernel.named(candidate.function.__name__)
        remotes = [remote]
        if candidate.is_holder:
            remotes = [getattr(remote, f.__name__) for f in candidate.functions]
        for part in check.part_names:
            here = verdict(check, candidate.functions, part, seed), capsys.readouterr().out
            there = verdict(check, remotes, part, seed), capsys.readouterr().out
            assert _without_lines(there) == _without_lines(here)
            assert candidate.says or here[0] is None


def _without_lines(told):
    """Without the line number, which is another one in a file than in a cell."""
    text = (told[0] or "").splitlines()
    return [line for line in text if "of your cell:" not in line], told[1]
