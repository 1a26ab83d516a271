"""A check: cases from easy to nasty, an oracle, and suspects that explain likely mistakes.

A check touches the student's functions only through a probe, which brings plain data, and compares
that: so they may live in another process, which is then asked for all cases of a part at once.
"""

import functools
import inspect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.checks.compare import (
    SHOWN_ELEMENTS,
    difference,
    finite,
    has_numbers,
    show_value,
)
from course_utils.checks.outcome import Look, Outcome, call
from course_utils.tracebacks import used_package

HIDDEN_ROUNDS = 3  # a hidden test repeats the grid with this many seeds
FEW_SENTENCES = 3  # of which any may be the right one
FEW = 12  # an impossible call shows lists and tables of so many numbers


class CheckFailed(AssertionError):
    """A student's function failed a check; the text says what and why."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback through the check's own code."""
        return [str(self)]


@dataclass(frozen=True)
class Case:
    """One call: positional and keyword arguments."""

    args: tuple
    kwargs: dict = field(default_factory=dict)

    @property
    def effort(self) -> int:
        """How hard the case is to follow by eye: its numbers, and a layout that is no clue."""
        arrays = [a for a in self.args if isinstance(a, np.ndarray)]
        odd_layout = any(not a.flags.c_contiguous for a in arrays)
        return sum(a.size for a in arrays) + 1000 * odd_layout


@dataclass(frozen=True)
class Rejection:
    """A call that must raise ValueError, and a pattern that its message must match."""

    case: Case
    words: str


def case(*args, **kwargs) -> Case:
    """Write a case as the call that it stands for."""
    return Case(args, kwargs)


def rejection(words: str, *args, **kwargs) -> Rejection:
    """Write a rejection as the call, and what a word of its message may begin with.

    `words` are alternatives such as `"stride|step"`, the argument's own name first, since a student
    reads it; `k\\b` is the word k alone. Words that Python's or NumPy's own errors hold, such as
    shape, name no argument.
    """
    return Rejection(Case(args, kwargs), words)


def grid(**options: Iterable) -> Iterator[dict[str, Any]]:
    """Every combination of the options, the last name varying fastest.

    >>> list(grid(stride=[1, 2], padding=[0]))
    [{'stride': 1, 'padding': 0}, {'stride': 2, 'padding': 0}]
    """
    for values in itertools.product(*options.values()):
        yield dict(zip(options, values, strict=True))


