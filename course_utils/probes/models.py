"""A look at networks: what a student's model makes of inputs, with weights that are given to it."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.probes.calls import Unusable

LR = 0.05  # of the one step of training that a look makes
COPIES = 24  # of an image, to count what dropout leaves of the features
REPEATS = 6  # of an image, twice, to see any dropout: one alone may give the same by chance


@contextlib.contextmanager
def usual_settings() -> Iterator[None]:
    """Gradients are recorded and float32 on the CPU is the default.

    What a student's notebook has set is set again afterwards.
    """
    recording, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    device = torch.get_default_device()
    moved = device.type != "cpu"  # to set one, even the CPU, makes each later call slower
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    if moved:
        torch.set_default_device("cpu")
    try:
        yield
    finally:
        torch.set_grad_enabled(recording)
        torch.set_default_dtype(dtype)
        if moved:
            torch.set_default_device(device)


def behaviour(make: Callable, x: np.ndarray, *args: Any, look_at: str, **options: Any) -> dict:
    """Make a model of `args` and look at one of its sides.

    These are its `"parameters"`, its `"output"` in eval mode, its `"training"` mode, what both
    `"modes"` do to dropout before the last layer, whether there is `"no dropout"`, its output after
    a `"step"` of training, its shape on another `"device"`.
    """
    with usual_settings():
        model = make(*args, **options)
        if not hasattr(model, "state_dict"):
            raise Unusable(f"it made a {type(model).__name__}, which is no nn.Module")
        return LOOKS[look_at](model, torch.from_numpy(np.array(x)))


def _parameters(model: Any, x: Tensor) -> dict[str, Any]:
    model.eval()
    shape = _output(model, x.float()).shape  # first: a lazy layer has no parameters before
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise Unusable(
            "it has no parameters at all. Is there no layer that learns, or do its layers stand "
            "in a plain list? Use nn.Sequential "
            "or nn.ModuleList"
        )
    return {
        "shape": shape,
        "hidden": _hidden(model, x),
        "number": sum(p.numel() for p in trained),
    }


def _hidden(model: Any, x: Tensor) -> bool:
    """Whether a gradient flows to something else than what parameters() lists."""
    model.requires_grad_(False)
    return bool(getattr(model(x.float()), "requires_grad", False))


def _eval_output(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.eval()
    found, given = {"output": _output(model, x)}, x.clone()
    model(given)
    return found | {"input": given.detach().numpy()}


def _training(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.train()
    found = {"output in training mode": _output(model, x)}
    model.eval()
    return found | {"output in eval mode afterwards": _output(model, x)}


def _modes(model: Any, x: Tensor) -> dict[str, Any]:
    """Dropout makes each output another one, and only in training."""
    layers = [name for name, kind in give_weights(model, x) if kind.startswith("layer")]
    found = {f"in {mode} mode": _twice(model, mode, x) for mode in ("training", "eval")}
    return found | {"dropout": _dropout(model, x, layers[-1]) if layers else None}


def _no_dropout(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    return {f"two outputs in {mode} mode": _twice(model, mode, x) for mode in ("training", "eval")}


def _twice(model: Any, mode: str, x: Tensor) -> list[np.ndarray]:
    """The outputs for a batch of copies, two times."""
    model.train(mode == "training")
    copies = x[:1].repeat(REPEATS, *[1] * (x.dim() - 1))
    return [_output(model, copies) for _ in range(2)]


def _dropout(model: Any, x: Tensor, last: str) -> dict[str, Any]:
    """What enters and leaves the last layer in training, for copies of an image.

    That is `"given"`, and `"plain"` in eval mode; `"left"` it has given, `"logits"` the model.
    """
    entering, leaving, layer = [], [], model.get_submodule(last)

    def enter(module: Any, inputs: Any) -> None:
        entering.append(inputs[0].detach().clone())

    def leave(module: Any, inputs: Any, output: Any) -> None:
        leaving.append(output.detach().clone())

    hooks = layer.register_forward_pre_hook(enter), layer.register_forward_hook(leave)
    try:
        model.eval()
        _output(model, x[:1])
        model.train()
        logits = _output(model, x[:1].repeat(COPIES, *[1] * (x.dim() - 1)))
    finally:
        for hook in hooks:
            hook.remove()
    plain, given, left = (each.numpy() for each in (entering[0], entering[-1], leaving[-1]))
    return {"plain": plain, "given": given, "left": left, "logits": logits}


def _step(model: Any, x: Tensor) -> dict[str, Any]:
    """Gradients reach every weight: one step down along the mean of the squared outputs."""
    give_weights(model, x)
    model.eval()  # so that dropout does not decide
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    loss = model(x.clone()).square().mean()
    try:
        loss.backward()
    except RuntimeError as error:
        why = str(error).partition(": [")[0]  # then come names that differ between processes
        raise Unusable(f"no gradient comes through it: {why}") from None
    optimizer.step()
    return {"output after a step of training": _output(model, x)}


def _device(model: Any, x: Tensor) -> dict[str, Any]:
    """The device "meta" has shapes without numbers; nothing of another device goes with it.

    Who needs a number to go on, such as for an assertion, cannot be judged there.
    """
    model.float()
    model.eval()
    usual = tuple(_output(model, x.float()).shape)  # what fails here as well is not the device's
    model.to("meta")
    try:
        out = model(torch.zeros(tuple(x.shape), device="meta"))
    except RuntimeError as error:
        if "meta tensor" in str(error):
            return {"shape on another device": usual}
        raise Unusable(
            f"it does not compute on another device, where all its parameters are: "
            f"{str(error).rstrip('.!')}. A "
            "tensor that forward makes must be made on the device of its input"
        ) from None
    return {"shape on another device": tuple(out.shape)}


LOOKS = {
    "parameters": _parameters,
    "output": _eval_output,
    "training": _training,
    "modes": _modes,
    "no dropout": _no_dropout,
    "step": _step,
    "device": _device,
}


def _output(model: Any, x: Tensor) -> np.ndarray:
    out = model(x.clone() if isinstance(x, Tensor) else x)  # a model may change what it gets
    if not isinstance(out, Tensor):
        if out is None:
            raise Unusable("the model returned None. Is a `return` missing in forward?")
        kind = type(out).__name__
        raise Unusable(f"the model returned a {kind}, but the result is one tensor")
    return out.detach().numpy()


def weights_of(model: Any) -> dict[str, Tensor]:
    """All weights and statistics, as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


