"""Graded answers to questions: told apart from blanks at once, compared when graded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from course_utils.checks.engine import CheckFailed

DOES_NOT_FIT = "does not fit"


@dataclass(frozen=True)
class Answer:
    """What is asked, how the professional tool answers, and what likely mistakes give.

    `key` and each value of `wrong` are computed when graded; `wrong` maps the sentence that
    explains a mistake to the answer that it leads to.
    """

    asked: str
    key: Callable[[], Any]
    wrong: dict[str, Callable[[], Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """A group of questions, each worth one point."""

    items: dict[str, Answer]

    def answered(self, **given: Any) -> None:
        """Say which answers are still open or cannot be one; right or wrong is not told.

        Raises
        ------
        CheckFailed
            If nothing is answered, or an answer is of a kind that cannot be right.
        """
        self._same_names(given)
        unusable = [
            f"{name} = {value!r} cannot be an answer: expected {_kind(self.items[name].key())}"
            for name, value in given.items()
            if value is not None
            and _kind(_plain(value)) != _kind(self.items[name].key())
            and value != DOES_NOT_FIT
        ]
        if unusable:
            raise CheckFailed("\n  ".join(["✗ answers", *unusable]))
        still_open = [name for name, value in given.items() if value is None]
        if len(still_open) == len(given):
            raise CheckFailed(f"✗ answers: none of {', '.join(given)} is answered yet")
        done = len(given) - len(still_open)
        rest = f"; still open: {', '.join(still_open)}" if still_open else ""
        print(f"✓ answers: {done} of {len(given)} given{rest}")

    def score(self, **given: Any) -> int:
        """Number of right answers; says of each wrong one which mistake leads to it."""
        self._same_names(given)
        right = 0
        for name, value in given.items():
            item = self.items[name]
            if value is not None and _plain(value) == item.key():
                print(f"✓ {name}")
                right += 1
            else:
                print(f"✗ {name} ({item.asked}): {_explain(item, value)}")
        return right

    def _same_names(self, given: dict[str, Any]) -> None:
        if given.keys() != self.items.keys():
            raise ValueError(f"expected the answers {list(self.items)}, got {list(given)}")


def _plain(value: Any) -> Any:
    """Lists and tuples are the same answer."""
    return tuple(value) if isinstance(value, list) else value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "no truth value"
    if isinstance(value, tuple):
        return f"{len(value)} whole numbers"
    return "a whole number" if isinstance(value, int) else f"no {type(value).__name__}"


def _explain(item: Answer, value: Any) -> str:
    if value is None:
        return "not answered"
    for sentence, wrong in item.wrong.items():
        if _plain(value) == wrong():
            return sentence
    return "not this. Write the formula with every symbol, and run the layer to compare."