@dataclass
class Check:
    """Compares a student's function with an oracle and names the likely mistake.

    Parameters
    ----------
    name
        Of the function, as the student writes it.
    oracle
        The professional tool behind the same signature.
    tool
        Its name in words, such as `torch.nn.functional.conv2d`.
    parts
        Name of each rung and the function that makes its cases from a random generator.
    suspects
        The sentence that a student should read, and the oracle with just that thing wrong.
    rejects
        Calls that must raise ValueError; they make up the part `"invalid"`.
    tolerance
        Relative to the largest expected value, by dtype.
    arrange
        Looks at the student's functions, and gives what the oracle gives for the same arguments.
    forbidden
        Packages that the student's functions may not use.
    hints
        A regular expression of an error's text, and the sentence that a student should then read.
    also
        By part, what agrees besides the tool's results: the end of the sentence that says so.
    """

    name: str
    oracle: Callable
    tool: str
    parts: dict[str, Callable[[np.random.Generator], Iterable[Case]]]
    suspects: dict[str, Callable] = field(default_factory=dict)
    rejects: list[Rejection] = field(default_factory=list)
    tolerance: dict[str, float] = field(default_factory=lambda: {"float64": 1e-9, "float32": 1e-4})
    arrange: Look = field(default_factory=Look)
    forbidden: tuple[str, ...] = ()
    also: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    _remembered: dict = field(default_factory=dict, init=False, repr=False)

    @property
    def part_names(self) -> list[str]:
        """All parts in order, `"invalid"` last where there are rejections."""
        return [*self.parts, *(["invalid"] if self.rejects else [])]

    def __call__(self, *given: Callable | str, seed: int | None = None) -> None:
        """Check a student's function; print what agrees, raise at the first part that does not.

        Parameters
        ----------
        given
            The student's function, or functions, then the names of the rungs; all by default.
        seed
            None for the visible check, which shows values. A hidden test gives a seed: other
            numbers and shapes, more rounds, and no expected value in the message.

        Raises
        ------
        CheckFailed
            If a result differs, naming the case and, where one explains it, the mistake.
        ValueError
            For an unknown part: a slip in the notebook, not the student's.
        """
        functions = [f for f in given if not isinstance(f, str)]
        for function in functions:
            if package := used_package(function, self.forbidden):
                raise CheckFailed(
                    f"✗ {self.name}: your function uses {package}, which does the whole task. "
                    "Build it yourself: while this is graded, it is not there."
                )
        parts = [part for part in given if isinstance(part, str)]
        self._check(functools.partial(self.arrange.outcomes, functions), parts, seed)

    def compare(self, function: Callable, *parts: str, seed: int | None = None) -> None:
        """As a call, with a function that has the oracle's signature already."""
        self._check(functools.partial(Look().outcomes, [function]), parts, seed)

    def _check(self, look: Callable, parts: Sequence[str], seed: int | None) -> None:
        for part in parts or self.part_names:
            if part not in self.part_names:
                raise ValueError(f"{self.name} has no part {part!r}, only {self.part_names}")
            if part == "invalid":
                self._check_rejections(look)
            else:
                self._check_part(look, part, seed)

    def remember(self, parts: Iterable[str], seed: int | None) -> None:
        """Have the answers of the professional tool ready: for whoever checks many."""
        for part in parts:
            if part in self.parts:
                cases = self._cases(part, seed)
                self._remembered[part, seed] = cases, self._wanted(cases)

    def _cases(self, part: str, seed: int | None) -> list[Case]:
        seeds = [0] if seed is None else range(seed, seed + HIDDEN_ROUNDS)
        return [c for s in seeds for c in self.parts[part](np.random.default_rng(s))]

    def _wanted(self, cases: list[Case]) -> list[Any]:
        return [self.oracle(*c.args, **c.kwargs) for c in cases]

    def _check_part(self, look: Callable, part: str, seed: int | None) -> None:
        cases, wanted = self._remembered.get((part, seed), (None, None))
        cases = cases or self._cases(part, seed)
        given = list(self._outcomes(look, cases))
        wanted = wanted or self._wanted(cases)
        wrong = [
            (c.effort, i, why)
            for i, (c, outcome, value) in enumerate(zip(cases, given, wanted, strict=True))
            if (why := self._why_wrong(outcome, value))
        ]
        if not wrong:
            count = "1 case agrees" if len(cases) == 1 else f"{len(cases)} cases agree"
            print(f"✓ {self.name}, {part}: {count} with {self.tool}{self.also.get(part, '')}")
            return
        _, at, why = min(wrong)
        if given[at].kind == "NotImplementedError":
            raise CheckFailed(f"✗ {self.name}: {why}")
        lines = [f"✗ {self.name}, {part}: {why}", given[at].where]
        lines += self._explanations(cases, given, wanted, at, {i for _, i, _ in wrong})
        lines += [f"Seen with {self._describe(cases[at])}."]
        if len(wrong) < len(cases):
            lines += [f"{len(cases) - len(wrong)} of {len(cases)} cases agree."]
        if seed is None:
            lines += self._values(cases[at], given[at], wanted[at])
        raise CheckFailed("\n  ".join(filter(None, lines)))

    def _why_wrong(self, outcome: Outcome, wanted: Any) -> str | None:
        if outcome.error is not None:
            return outcome.error
        if outcome.modified:
            return f"your function changes its argument {outcome.modified}; work on a copy"
        return difference(outcome.value, wanted, self.tolerance)

    def _explanations(
        self, cases: list[Case], given: list[Outcome], wanted: list[Any], at: int, wrong: set[int]
    ) -> list[str]:
        """The sentence of the suspect that gives the student's results most often.

        It is certain if it gives all of them, at least two of them wrong: one may agree by
        accident. Else there may be several mistakes at once, and the sentence is said of this case
        only, if numbers of an array agree here or another wrong result agrees as well. Nothing is
        explained by a suspect that is right in this case, that stumbles as well, or that is wrong
        in more cases where the student is right than it explains. Of a few that agree as often,
        any may be the right one.
        """
        if given[at].error is not None:
            told = [s for pattern, s in self.hints.items() if re.search(pattern, given[at].error)]
            return told[:1]
        if given[at].modified:
            return []
        ranked, right = [], {*range(len(cases))} - wrong
        for sentence, suspect in self.suspects.items():
            here = self._try(suspect, cases[at])
            if not self._alike(here, given[at]) or not self._why_wrong(here, wanted[at]):
                continue
            found = [self._try(suspect, c) for c in cases]
            alike = {i for i, outcome in enumerate(found) if self._alike(outcome, given[i])}
            telling = len(alike & wrong)
            if sum(bool(self._why_wrong(found[i], wanted[i])) for i in right) > telling:
                continue
            if telling > 1 or len(wrong) == 1 or has_numbers(given[at].value):
                ranked.append((len(alike), telling, sentence))
        if not ranked:
            return []
        most, telling = max((alike, told) for alike, told, _ in ranked)
        sentences = [s for *counts, s in ranked if counts == [most, telling]]
        if len(sentences) > FEW_SENTENCES:
            return []
        exact = has_numbers(given[at].value)
        if len(sentences) > 1:  # nothing here tells them apart
            first = "Either" if exact else "Perhaps"
            sentences = [f"{'or' if i else first}: {s}" for i, s in enumerate(sentences)]
        certain = (most == len(cases) and telling > 1) or sentences[0].startswith("Perhaps")
        return sentences if certain else [f"In this case: {sentences[0]}", *sentences[1:]]

    def _alike(self, suspect: Outcome, given: Outcome) -> bool:
        if suspect.error is not None or given.error is not None:
            return suspect.kind == given.kind
        own, other = (finite(value) for value in (given.value, suspect.value))
        return difference(own, other, self.tolerance) is None

    def _check_rejections(self, look: Callable) -> None:
        possible = next(iter(next(iter(self.parts.values()))(np.random.default_rng(0))))
        outcomes = self._outcomes(look, [possible, *(r.case for r in self.rejects)])
        self._check_acceptance(possible, next(outcomes))
        for rejected, outcome in zip(self.rejects, outcomes, strict=True):
            if outcome.kind == "NotImplementedError":
                raise CheckFailed(f"✗ {self.name}: {outcome.error}")
            why = _why_not_rejected(outcome, rejected.words)
            if why:
                call_text = self._describe(rejected.case)
                lines = [f"✗ {self.name}, invalid: {why}", outcome.where]
                lines += [f"Called with {call_text}."]
                for name, array in self._arrays(rejected.case).items():
                    if array.size <= FEW and array.ndim <= 2:
                        lines += show_value(name, array)
                raise CheckFailed("\n  ".join(filter(None, lines)))
        count = len(self.rejects)
        calls = "1 impossible call raises" if count == 1 else f"{count} impossible calls raise"
        print(f"✓ {self.name}, invalid: {calls} ValueError")

    def _check_acceptance(self, possible: Case, outcome: Outcome) -> None:
        """Who refuses every call, with words for all of them, has not looked at any."""
        if outcome.kind == "ValueError" and any(
            _why_not_rejected(outcome, rejected.words) is None for rejected in self.rejects
        ):
            lines = [f"✗ {self.name}, invalid: this call is possible, yet {outcome.error}"]
            lines += [outcome.where, f"Called with {self._describe(possible)}."]
            raise CheckFailed("\n  ".join(filter(None, lines)))

    def _outcomes(self, look: Callable, cases: list[Case]) -> Iterator[Outcome]:
        return look([(c.args, c.kwargs) for c in cases], self._names)

    def _try(self, function: Callable, case: Case) -> Outcome:
        return call(function, case.args, case.kwargs, self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the oracle's positional arguments."""
        parameters = inspect.signature(self.oracle).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)

    def _arrays(self, case: Case) -> dict[str, np.ndarray]:
        """The case's arrays by their names."""
        pairs = zip(inspect.signature(self.oracle).parameters, case.args, strict=False)
        return {name: value for name, value in pairs if isinstance(value, np.ndarray)}

    def _describe(self, case: Case) -> str:
        """`5×9 image, 3×2 kernel, stride=2`."""
        names = inspect.signature(self.oracle).parameters
        words = [_word(n, v) for n, v in zip(names, case.args, strict=False)]
        return ", ".join(words + [f"{n}={v!r}" for n, v in case.kwargs.items()])

    def _values(self, case: Case, outcome: Outcome, wanted: Any) -> list[str]:
        shown: dict[str, Any] = self._arrays(case)
        own, kind = outcome.value, ""
        if isinstance(wanted, dict):  # several results: show the first that differs
            own = own or {}
            kind = next(
                (n for n in wanted if difference(own.get(n), wanted[n], self.tolerance)),
                next(iter(wanted)),
            )
            own, wanted = own.get(kind), wanted[kind]
        if outcome.error is None and _kind(own) != _kind(wanted):
            return []  # the numbers are not what differs
        results = {f"your {kind}" if kind else "yours": own} if outcome.error is None else {}
        results[f"expected {kind}".strip()] = wanted
        alike = getattr(own, "shape", ()) == getattr(wanted, "shape", ())  # else axes are the point
        compact = {n: _without_ones(v) for n, v in shown.items()}
        compact |= {n: _without_ones(v) if alike else v for n, v in results.items()}
        width = max(map(len, compact))
        lines = [line for n, v in compact.items() for line in show_value(n.ljust(width), v)]
        if outcome.error is None and _look_alike(own, wanted):
            gap = np.array2string(own - wanted, precision=1, prefix=" " * (width + 3))
            lines += f"{'gap'.ljust(width)} = {gap}".splitlines()
        if any(v is not compact[n] for n, v in (shown | results).items()):
            lines.append("(Axes of length 1 in front are left out.)")
        return [line for line in lines if line.strip()]


