"""Checks of layers: a forward that keeps a cache, and a backward that uses it, as one function."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course_utils.checks.outcome import NotWritten, Unusable, changed_argument

STEP = 1e-5
# What agrees in the parts of these names, as the check of a layer says it.
ALSO = {
    "numeric": " and with the slopes of your own forward",
    "cache": ", also after the caller has changed its arrays",
}
SLOPE_TOLERANCE = 1e-6  # central differences of sums of a few products, in float64


def layer(num_arguments: int, *gradients: str) -> Callable[..., Callable]:
    """An `arrange` for `forward(*arguments) -> (out, cache)` and `backward(dout, cache)`.

    Parameters
    ----------
    num_arguments
        Positional arguments of forward.
    gradients
        Names of what backward returns, for the first arguments in order; one is returned as an
        array, more as a tuple.

    Returns
    -------
    function
        Arranged, a call with forward's arguments is the forward; with one more, which is `dout`,
        the gradients. `numeric=True` compares those with the slopes of the student's own forward
        first; `changed=True` with those after the caller has changed its arrays.
    """

    def arrange(forward: Callable, backward: Callable | None = None) -> Callable:
        def together(
            *args: Any, numeric: bool = False, changed: bool = False, **options: Any
        ) -> Any:
            args, upstream = args[:num_arguments], args[num_arguments:]
            names = [name.removeprefix("d") for name in gradients]
            given = _asked(forward, "forward", names, *args, **options)
            out, cache = _parts(given, ("out", "cache"), "forward")
            if not upstream:
                return out
            given = _asked(backward, "backward", ["dout"], *upstream, cache)
            if len(gradients) == 1:
                given = (given,)
            found = dict(zip(gradients, _parts(given, gradients, "backward"), strict=True))
            if numeric:
                _compare_with_slopes(forward, args, options, upstream[0], found)
            if changed:
                found = {name: np.array(value) for name, value in found.items()}
                cache = _cache_of_changed(forward, args, options)
                given = backward(np.array(upstream[0]), cache)
                given = _parts(given if len(gradients) > 1 else (given,), gradients, "backward")
                _compare_with_changed(found, given)
            return found if len(gradients) > 1 else found[gradients[0]]

        return together

    return arrange


def _asked(function: Callable, which: str, names: list[str], *args: Any, **options: Any) -> Any:
    """Call a forward or backward, and say which of them it is that is missing or changes things."""
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in args[: len(names)]]
    try:
        given = function(*args, **options)
    except NotImplementedError:
        text = f"your {which}, or a function that it calls, is not written yet"
        raise NotWritten(text) from None
    if changed := changed_argument(args[: len(names)], before, names):
        raise Unusable(f"your {which} changes its argument {changed}; work on a copy")
    return given


def _parts(given: Any, names: tuple[str, ...], which: str) -> tuple:
    if given is None:
        raise Unusable(f"your {which} returned None. Is a `return` missing?")
    if not isinstance(given, tuple | list) or len(given) != len(names):
        what = f"{len(given)} values" if isinstance(given, tuple) else f"a {type(given).__name__}"
        raise Unusable(f"your {which} returned {what}, but it is to return {', '.join(names)}")
    return tuple(given)


def _compare_with_slopes(forward, args, options, dout, found) -> None:
    """Raise where a gradient is not the slope of the student's own forward."""
    for i, name in enumerate(found):
        slope = np.zeros_like(args[i])
        for place in np.ndindex(args[i].shape):
            values = []
            for step in (STEP, -STEP):
                moved = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
                moved[i][place] += step
                out, _ = _parts(forward(*moved, **options), ("out", "cache"), "forward")
                if getattr(out, "shape", None) != dout.shape:
                    shape = getattr(out, "shape", type(out).__name__)
                    raise Unusable(f"your forward gives {shape}, expected shape {dout.shape}")
                values.append(float((out * dout).sum()))
            slope[place] = (values[0] - values[1]) / (2 * STEP)
        given = found[name]
        if getattr(given, "shape", None) != slope.shape:
            return  # which the comparison with the oracle tells better
        wrong = ~(np.abs(given - slope) <= SLOPE_TOLERANCE * max(1.0, np.abs(slope).max()))
        if wrong.any():
            raise Unusable(
                f"{name} is not the slope of your own forward at {wrong.sum()} of {wrong.size} "
                f"places, the largest gap is {np.abs(given - slope).max():.3g}"
            )


def _cache_of_changed(forward, args, options) -> Any:
    """The cache of a forward whose caller has then put zeros into all its arrays."""
    if hasattr(forward, "call_and_keep"):  # it lives in another process, and so do the arrays
        kept = forward.call_and_keep(*args, **options)
        kept.overwrite()
        return kept.item(1)
    args = [np.array(a) if isinstance(a, np.ndarray) else a for a in args]
    _, cache = _parts(forward(*args, **options), ("out", "cache"), "forward")
    for a in args:
        if isinstance(a, np.ndarray):
            a[...] = 0
    return cache


def _compare_with_changed(found, given) -> None:
    for (name, before), after in zip(found.items(), given, strict=True):
        if not np.array_equal(before, after):
            raise Unusable(
                f"{name} changes when the caller changes its arrays between forward and backward, "
                "as an optimiser does with the weights. The cache holds an argument itself: keep a "
                "copy"
            )


def autograd(function: Callable, inputs: tuple, dout: np.ndarray | None) -> Any:
    """Value of a function of tensors, or its gradients for `dout`, by PyTorch, as arrays."""
    tensors = [torch.from_numpy(np.array(a)).requires_grad_() for a in inputs]
    out = function(*tensors)
    if dout is None:
        return out.detach().numpy()
    found = torch.autograd.grad(out, tensors, torch.from_numpy(np.array(dout)), allow_unused=True)
    return [
        np.zeros_like(a) if g is None else g.numpy() for a, g in zip(inputs, found, strict=True)
    ]
