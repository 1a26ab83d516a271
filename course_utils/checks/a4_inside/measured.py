"""Check of measured_receptive_field, against what the geometry of the layers says."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a4_inside.fields import reached
from course_utils.checks.a4_inside.networks import NOT_HERE, traces
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look, Unusable
from course_utils.probes import insight
from course_utils.probes.insight import CLOSED, ZEROS


def _read(seen: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
    return traces(seen) | (_pair(seen["found"]) if "found" in seen else {})


def _pair(found: Any) -> dict[str, Any]:
    if found is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(found, tuple | list) or len(found) != 2:
        kind = type(found).__name__
        raise Unusable(f"it returned a {kind}, but the result is (height, width)")
    return {"height": found[0], "width": found[1]}


_arrange = Look(insight.measured_receptive_field, _read)


def _layers(model: nn.Module, axis: int) -> list[tuple]:
    """What a row or a column goes through: (kernel_size, stride, padding, dilation) of each."""
    found = []
    for module in model.modules():
        if hasattr(module, "kernel_size"):
            parts = (getattr(module, name, 1) for name in
                     ("kernel_size", "stride", "padding", "dilation"))  # fmt: skip
            found.append(tuple(p[axis] if isinstance(p, tuple) else p for p in parts))
    return found


def _by_geometry(model: nn.Module, input_shape: tuple) -> tuple[int, int]:
    model(torch.zeros(input_shape, dtype=next(model.parameters()).dtype))
    seen = [reached(_layers(model, axis), input_shape[2 + axis]) for axis in (0, 1)]
    height, width = (int(places[-1] - places[0]) + 1 for places in seen)
    return height, width


def _clean(function: Callable) -> Callable:
    def looking(model: nn.Module, input_shape: tuple) -> Any:
        return function(copy.deepcopy(model).eval(), input_shape)

    return looking


def _measured_receptive_field(network, input_shape, **options):
    return _arrange(_clean(_by_geometry))(network, input_shape, **options)


def _positive(model: nn.Module, *, average: bool = True) -> nn.Module:
    """A network of this geometry in which nothing cancels and no pixel is passed over."""
    layers = [
        nn.AvgPool2d(m.kernel_size, m.stride, m.padding)
        if isinstance(m, nn.MaxPool2d) and average
        else m
        for m in copy.deepcopy(model)
    ]
    twin = nn.Sequential(*layers).double().eval()
    for p in twin.parameters():
        p.requires_grad_(True)
        p.data.fill_(0.1)
    for module in twin:
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    return twin


def _gradient(model: nn.Module, input_shape: tuple, choose: Callable | None = None) -> Tensor:
    """Of the central unit, or of what `choose` takes from the output; `(H, W)`."""
    steps = torch.arange(float(np.prod(input_shape)), dtype=torch.float64)
    x = (1.5 + torch.sin(steps)).reshape(input_shape).requires_grad_()  # positive, no ties
    out = model(x)
    unit = out[..., out.shape[2] // 2, out.shape[3] // 2].sum() if choose is None else choose(out)
    (gradient,) = torch.autograd.grad(unit, x)
    return gradient.abs().sum((0, 1))


def _extent(gradient: Tensor) -> tuple[int, int]:
    rows, columns = (gradient.sum(axis).nonzero()[:, 0] for axis in (1, 0))
    return int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1


def _mrf(
    extent: Callable = _extent,
    choose: Callable | None = None,
    prepared: Callable = _positive,
) -> Callable:
    """A measurement with one thing changed."""

    def measured(model: nn.Module, input_shape: tuple) -> tuple[int, int]:
        return extent(_gradient(prepared(model), input_shape, choose))

    return _arrange(_clean(measured))


def _in_training_mode(model: nn.Module) -> nn.Module:
    return _positive(model).train()


def _with_its_own_numbers(model: nn.Module) -> nn.Module:
    return copy.deepcopy(model).double().eval()


def _extent_or_nothing(gradient: Tensor) -> tuple[int, int]:
    return _extent(gradient) if gradient.any() else (0, 0)


def _count(gradient: Tensor) -> tuple[int, int]:
    return int((gradient.sum(1) > 0).sum()), int((gradient.sum(0) > 0).sum())


def _less_one(gradient: Tensor) -> tuple[int, int]:
    height, width = _extent(gradient)
    return height - 1, width - 1


def _from_recursion(model: nn.Module, input_shape: tuple) -> tuple[int, int]:
    """What the recursion says, whatever the image."""
    model(torch.zeros(input_shape, dtype=next(model.parameters()).dtype))
    return tuple(
        int(seen[-1] - seen[0]) + 1
        for seen in (reached(_layers(model, axis), 300) for axis in (0, 1))
    )


def _size_of_output(model: nn.Module, input_shape: tuple) -> tuple[int, int]:
    return tuple(_positive(model)(torch.ones(input_shape, dtype=torch.float64)).shape[2:])


def _leaving(trace: Callable, *, on_error: bool = False) -> Callable:
    def looking(model: nn.Module, input_shape: tuple) -> tuple[int, int]:
        try:
            return _clean(_by_geometry)(model, input_shape)
        finally:
            if not on_error or input_shape[1] != 2:
                trace(model)

    return _arrange(looking)


@torch.no_grad()
def _make_positive(model: nn.Module) -> None:
    for p in model.parameters():
        p.abs_()


def _fill_gradients(model: nn.Module) -> None:
    for p in model.parameters():
        p.grad = torch.ones_like(p)


def _values(*kinds: str, largest: int = 26) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for kind in kinds:
            for dtype, smallest in [("float64", 18), ("float32", largest - 6)]:
                height, width = (int(n) for n in rng.integers(smallest, largest, 2))
                n = int(rng.integers(1, 3))
                yield case(kind, (n, 2, height, width), dtype=dtype, look_at="values")
        if "norm" in kinds:
            yield case("two norms", (1, 2, 12, 14), look_at="values")
        if "pooled" in kinds:
            yield case("nested", (1, 2, 11, 14), look_at="values")
            yield case("one layer", (1, 2, 8, 6), look_at="values")
        for kind, trap in (("oblong", ZEROS), ("norm", CLOSED)):
            if kind in kinds:
                yield case(kind, (1, 2, 12, 14), trap=trap, look_at="values")

    return cases


def _borders(rng) -> Iterator[Case]:
    for kind in ("oblong", "dilated", "strided", "averaged"):
        height, width = (int(n) for n in rng.integers(9, 13, 2))
        yield case(kind, (1, 2, height, width), look_at="values")
    yield case("averaged", (1, 2, 9, 12), look_at="values")
    yield case("strided", (1, 2, 11, 7), look_at="values")
    yield case("dilated", (1, 2, int(rng.integers(9, 11)), 26), look_at="values")
    yield case("dilated", (1, 2, 26, int(rng.integers(9, 11))), look_at="values")


def _looks(rng) -> Iterator[Case]:
    for look_at in ("left behind", "after an error"):
        yield case("all kinds", (1, 2, int(rng.integers(12, 20)), 15), look_at=look_at)


# fmt: off
_SUSPECTS = {
    "Height and width are exchanged.": {"extent": lambda gradient: _extent(gradient)[::-1]},
    "The size is one too small: from the first to the last pixel, both count.":
        {"extent": _less_one},
    "These are the numbers of pixels with a gradient: a dilated kernel leaves some out. Take the "
    "distance from the first to the last.": {"extent": _count},
    "The output is added up over all places: take one unit, the central one.":
        {"choose": Tensor.sum},
    "The unit in the corner is measured, where the image ends: take the central one.":
        {"choose": lambda out: out[..., 0, 0].sum()},
    "A max pooling hands the gradient to one pixel of each window: average in the copy, or try "
    "many random inputs.": {"prepared": lambda model: _positive(model, average=False)},
    "The model's own weights or statistics are measured, which may hide pixels from every image: "
    "give the copy numbers of your own.":
        {"extent": _extent_or_nothing, "prepared": _with_its_own_numbers},
    "The model computes in training mode, where BatchNorm sees the whole image: call eval().":
        {"prepared": _in_training_mode},
    "The unit before the central one is measured: it is [OH // 2, OW // 2].":
        {"choose": lambda out: out[..., (out.shape[2] - 1) // 2, (out.shape[3] - 1) // 2].sum()},
    "OH decides the column of the unit as well: it is [OH // 2, OW // 2].":
        {
            "choose": lambda out: out[
                ..., out.shape[2] // 2, min(out.shape[2] // 2, out.shape[3] - 1)
            ].sum()
        },
    "A whole row of the output is added up: take one unit, the central one.":
        {"choose": lambda out: out[:, :, out.shape[2] // 2].sum()},
    "Only large gradients are counted, which is the effective field: any that is not 0 counts.":
        {"extent": lambda gradient: _extent((gradient > 0.5 * gradient.max()).double())},
    "This is the field in an image without end: the central unit of this one sees less.":
        _arrange(_clean(_from_recursion)),
    "This is the size of the output, not of the field.": _arrange(_clean(_size_of_output)),
    "The weights of the model itself were made positive: change a copy.": _leaving(_make_positive),
    "The model is left in eval mode: work on a copy, or put the modes back.":
        _leaving(lambda model: model.eval()),
    "Where the network raises an error the model is left changed: work on a copy.":
        _leaving(lambda model: model.eval(), on_error=True),
    "The weights got gradients: torch.autograd.grad gives the one that you want and leaves the "
    "others alone.": _leaving(_fill_gradients),
    "A weight that was frozen is frozen no longer: leave requires_grad alone.":
        _leaving(lambda model: model.requires_grad_(True)),
    "zero_grad() deletes gradients that were there before: work on a copy.":
        _leaving(lambda model: model.zero_grad()),
}
# fmt: on


check_measured_receptive_field = Check(
    "measured_receptive_field",
    oracle=_measured_receptive_field,
    tool="the geometry of the layers",
    parts={
        "convolutions": _values("oblong", "strided", "dilated"),
        "pooling and norm": _values("averaged", "pooled", "norm"),
        "small images": _borders,
        "left behind": _looks,
    },
    suspects=_SUSPECTS,
    recipe=_mrf,
    most_pairs={"": 100},
    rejects=[
        rejection("input_shape|shape|size", "oblong", (1, 2, 30), look_at="values"),
        rejection("input_shape|shape|size", "oblong", (1, 2, 0, 30), look_at="values"),
        rejection("input_shape|shape|size", "oblong", (0, 2, 30, 30), look_at="values"),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
    hints={
        r"out of bounds.* size 0|size 0|zero-size|empty": "No row or no column is "
        "counted here: print the gradient. If it is 0 everywhere, the model's own weights or "
        "statistics may keep each ReLU closed: give the copy numbers of your own."
    },
)
