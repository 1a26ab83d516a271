"""A look at a layer: a forward that keeps a cache, and a backward that uses it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_utils.probes.calls import NotWritten, Unusable, first_changed, named

STEP = 1e-5


def layer(
    forward: Callable,
    backward: Callable | None,
    *args: Any,
    num_arguments: int,
    gradients: tuple[str, ...],
    numeric: bool = False,
    changed: bool = False,
    **options: Any,
) -> Any:
    """The output for forward's arguments; with one more, which is `dout`, the gradients.

    Parameters
    ----------
    num_arguments
        Positional arguments of forward.
    gradients
        Names of what backward returns, one as an array, more as a tuple.
    numeric
        Bring the slopes of forward for this `dout` as well.
    changed
        Bring as well what backward gives after the caller has put zeros into its arrays.

    Returns
    -------
    object or dict
        The output; or the `"gradients"` by name, with the `"slopes"` and what is given `"again"`.
    """
    args, upstream = args[:num_arguments], args[num_arguments:]
    names = [name.removeprefix("d") for name in gradients]
    out, cache = _output(_asked(forward, "forward", names, *args, **options))
    if not upstream:
        return out
    given = _asked(backward, "backward", ["dout"], *upstream, cache)
    seen = {"gradients": _by_name(given, gradients)}
    if numeric:
        seen["slopes"] = _slopes(forward, args, options, upstream[0], seen["gradients"])
    if changed:
        kept = {n: np.array(g) if isinstance(g, np.ndarray) else g
                for n, g in seen["gradients"].items()}  # fmt: skip
        cache = _cache_of_changed(forward, args, options)
        again = _by_name(backward(np.array(upstream[0]), cache), gradients)
        seen = {"gradients": kept, "again": again}
    return seen


def _asked(function: Callable, which: str, names: list[str], *args: Any, **options: Any) -> Any:
    """Call a forward or backward, and say which of them it is that is missing or changes things."""
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in args[: len(names)]]
    try:
        given = function(*args, **options)
    except NotImplementedError:
        text = f"your {which}, or a function that it calls, is not written yet"
        raise NotWritten(text) from None
    if (place := first_changed(args[: len(names)], before)) is not None:
        changed = named(place, names)
        raise Unusable(f"your {which} changes its argument {changed}; work on a copy")
    return given


def _output(given: Any) -> tuple:
    return _parts(given, ("out", "cache"), "forward")


def _by_name(given: Any, gradients: tuple[str, ...]) -> dict[str, Any]:
    given = given if len(gradients) > 1 else (given,)
    return dict(zip(gradients, _parts(given, gradients, "backward"), strict=True))


def _parts(given: Any, names: tuple[str, ...], which: str) -> tuple:
    if given is None:
        raise Unusable(f"your {which} returned None. Is a `return` missing?")
    if not isinstance(given, tuple | list) or len(given) != len(names):
        what = f"{len(given)} values" if isinstance(given, tuple) else f"a {type(given).__name__}"
        raise Unusable(f"your {which} returned {what}, but it is to return {', '.join(names)}")
    return tuple(given)


def _slopes(
    forward: Callable, args: Sequence, options: dict, dout: np.ndarray, found: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Slopes for each gradient, up to the first that has another shape than its argument."""
    slopes = {}
    for i, name in enumerate(found):
        slope = np.zeros_like(args[i])
        for place in np.ndindex(args[i].shape):
            values = []
            for step in (STEP, -STEP):
                moved = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
                moved[i][place] += step
                out, _ = _output(forward(*moved, **options))
                if getattr(out, "shape", None) != dout.shape:
                    shape = getattr(out, "shape", type(out).__name__)
                    raise Unusable(f"your forward gives {shape}, expected shape {dout.shape}")
                values.append(float((out * dout).sum()))
            slope[place] = (values[0] - values[1]) / (2 * STEP)
        slopes[name] = slope
        if getattr(found[name], "shape", None) != slope.shape:
            break
    return slopes


def _cache_of_changed(forward: Callable, args: Sequence, options: dict) -> Any:
    """The cache of a forward whose caller has then put zeros into all its arrays."""
    args = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    _, cache = _output(forward(*args, **options))
    for a in args:
        if isinstance(a, np.ndarray):
            a[...] = 0
    return cache
