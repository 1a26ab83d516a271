"""Check of the trace of a model, against the layers that it is made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import nn

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import beside, there
from course_utils.checks.outcome import Unusable
from course_utils.tracing import trace


def _model(home: Any, widths: tuple[int, ...], size: int) -> Any:
    """A network with a Sequential in a Sequential, made where `home` lives."""
    nn_there = beside(home, "torch.nn")
    first, second, classes = widths
    inner = there(
        nn_there.Sequential,
        there(nn_there.Conv2d, first, second, 3, padding=1, bias=False),
        there(nn_there.BatchNorm2d, second),
        there(nn_there.ReLU),
    )
    return there(
        nn_there.Sequential,
        there(nn_there.Conv2d, 2, first, 3, stride=2),
        there(nn_there.ReLU),
        inner,
        there(nn_there.MaxPool2d, 2),
        there(nn_there.Flatten),
        there(nn_there.Dropout, 0.5),
        there(nn_there.Linear, second * _side(size) ** 2, classes),
    )


def _side(size: int) -> int:
    return ((size - 3) // 2 + 1) // 2


def _arrange(shape_trace: Callable) -> Callable:
    def ask(images: np.ndarray, widths: tuple[int, ...], *, look_at: str) -> dict[str, Any]:
        model = _model(shape_trace, widths, images.shape[-1])
        model.train()
        model[2][1].eval()  # a BatchNorm that is frozen
        traced = shape_trace(model, tuple(images.shape))
        if look_at == "trace":
            return {"trace": _plain(traced)}
        return _left_behind(model)

    return ask


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


def _left_behind(model: Any) -> dict[str, Any]:
    modules = [module for _, module in model.named_modules()]
    hooks = sum(len(module._forward_hooks) for module in modules)
    modes = [module.training for module in modules]
    wanted = [not isinstance(module, nn.BatchNorm2d) for _, module in _twin().named_modules()]
    statistics = model.state_dict()["2.1.num_batches_tracked"].item()
    return {
        "hooks afterwards": "right" if hooks == 0 else f"{hooks} hooks are left in the model",
        "modes afterwards": _modes(modes, wanted),
        "BatchNorm": "right" if statistics == 0 else "has learnt statistics from the trace",
    }


def _modes(modes: list[bool], wanted: list[bool]) -> str:
    if modes == wanted:
        return "right"
    return "all training" if all(modes) else "all eval" if not any(modes) else "mixed up"


def _twin() -> nn.Module:
    return _model(None, (1, 1, 1), 8)


def _by_trace(change: Callable[[list, nn.Module], list] = lambda entries, model: entries):
    """The professional trace, changed."""

    def traced(model: nn.Module, input_shape: tuple[int, ...]) -> list:
        layers = trace(model, input_shape)
        entries = [(layer.name, layer.output_shape, layer.parameters) for layer in layers]
        return change(entries, model)

    return _arrange(traced)


def _shape_trace(images, widths, *, look_at):
    return _by_trace()(images, widths, look_at=look_at)


def _inputs(entries: list, model: nn.Module, *, first: tuple[int, ...]) -> list:
    shapes = [first, *(shape for _, shape, _ in entries)]
    return [(name, shape, n) for (name, _, n), shape in zip(entries, shapes, strict=False)]


def _with_containers(entries: list, model: nn.Module) -> list:
    inner = [e for e in entries if e[0].startswith("2.")]
    at = entries.index(inner[-1]) + 1
    return [*entries[:at], ("2", inner[-1][1], sum(n for *_, n in inner)), *entries[at:]]


def _weights_only(entries: list, model: nn.Module) -> list:
    return [(name, shape, _weight(model, name)) for name, shape, _ in entries]


def _weight(model: nn.Module, name: str) -> int:
    weight = getattr(model.get_submodule(name), "weight", None)
    return 0 if weight is None else weight.numel()


def _with_buffers(entries: list, model: nn.Module) -> list:
    return [
        (name, shape, n + sum(b.numel() for b in model.get_submodule(name).buffers()))
        for name, shape, n in entries
    ]


def _kinds(entries: list, model: nn.Module) -> list:
    return [(type(model.get_submodule(name)).__name__, s, n) for name, s, n in entries]


def _leaving_hooks(entries: list, model: nn.Module) -> list:
    for name, *_ in entries:
        model.get_submodule(name).register_forward_hook(lambda *_: None)
    return entries


def _in_eval(entries: list, model: nn.Module) -> list:
    model.eval()
    return entries


def _all_in_training(entries: list, model: nn.Module) -> list:
    model.train()
    return entries


def _computed_in_training(entries: list, model: nn.Module) -> list:
    model.get_submodule("2.1").num_batches_tracked += 1
    return entries


def _cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(np.zeros((1, 2, 8, 8)), (3, 4, 5), look_at=look_at)
        size = int(rng.integers(8, 15))
        widths = tuple(int(n) for n in rng.integers(2, 9, 3))
        yield case(np.zeros((int(rng.integers(2, 5)), 2, size, size)), widths, look_at=look_at)

    return cases


check_shape_trace = Check(
    "shape_trace",
    oracle=_shape_trace,
    tool="what the layers of torch.nn give",
    parts={look: _cases(look) for look in ("trace", "left behind")},
    suspects={
        "These are the shapes of the inputs; the hook gets both, inputs before output.": (
            lambda images, widths, *, look_at: _by_trace(
                lambda entries, model: _inputs(entries, model, first=images.shape)
            )(images, widths, look_at=look_at)
        ),
        "The containers are listed too: leave out modules that have children.": _by_trace(
            _with_containers
        ),
        "The layers inside an inner Sequential are missing: named_modules() goes all the way "
        "down.": _by_trace(lambda entries, model: [e for e in entries if "." not in e[0]]),
        "The biases are not counted.": _by_trace(_weights_only),
        "Buffers are counted: running statistics are not learnt, so they are no parameters.": (
            _by_trace(_with_buffers)
        ),
        "These are classes of layers; the names are those of named_modules().": _by_trace(_kinds),
        "The batch is missing in the shapes.": _by_trace(
            lambda entries, model: [(name, shape[1:], n) for name, shape, n in entries]
        ),
        "Layers without parameters are left out.": _by_trace(
            lambda entries, model: [e for e in entries if e[2]]
        ),
        "Each hook must be removed at the end: keep what register_forward_hook returns.": _by_trace(
            _leaving_hooks
        ),
        "The model is left in eval mode: give each module back the mode that it had.": _by_trace(
            _in_eval
        ),
        "All modules are left in training mode, one of them was not: keep the mode of each.": (
            _by_trace(_all_in_training)
        ),
        "Trace in eval mode: BatchNorm learns from whatever it sees in training mode.": _by_trace(
            _computed_in_training
        ),
    },
    rejects=[
        rejection("input_shape|shape|size", np.zeros((0, 2, 8, 8)), (3, 4, 5), look_at="trace"),
        rejection("input_shape|shape|size", np.zeros((1, 0, 8, 8)), (3, 4, 5), look_at="trace"),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
)
