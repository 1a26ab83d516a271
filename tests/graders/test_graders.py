"""Each check rejects every wrong version with the message meant for it, and accepts right ones.

Grading says the same as the student's kernel: whoever judges here is asked there as well.

Every check module under `course_utils.checks` is found by itself, and so are the candidates: the
module `graders.<assignment>` of the same name.
"""

import contextlib
import inspect
import itertools
import linecache
import os
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils.checks.answers import DOES_NOT_FIT, Answers
from course_utils.checks.engine import Check, CheckFailed
from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, template
from course_utils.grading.candidate import Candidate
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT
from graders import candidates
from graders.candidates import ASSIGNMENTS
from graders.remembered import remembered

CHECKS = {(a, c.name): remembered(c) for a in ASSIGNMENTS
          for c in candidates.found(a, Check).values()}  # fmt: skip
FIRST_DRAW = {name: remembered(check, draws=1) for name, check in CHECKS.items()}
ANSWERS = {(a, name): each for a in ASSIGNMENTS
           for name, each in candidates.found(a, Answers).items()}  # fmt: skip
SUSPECTS = [(name, sentence) for name, check in CHECKS.items() for sentence in check.suspects]
KNOWN = [c for c in candidates.registered() if c.key in CHECKS]
VISIBLE, HIDDEN = None, 20
# What stands in for the registering decorators, so that the very text of the module runs there.
STAND_IN = """
import sys, types
stand_in = types.ModuleType("graders.candidates")
stand_in.mutant = stand_in.alternative = lambda *a, **k: lambda function: function
sys.modules |= {"graders": types.ModuleType("graders"), "graders.candidates": stand_in}
"""
EXPECTED = re.compile(r"^\s*expected\b[^\n]*=", re.MULTILINE)  # what only the student's copy shows
# A size that does not fit is what some suspects are about.
MEANT_ERRORS = (
    "Kernel size can't be greater",
    "the shapes do not match",
    "never used?",
    "expects a non-empty TensorList",
)


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
    made = template.Template(["numpy", "torch", "torch._dynamo"])  # imported once for all
    with contextlib.suppress(template.NotWarm):
        made.wait()
        template.choose(made)
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
    template.choose(None)
    made.close()


@pytest.fixture(scope="module", autouse=True)
def lines_of_cells():
    """Candidates stand in files here, and count as cells, which they are over there."""
    with pytest.MonkeyPatch.context() as patch:
        for file in {inspect.getfile(c.function) for c in KNOWN}:
            lines = Path(file).read_text().splitlines(keepends=True)
            patch.setitem(linecache.cache, file, (1, None, lines, file))
        yield


def _words(value):
    """Names and sentences, and the seed as it is."""
    return "-".join(value) if isinstance(value, tuple) else str(value)


def told(ask, *given, seed: int | None) -> str | None:
    """What the student is told by a check, or None where all passes."""
    try:
        ask(*given, seed=seed)
    except CheckFailed as failure:
        return str(failure)
    return None


def test_an_assignment_is_found():
    assert "a1_convolution" in ASSIGNMENTS
    assert len(CHECKS) >= 8


def test_every_candidate_is_of_a_check_that_exists():
    unknown = [c.label for c in candidates.registered() if c not in KNOWN]
    assert not unknown, f"no check of that name in its assignment: {unknown}"


@pytest.mark.parametrize("name", CHECKS, ids="-".join)
def test_enough_mutants_and_alternatives(name):
    own, file = [c for c in KNOWN if c.key == name], f"tests/graders/{name[0]}.py"
    assert len(CHECKS[name].suspects) >= 6, f"{name[1]} needs six suspects, in its check"
    assert sum(not c.says for c in own) >= 3, f"{name[1]} needs three alternatives, in {file}"
    assert sum(bool(c.says) for c in own) >= 1, f"{name[1]} needs a mutant, in {file}"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_enough_forms_of_what_people_really_do(assignment):
    forms = [c for c in KNOWN if c.function.__module__ == f"graders.forms.{assignment}"]
    assert len(forms) >= 25
    assert all(c.says for c in forms)
    assert any("Two things at once" in c.says or "\n" in c.says for c in forms)


@pytest.mark.parametrize(("name", "sentence"), SUSPECTS, ids=_words)
def test_every_suspect_is_rejected_with_its_own_sentence(name, sentence):
    """Shown and graded, in the first part that tells it apart; parts before that may pass."""
    check = FIRST_DRAW[name]
    for part in check.parts:  # one that stumbles over a case can never be recognised
        for outcome in check.of_suspect(sentence, part, VISIBLE):
            assert outcome.error is None or any(words in outcome.error for words in MEANT_ERRORS)

    def say(part, seed):
        return told(check.judge_suspect, sentence, part, seed=seed)

    failing = ((part, text) for part in check.parts if (text := say(part, VISIBLE)))
    shown = {}
    for part, text in failing:
        shown[part] = text
        if sentence in text and any("expected" in each for each in shown.values()):
            break
    assert shown, "passes every part"
    assert any(sentence in text for text in shown.values()), shown
    assert any("expected" in text for text in shown.values())
    graded = {}
    for part in itertools.chain(reversed(shown), (part for part, _ in failing)):
        graded[part] = say(part, HIDDEN) or ""
        assert not EXPECTED.search(graded[part])
        if sentence in graded[part]:
            break
    else:
        pytest.fail(f"not told while it is graded: {graded}")


