"""Calling a student's function: what came back, or what went wrong, in words."""

import contextlib
import linecache
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Outcome:
    """The result of one call: a value, or an error with its kind and message.

    `kind` is the error's type, `ValueError` for those derived from it; `where` quotes the student's
    line that raised. `modified` names the first argument that the call changed.
    """

    value: Any = None
    error: str | None = None
    kind: str = ""
    message: str = ""
    where: str = ""
    modified: str = ""


def call(function: Callable, args: tuple, kwargs: dict) -> Outcome:
    """Call with copies of the arguments; never raises what the student's code raises."""
    args = tuple(_copy(a) for a in args)
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    try:
        # A warning is no mistake, but nbgrader takes any text on stderr for a failure.
        with warnings.catch_warnings(), contextlib.redirect_stderr(sys.stdout):
            warnings.simplefilter("ignore")
            value = function(*args, **kwargs)
    except NotImplementedError as error:
        return Outcome(
            error="it is not written yet", kind="NotImplementedError", message=str(error)
        )
    except Exception as error:
        name = type(error).__name__
        return Outcome(
            error=f"it raised {name}: {error}",
            kind="ValueError" if isinstance(error, ValueError) else name,
            message=str(error),
            where=_where(error),
        )
    for i, (now, then) in enumerate(zip(args, before, strict=True)):
        if isinstance(then, np.ndarray) and not np.array_equal(now, then, equal_nan=True):
            return Outcome(value, modified=f"number {i + 1}")
    return Outcome(value)


def _copy(value: Any) -> Any:
    """A copy that is as contiguous as the original, so that nothing is shared with the oracle."""
    if isinstance(value, np.ndarray) and not value.flags.c_contiguous:
        roomy = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        roomy[..., ::2] = value
        return roomy[..., ::2]
    return np.array(value) if isinstance(value, np.ndarray) else value


def _where(error: Exception) -> str:
    """The student's own line that raised, where its text is known."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "site-packages" in frame.filename or frame.filename == __file__:
            continue
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if line:
            return f"At line {frame.lineno} of your cell: {line}"
    return ""
