"""Each check rejects every wrong version with the message meant for it, and accepts right ones.

Every check module under `course_utils.checks` is found by itself, and so are the candidates: the
module `graders.<assignment>` of the same name.
"""

import importlib
import importlib.util
import pkgutil

import numpy as np
import pytest

from course_utils import checks
from course_utils.checks.answers import DOES_NOT_FIT, Answers
from course_utils.checks.engine import Check, CheckFailed
from course_utils.checks.outcome import call
from graders import candidates
from graders.remembered import remembered

ASSIGNMENTS = [m.name for m in pkgutil.iter_modules(checks.__path__) if m.ispkg]
CHECKS, ANSWERS = {}, {}
for _assignment in ASSIGNMENTS:
    for _module in (f"graders{room}.{_assignment}" for room in ("", ".forms", ".styles")):
        if importlib.util.find_spec(_module) is not None:
            importlib.import_module(_module)
    for _name, _value in vars(importlib.import_module(f"{checks.__name__}.{_assignment}")).items():
        if isinstance(_value, Check):
            CHECKS[_assignment, _value.name] = remembered(_value)
        elif isinstance(_value, Answers):
            ANSWERS[_assignment, _name] = _value

SUSPECTS = [(name, sentence) for name, check in CHECKS.items() for sentence in check.suspects]
KNOWN = [c for c in candidates.REGISTERED if c.key in CHECKS]
VISIBLE, HIDDEN, OTHER = None, 20, 999
# A size that does not fit is what some suspects are about.
MEANT_ERRORS = (
    "Kernel size can't be greater",
    "the shapes do not match",
    "never used?",
    "expects a non-empty TensorList",
)


def _words(value):
    """Names and sentences, and the seed as it is."""
    return "-".join(value) if isinstance(value, tuple) else str(value)


def run(ask, *functions, seed: int | None) -> str | None:
    """What the student is told by a check, or None where the functions pass."""
    try:
        ask(*functions, seed=seed)
    except CheckFailed as failure:
        return str(failure)
    return None


def test_an_assignment_is_found():
    assert "a1_convolution" in ASSIGNMENTS
    assert len(CHECKS) >= 8


def test_every_candidate_is_of_a_check_that_exists():
    unknown = [c.label for c in candidates.REGISTERED if c not in KNOWN]
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
    """The parts before the one that tells it apart pass, so all parts are run one by one.

    Graded, those parts that the student sees fail are run again, with hidden cases.
    """
    check, suspect = CHECKS[name], CHECKS[name].functions[sentence]
    told = _told(check, suspect, check.parts, VISIBLE)
    assert told, "passes every part"
    assert any(sentence in text for text in told.values()), told
    assert any("expected" in text for text in told.values())
    graded = _told(check, suspect, told, HIDDEN)
    assert any(sentence in text for text in graded.values()), graded
    for text in graded.values():
        assert "expected = " not in text.replace("expected  =", "expected =")
    for cases in check.parts.values():  # one that stumbles over a case can never be recognised
        for case in cases(np.random.default_rng(0)):
            outcome = call(suspect, case.args, case.kwargs)
            assert outcome.error is None or any(words in outcome.error for words in MEANT_ERRORS)


def _told(check, function, parts, seed):
    """What is told in each of some parts that fail."""
    told = {}
    for part in parts:
        try:
            check.compare(function, part, seed=seed)
        except CheckFailed as failure:
            told[part] = str(failure)
    return told


# With the usual seeds mutants and alternatives are judged in `tests/grading/test_fairness.py`, here
# and graded side by side.
@pytest.mark.parametrize("candidate", [c for c in KNOWN if not c.says], ids=lambda c: c.label)
def test_every_alternative_passes_with_other_seeds(candidate):
    assert run(CHECKS[candidate.key], *candidate.functions, seed=OTHER) is None


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
            told = capsys.readouterr().out
            others = [s for s, w in answer.wrong.items() if w() == value]
            assert any(s in told for s in [sentence, *others])


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