def test_many_odd_styles_are_asked():
    styles = [c for c in KNOWN if c.function.__module__.startswith("graders.styles.")]
    assert len(styles) >= 30
    assert not any(c.says for c in styles)


@pytest.mark.parametrize("candidate", KNOWN, ids=lambda c: c.label)
def test_a_version_is_judged_as_is_meant_here_and_graded(over_there, candidate, capsys):
    """A right one passes every part and draw, a wrong one is told what it must be; graded too.

    Grading is asked up to the first part that fails, which decides; at home all parts must answer.
    """
    check = (FIRST_DRAW if candidate.says else CHECKS)[candidate.key]
    kernel = over_there(candidate.function.__module__)

    def judged(functions, seed, *, whole=False):
        verdicts = []
        for part in check.part_names:
            verdicts.append(_verdict(check, functions, part, seed, capsys))
            if verdicts[-1][0] and not whole:
                break
        return verdicts

    here = judged(candidate.functions, VISIBLE, whole=True)
    if kernel is None:
        hidden = judged(candidate.functions, HIDDEN)
    else:
        with kernel.questions():
            remotes = [kernel.named(candidate.function.__name__)]
            if candidate.is_holder:
                remotes = [getattr(remotes[0], f.__name__) for f in candidate.functions]
            there, hidden = judged(remotes, VISIBLE), judged(remotes, HIDDEN)
        assert [*map(_without_lines, there)] == [*map(_without_lines, here[: len(there)])]
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


@pytest.mark.parametrize("name", ANSWERS, ids="-".join)
def test_answers_are_scored_one_by_one(name, capsys):
    group = ANSWERS[name]
    keys = {item: answer.key() for item, answer in group.items.items()}
    assert group.score(**keys) == len(keys)
    for item in keys:
        assert group.score(**{**keys, item: None}) == len(keys) - 1
        assert group.score(**{**keys, item: -77}) == len(keys) - 1
    assert group.score(**dict.fromkeys(keys)) == 0


@pytest.mark.parametrize("name", ANSWERS, ids="-".join)
def test_each_foreseen_wrong_answer_is_wrong_and_explained(name, capsys):
    group = ANSWERS[name]
    keys = {item: answer.key() for item, answer in group.items.items()}
    for item, answer in group.items.items():
        assert answer.wrong
        for sentence, wrong in answer.wrong.items():
            value = wrong()
            if value == answer.key():
                continue  # this mistake makes no difference to this question
            capsys.readouterr()
            assert group.score(**{**keys, item: value}) == len(keys) - 1
            printed = capsys.readouterr().out
            others = [s for s, w in answer.wrong.items() if w() == value]
            assert any(s in printed for s in [sentence, *others])


@pytest.mark.parametrize("name", ANSWERS, ids="-".join)
def test_blank_and_unusable_answers_are_told_apart(name, capsys):
    group = ANSWERS[name]
    blank = dict.fromkeys(group.items)
    with pytest.raises(CheckFailed, match="none of"):
        group.answered(**blank)
    first = next(iter(group.items))
    for unusable in ("about ten", 2.5, True, [1.5]):
        group.answered(**{**blank, first: unusable})
        assert "cannot be an answer" in capsys.readouterr().out
        assert group.score(**{**blank, first: unusable}) == 0
    group.answered(**{**blank, first: group.items[first].key()})
    assert "still open" in capsys.readouterr().out
    if isinstance(group.items[first].key(), int):
        group.answered(**{**blank, first: DOES_NOT_FIT})


@pytest.mark.parametrize("name", ANSWERS, ids="-".join)
def test_an_answer_counts_in_every_spelling(name, capsys):
    group = ANSWERS[name]
    keys = {item: answer.key() for item, answer in group.items.items()}
    spelled = {
        item: f" {key.capitalize()}. " if isinstance(key, str) else np.array(key, dtype=float)
        for item, key in keys.items()
    }
    group.answered(**spelled)
    assert group.score(**spelled) == len(keys)
    listed = {i: list(k) if isinstance(k, tuple) else np.int64(k) for i, k in keys.items()
              if not isinstance(k, str)}  # fmt: skip
    assert group.score(**{**keys, **listed}) == len(keys)