def _kind(value: Any) -> str:
    """The dtype of an array; all other values are of one kind."""
    return str(value.dtype) if isinstance(value, np.ndarray) else ""


def _without_ones(value: Any) -> Any:
    """Without axes of length 1 in front, as a matrix at least: images are then read more easily."""
    if isinstance(value, np.ndarray) and value.size <= SHOWN_ELEMENTS:
        while value.ndim > 2 and len(value) == 1:
            value = value[0]
    return value


def _look_alike(own: Any, wanted: Any) -> bool:
    """Whether two arrays print alike, though they differ."""
    if not isinstance(own, np.ndarray) or not isinstance(wanted, np.ndarray):
        return False
    small = own.shape == wanted.shape and own.size <= SHOWN_ELEMENTS
    return small and show_value("", own) == show_value("", wanted)


def _word(name: str, value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"{name}={value!r}"
    kind = "" if value.dtype == np.float64 else f" of {value.dtype}"
    layout = "" if value.flags.c_contiguous else ", not contiguous"
    return f"{'×'.join(map(str, value.shape))} {name}{kind}{layout}"


def _why_not_rejected(outcome: Outcome, words: str) -> str | None:
    if outcome.error is None:
        text = " ".join(" ".join(show_value("", outcome.value)).split())
        return f"this call cannot work, yet it returned {text}. Raise ValueError."
    if outcome.kind != "ValueError":
        return f"expected ValueError with a sentence, but {outcome.error}"
    if re.search(rf"\b(?:{words})", outcome.message, re.IGNORECASE):
        return None
    name = re.match(r"[\w.]+", words).group()
    if not outcome.message:
        return f"ValueError is right, but its message is empty: say what is wrong with {name}."
    return (
        f"ValueError is right, but {outcome.message!r} does not say what is wrong: check {name} "
        "yourself, and name it."
    )
