"""Trying a case on a student's functions: what came back, what was raised, what was changed."""

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class Unusable(Exception):
    """What a student's functions gave cannot be compared at all; the text says why."""


class NotWritten(NotImplementedError):
    """One of several functions is not written yet; the text says which."""


OWN_ERRORS = Unusable, NotWritten  # of probes


@dataclass(frozen=True)
class Tried:
    """What one case came to.

    Attributes
    ----------
    value
        What the probe returned.
    error
        What was raised instead, by the student's code or by the probe.
    changed
        The place of the first argument that the call has changed, if any.
    """

    value: Any = None
    error: BaseException | None = None
    changed: int | None = None


def called(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """The simplest probe: what the function returns."""
    return function(*args, **kwargs)


def attempt(
    probe: Callable,
    functions: Sequence[Any],
    args: Sequence,
    kwargs: dict[str, Any],
    caught: type[BaseException] = Exception,
) -> Tried:
    """Try one case, with copies of its arguments."""
    args = [_copy(a) for a in args]
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    try:
        with quiet():
            value = probe(*functions, *args, **kwargs)
    except caught as error:
        return Tried(error=error)
    return Tried(value, changed=first_changed(args, before))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """A warning is no mistake, but nbgrader takes any text on stderr for a failure."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(sys.stdout):
        warnings.simplefilter("ignore")
        yield


def first_changed(now: Sequence, before: Sequence) -> int | None:
    """The place of the first array that is not what it was; None if all are."""
    for place, (value, then) in enumerate(zip(now, before, strict=True)):
        if isinstance(then, np.ndarray) and not np.array_equal(value, then, equal_nan=True):
            return place
    return None


def named(place: int, names: Sequence[str]) -> str:
    """An argument in words, such as `number 1 (x)`."""
    return f"number {place + 1}" + (f" ({names[place]})" if place < len(names) else "")


def _copy(value: Any) -> Any:
    """A copy that is as contiguous as the original, so that nothing is shared with the oracle."""
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        roomy = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        roomy[..., ::2] = value
        return roomy[..., ::2]
    return np.array(value) if isinstance(value, np.ndarray) else value
