"""Find the mistake: the smallest set of suspects, one or two, that explains what came back.

Asked are the suspects one by one, first on the smallest case that differs and then on all; then
each of several results by itself; then two suspects at once; and where nothing gives the numbers,
those that give the shapes.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.checks import common
from course_utils.checks.changes import Change, Memory, apply, can_be_two
from course_utils.checks.compare import agree, finite, has_numbers, is_empty
from course_utils.checks.outcome import Outcome, call

FEW_SENTENCES = 3  # of which any may be the right one
TELLING = 2  # cases that tell a mistake, so that it is certain


@dataclass(frozen=True)
class Cause:
    """What explains the results of a part, or one of them.

    Attributes
    ----------
    alternatives
        Sets of sentences, of which any may be the right one; those of one set hold together.
    certain
        Whether all results agree with it, at least two of them wrong ones.
    exact
        Whether numbers of an array agree.
    by_shape
        Whether only the shapes agree.
    name
        The one of several results that it explains; all where it is empty.
    """

    alternatives: list[tuple[str, ...]]
    certain: bool
    exact: bool = False
    by_shape: bool = False
    name: str = ""


@dataclass
class Search:
    """What came back in a part, and what suspects give in the same cases, each asked once.

    Attributes
    ----------
    suspects
        Sentences and what they say.
    cases, given, wanted
        The cases of the part, what came back, and what is right.
    tolerance
        As a check has it.
    oracle, recipe, names
        Of the check: what makes functions of suspects, and the names of positional arguments.
    most_pairs
        So many pairs of suspects are tried.
    asked
        What suspects gave, by their sentences and the number of the case: a memory, which searches
        in the same cases may share.
    """

    suspects: dict[str, Change]
    cases: Sequence[Any]
    given: list[Outcome]
    wanted: list[Any]
    tolerance: dict[str, float]
    oracle: Callable
    recipe: Callable | None
    names: tuple[str, ...]
    most_pairs: int
    asked: dict[tuple[tuple[str, ...], int], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._memory = Memory()
        self._known: dict[tuple[str, bool], set[int]] = {}

    def causes(self) -> list[Cause]:
        """What explains the results, nothing where nothing does; several explain one each."""
        whole = self._best("", self._singles())
        if whole and whole.certain:
            return [whole]
        names = self._wrong_names()
        each = [c for name in names if (c := self._best(name, self._singles()))]
        if len(each) == len(names) > 0 and all(c.certain for c in each):
            return each
        pair = self._best("", self._pairs(""), pairs=True)
        if pair and pair.certain:
            return [pair]
        each = [c or self._best(n, self._pairs(n), pairs=True) for n, c in
                ((n, next((c for c in each if c.name == n), None)) for n in names)]  # fmt: skip
        each = [c for c in each if c]
        if whole and not (each and all(c.certain for c in each)):
            return [whole]
        if each:
            return each
        shape = next((c for n in ["", *names] if (c := self._best(n, self._singles(), shape=True))),
                     None)  # fmt: skip
        return [shape] if shape else []

    def seen(self, looks: Sequence[Callable]) -> list[str]:
        """What wrong results have in common, whatever the task; see `common`."""
        told = []
        for name in self._seen_names():
            has = [i for i in range(len(self.cases)) if not self._without(i, name)]
            wrong = {k for k, i in enumerate(has) if i in self._wrong(name)}
            given = [self._of(self.given[i], name) for i in has]
            wanted = [self.wanted[i][name] if name else self.wanted[i] for i in has]
            told.append(
                common.seen(name, [self.cases[i] for i in has], given, wanted, wrong, looks)
            )
        return [each for each in told if each]

    def _seen_names(self) -> list[str]:
        """The wrong results by name; `""` where a result has none."""
        names = {n for value in self.wanted if isinstance(value, dict) for n in value}
        return self._wrong_names() or ([*names] if len(names) == 1 else [""])

    def moved(self) -> list[str]:
        """How far wrong results are from an argument; see `common`."""
        told = []
        for name in self._seen_names():
            wrong = [i for i in self._wrong(name) if not self._without(i, name)]
            given = {i: self._of(self.given[i], name) for i in wrong}
            wanted = {i: self.wanted[i][name] if name else self.wanted[i] for i in wrong}
            told.append(common.moved(name, self.names, self.cases, given, wanted))
        return [each for each in told if each]

    def from_elsewhere(self) -> list[str]:
        """Which wrong results are another result, or an argument; see `common`."""
        told = [
            common.from_elsewhere(
                name, self.cases, self.names, [o.value for o in self.given], self.wanted,
                {i for i in self._wrong(name) if not self._without(i, name)},
            )
            for name in self._seen_names()
        ]  # fmt: skip
        return [each for each in told if each]

    def which_results(self) -> list[str]:
        """Which of several results are right; see `common`."""
        dicts = [value for value in self.wanted if isinstance(value, dict)]
        names = [*dict.fromkeys(n for v in dicts for n in v if not isinstance(v[n], str))]
        wrong = self._wrong_names()
        told = common.which_results(names, wrong) if {*wrong} <= {*names} else ""
        return [told] if told else []

    def where_wrong(self, defaults: dict[str, Any]) -> list[str]:
        """Which argument tells the cases that are wrong; see `common`."""
        told = common.where_wrong(self.names, self.cases, self._wrong(""), defaults)
        return [told] if told else []

    # what is asked ----------------------------------------------------------------------------

    def _singles(self) -> Iterator[tuple[str, ...]]:
        for sentence in self.suspects:
            yield (sentence,)

    def _pairs(self, name: str) -> Iterator[tuple[str, ...]]:
        """Two suspects that may explain the smallest case that is wrong.

        First one that explains it, with one that changes nothing there; then two that both do.
        """
        wrong = self._wrong(name)
        if not wrong:
            return
        at = self._smallest(wrong)
        active, silent, fitting = [], [], []
        for sentence in self.suspects:
            here = self._outcome((sentence,), at)
            if here.error is None and not self._differs(here, at, name):
                silent.append(sentence)
            elif here.error is None:
                (fitting if self._alike(here, at, name, False) else active).append(sentence)
        pairs = [*itertools.product(fitting, silent), *itertools.combinations(active, 2)]
        pairs = [p for p in pairs if can_be_two(*(self.suspects[s] for s in p))]
        yield from pairs[: self.most_pairs]

    def _outcome(self, sentences: tuple[str, ...], i: int) -> Outcome:
        key = sentences, i
        if key not in self.asked:
            changes = [self.suspects[s] for s in sentences]
            function = apply(changes, self.oracle, self.recipe, self._memory)
            case = self.cases[i]
            self.asked[key] = call(function, case.args, case.kwargs, self.names)
        return self.asked[key]

    # what is compared -------------------------------------------------------------------------

    def _best(
        self,
        name: str,
        sets: Iterator[tuple[str, ...]],
        *,
        shape: bool = False,
        pairs: bool = False,
    ) -> Cause | None:
        """The set that gives what came back most often.

        It is certain if it gives all of it, at least two wrong results among it: one may agree by
        accident. Else it is said of this case only, if numbers of an array agree here or another
        wrong result agrees as well. Nothing is explained by a suspect that is right in this case,
        that stumbles as well, or that is wrong in more cases where the student is right than it
        explains. Of a few that agree as often, any may be the right one. Two at once, shapes alone,
        and one word or number of several, agree more easily: they explain everything or nothing.
        """
        wrong = self._wrong(name, shape)
        if not wrong:
            return None
        at, count, ranked = self._smallest(wrong), len(self.cases), []
        exact = has_numbers(self._of(self.given[at], name))
        strict = pairs or shape or bool(name and not exact)
        for sentences in sets:
            here = self._outcome(sentences, at)
            if not self._alike(here, at, name, shape) or not self._differs(here, at, name, shape):
                continue
            if strict and not self._all_alike(sentences, name, shape):
                continue
            found = [self._outcome(sentences, i) for i in range(count)]
            alike = {i for i in range(count) if self._alike(found[i], i, name, shape)}
            telling = len(
                {i for i in alike & wrong if shape or count > len(wrong) or self._tells(i, name)}
            )
            if not telling:
                continue
            others = {*range(count)} - wrong
            if sum(self._differs(found[i], i, name, shape) for i in others) > telling:
                continue
            if strict and telling < TELLING:
                continue
            if telling > 1 or len(wrong) == 1 or exact:
                ranked.append((len(alike), telling, sentences))
        if not ranked:
            return None
        most, telling = max((alike, told) for alike, told, _ in ranked)
        best = [s for *counts, s in ranked if counts == [most, telling]]
        if len(best) > FEW_SENTENCES:
            return None
        certain = most == count and telling >= TELLING
        return Cause(best, certain, exact and not shape, shape, name)

    def _wrong_names(self) -> list[str]:
        """Which of several results are wrong somewhere; none where there is one alone."""
        names = dict.fromkeys(n for value in self.wanted if isinstance(value, dict) for n in value)
        return [n for n in names if self._wrong(n)] if len(names) > 1 else []

    def _wrong(self, name: str, shape: bool = False) -> set[int]:
        """Cases in which this result is wrong, by its shape or at all; an error has no results."""
        if (name, shape) not in self._known:
            raised = {i for i, o in enumerate(self.given) if o.error is not None or o.modified}
            told = {i for i in {*range(len(self.given))} - raised
                    if self._differs(self.given[i], i, name, shape)}  # fmt: skip
            self._known[name, shape] = told | (set() if name else raised)
        return self._known[name, shape]

    def _smallest(self, wrong: set[int]) -> int:
        return min(wrong, key=lambda i: (self.cases[i].effort, i))

    def _without(self, i: int, name: str) -> bool:
        """Whether a case has no result of this name."""
        return bool(name) and name not in self.wanted[i]

    def _of(self, outcome: Outcome, name: str) -> Any:
        if not name:
            return outcome.value
        return outcome.value.get(name) if isinstance(outcome.value, dict) else None

    def _differs(self, outcome: Outcome, i: int, name: str, shape: bool = False) -> bool:
        """Whether this is not what is right."""
        if outcome.error is not None or outcome.modified:
            return True
        if self._without(i, name):
            return False
        own = self._of(outcome, name)
        wanted = self.wanted[i][name] if name else self.wanted[i]
        if shape:
            return _shapes(own) != _shapes(wanted)
        return not agree(own, wanted, self.tolerance)

    def _tells(self, i: int, name: str) -> bool:
        """Whether something of what came back is no mere NaN or 0, which many mistakes give."""
        given = self.given[i]
        if given.error is not None or given.modified:
            return True
        own, wanted = self._of(given, name), self.wanted[i][name] if name else self.wanted[i]
        if not isinstance(wanted, dict):
            own, wanted = {"": own}, {"": wanted}
        differ = (own[n] for n in wanted if not agree(own[n], wanted[n], self.tolerance))
        return not all(map(is_empty, differ))

    def _all_alike(self, sentences: tuple[str, ...], name: str, shape: bool) -> bool:
        """Asked from the smallest case on, and no further than to one that differs."""
        order = sorted(range(len(self.cases)), key=lambda i: (self.cases[i].effort, i))
        return all(self._alike(self._outcome(sentences, i), i, name, shape) for i in order)

    def _alike(self, suspect: Outcome, i: int, name: str, shape: bool) -> bool:
        """Whether this is what came back."""
        given = self.given[i]
        if suspect.error is not None or given.error is not None:
            return suspect.kind == given.kind
        if self._without(i, name):
            return True
        own, other = (self._of(each, name) for each in (given, suspect))
        if own is None or other is None:
            return own is other
        if isinstance(other, dict) and not (isinstance(own, dict) and other.keys() <= own.keys()):
            return False
        if shape:
            return _shapes(own) == _shapes(other)
        return agree(finite(own), finite(other), self.tolerance)


def _shapes(value: Any) -> Any:
    """The shape of an array, those of several by their names; None of what has none."""
    if isinstance(value, dict):
        return {name: _shapes(v) for name, v in value.items()}
    return value.shape if isinstance(value, np.ndarray) else None
