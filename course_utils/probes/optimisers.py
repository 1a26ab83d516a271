"""A look at update rules: runs of many steps, and what a step changes or remembers."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.probes.calls import Unusable
from course_utils.probes.training import optimisers_used

# Why a step does not depend on its arguments alone.
TWICE = "the same call gives another result the second time: "
OTHER_DICT = (
    "the dict `state` itself is changed, and the caller may need the old one: make a new dict, and "
    "return that"
)
OTHER_VALUES = (
    "a dict, a list or an array inside the old state is changed in place: make new ones, as "
    "v = m * v + g does and v += g does not"
)
OUTSIDE = (
    "something outside of its arguments decides, such as a global, an attribute, a default "
    "argument or random numbers: keep what you need in the state that you return"
)
IMPURE = (
    "the old state is changed, or something is remembered outside of it: return a new dict with "
    "new arrays"
)
WIDER = (
    "np.zeros(shape) is float64, and so is np.sqrt of a plain number: it promotes float32. Use "
    "np.zeros_like, and ** 0.5 or math.sqrt"
)


def steps(
    step: Callable,
    first: np.ndarray,
    second: np.ndarray,
    first_grads: np.ndarray,
    second_grads: np.ndarray,
    lr: float,
    *,
    lists: str = "",
    **options: Any,
) -> dict[str, np.ndarray]:
    """A run of many steps with two arrays of parameters; the rate is halved half-way."""
    pairs = [*zip(first_grads, second_grads, strict=True)]
    if lists:  # as the description of the case says
        pairs = [pair[:1] for pair in pairs]
    with optimisers_used() as used:
        _demand_untouched(step, [first, second], pairs[:2], lr, options)
        _demand_the_same_again(step, [first, second], pairs[:3], lr, options)
        found = _run(step, [first, second], pairs, lr, options)
    if used:
        raise Unusable(
            "an optimiser of torch.optim has made the step, which is the whole task: write the "
            "rule itself"
        )
    return found


def _run(
    step: Callable, params: list, pairs: list, lr: float, options: dict
) -> dict[str, np.ndarray]:
    """The parameters after some of the steps."""
    state, found, dtype = {}, {}, params[0].dtype
    for number, grads in enumerate(pairs, start=1):
        rate = lr if number <= len(pairs) // 2 else lr / 2
        new, state = _pair(step(list(params), [*grads], state, rate, **options))
        params = _arrays(new, len(params), dtype)
        if number in (1, 2, 3, len(pairs)):
            for name, value in zip(("first", "second"), params, strict=True):
                found[f"{name} parameter after step {number}"] = np.array(value)
    return found


def _demand_untouched(step: Callable, params: list, pairs: list, lr: float, options: dict) -> None:
    """Raise where a step changes the parameters or gradients that it is given."""
    state = {}
    for grads in pairs:
        given = [a.copy() for a in params], [g.copy() for g in grads]
        step(*(list(arrays) for arrays in given), copy.deepcopy(state), lr, **options)
        for name, now, before in zip(("params", "grads"), given, (params, grads), strict=True):
            if not all(map(_same, now, before)):
                raise Unusable(f"it changes its argument {name} in place: return new arrays")
        _, state = _pair(step(list(params), [*grads], state, lr, **options))


def _same(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _demand_the_same_again(
    step: Callable, params: list, pairs: list, lr: float, options: dict
) -> None:
    """Raise where a step does not depend on its arguments alone, and say what it changes."""
    state = {}
    for grads in pairs:
        before = _contents(state)
        new, later = _pair(step(list(params), [*grads], state, lr, **options))
        after = _contents(state)
        again, _ = _pair(step(list(params), [*grads], state, lr, **options))
        step(list(params), [-g for g in grads], state, lr, **options)  # of another run
        new, again = _arrays(new, len(params)), _arrays(again, len(params))
        twice = "" if all(map(_same, new, again)) else TWICE
        if twice and (before is None or after is None):
            raise Unusable(twice + IMPURE)
        if before is not None and after is not None and after[1] != before[1]:
            raise Unusable(twice + (OTHER_VALUES if after[0] == before[0] else OTHER_DICT))
        if twice:
            raise Unusable(twice + OUTSIDE)
        params, state = new, later


def _contents(state: Any) -> tuple | None:
    """Which objects a dict holds, and all that is in the state; None where it cannot be told."""
    try:
        ids = list(map(id, state.values())) if hasattr(state, "values") else []
        return ids, pickle.dumps(state)
    except Exception:  # whatever a student keeps there
        return None


def _pair(given: Any) -> tuple:
    """The parameters, and the state."""
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    try:
        if len(given) == 2:
            return given[0], given[1]
    except (TypeError, LookupError):  # a number, a dict
        pass
    raise Unusable("it is to return two things, params and state")


def _arrays(params: Any, count: int, dtype: np.dtype | None = None) -> list:
    if not isinstance(params, tuple | list) or len(params) != count:
        raise Unusable(f"params is to be a list of {count} arrays, as it came in")
    for array in params:
        if type(array) is not np.ndarray:
            raise Unusable(f"params holds a {type(array).__name__}, but NumPy arrays are wanted")
        if dtype is not None and array.dtype.itemsize > dtype.itemsize:
            raise Unusable(f"params come back as {array.dtype}, but they came as {dtype}. {WIDER}")
    return list(params)
