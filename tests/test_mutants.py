"""The score of the checks: each rule makes what it says, and causes are counted as told."""

import itertools
import sys
import tomllib
import types

import numpy as np
import pytest

from benchmarks import checks, mutants
from course_utils.checks.engine import Check, CheckFailed, case, rejection

# By rule: a line of a function, and lines that the rule must make of it, among others.
MADE = {
    "operator": [
        ("return a - b", ["return a + b", "return b - a"]),
        ("return a // b", ["return a / b", "return a % b", "return b // a"]),
        ("a += b", ["a -= b", "a = b"]),
        ("return -a", ["return a"]),
    ],
    "comparison": [("return a < b <= 3", ["return a <= b <= 3", "return a < b < 3"])],
    "constant": [
        ("return a[1]", ["return a[2]", "return a[0]"]),
        ("return 0.5", ["return 1.0", "return 0.25"]),
        ("return f(a, up=True)", ["return f(a, up=False)"]),
    ],
    "off by one": [
        ("return a[b:]", ["return a[b + 1:]", "return a[b - 1:]"]),
        ("return range(b)", ["return range(b + 1)", "return range(b - 1)"]),
        ("return a // b", ["return (a + 1) // b", "return a // b - 1"]),
    ],
    "slice": [("return a[b:3:2]", ["return a[:3:2]", "return a[b::2]", "return a[b:3]",
                                   "return a[b + 1:3 + 1:2]"])],
    "name": [
        ("return a", ["return b"]),
        ("return a.mean()", ["return a.sum()"]),
        ("return g(a, 'one', 'two')", ["return g(a, 'two', 'two')", "return g(a, 'one', 'one')"]),
    ],
    "exchanged": [
        ("return a[b, 0]", ["return a[0, b]"]),
        ("return g(a, b)", ["return g(b, a)"]),
        ("return g(x=a, y=b)", ["return g(x=b, y=a)"]),
        ("return a if c else b", ["return b if c else a"]),
    ],
    "dropped argument": [("return g(a, b, k=1)", ["return g(a, k=1)", "return g(a, b)"])],
    "dropped call": [("return a.copy()", ["return a"]), ("return float(a.T)", ["return a.T"])],
    "condition": [
        ("return a if c else b", ["return a if not c else b"]),
        ("return [n for n in a if n]", ["return [n for n in a if not n]", "return [n for n in a]"]),
        ("return a and b", ["return a or b", "return a", "return b"]),
    ],
}  # fmt: skip
BODIES = {
    "dropped statement": [
        ("    a = a + b\n    return a", ["    return a", "    a = a + b"]),
        ("    with b:\n        a = 1\n    return a", ["    a = 1\n    return a"]),
        (
            "    try:\n        g(a)\n    finally:\n        g(b)",
            ["    g(a)\n    g(b)", "    try:\n        g(a)\n    finally:\n        pass"],
        ),
    ],
    "order": [("    a.backward()\n    b.step(a)", ["    b.step(a)\n    a.backward()"])],
}
CASES = [(rule, f"    {old}", [f"    {n}" for n in new])
         for rule, lines in MADE.items() for old, new in lines]  # fmt: skip
CASES += [(rule, old, new) for rule, lines in BODIES.items() for old, new in lines]


def made_of(body: str, rule: str = "") -> list[str]:
    found = mutants.mutants(f"def f(a, b):\n{body}")
    return [m.source.partition("\n")[2] for m in found if rule in ("", m.rule)]


@pytest.mark.parametrize(("rule", "body", "wanted"), CASES)
def test_each_rule_makes_what_it_says(rule, body, wanted):
    made = made_of(body, rule)
    assert set(wanted) <= set(made)
    assert body not in made


def test_every_rule_is_tried():
    assert set(MADE) == set(mutants.RULES)
    assert set(BODIES) == set(mutants.BODY_RULES)


def test_no_mutant_is_the_original_or_made_twice():
    source = 'def f(a, b):\n    """Text of 1."""\n    return a + a * b[1:2]'
    made = [m.source for m in mutants.mutants(source)]
    assert len(made) > 10
    assert len({*made, source}) == len(made) + 1
    assert all('"""Text of 1."""' in text for text in made)


@pytest.mark.parametrize(
    "body",
    [
        "    raise ValueError(f'{a} is not 1')",  # texts of errors
        "    return zip(a, strict=True)",
        "    return a.sum(axis=(1, 2))",  # but for the numbers
        "    return a in (b, 1) or min(a, b)",
        "    a = 1\n    b = 2",  # which have nothing to do with each other
    ],
)
def test_what_makes_no_difference_is_not_made(body):
    made = made_of(body, "exchanged") + made_of(body, "order")
    assert not made
    assert not any("is not 2" in text or "strict=False" in text for text in made_of(body))


def test_the_diff_is_one_line_with_its_place():
    source = "def f(a):\n    a = a + 1\n    if a:\n        a = 2\n    return a"
    found = {(m.line, m.diff) for m in mutants.mutants(source)}
    assert (2, "a = a + 1 → a = a - 1") in found
    assert (3, "if a:; a = 2 → (dropped)") in found


# ---- the score, on a check and a solution that are made up ----

SOLUTION = """
def halved(x, unused=0.0):
    if x.ndim != 1:
        raise ValueError("x has not one axis")
    return x / 2
"""
SENTENCE = "The numbers are doubled."


def _vectors(rng):
    yield case(np.arange(3.0))
    yield case(np.arange(5.0))


