"""Checks of layers: a forward that keeps a cache, and a backward that uses it, as one function."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from course_utils.checks.outcome import Look, Unusable
from course_utils.probes import layers

# What agrees in the parts of these names, as the check of a layer says it.
ALSO = {
    "numeric": " and with the slopes of your own forward",
    "cache": ", also after the caller has changed its arrays",
}
SLOPE_TOLERANCE = 1e-6  # central differences of sums of a few products, in float64


def layer(num_arguments: int, *gradients: str) -> Look:
    """A look at `forward(*arguments) -> (out, cache)` and `backward(dout, cache)`.

    Parameters
    ----------
    num_arguments
        Positional arguments of forward.
    gradients
        Names of what backward returns, for the first arguments in order; one is returned as an
        array, more as a tuple.

    Returns
    -------
    Look
        A case with forward's arguments is the forward; with one more, which is `dout`, the
        gradients. `numeric=True` compares those with the slopes of the student's own forward
        first; `changed=True` with those after the caller has changed its arrays.
    """

    def read(seen: Any, *args: Any, numeric: bool = False, changed: bool = False, **_: Any) -> Any:
        if len(args) == num_arguments:
            return seen
        found = seen["gradients"]
        if numeric:
            _compare_with_slopes(found, seen["slopes"])
        if changed:
            _compare_with_changed(found, seen["again"])
        return found if len(gradients) > 1 else found[gradients[0]]

    probe = partial(layers.layer, num_arguments=num_arguments, gradients=gradients)
    return Look(probe, read, functions=2)


def is_forward(call: dict[str, Any]) -> bool:
    """Whether a case of a layer asks for its output."""
    return call.get("dout") is None


def is_backward(call: dict[str, Any]) -> bool:
    """Whether it asks for gradients."""
    return not is_forward(call)


def _compare_with_slopes(found: dict[str, Any], slopes: dict[str, np.ndarray]) -> None:
    """Raise where a gradient is not the slope of the student's own forward."""
    for name, slope in slopes.items():
        given = found[name]
        if getattr(given, "shape", None) != slope.shape:
            return  # which the comparison with the oracle tells better
        wrong = ~(np.abs(given - slope) <= SLOPE_TOLERANCE * max(1.0, np.abs(slope).max()))
        if wrong.any():
            raise Unusable(
                f"{name} is not the slope of your own forward at {wrong.sum()} of {wrong.size} "
                f"places, the largest gap is {np.abs(given - slope).max():.3g}"
            )


def _compare_with_changed(found: dict[str, Any], again: dict[str, Any]) -> None:
    for name, before in found.items():
        if not np.array_equal(before, again[name]):
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
