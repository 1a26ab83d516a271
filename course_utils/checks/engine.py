"""A check: cases from easy to nasty, an oracle, and suspects that explain likely mistakes.

A check touches the student's functions only through a probe, which brings plain data, and compares
that: so they may live in another process, which is then asked for all cases of a part at once.
"""

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.checks import common, say
from course_utils.checks.changes import Change, apply, made
from course_utils.checks.compare import difference, show_value
from course_utils.checks.find import Search
from course_utils.checks.hints import explained, hint
from course_utils.checks.outcome import Look, Outcome
from course_utils.tracebacks import used_package

HIDDEN_ROUNDS = 2  # a hidden test repeats the grid with this many seeds
PAIRS = 400  # of suspects that are tried at most: what may be asked of a quick oracle


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
class Known:
    """The cases of a part, the right answers, and what suspects gave when they were asked."""

    cases: list[Case]
    wanted: list[Any] = field(default_factory=list)
    asked: dict = field(default_factory=dict)


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
        The sentence that a student should read, and the mistake: as data where it can be, see
        `changes`, else as the oracle with just that thing wrong.
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
    recipe
        Makes a function of the oracle's signature; its options are what suspects change.
    most_pairs
        By part, how many pairs of suspects are tried at most; under `""` that of all others. It
        holds the time for a cause below two seconds.
    """

    name: str
    oracle: Callable
    tool: str
    parts: dict[str, Callable[[np.random.Generator], Iterable[Case]]]
    suspects: dict[str, Callable | Change | dict] = field(default_factory=dict)
    rejects: list[Rejection] = field(default_factory=list)
    tolerance: dict[str, float] = field(default_factory=lambda: {"float64": 1e-9, "float32": 1e-4})
    arrange: Look = field(default_factory=Look)
    forbidden: tuple[str, ...] = ()
    also: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    recipe: Callable | None = None
    most_pairs: dict[str, int] = field(default_factory=dict)
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
                self._remembered[part, seed] = Known(cases, self._wanted(cases))

    def _cases(self, part: str, seed: int | None) -> list[Case]:
        return [c for s in self._seeds(seed) for c in self.parts[part](np.random.default_rng(s))]

    def _seeds(self, seed: int | None) -> Sequence[int]:
        return [0] if seed is None else range(seed, seed + HIDDEN_ROUNDS)

    def _wanted(self, cases: list[Case]) -> list[Any]:
        return [self.oracle(*c.args, **c.kwargs) for c in cases]

    def _check_part(self, look: Callable, part: str, seed: int | None) -> None:
        known = self._remembered.get((part, seed)) or Known(self._cases(part, seed))
        cases = known.cases
        given = list(self._outcomes(look, cases))
        wanted = known.wanted = known.wanted or self._wanted(cases)
        wrong = [
            (c.effort, i, why)
            for i, (c, outcome, value) in enumerate(zip(cases, given, wanted, strict=True))
            if (why := self._why_wrong(outcome, value)) is not None
        ]
        if not wrong:
            count = "1 case agrees" if len(cases) == 1 else f"{len(cases)} cases agree"
            print(f"✓ {self.name}, {part}: {count} with {self.tool}{self.also.get(part, '')}")
            return
        _, at, why = min(wrong)
        if given[at].kind == "NotImplementedError":
            raise CheckFailed(f"✗ {self.name}: {why}")
        lines = [f"✗ {self.name}, {part}: {why}", given[at].where]
        with contextlib.suppress(ArithmeticError, LookupError, TypeError, ValueError):
            # An odd answer may not be explained, and stays wrong.
            lines += self._causes(part, known, given, at)
        lines += [f"Seen with {self._describe(cases[at])}."]
        if len(wrong) < len(cases):
            lines += [f"{len(cases) - len(wrong)} of {len(cases)} cases agree."]
        if seed is None:
            shown = self._arrays(cases[at])
            lines += say.values(shown, given[at], wanted[at], self.tolerance)
        raise CheckFailed("\n  ".join(filter(None, lines)))

    def _why_wrong(self, outcome: Outcome, wanted: Any) -> str | None:
        if outcome.error is not None:
            return outcome.error
        if outcome.modified:
            return f"your function changes its argument {outcome.modified}; work on a copy"
        return difference(outcome.value, wanted, self.tolerance)

    def _causes(self, part: str, known: Known, given: list[Outcome], at: int) -> list[str]:
        """Sentences that explain what came back; see `find` and `say`."""
        if given[at].modified:
            return []
        cases, wanted = known.cases, known.wanted
        pairs = self.most_pairs.get(part, self.most_pairs.get("", PAIRS))
        search = Search(
            {s: made(suspect) for s, suspect in self.suspects.items()},
            cases, given, wanted, self.tolerance, self.oracle, self.recipe, self._names,
            pairs, known.asked,
        )  # fmt: skip
        defaults = {n: p.default for n, p in inspect.signature(self.oracle).parameters.items()
                    if p.default is not p.empty}  # fmt: skip
        if given[at].error is not None:
            told = explained(given[at], self.hints)
            return [told] if told else search.where_wrong(defaults)
        if told := say.sentences(search.causes()):
            return told
        if told := hint(self._why_wrong(given[at], wanted[at]) or "", self.hints):
            return [told]
        seen = search.seen(common.NUMBERS)
        everywhere = [s for s in seen if not s.startswith(common.HERE)]
        if told := search.from_elsewhere() or everywhere:
            return told
        others = common.other_calls(self._names, cases, defaults)
        search.suspects = dict(itertools.islice(others.items(), pairs))
        search.most_pairs = 0
        search.cases = [Case(c.args, self._in_full(c, defaults)) for c in cases]
        if told := say.sentences(search.causes()):
            return told
        search.cases = cases
        if told := seen or search.moved()[:1]:
            return told
        return search.seen(common.PLACES) + search.where_wrong(defaults) or search.which_results()

    def _in_full(self, case: Case, defaults: dict[str, Any]) -> dict[str, Any]:
        """Keyword arguments, with those that are not given."""
        given = self._names[: len(case.args)]
        return {n: v for n, v in defaults.items() if n not in given} | case.kwargs

    @functools.cached_property
    def functions(self) -> dict[str, Callable]:
        """Each suspect as a wrong function, in the signature of the oracle, by its sentence."""
        return {
            sentence: apply([made(s)], self.oracle, self.recipe)
            for sentence, s in self.suspects.items()
        }

    def _check_rejections(self, look: Callable) -> None:
        possible = next(iter(next(iter(self.parts.values()))(np.random.default_rng(0))))
        outcomes = self._outcomes(look, [possible, *(r.case for r in self.rejects)])
        self._check_acceptance(possible, next(outcomes))
        for rejected, outcome in zip(self.rejects, outcomes, strict=True):
            if outcome.kind == "NotImplementedError":
                raise CheckFailed(f"✗ {self.name}: {outcome.error}")
            why = say.why_not_rejected(outcome, rejected.words)
            if why:
                call_text = self._describe(rejected.case)
                lines = [f"✗ {self.name}, invalid: {why}", outcome.where]
                lines += [f"Called with {call_text}."]
                for name, array in self._arrays(rejected.case).items():
                    if array.size <= say.IMPOSSIBLE and array.ndim <= 2:
                        lines += show_value(name, array)
                raise CheckFailed("\n  ".join(filter(None, lines)))
        count = len(self.rejects)
        calls = "1 impossible call raises" if count == 1 else f"{count} impossible calls raise"
        print(f"✓ {self.name}, invalid: {calls} ValueError")

    def _check_acceptance(self, possible: Case, outcome: Outcome) -> None:
        """Who refuses every call, with words for all of them, has not looked at any."""
        if outcome.kind == "ValueError" and any(
            say.why_not_rejected(outcome, rejected.words) is None for rejected in self.rejects
        ):
            lines = [f"✗ {self.name}, invalid: this call is possible, yet {outcome.error}"]
            lines += [outcome.where, explained(outcome, self.hints)]
            lines += [f"Called with {self._describe(possible)}."]
            raise CheckFailed("\n  ".join(filter(None, lines)))

    def _outcomes(self, look: Callable, cases: list[Case]) -> Iterator[Outcome]:
        return look([(c.args, c.kwargs) for c in cases], self._names)

    @functools.cached_property
    def _names(self) -> tuple[str, ...]:
        """Of the oracle's positional arguments."""
        parameters = inspect.signature(self.oracle).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)

    def _describe(self, case: Case) -> str:
        names = [*inspect.signature(self.oracle).parameters]
        return say.case_in_words(names, case.args, case.kwargs)

    def _arrays(self, case: Case) -> dict[str, np.ndarray]:
        return say.arrays([*inspect.signature(self.oracle).parameters], case.args)
