"""Every known version is judged as is meant, and grading says the same as the student's kernel."""

import functools
import inspect
import linecache
import os
from pathlib import Path

import pytest
from graders import candidates
from graders.remembered import in_turn, remembered

from course_utils.checks.engine import Check, CheckFailed
from course_utils.errors import CourseError
from course_utils.grading import bubblewrap
from course_utils.grading.candidate import Candidate
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT

KNOWN = candidates.registered()
HIDDEN = 20  # the seed of a hidden test
# What stands in for the registering decorators, so that the very text of the module runs there.
STAND_IN = """
import sys, types
stand_in = types.ModuleType("graders.candidates")
stand_in.mutant = stand_in.alternative = lambda *a, **k: lambda function: function
sys.modules |= {"graders": types.ModuleType("graders"), "graders.candidates": stand_in}
"""


@pytest.fixture(scope="module")
def over_there():
    """One kernel for each module of candidates that is asked for, in which all are defined.

    None where there is no sandbox, so that candidates are judged here alone; CI must have one.
    """
    try:
        bubblewrap.require()
    except CourseError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        yield lambda _: None
        return
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


@pytest.fixture(scope="module", autouse=True)
def lines_of_cells():
    """Candidates stand in files here, and count as cells, which they are over there."""
    with pytest.MonkeyPatch.context() as patch:
        for file in {inspect.getfile(c.function) for c in KNOWN}:
            lines = Path(file).read_text().splitlines(keepends=True)
            patch.setitem(linecache.cache, file, (1, None, lines, file))
        yield


@functools.cache
def _checks(assignment):
    return {c.name: remembered(c) for c in candidates.found(assignment, Check).values()}


def test_many_odd_styles_are_asked():
    styles = [c for c in KNOWN if c.function.__module__.startswith("graders.styles.")]
    assert len(styles) >= 30
    assert not any(c.says for c in styles)


@pytest.mark.parametrize("candidate", KNOWN, ids=lambda c: c.label)
def test_a_version_is_judged_as_is_meant_here_and_graded(over_there, candidate, capsys):
    """A right one passes every part, a wrong one is told what it must be; graded, hidden too."""
    assignment, name = candidate.key
    check, kernel = in_turn(_checks(assignment)[name]), over_there(candidate.function.__module__)
    here = [_verdict(check, candidate.functions, p, None, capsys) for p in check.part_names]
    if kernel is None:
        hidden = [_verdict(check, candidate.functions, p, HIDDEN, capsys) for p in check.part_names]
    else:
        with kernel.questions():
            remotes = [kernel.named(candidate.function.__name__)]
            if candidate.is_holder:
                remotes = [getattr(remotes[0], f.__name__) for f in candidate.functions]
            there, hidden = (
                [_verdict(check, remotes, p, seed, capsys) for p in check.part_names]
                for seed in (None, HIDDEN)
            )
        assert [*map(_without_lines, there)] == [*map(_without_lines, here)]
    for verdicts in (here, hidden):
        first = next((told for told, _ in verdicts if told), None)
        assert candidate.says in first if candidate.says else first is None


def _verdict(check, functions, part, seed, capsys):
    """What is told of one part that fails, and what is printed."""
    told = None
    try:
        check(*functions, part, seed=seed)
    except CheckFailed as failure:
        told = str(failure)
    return told, capsys.readouterr().out


def _without_lines(told):
    """Without the line number, which is another one in a file than in a cell."""
    text = (told[0] or "").splitlines()
    return [line for line in text if "of your cell:" not in line], told[1]