@pytest.fixture
def made_up(monkeypatch):
    module = types.ModuleType("made_up")
    module.check_halved = Check(
        "halved",
        oracle=lambda x: x / 2,
        tool="NumPy",
        parts={"vectors": _vectors},
        suspects={SENTENCE: lambda x: x * 2},
        rejects=[rejection("x", np.ones((2, 2)))],
    )
    monkeypatch.setitem(sys.modules, "made_up", module)
    sources = ["import made_up as checks", SOLUTION]
    tests = [["checks.check_halved(halved)", "checks.check_halved(halved, seed=7)"]]
    return sources, checks.Graded("a", "halved", [(SOLUTION.strip(), 2)], tests)


@pytest.mark.parametrize("cold", [False, True])
def test_the_score_of_a_made_up_check_is_right(made_up, cold, monkeypatch):
    ticks = itertools.count()  # a clock that goes on by one whenever it is read
    monkeypatch.setattr(checks.time, "process_time", lambda: float(next(ticks)))
    verdicts = checks.judge(*made_up, cold=cold)
    looked = {v.diff: v.seconds for v in verdicts}
    assert looked["return x / 2 → return x / 3"] == 1
    assert looked["def halved(x, unused=0.0): → def halved(x, unused=1.0):"] == 0  # it is right
    by_diff = {v.diff: v for v in verdicts}
    assert by_diff["return x / 2 → return x * 2"].cause == "sentence"
    assert "times the right one" in by_diff["return x / 2 → return x / 3"].message
    assert by_diff["if x.ndim != 1: → if x.ndim == 1:"].cause == "sentence"  # the own check
    refused = "if x.ndim != 1:; raise ValueError('x has not one axis') → (dropped)"
    assert by_diff[refused].cause == "headline"
    lost = [v for v in verdicts if v.message is None]
    assert [v.diff for v in lost] == ["def halved(x, unused=0.0): → def halved(x, unused=1.0):"]
    score = checks.Score.of(verdicts, {("halved", lost[0].diff)})
    assert (score.mutants - score.rejected, score.explained) == (1, 1)
    assert score.told == sum(v.cause in checks.CAUSES for v in verdicts)
    assert score.placed == sum(v.cause == "place" for v in verdicts)
    assert score.row[2:4] == ["1", "0"]


@pytest.mark.parametrize(
    "body",
    [
        "import os; os.kill(os.getpid(), 9)",
        "while True: pass",
        "x = [[0] * 10**9] * 2; raise SystemExit",
    ],
)
def test_one_that_crashes_hangs_or_ends_stops_nothing(made_up, monkeypatch, body):
    monkeypatch.setattr(checks, "CPU_SECONDS", 1)
    monkeypatch.setattr(checks, "MEMORY", 2**28)
    namespace = {"halved": None}
    exec("import made_up as checks", namespace)
    message, *_ = checks.apart(f"def halved(x):\n    {body}", made_up[1].tests, namespace)
    assert message
    assert not checks.told(message)


def test_each_so_many_mutants_can_be_asked(made_up):
    all_, third = (checks.judge(*made_up, every=n) for n in (1, 3))
    assert [v.diff for v in third] == [v.diff for v in all_[::3]]


def test_a_solution_that_fails_its_own_check_is_no_measure(made_up):
    sources, graded = made_up
    sources[1] = SOLUTION.replace("/", "*")
    with pytest.raises(AssertionError, match="fails its own check"):
        checks.judge(sources, graded)


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (lambda x: x * 2, "sentence"),
        (lambda x: x * 3, "sentence"),
        (lambda x: np.cos(x), ""),
        (lambda x: None, "headline"),  # is a return missing?
        (lambda x: x.__imul__(0.5), "headline"),  # the argument is changed
        (lambda x: x[1:] / 2, "place"),
        (lambda x: [*x / 2], "sentence"),
        (lambda x: x.half(), ""),
        (lambda x: x / 0, "sentence"),
    ],
)
def test_a_difference_is_no_cause(made_up, result, cause):
    with pytest.raises(CheckFailed) as failure:
        sys.modules["made_up"].check_halved(result, "vectors")
    assert checks.told(str(failure.value)) == cause


@pytest.mark.parametrize(
    "message",
    [
        "✗ freeze, weights: a: it is Sequential(\n  (0): Conv2d(1, 5)\n)\n  Seen with x.",
        "✗ groups, rates: rate of layer2.weight: it is 0.7505\n  Seen with 3×3 x.",
        "✗ norm, eval: those that move: it is norm1, norm2\n  Seen with 3×3 x.",
        "✗ trace, trace: at place 0: it is 57, but the result is a tuple\n  Seen with x.",
        "✗ relu, forward: it raised TypeError: no\n  At line 3 of your cell: f().\n  Seen with x.",
        "✗ relu, invalid: this call is possible, yet it raised ValueError: no\n  Called with x.",
    ],
)
def test_what_a_value_looks_like_is_no_cause(message):
    assert not checks.told(message)


def test_every_graded_function_is_found():
    """With its tests, and for long ones enough mutants."""
    found = [g for name in checks.known_assignments() for g in checks.graded(name)[1]]
    assert len(found) > 50
    assert all(g.tests and g.own for g in found)
    source, _ = next(g for g in found if g.name == "im2col").own[0]
    assert len(mutants.mutants(source)) >= checks.ENOUGH


def test_every_explanation_is_of_a_mutant_that_is_made_and_has_a_reason():
    entries = tomllib.loads(checks.EXPLAINED.read_text())["survivor"]
    assert len(checks.explained()) == len(entries)
    unmade = {(e["function"], e["diff"]) for e in entries}
    names = {name for name, _ in unmade}
    found = [g for name in checks.known_assignments() for g in checks.graded(name)[1]]
    for function in (g for g in found if g.name in names):
        made = (m.diff for source, _ in function.own for m in mutants.mutants(source))
        unmade -= {(function.name, diff) for diff in made}
    assert not unmade
