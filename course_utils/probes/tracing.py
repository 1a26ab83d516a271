"""A look at a tracer of models: what it says, and what it leaves behind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from course_utils.probes.calls import Unusable
from course_utils.probes.models import usual_settings, weights_of


def shape_trace(
    shape_trace: Callable, images: np.ndarray, widths: tuple[int, ...], *, look_at: str
) -> Any:
    """The `"trace"` of a small network for images of this shape, or what it leaves behind."""
    with usual_settings():
        model = _model(widths, images)
        model.train()
        if look_at == "trace":
            return _plain(shape_trace(model, tuple(images.shape)))
        model[2][1].eval()  # a BatchNorm that is frozen, while the other trains
        before = weights_of(model)
        try:
            shape_trace(model, tuple(images.shape))
        except (RuntimeError, ValueError) as error:
            if images.shape[1] == 2 or isinstance(error, NotImplementedError):
                raise
        return {
            "hooks": sum(len(module._forward_hooks) for module in model.modules()),
            "modes": {name: module.training for name, module in model.named_modules()},
            "weights": [before, weights_of(model)],
            "requires_grad": [p.requires_grad for p in model.parameters()],
            "recording": torch.is_grad_enabled(),
        }


def _model(widths: tuple[int, ...], images: np.ndarray) -> nn.Module:
    """A network whose trace is told.

    For images, a Sequential in a Sequential, in which one ReLU is called twice. For sequences
    `(S, N, E)`, a layer of a transformer, which calls its layers in another order than it makes
    them, and one of them, which gives a tuple, has a child that is never called.
    """
    if images.ndim == 3:
        width, heads, hidden = widths
        return nn.TransformerEncoderLayer(width, heads, hidden)
    first, second, classes = widths
    relu = nn.ReLU()
    inner = nn.Sequential(
        nn.Conv2d(first, second, 3, padding=1, bias=False), nn.BatchNorm2d(second), relu
    )
    return nn.Sequential(
        nn.Conv2d(2, first, 3, stride=2),
        relu,
        inner,
        nn.BatchNorm2d(second),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(second * _side(images.shape[-1]) ** 2, classes),
    )


def _side(size: int) -> int:
    return ((size - 3) // 2 + 1) // 2


def _plain(traced: Any) -> list:
    """As a list of tuples, so that what stands in it is compared, not what holds it."""
    if traced is None:
        raise Unusable("it returned None. Is a `return` missing?")
    try:
        return [tuple(tuple(part) if isinstance(part, list) else part for part in entry)
                for entry in traced]  # fmt: skip
    except TypeError:
        kind = type(traced).__name__
        raise Unusable(
            f"it returned a {kind}, but the result is a list of (name, output shape, parameters)"
        ) from None
