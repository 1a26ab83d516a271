"""Calling a student's function: what came back, or what went wrong, in words."""

import contextlib
import contextvars
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.tracebacks import own_line

# A function in another process gets copies of its arguments. Whether what it changes in them is
# to be seen here is decided by the caller: only a check that looks for it wants that.
SHOWS_CHANGES = contextvars.ContextVar("shows_changes", default=False)


class Unusable(Exception):
    """What a student's functions gave cannot be compared at all; the text says why."""


class NotWritten(NotImplementedError):
    """One of several functions is not written yet; the text says which."""


@dataclass(frozen=True)
class Outcome:
    """The result of one call: a value, or an error with its kind and message.

    `kind` is the error's type, `ValueError` for those derived from it; `where` quotes the student's
    line that raised. `modified` says which argument is the first that the call changed.
    """

    value: Any = None
    error: str | None = None
    kind: str = ""
    message: str = ""
    where: str = ""
    modified: str = ""


def call(function: Callable, args: tuple, kwargs: dict, names: tuple[str, ...] = ()) -> Outcome:
    """Call with copies of the arguments; never raises what the student's code raises.

    `names` are those of the positional arguments, as far as they have any.
    """
    args = tuple(_copy(a) for a in args)
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    try:
        # A warning is no mistake, but nbgrader takes any text on stderr for a failure.
        with warnings.catch_warnings(), contextlib.redirect_stderr(sys.stdout):
            warnings.simplefilter("ignore")
            token = SHOWS_CHANGES.set(True)
            try:
                value = function(*args, **kwargs)
            finally:
                SHOWS_CHANGES.reset(token)
    except NotImplementedError as error:
        text = str(error) if isinstance(error, NotWritten) else "it is not written yet"
        return Outcome(error=text, kind="NotImplementedError", message=str(error))
    except Unusable as error:
        return Outcome(error=str(error), kind="Unusable")
    except Exception as error:
        name = type(error).__name__
        return Outcome(
            error=f"it raised {name}: {error}",
            kind="ValueError" if isinstance(error, ValueError) else name,
            message=str(error),
            where=getattr(error, "own_line", "") or own_line(error),
        )
    return Outcome(value, modified=changed_argument(args, before, names))


def changed_argument(now: Sequence, before: Sequence, names: Sequence[str]) -> str:
    """Which array is the first that has changed, such as `number 1 (x)`; empty if none has."""
    for i, (value, then) in enumerate(zip(now, before, strict=True)):
        if isinstance(then, np.ndarray) and not np.array_equal(value, then, equal_nan=True):
            return f"number {i + 1}" + (f" ({names[i]})" if i < len(names) else "")
    return ""


def _copy(value: Any) -> Any:
    """A copy that is as contiguous as the original, so that nothing is shared with the oracle."""
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        roomy = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        roomy[..., ::2] = value
        return roomy[..., ::2]
    return np.array(value) if isinstance(value, np.ndarray) else value
