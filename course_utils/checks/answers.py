"""Graded answers to questions: told apart from blanks at once, compared when graded."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

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
            If nothing is answered. An answer that cannot be right is told, and costs only itself.
        """
        self._same_names(given)
        unusable = [
            f"{name} = {value!r} cannot be an answer: expected {_kind(self.items[name].key())}"
            for name, value in given.items()
            if value is not None and not _usable(_plain(value), self.items[name].key())
        ]
        still_open = [name for name, value in given.items() if value is None]
        if len(still_open) == len(given):
            raise CheckFailed(f"✗ answers: none of {', '.join(given)} is answered yet")
        done = len(given) - len(still_open) - len(unusable)
        for sentence in unusable:
            print(f"✗ {sentence}")
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
    """The answer as plain Python: lists, tuples and rows of an array are the same answer."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple(_plain(v) for v in value)
    if isinstance(value, str):
        return value.strip().strip(".!").lower()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _usable(value: Any, key: Any) -> bool:
    """Whether an answer is of a kind that may be right; every size may be one that does not fit."""
    if isinstance(key, tuple):
        return isinstance(value, tuple) and len(value) == len(key) and all(map(_whole, value))
    return _whole(value) or value == DOES_NOT_FIT


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(key: Any) -> str:
    if isinstance(key, tuple):
        return f"{len(key)} whole numbers"
    return f'a whole number, or "{DOES_NOT_FIT}"'


def _explain(item: Answer, value: Any) -> str:
    if value is None:
        return "not answered"
    for sentence, wrong in item.wrong.items():
        if _plain(value) == wrong():
            return sentence
    return "not this. Write the formula with every symbol, and run the layer to compare."
