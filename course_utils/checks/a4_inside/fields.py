"""Check of receptive_field, against gradients through PyTorch's own convolutions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.checks.a4_inside.networks import NOT_HERE
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look, Unusable
from course_utils.probes import insight

VGG16 = [layer for n in (2, 2, 3, 3, 3) for layer in [(3, 1, 1, 1)] * n + [(2, 2, 0, 1)]]
LENET5 = [(5, 1, 0, 1), (2, 2, 0, 1), (5, 1, 0, 1), (2, 2, 0, 1)]
PARTS = ("size", "stride", "start")


def reached(layers: list[tuple], length: int, unit: int | None = None) -> np.ndarray:
    """The places of a row of `length` pixels that a unit sees; by default the central unit.

    Measured: each layer is a convolution with ones, and the gradient is not 0 where it sees.
    """
    x = torch.ones(1, 1, length, dtype=torch.float64, requires_grad=True)
    out = x
    for kernel_size, stride, padding, dilation in layers:
        kernel = torch.full((1, 1, kernel_size), 1 / kernel_size, dtype=torch.float64)
        out = F.conv1d(out, kernel, None, stride, padding, dilation)
    unit = out.shape[-1] // 2 if unit is None else unit
    (gradient,) = torch.autograd.grad(out[0, 0, unit], x)
    return gradient[0, 0].nonzero()[:, 0].numpy()


def _measured(layers: list[tuple], length: int) -> dict[str, int]:
    outputs = length
    for kernel_size, stride, padding, dilation in layers:
        outputs = (outputs + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    unit = outputs // 2
    seen, following = reached(layers, length, unit), reached(layers, length, unit + 1)
    stride = int(following[0] - seen[0])
    numbers = int(seen[-1] - seen[0]) + 1, stride, int(seen[0]) - unit * stride
    return dict(zip(PARTS, numbers, strict=True))


def _receptive_field(layers: list[tuple]) -> dict[str, int]:
    """In a row so long that its ends do not matter."""
    length = 64 + 8 * sum(d * (k - 1) + 2 * p for k, _, p, d in layers)
    length *= int(np.prod([stride for _, stride, *_ in layers]))
    return _measured(layers, length)


def _read(found: Any, layers: list[tuple]) -> dict[str, Any]:
    if found is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise Unusable(f"it returned {found!r}, but the result is (size, stride, start)")
    return dict(zip(PARTS, found, strict=True))


_arrange = Look(insight.receptive_field, _read)


def _rf(
    *,
    extent: Callable = lambda k, d: d * (k - 1) + 1,
    grow: Callable = lambda size, extent, jump, s, p: size + (extent - 1) * jump,
    jumps: Callable = lambda jump, s, d: jump * s,
    move: Callable = lambda start, p, jump, s, extent: start - p * jump,
    layers_seen: Callable = lambda layers: layers,
    end: Callable = lambda size, jump, start: start,
    order: Callable = lambda size, jump, start: (size, jump, start),
    first: int = 1,
) -> Callable:
    """The recursion with one thing changed."""

    def receptive_field(layers: list[tuple]) -> tuple[int, int, int]:
        size, jump, start = first, 1, 0
        for k, s, p, d in layers_seen(layers):
            reach = extent(k, d)
            size = grow(size, reach, jump, s, p)
            start = move(start, p, jump, s, reach)
            jump = jumps(jump, s, d)
        return order(size, jump, end(size, jump, start))

    return _arrange(receptive_field)


def _layers(rng, count: int, *, padding: bool = False, dilation: bool = False) -> list[tuple]:
    made = []
    for number in range(count):
        kernel_size, stride = int(rng.integers(2, 6)), int(rng.integers(1, 4)) if number < 3 else 1
        d = int(rng.integers(1, 4)) if dilation else 1
        p = int(rng.integers(1, d * (kernel_size - 1) + 1)) if padding else 0
        made.append((kernel_size, stride, p, d))
    return made


def _one_layer(rng) -> Iterator[Case]:
    for stride in (1, 2, 3):
        yield case([(int(rng.integers(1, 8)), stride, 0, 1)])
    yield case([(1, 1, 0, 1)])  # a 1×1 convolution is a layer too
    yield case([])  # a pixel sees itself


def _stacks(rng) -> Iterator[Case]:
    yield case([])
    yield case([(3, 1, 0, 1), (3, 1, 0, 1)])
    yield case([(3, 2, 0, 1), (3, 3, 0, 1), (2, 1, 0, 1)])
    for count in (2, 3, 4):
        yield case(_layers(rng, count))


def _padded(rng) -> Iterator[Case]:
    yield case([(3, 1, 1, 1)])
    yield case([(3, 2, 1, 1), (3, 2, 1, 1)])
    for count in (1, 2, 3):
        yield case(_layers(rng, count, padding=True))


def _dilated(rng) -> Iterator[Case]:
    yield case([(3, 1, 0, 2)])
    yield case([(3, 1, 1, 1), (3, 1, 2, 2), (3, 1, 4, 4)])
    for count in (1, 2, 3):
        yield case(_layers(rng, count, padding=True, dilation=True))


def _networks(rng) -> Iterator[Case]:
    yield case(LENET5)
    yield case(VGG16)
    yield case(VGG16[: int(rng.integers(6, 17))])


# fmt: off
_SUSPECTS = {
    "The dilation is ignored: a kernel reaches over d(k − 1) + 1 places.":
        {"extent": lambda k, d: k},
    "The dilated kernel is taken for d·k places: it reaches over d(k − 1) + 1.":
        {"extent": lambda k, d: d * k if d > 1 else k},
    "The strides are ignored in the size: each layer adds its reach times the strides of the "
    "layers before.": {"grow": lambda size, extent, jump, s, p: size + extent - 1},
    "A layer's own stride is multiplied in too early: what it adds is spread by the layers before "
    "it alone.": {"grow": lambda size, extent, jump, s, p: size + (extent - 1) * jump * s},
    "Each layer adds k, not k − 1: neighbouring windows share all but one place.":
        {"grow": lambda size, extent, jump, s, p: size + extent * jump},
    "The stride is that of the last layer alone: multiply those of all layers.":
        {"jumps": lambda jump, s, d: s},
    "The strides are added up: multiply them.": {"jumps": lambda jump, s, d: jump + s - 1},
    "The start does not know of padding, it stays 0: each layer's moves it to the left, below 0.":
        {"move": lambda start, p, jump, s, extent: start},
    "The padding of a layer is not multiplied by the strides before it.":
        {"move": lambda start, p, jump, s, extent: start - p},
    "The padding of a layer is multiplied by its own stride too: only the layers before it spread "
    "it.": {"move": lambda start, p, jump, s, extent: start - p * jump * s},
    "The start has the wrong sign: padding lets the first unit begin before the image.":
        {"move": lambda start, p, jump, s, extent: start + p * jump},
    "The start is the centre of the first unit's field: it is to be its left edge.":
        {"move": lambda start, p, jump, s, extent: start + ((extent - 1) // 2 - p) * jump},
    "The start is counted from the centre of the field of size 1: it is the left edge, without "
    "half of the size.": {"end": lambda size, jump, start: start - size // 2},
    "The layers are taken in reverse order: the first is the one at the image.":
        {"layers_seen": lambda layers: layers[::-1]},
    "Padding does not change the size: the pixels that it adds are none of the image's.":
        {"grow": lambda size, extent, jump, s, p: size + (extent - 1 + 2 * p) * jump},
    "The start is that of the last layer alone: the padding of all layers adds up.":
        {"move": lambda start, p, jump, s, extent: -p * jump},
    "The size begins with 0: it is to begin with 1, since a pixel sees itself.": {"first": 0},
    "The size begins with 2: it is to begin with 1, since a pixel sees itself.": {"first": 2},
    "The dilation is added to k − 1: it multiplies it, d(k − 1).":
        {"extent": lambda k, d: d + k},
    "The strides before a layer are added to its reach: they multiply it.":
        {"grow": lambda size, extent, jump, s, p: size + extent - 1 + jump},
    "The strides before a layer are added to k: they multiply k − 1.":
        {"grow": lambda size, extent, jump, s, p: size + extent * jump - 1},
    "Each layer adds d(k − 2), not d(k − 1): windows that are neighbours share all but one place.":
        {"extent": lambda k, d: d * (k - 2) + 1},
    "The size shrinks with each layer: what a layer adds is to be added.":
        {"grow": lambda size, extent, jump, s, p: size - (extent - 1) * jump},
    "The start begins with −1, not with 0.":
        {"end": lambda size, jump, start: start - 1},
    "The start begins with 1, not with 0.": {"end": lambda size, jump, start: start + 1},
    "Kernel size and stride of a layer are exchanged: it is (kernel_size, stride, padding, "
    "dilation).": {"layers_seen": lambda layers: [(s, k, p, d) for k, s, p, d in layers]},
    "Padding and dilation of a layer are exchanged: it is (kernel_size, stride, padding, "
    "dilation).": {"layers_seen": lambda layers: [(k, s, d, p) for k, s, p, d in layers]},
    "Each layer's reach is spread by the size so far: by the strides of the layers before it.":
        {"grow": lambda size, extent, jump, s, p: size + (extent - 1) * size},
    "The stride is multiplied by the dilation: a kernel with holes moves by its stride.":
        {"jumps": lambda jump, s, d: jump * s * d},
    "Stride and start are exchanged: the result is (size, stride, start).":
        {"order": lambda size, jump, start: (size, start, jump)},
    "The last layer is missing.": {"layers_seen": lambda layers: layers[:-1]},
}
# fmt: on


check_receptive_field = Check(
    "receptive_field",
    oracle=_receptive_field,
    tool="gradients through torch.nn.functional.conv1d",
    parts={
        "one layer": _one_layer,
        "stacks": _stacks,
        "padding": _padded,
        "dilation": _dilated,
        "networks": _networks,
    },
    suspects=_SUSPECTS,
    recipe=_rf,
    rejects=[
        rejection("kernel_size|kernel", [(3, 1, 1, 1), (0, 1, 0, 1)]),
        rejection("stride", [(3, 0, 1, 1)]),
        rejection("padding", [(3, 1, 1, 1), (3, 1, -1, 1)]),
        rejection("dilation", [(3, 1, 0, 0)]),
        rejection("stride", [(3, -1, 0, 1)]),
        rejection("layer", [(3, 1, 1)]),
        rejection("layer", [(3, 1, 1, 1, 1)]),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
)
