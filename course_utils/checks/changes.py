"""Mistakes as data: what of a call, or of its result, is another than it should be.

A suspect of a check is one of four things, and all but the last can be two at once:

- `args(stride=1, w=flipped)`: the right function gets other arguments;
- `result(transposed)`, `result(averaged, "db")`: what comes back is changed, all or one of several;
- `{"order": "zero back"}`: options of the check's recipe, which makes the function;
- a function that gives the wrong result, where nothing of that can say it.

A change is a value, or a function of what is changed. Further arguments of the call it gets by
their names: `args(w=lambda w, x: ...)`, `result(lambda dw, x: dw / len(x), "dw")`.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Change:
    """One mistake.

    Attributes
    ----------
    arguments
        New values of arguments, or functions that make them of the old ones.
    results
        What is made of the result of a name, in turn; `""` is the result as a whole.
    only
        The one of several results that has the mistake; all where it is empty.
    options
        Of the check's recipe.
    function
        The wrong function itself.
    when
        Which calls have the mistake, by their arguments; the others are right.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    results: tuple[tuple[str, Callable], ...] = ()
    only: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    function: Callable | None = None
    when: Callable[[dict], bool] = lambda call: True


def args(*, only: str = "", **arguments: Any) -> Change:
    """The call gets other arguments; with `only`, this one of its results is made of them."""
    return Change(arguments=arguments, only=only)


def result(change: Callable, name: str = "") -> Change:
    """The result is changed, or of several the one of this name."""
    return Change(results=((name, change),))


def made(suspect: Any) -> Change:
    """A suspect, in whichever form it is written, as a change."""
    if isinstance(suspect, Change):
        return suspect
    return Change(options=suspect) if isinstance(suspect, dict) else Change(function=suspect)


def where(when: Callable[[dict], bool], suspects: dict[str, Any]) -> dict[str, Change]:
    """Suspects that are wrong in some calls alone, such as those of the way back."""
    return {sentence: replace(made(s), when=when) for sentence, s in suspects.items()}


def can_be_two(one: Change, other: Change) -> bool:
    """Whether two mistakes can stand in one function: not two functions, nor one thing twice."""
    if sum(bool(each) for each in (one.function, other.function, one.options or other.options)) > 1:
        return False
    return not (
        _clash(one.options, other.options)
        or (one.only == other.only and _clash(one.arguments, other.arguments))
    )


