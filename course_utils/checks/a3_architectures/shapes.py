"""Check of the trace of a model, against the layers that it is made of."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes.tracing import shape_trace
from course_utils.tracing import trace


def _read(found: Any, *_: Any, look_at: str) -> dict[str, Any]:
    if look_at == "trace":
        return {"trace": found}
    hooks, modes, (before, after) = found["hooks"], found["modes"], found["weights"]
    same = all(torch.equal(after[name], before[name]) for name in before)
    learns, on = all(found["requires_grad"]), found["recording"]
    return {
        "hooks afterwards": "right" if hooks == 0 else f"{hooks} hooks are left in the model",
        "modes afterwards": _modes([*modes.values()], [name != "2.1" for name in modes]),
        "BatchNorm": "right" if same else "has learnt statistics from the trace",
        "what learns": "right" if learns else "less than before: requires_grad is changed",
        "gradients afterwards": "right" if on else "switched off for the whole notebook",
    }


def _modes(modes: list[bool], wanted: list[bool]) -> str:
    if modes == wanted:
        return "right"
    return "all training" if all(modes) else "all eval" if not any(modes) else "mixed up"


_arrange = Look(shape_trace, _read)


def _by_trace(change: Callable[[list, nn.Module], list] = lambda entries, model: entries):
    """The professional trace, changed."""

    def traced(model: nn.Module, input_shape: tuple[int, ...]) -> list:
        try:
            entries = _entries(model, input_shape)
        except RuntimeError:
            change([], model)
            raise
        return change(entries, model)

    return _arrange(traced)


def _entries(model: nn.Module, input_shape: tuple[int, ...]) -> list:
    layers = trace(model, input_shape)
    return [(layer.name, layer.output_shape, layer.parameters) for layer in layers]


def _shape_trace(images, widths, *, look_at):
    return _by_trace()(images, widths, look_at=look_at)


def _inputs(entries: list, model: nn.Module, *, first: tuple[int, ...]) -> list:
    shapes = [first, *(shape for _, shape, _ in entries)]
    return [(name, shape, n) for (name, _, n), shape in zip(entries, shapes, strict=False)]


def _hooking(chosen: Callable[[str, nn.Module], bool], called: Callable | None = None) -> Callable:
    """A trace of its own, with hooks on chosen modules; `called` gives another name for each."""

    def traced(model: nn.Module, input_shape: tuple[int, ...]) -> list:
        entries, modes = [], [(module, module.training) for module in model.modules()]
        names = [name for name, _ in model.named_modules()]

        def hook(name: str) -> Callable:
            def note(module: nn.Module, inputs: Any, output: Any) -> None:
                output = output if isinstance(output, Tensor) else output[0]
                count = sum(p.numel() for p in module.parameters())
                said = called(name, names) if called else name
                entries.append((said, tuple(output.shape), count))

            return note

        hooks = [
            module.register_forward_hook(hook(name))
            for name, module in model.named_modules()
            if chosen(name, module)
        ]
        try:
            with torch.no_grad():
                model.eval()(torch.zeros(input_shape))
        finally:
            for each in hooks:
                each.remove()
            for module, training in modes:
                module.training = training
        return entries

    return _arrange(traced)


def _leaf(name: str, module: nn.Module) -> bool:
    return not list(module.children())


def _as_defined(entries: list, model: nn.Module) -> list:
    names = [name for name, _ in model.named_modules()]
    return sorted(entries, key=lambda entry: names.index(entry[0]))


def _once(entries: list, model: nn.Module) -> list:
    seen = set()
    return [e for e in entries if not (e[0] in seen or seen.add(e[0]))]


def _last_call(entries: list, model: nn.Module) -> list:
    return list({entry[0]: entry for entry in entries}.values())


def _no_finally(model: nn.Module, input_shape: tuple[int, ...]) -> list:
    """Takes its hooks away after the forward, if that is ever reached."""
    try:
        return _entries(model, input_shape)
    except RuntimeError:
        _leaving_hooks([], model)
        model.eval()
        raise


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
    for _, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda *_: None)
    return entries


def _in_eval(entries: list, model: nn.Module) -> list:
    model.eval()
    return entries


def _gradients_off(entries: list, model: nn.Module) -> list:
    torch.set_grad_enabled(False)
    return entries


def _all_in_training(entries: list, model: nn.Module) -> list:
    model.train()
    return entries


def _computed_in_training(entries: list, model: nn.Module) -> list:
    for module in model.modules():
        if entries and isinstance(module, nn.BatchNorm2d) and module.training:
            module.num_batches_tracked += 1
    return entries


def _traces(rng) -> Iterator[Case]:
    yield from _images(rng, "trace")
    yield case(np.zeros((6, 4, 8)), (8, 2, 5), look_at="trace")


def _images(rng, look_at: str) -> Iterator[Case]:
    yield case(np.zeros((1, 2, 8, 8)), (3, 4, 5), look_at=look_at)
    size = int(rng.integers(8, 15))
    widths = tuple(int(n) for n in rng.integers(2, 9, 3))
    yield case(np.zeros((int(rng.integers(2, 5)), 2, size, size)), widths, look_at=look_at)


def _left(rng) -> Iterator[Case]:
    yield from _images(rng, "left behind")
    yield case(np.zeros((1, 3, 9, 9)), (3, 4, 5), look_at="left behind")  # one channel too many


# fmt: off
_SUSPECTS = {
    "These are the shapes of the inputs; the hook gets both, inputs before output.":
        lambda images, widths, *, look_at: _by_trace(
            lambda entries, model: _inputs(entries, model, first=images.shape)
        )(images, widths, look_at=look_at),
    "The containers are listed too, the model itself among them: leave out modules that have "
    "children.": _hooking(lambda name, module: True),
    "The containers are listed too: leave out modules that have children.":
        _hooking(lambda name, module: name != ""),
    "All have one name: the hook sees the last one of the loop. Bind it (Hint 2).":
        _hooking(_leaf, lambda name, names: names[-1]),
    "These stand in the order of definition, not in that of computation.": {"change": _as_defined},
    "A layer that is called twice is listed once, at its first call.": {"change": _once},
    "A layer that is called twice is listed once, with its last shape: a dict has room for one.":
        {"change": _last_call},
    "When the model raises, something of the tracer stays: put things back in a finally.":
        _arrange(_no_finally),
    "The layers inside an inner Sequential are missing: named_modules() goes all the way down.":
        {"change": lambda entries, model: [e for e in entries if "." not in e[0]]},
    "The biases are not counted.": {"change": _weights_only},
    "Buffers are counted: running statistics are not learnt, so they are no parameters.":
        {"change": _with_buffers},
    "These are classes of layers; the names are those of named_modules().": {"change": _kinds},
    "The batch is missing in the shapes.":
        {"change": lambda entries, model: [(name, shape[1:], n) for name, shape, n in entries]},
    "Layers without parameters are left out.":
        {"change": lambda entries, model: [e for e in entries if e[2]]},
    "Each hook must be removed at the end: keep what register_forward_hook returns.":
        {"change": _leaving_hooks},
    "The model is left in eval mode: give each module back the mode that it had.":
        {"change": _in_eval},
    "All modules are left in training mode, one of them was not: keep the mode of each.":
        {"change": _all_in_training},
    "Nothing can be trained afterwards: use `with torch.no_grad():`, which ends by itself.":
        {"change": _gradients_off},
    "Trace in eval mode: BatchNorm learns from whatever it sees in training mode.":
        {"change": _computed_in_training},
}
# fmt: on


check_shape_trace = Check(
    "shape_trace",
    oracle=_shape_trace,
    tool="what the layers of torch.nn give",
    parts={"trace": _traces, "left behind": _left},
    suspects=_SUSPECTS,
    recipe=_by_trace,
    rejects=[
        rejection("input_shape|shape|size", np.zeros((0, 2, 8, 8)), (3, 4, 5), look_at="trace"),
        rejection("input_shape|shape|size", np.zeros((1, 0, 8, 8)), (3, 4, 5), look_at="trace"),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
)
