"""Say in one sentence how a student's value differs from the expected one."""

import functools
import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

NUMBER_TOLERANCE = 1e-5  # a mean that was taken in single precision is right
FAR = 6e4  # stands for NaN and infinity; half precision holds it too
MOST_SHOWN = 300  # characters of a value
SHOWN_ELEMENTS = 64  # larger arrays are told by their shape alone


def difference(given: Any, wanted: Any, tolerance: dict[str, float]) -> str | None:
    """How `given` differs from `wanted`, or None where they agree.

    Types are compared exactly: an array must be a NumPy array of the expected dtype, an int a
    whole number and neither float nor bool. Several results are dicts, by the names of the results.
    A sentence is compared with `"right"`, say, and told as it is.
    """
    if given is None:
        return "it returned None. Is a `return` missing?"
    if isinstance(wanted, dict):
        if not isinstance(given, dict):
            return f"it is {_named(given)}, but the results are {', '.join(wanted)}"
        pairs = ((name, difference(given.get(name), wanted[name], tolerance)) for name in wanted)
        return next((f"{name}: {why}" for name, why in pairs if why), None)
    if isinstance(wanted, np.ndarray):
        return _array_difference(given, wanted, tolerance)
    if isinstance(wanted, int):
        if isinstance(given, bool) or not isinstance(given, numbers.Integral):
            shown = _in_short(given)
            return f"it returned {shown}, a {type(given).__name__}, but the result is an int"
        return None if given == wanted else f"it returned {_in_short(given)}"
    if isinstance(wanted, float):
        return _number_difference(given, wanted)
    if isinstance(wanted, str):
        same = isinstance(given, str) and given == wanted
        return None if same else f"it is {_in_short(given)}"
    if isinstance(wanted, tuple | list):
        return _sequence_difference(given, wanted, tolerance)
    raise TypeError(f"no rule to compare with a {type(wanted).__name__}")


def agree(given: Any, wanted: Any, tolerance: dict[str, float]) -> bool:
    """Whether there is no difference, quicker than by saying which."""
    if isinstance(wanted, dict) and given is not None:
        return all(agree(given[name], wanted[name], tolerance) for name in wanted)
    if type(given) is type(wanted) is np.ndarray:
        if given.shape != wanted.shape or given.dtype != wanted.dtype:
            return False
        if not np.isfinite(given).all():
            return False
        error, limit = _error(given, wanted, tolerance)
        return bool((error <= limit).all())
    return difference(given, wanted, tolerance) is None


def _sequence_difference(given: Any, wanted: tuple | list, tolerance: dict) -> str | None:
    """Lists and tuples are alike here: what stands in them counts."""
    kind = "a list" if isinstance(wanted, list) else "a tuple"
    if not isinstance(given, tuple | list):
        return f"it is {_named(given)}, but the result is {kind}"
    pairs = [difference(g, w, tolerance) for g, w in zip(given, wanted, strict=False)]
    for place, why in enumerate(pairs):
        if why:
            return f"at place {place}: {why}"
    return None if len(given) == len(wanted) else f"it has {len(given)} parts, not {len(wanted)}"


def _named(value: Any) -> str:
    known = isinstance(value, int | float | str)
    return _in_short(value, repr) if known else f"a {type(value).__name__}"


def _in_short(value: Any, text: Callable = lambda v: v if type(v) is str else repr(v)) -> str:
    """Not more than a message can hold."""
    try:
        shown = text(value)
    except ValueError:  # Python writes no whole number that has many thousand digits
        return "a number of very many digits"
    return shown if len(shown) <= MOST_SHOWN else f"{shown[:MOST_SHOWN]}…"


def _number_difference(given: Any, wanted: float) -> str | None:
    if isinstance(given, bool) or not isinstance(given, float | int | np.floating):
        return f"it is a {type(given).__name__}, but the result is one number"
    try:
        given = float(given)
    except OverflowError:
        return "it is larger than any float"
    if not np.isfinite(given):
        return "it is NaN or infinity"
    close = abs(given - wanted) <= NUMBER_TOLERANCE * max(1.0, abs(wanted))
    return None if close else f"it is {given:.6g}"


def _array_difference(given: Any, wanted: np.ndarray, tolerance: dict[str, float]) -> str | None:
    if type(given) is not np.ndarray:
        return f"it returned a {type(given).__name__}, but the result is a NumPy array"
    if given.shape != wanted.shape:
        return f"the result has shape {given.shape}, expected {wanted.shape}"
    if given.dtype != wanted.dtype:
        return f"the result has dtype {given.dtype}, expected {wanted.dtype}"
    if not np.isfinite(given).all():
        return "the result holds NaN or infinity"
    error, limit = _error(given, wanted, tolerance)
    if (error <= limit).all():
        return None
    wrong = int((error > limit).sum())
    return f"{wrong} of {wanted.size} values differ, the largest by {error.max():.3g}"


def _error(
    given: np.ndarray, wanted: np.ndarray, tolerance: dict[str, float]
) -> tuple[np.ndarray, float]:
    """How far two arrays are from each other, and how far they may be."""
    scale = max(1.0, float(np.abs(wanted).max(initial=0)))
    return np.abs(given.astype(np.float64) - wanted), tolerance[_name(wanted.dtype)] * scale


_name = functools.cache(str)  # of a dtype, which NumPy spells anew each time


def show_value(name: str, value: Any) -> list[str]:
    """Lines that print a value after its name, large arrays as their shape."""
    if isinstance(value, np.ndarray) and value.size > SHOWN_ELEMENTS:
        text = f"an array of shape {value.shape}"
    elif isinstance(value, np.ndarray):
        text = np.array2string(value, precision=4, suppress_small=True, max_line_width=90)
    else:
        text = repr(value)
    first, *rest = text[:2000].splitlines() or [""]
    indent = " " * (len(name) + 3)
    return [f"{name} = {first}" if name else first, *(indent + line for line in rest)]


def has_numbers(value: Any) -> bool:
    """Whether a result holds an array of several numbers, which do not agree by accident."""
    if isinstance(value, dict):
        return any(map(has_numbers, value.values()))
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 1


def finite(value: Any) -> Any:
    """With a large number for NaN and infinity, which are alike only where both have them."""
    if isinstance(value, dict):
        return {name: finite(v) for name, v in value.items()}
    if isinstance(value, float | np.floating):
        return value if np.isfinite(value) else FAR
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":  # an array stays one
        if not np.isfinite(value).all():
            value = np.nan_to_num(value, nan=FAR, posinf=FAR, neginf=FAR)
        return np.asarray(value)
    return value


def is_empty(value: Any) -> bool:
    """Whether nothing but NaN, infinity or 0 stands in an array of floats."""
    numbers = isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0
    return numbers and not (np.isfinite(value) & (value != 0)).any()
