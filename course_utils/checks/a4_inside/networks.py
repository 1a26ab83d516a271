"""What the functions of a4 say of networks, and the traces that looking may leave."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.outcome import Look
from course_utils.probes import insight

# With these, nothing would be built.
NOT_HERE = ("captum", "torchvision", "course_utils.receptive_field")


def spread(images: np.ndarray) -> np.ndarray:
    """The same numbers, not contiguous."""
    roomy = np.zeros((*images.shape[:-1], 2 * images.shape[-1]), images.dtype)
    roomy[..., ::2] = images
    return roomy[..., ::2]


# What looking leaves behind ----------------------------------------------------------------------


def look_into(what: str) -> Look:
    """A look at `function(model, x, *args)` that gives a tensor, called `what`.

    A case `(x, network, *args, look_at=...)` looks at the `"values"`, at what is `"left behind"` in
    model and images besides, or at that `"after an error"` in the network.
    """

    def read(seen: dict[str, Any], x: np.ndarray, *_: Any, **__: Any) -> dict[str, Any]:
        found = {what: seen["found"]} if "found" in seen else {}
        return traces(seen) | (_of_images(*seen["images"], x) if "images" in seen else {}) | found

    return Look(partial(insight.look_into, what=what), read)


def traces(seen: dict[str, Any]) -> dict[str, str]:
    """What is not as it was, in words; nothing where nobody has looked."""
    if "before" not in seen:
        return {}
    before, now = seen["before"], seen["after"]
    return {
        "layers afterwards": _compare_layers(now, before["layers"]),
        "number of hooks afterwards": "right" if now["hooks"] == 0 else "more than 0",
        "modes afterwards": _compare_modes(now["modes"], before["modes"]),
        "weights and statistics": _compare_weights(now["weights"], before["weights"]),
        "gradients of the weights": _compare_gradients(now["gradients"], before["gradients"]),
        "requires_grad of the weights": _compare_flags(
            now["requires_grad"], before["requires_grad"]
        ),
        "gradients afterwards": (
            "right" if now["recording"] else "switched off for all that follows"
        ),
    }


def _compare_layers(now: dict[str, Any], before: list[str]) -> str:
    for line, then in zip(now["layers"], before, strict=False):
        if line != then:
            return f"now {line.strip()} and was {then.strip()}: change a copy, or put it back"
    return "a forward of your own in one of them" if now["own forward"] else "right"


def _compare_modes(modes: list[bool], wanted: list[bool]) -> str:
    if modes == wanted:
        return "right"
    return "all training" if all(modes) else "all eval" if not any(modes) else "mixed up"


def _compare_weights(now: dict[str, Tensor], before: dict[str, Tensor]) -> str:
    changed = [name for name in before if not torch.equal(now[name], before[name])]
    if not changed:
        return "right"
    kind = "statistics of BatchNorm" if all("weight" not in n for n in changed) else "weights"
    return f"changed: the {kind}"


def _compare_gradients(now: dict[str, Tensor | None], before: dict[str, Tensor | None]) -> str:
    earlier = {name for name, gradient in before.items() if gradient is not None}
    if any(gradient is not None for name, gradient in now.items() if name not in earlier):
        return "filled, though nobody asked for them"
    if any(now[name] is None for name in earlier):
        return "lost where there was one before"
    same = all(torch.equal(now[name], before[name]) for name in earlier)
    return "right" if same else "changed where there was one before"


def _compare_flags(now: dict[str, bool], before: dict[str, bool]) -> str:
    if any(now[name] for name, learns in before.items() if not learns):
        return "True of a weight that was frozen"
    same = all(now[name] for name, learns in before.items() if learns)
    return "right" if same else "False of weights that were to learn"


def _of_images(asks: bool, values: np.ndarray, x: np.ndarray) -> dict[str, str]:
    same = values.shape != x.shape or np.array_equal(values, x)  # others were given for an error
    return {
        "x afterwards": "right" if same else "changed in place",
        "x.requires_grad afterwards": "True, it was False" if asks else "right",
    }


# Suspects share these ----------------------------------------------------------------------------


def clean(function: Callable) -> Callable:
    """A function of `(model, x, …)` that looks into a copy in eval mode, and so leaves nothing."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        twin = copy.deepcopy(model).eval()
        return function(twin, x.detach().clone(), *args, **options)

    return looking


def training(function: Callable) -> Callable:
    """The same, but it computes in training mode."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        twin = copy.deepcopy(model).train()
        return function(twin, x.detach().clone(), *args, **options)

    return looking


def leaving(function: Callable, trace: Callable) -> Callable:
    """The same, but it leaves a trace in the model or the images, even where the network raises."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        try:
            return clean(function)(model, x, *args, **options)
        finally:
            trace(model, x)

    return looking


def only_on_error(trace: Callable) -> Callable:
    """A trace that is left where the network raises, told by the number of channels."""

    def left(model: nn.Module, x: Tensor) -> None:
        if model.features[0].in_channels != x.shape[1]:
            trace(model, x)

    return left


def not_on_error(trace: Callable) -> Callable:
    """A trace that is left only where the network computes."""

    def left(model: nn.Module, x: Tensor) -> None:
        if model.features[0].in_channels == x.shape[1]:
            trace(model, x)

    return left


def leave_hook(model: nn.Module, x: Tensor) -> None:
    """At a layer of the middle."""
    model.features[2].register_forward_hook(lambda *_: None)


def leave_forward(model: nn.Module, x: Tensor) -> None:
    """A forward of one's own stays in front of the module's."""
    model.features[2].forward = model.features[2].forward


def leave_gradients(model: nn.Module, x: Tensor) -> None:
    """What loss.backward() does."""
    for p in model.parameters():
        if p.requires_grad:
            p.grad = torch.ones_like(p)


def common_suspects(arrange: Callable, function: Callable, *, gradients: bool = True) -> dict:
    """The traces that every function may leave, and the sentences for them."""
    traces: dict[str, Callable] = {
        "The hook must be removed at the end: keep what register_forward_hook returns.": leave_hook,
        "Where the network raises an error the hook stays in the model: remove it in a finally.": (
            only_on_error(leave_hook)
        ),
        "The model is left in eval mode: give each module back the mode that it had.": (
            lambda model, x: model.eval()
        ),
        "All modules are left in training mode, one of them was not: keep the mode of each.": (
            lambda model, x: model.train()
        ),
        "Where the network raises an error the modes are not put back: do it in a finally.": (
            only_on_error(lambda model, x: model.eval())
        ),
    }
    if gradients:
        traces |= {
            "The weights got gradients: torch.autograd.grad gives the one that you want and leaves "
            "the others alone.": not_on_error(leave_gradients),
            "zero_grad() deletes gradients that were there before: with torch.autograd.grad there "
            "is nothing to delete.": lambda model, x: model.zero_grad(),
            "x is left with requires_grad: work on x.detach().clone().": (
                lambda model, x: x.requires_grad_(True)
            ),
        }
    suspects = {sentence: arrange(leaving(function, trace)) for sentence, trace in traces.items()}
    suspects["The model computes in training mode, where BatchNorm uses the batch: call "
             "model.eval() first."] = arrange(training(function))  # fmt: skip
    return suspects
