"""Each check rejects every wrong version with the message meant for it, and accepts right ones.

Every check module under `course_utils.checks` is found by itself, and so are the candidates: the
module `graders.<assignment>` of the same name.
"""

import importlib
import pkgutil

import numpy as np
import pytest

from course_utils import checks
from course_utils.checks.answers import DOES_NOT_FIT, Answers
from course_utils.checks.engine import Check, CheckFailed
from course_utils.checks.outcome import call
from graders import candidates

ASSIGNMENTS = [m.name for m in pkgutil.iter_modules(checks.__path__) if m.ispkg]
MODULES = [importlib.import_module(f"course_utils.checks.{name}") for name in ASSIGNMENTS]
for _name in ASSIGNMENTS:
    importlib.import_module(f"graders.{_name}")

CHECKS = {c.name: c for m in MODULES for c in vars(m).values() if isinstance(c, Check)}
ANSWERS = {n: a for m in MODULES for n, a in vars(m).items() if isinstance(a, Answers)}
SUSPECTS = [(name, sentence) for name, check in CHECKS.items() for sentence in check.suspects]
VISIBLE, HIDDEN = None, 20


def run(name: str, function, seed: int | None) -> str | None:
    """What the student is told, or None where the function passes."""
    try:
        CHECKS[name](function, seed=seed)
    except CheckFailed as failure:
        return str(failure)
    return None


def test_an_assignment_is_found():
    assert "a1_convolution" in ASSIGNMENTS
    assert len(CHECKS) >= 8


@pytest.mark.parametrize("name", CHECKS)
def test_enough_mutants_and_alternatives(name):
    own = [c for c in candidates.REGISTERED if c.check == name]
    assert len(CHECKS[name].suspects) >= 6
    assert sum(c.says is None for c in own) >= 3
    assert sum(c.says is not None for c in own) >= 1


@pytest.mark.parametrize("seed", [VISIBLE, HIDDEN])
@pytest.mark.parametrize(("name", "sentence"), SUSPECTS)
def test_every_suspect_is_rejected_with_its_own_sentence(name, sentence, seed):
    """The parts before the one that tells it apart pass, so all parts are run one by one."""
    check = CHECKS[name]
    told = []
    for part in check.parts:
        try:
            check(check.suspects[sentence], part, seed=seed)
        except CheckFailed as failure:
            told.append(str(failure))
    assert told, "passes every part"
    assert any(sentence in text for text in told), told


@pytest.mark.parametrize("seed", [VISIBLE, HIDDEN])
@pytest.mark.parametrize(
    "candidate", [c for c in candidates.REGISTERED if c.says], ids=lambda c: c.label
)
def test_every_mutant_is_rejected_with_the_message_meant_for_it(candidate, seed):
    message = run(candidate.check, candidate.function, seed)
    assert message is not None, "passes"
    assert candidate.says in message


@pytest.mark.parametrize("seed", [VISIBLE, HIDDEN, 21, 999])
@pytest.mark.parametrize(
    "candidate", [c for c in candidates.REGISTERED if not c.says], ids=lambda c: c.label
)
def test_every_alternative_passes_in_full(candidate, seed):
    assert run(candidate.check, candidate.function, seed) is None


@pytest.mark.parametrize("name", CHECKS)
def test_hidden_messages_carry_no_expected_value(name):
    check = CHECKS[name]
    for suspect in check.suspects.values():
        visible, hidden = run(name, suspect, VISIBLE), run(name, suspect, HIDDEN)
        assert hidden is None or "expected = " not in hidden.replace("expected  = ", "expected = ")
        assert visible is None or "expected" in visible


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_scored_one_by_one(name, capsys):
    group = ANSWERS[name]
    keys = {item: answer.key() for item, answer in group.items.items()}
    assert group.score(**keys) == len(keys)
    for item in keys:
        assert group.score(**{**keys, item: None}) == len(keys) - 1
        assert group.score(**{**keys, item: -77}) == len(keys) - 1
    assert group.score(**dict.fromkeys(keys)) == 0


@pytest.mark.parametrize("name", ANSWERS)
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


@pytest.mark.parametrize("name", ANSWERS)
def test_blank_and_unusable_answers_are_told_apart(name, capsys):
    group = ANSWERS[name]
    blank = dict.fromkeys(group.items)
    with pytest.raises(CheckFailed, match="none of"):
        group.answered(**blank)
    first = next(iter(group.items))
    with pytest.raises(CheckFailed, match="cannot be an answer"):
        group.answered(**{**blank, first: "about ten"})
    with pytest.raises(CheckFailed, match="cannot be an answer"):
        group.answered(**{**blank, first: 2.5})
    group.answered(**{**blank, first: group.items[first].key()})
    assert "still open" in capsys.readouterr().out
    if isinstance(group.items[first].key(), int):
        group.answered(**{**blank, first: DOES_NOT_FIT})


@pytest.mark.parametrize("name", ANSWERS)
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


@pytest.mark.parametrize(("name", "sentence"), SUSPECTS)
def test_suspects_answer_every_case(name, sentence):
    """One that stumbles over a case can never be recognised; a size that does not fit is meant."""
    check = CHECKS[name]
    for cases in check.parts.values():
        for case in cases(np.random.default_rng(0)):
            outcome = call(check.suspects[sentence], case.args, case.kwargs)
            meant = ("Kernel size can't be greater", "the shapes do not match")
            assert outcome.error is None or any(words in outcome.error for words in meant)