def _clash(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(one[name] is not other[name] for name in one.keys() & other.keys())


class Memory:
    """Answers of functions to plain arguments: many mistakes come to the same call."""

    def __init__(self) -> None:
        self._known: dict[tuple, Any] = {}

    def ask(self, origin: Any, function: Callable, args: Sequence, kwargs: dict[str, Any]) -> Any:
        """What a function returns, which `origin` names. It is called if it changes arguments."""
        try:
            question = origin, _plain(args), _plain(kwargs)
            if question in self._known:
                return _copied(self._known[question])
        except TypeError:  # it holds what cannot be compared, such as a function
            return function(*args, **kwargs)
        value = function(*args, **kwargs)
        if (origin, _plain(args), _plain(kwargs)) == question:
            with contextlib.suppress(TypeError):
                self._known[question] = _copied(value)
        return value


def _plain(value: Any) -> Any:
    """What tells a value and its layout from all others; TypeError if nothing does."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biuf":
        return value.dtype.str, value.shape, value.strides, value.tobytes()
    if kind in (list, tuple):
        return (kind, *map(_plain, value))
    if kind is dict:
        return (kind, *((name, _plain(v)) for name, v in value.items()))
    if kind in (bool, float, int, str, type(None)):
        return kind, repr(value)  # which tells 0.0 from -0.0
    raise TypeError(f"{kind.__name__} is not plain")


def _copied(value: Any) -> Any:
    """With arrays of its own; TypeError of what may hold some that are not seen."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind in "biuf":
        return value.copy("K")
    if kind in (list, tuple):
        return kind(map(_copied, value))
    if kind is dict:
        return {name: _copied(v) for name, v in value.items()}
    if kind in (bool, float, int, str, type(None)) or isinstance(value, np.generic):
        return value
    raise TypeError(f"{kind.__name__} is not plain")


def apply(
    changes: Sequence[Change],
    oracle: Callable,
    recipe: Callable | None,
    memory: Memory | None = None,
) -> Callable:
    """The function with these mistakes, in the signature of the oracle; a memory may be shared."""
    names = _parameters(oracle)

    def wrong(*given: Any, **kwargs: Any) -> Any:
        call = dict(zip(names, given, strict=False)) | kwargs
        active = [c for c in changes if c.when(call)]
        options = {n: value for c in active for n, value in c.options.items()}
        function = next((c.function for c in active if c.function), None)
        right = function or (recipe(**options) if options else oracle)
        # Options stand for what a recipe makes of them, which is another function each time.
        origin = id(function or oracle), *(() if function else _identities(options))

        def ask(chosen: Iterable[Change]) -> Any:
            new = dict(call)
            for change in chosen:
                before = dict(new)
                for name, value in change.arguments.items():
                    if not callable(value):
                        new[name] = value
                    elif name in before:
                        new[name] = _changed(value, before[name], before)
            positional = [new.pop(name) for name in names[: len(given)]]
            positional += given[len(names) :]
            if memory is None:
                return right(*positional, **new)
            return memory.ask(origin, right, positional, new)

        everywhere = [c for c in active if not c.only]
        value = ask(everywhere)
        for change in active:
            if change.only and isinstance(value, dict):
                value = value | {change.only: ask([*everywhere, change])[change.only]}
            for name, new in change.results:
                if not name:
                    value = _changed(new, value, call)
                elif isinstance(value, dict) and name in value:
                    value = value | {name: _changed(new, value[name], call)}
        return value

    return functools.wraps(oracle)(wrong)


def _identities(options: dict[str, Any]) -> Iterable[tuple[str, int]]:
    return sorted((name, id(value)) for name, value in options.items())


@functools.cache
def _parameters(function: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _changed(function: Callable, value: Any, call: dict[str, Any]) -> Any:
    """What a change makes of a value; arrays keep their precision."""
    new = function(value, **{n: call[n] for n in _further(function) if n in call})
    if isinstance(value, np.ndarray) and isinstance(new, np.ndarray | np.floating):
        new = np.ascontiguousarray(new) if np.ndim(new) else np.array(new)
        return new.astype(value.dtype) if value.dtype.kind == new.dtype.kind == "f" else new
    return float(new) if isinstance(value, float) else new


@functools.cache
def _further(function: Callable) -> tuple[str, ...]:
    """Names of all parameters but the first; a ufunc or a method of C has none."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    some = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return tuple(p.name for p in [*parameters][1:] if p.kind not in some)


# What is often changed ---------------------------------------------------------------------------


def flipped(array: np.ndarray) -> np.ndarray:
    """Turned by half a turn."""
    return array[..., ::-1, ::-1]


def transposed(array: np.ndarray) -> np.ndarray:
    """The last two axes exchanged."""
    return array.swapaxes(-1, -2)


def enlarged(array: np.ndarray) -> np.ndarray:
    """One row and one column more."""
    return np.pad(array, [(0, 0)] * (array.ndim - 2) + [(0, 1), (0, 1)])


def square(array: np.ndarray) -> np.ndarray:
    """As wide as it is high."""
    return fitted(array, array.shape[-2], array.shape[-2])


def square_by_width(array: np.ndarray) -> np.ndarray:
    """As high as it is wide."""
    return fitted(array, array.shape[-1], array.shape[-1])


def fitted(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut, or filled up with zeros, at the bottom and the right."""
    out = np.zeros((*array.shape[:-2], height, width), array.dtype)
    part = array[..., :height, :width]
    out[..., : part.shape[-2], : part.shape[-1]] = part
    return out