# Weights -----------------------------------------------------------------------------------------


def give_weights(model: Any, x: Tensor) -> list[tuple[str, str]]:
    """Give a model weights in float64 that depend on nothing but its layers, as they are called.

    Names and the order of definition are the student's own business: a layer is known by its kind
    and by when it is called, a shortcut by its 1×1 kernel on maps of more than one pixel; the last
    of all is no shortcut.

    Returns
    -------
    list of tuple of str
        Of the layers with parameters, in the order in which they are called.

    Raises
    ------
    Unusable
        If there are parameters that belong to no layer that forward calls.
    """
    model.double()
    _materialise(model, x)
    state, kinds = _once(model.state_dict()), {}
    layers = _called_layers(model, x, state)
    for name, kind in layers:
        index = sum(k == kind for k in kinds.values())
        kinds[name] = kind
        for number, part in enumerate(PARTS):
            if f"{name}.{part}" in state:
                shape = tuple(state[f"{name}.{part}"].shape)
                state[f"{name}.{part}"] = _numbers((KINDS.index(kind), index, number), part, shape)
    lost = [key for key in state if key.rpartition(".")[0] not in kinds]
    if lost:
        raise Unusable(
            f"{', '.join(lost[:3])}: no layer that forward calls has these. Is a layer made that "
            "is never used? Use the layers of torch.nn, such as nn.Conv2d, and call them"
        )
    model.load_state_dict(state, strict=False)  # all but second names of the same
    return layers


def _once(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without the second names of what a model uses more than once."""
    first: dict[int, str] = {}
    for name, value in state.items():
        first.setdefault(value.data_ptr() if value.numel() else -len(first) - 1, name)
    return {name: state[name] for name in first.values()}


def _materialise(model: Any, x: Tensor) -> None:
    """Lazy layers get their parameters when they are first called."""
    if any(type(module).__name__.startswith("Lazy") for _, module in model.named_modules()):
        model.eval()
        model(x[:1].clone())


PARTS = ("weight", "bias", "running_mean", "running_var")
KINDS = ("layer", "layer of a shortcut", "norm", "norm of a shortcut")


@functools.lru_cache(maxsize=512)  # the next look at a network asks for the same
def _numbers(key: tuple[int, ...], part: str, shape: tuple[int, ...]) -> Tensor:
    """The same for a convolution as large as its input and for the linear layer that equals it."""
    rng = np.random.default_rng(key)
    if part == "running_var":
        return torch.from_numpy(rng.uniform(0.5, 1.5, shape))
    values = rng.normal(size=shape)
    if part == "weight" and len(shape) > 1:
        values *= 1.4 / np.sqrt(np.prod(shape[1:]))  # outputs stay as large as inputs
    else:
        values = 0.2 * values + (part == "weight")
    return torch.from_numpy(values)


def _called_layers(model: Any, x: Tensor, state: dict) -> list[tuple[str, str]]:
    """Names and kinds of the layers with parameters, in the order in which they are called."""
    called: dict[str, tuple[int, ...]] = {}  # height and width of what comes in
    names = {key.rpartition(".")[0] for key in state}
    hooks = []
    for name, module in model.named_modules():
        if name in names:

            def note(module: Any, inputs: Any, output: Any, name: str = name) -> None:
                called.setdefault(name, tuple(inputs[0].shape[2:]))

            hooks.append(module.register_forward_hook(note))
    try:
        model.eval()
        model(x[:1].clone())
    finally:
        for hook in hooks:
            hook.remove()
    layers, of_shortcut, last = [], "", [*called][-1:]
    for name, size in called.items():
        if f"{name}.weight" not in state:
            continue  # a module with parameters of its own
        shape = tuple(state[f"{name}.weight"].shape)
        if len(shape) > 1:
            shortcut = shape[2:] == (1, 1) != size and [name] != last
            of_shortcut = " of a shortcut" if shortcut else ""
            layers.append((name, f"layer{of_shortcut}"))
        else:
            layers.append((name, f"norm{of_shortcut}"))
            of_shortcut = ""
    return layers
