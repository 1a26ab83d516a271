"""Checks of networks: what a student's model makes of inputs, with weights that the check gives it.

A model may live in another process, so it is only called, listened to, and given data. What belongs
beside it, such as an optimiser, is built there.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.outcome import Unusable

LR = 0.05  # of the one step of training that a check makes


def beside(thing: Any, module: str) -> Any:
    """A module in the process where `thing` lives."""
    if hasattr(type(thing), "module_beside"):
        return thing.module_beside(module)
    return importlib.import_module(module)


def there(function: Callable, *args: Any, **options: Any) -> Any:
    """Call a function, and leave in its process what comes of it."""
    return getattr(function, "call_there", function)(*args, **options)


def behaviour(**builds: Any) -> Callable[[Callable], Callable]:
    """An `arrange` for a class of models, or a function that makes one.

    Parameters
    ----------
    builds
        Options that every model is made with.

    Returns
    -------
    function
        Arranged, a call `(x, *args, look_at=...)` makes a model of `args` and looks at its
        `"parameters"`, its `"output"` in eval mode, at `"training"` mode, at what both `"modes"` do
        to dropout, at the output after a `"step"` of training, or at its shape on another
        `"device"`. Gives a dict of results.
    """

    def arrange(make: Callable) -> Callable:
        def look(x: np.ndarray, *args: Any, look_at: str, **options: Any) -> dict[str, Any]:
            model = there(make, *args, **options, **builds)
            if not hasattr(model, "state_dict"):
                raise Unusable(f"it made a {type(model).__name__}, which is no nn.Module")
            return LOOKS[look_at](model, torch.from_numpy(np.array(x)))

        return look

    return arrange


def _parameters(model: Any, x: Tensor) -> dict[str, Any]:
    trained = [p for p in model.parameters() if p.requires_grad]
    model.eval()
    return {
        "shape of the output": _output(model, x.float()).shape,
        "number of parameters": sum(p.numel() for p in trained),
    }


def _eval_output(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.eval()
    return {"output": _output(model, x)}


def _training(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.train()
    found = {"output in training mode": _output(model, x)}
    model.eval()
    return found | {"output in eval mode afterwards": _output(model, x)}


def _modes(model: Any, x: Tensor) -> dict[str, Any]:
    """Dropout makes each output another one, and only in training."""
    give_weights(model, x)
    model.train()
    trained = np.array_equal(_output(model, x), _output(model, x))
    model.eval()
    evaluated = np.array_equal(_output(model, x), _output(model, x))
    return {
        "in training mode": "the same output twice, so nothing is dropped" if trained else "right",
        "in eval mode": "right" if evaluated else "another output at each call",
    }


def _step(model: Any, x: Tensor) -> dict[str, Any]:
    """Gradients reach every weight: one step down along the mean of the squared outputs."""
    give_weights(model, x)
    model.eval()  # so that dropout does not decide
    optimizer = there(beside(model, "torch.optim").SGD, model.parameters(), lr=LR)
    loss = there(there(there(model, x).square).mean)
    try:
        loss.backward()
    except RuntimeError as error:
        raise Unusable(f"no gradient comes through it: {error}") from None
    optimizer.step()
    return {"output after a step of training": _output(model, x)}


def _device(model: Any, x: Tensor) -> dict[str, Any]:
    """The device "meta" has shapes without numbers; nothing of another device goes with it."""
    torch_there = beside(model, "torch")
    model.to("meta")
    model.eval()
    inputs = there(torch_there.zeros, tuple(x.shape), device="meta")
    try:
        out = there(model, inputs)
    except RuntimeError as error:
        raise Unusable(
            f"it does not compute on another device, where all its parameters are: {error}. A "
            "tensor that forward makes must be made on the device of its input"
        ) from None
    return {"shape on another device": tuple(out.shape)}


LOOKS = {
    "parameters": _parameters,
    "output": _eval_output,
    "training": _training,
    "modes": _modes,
    "step": _step,
    "device": _device,
}


def _output(model: Any, x: Tensor) -> np.ndarray:
    out = model(x)
    if not isinstance(out, Tensor):
        raise Unusable(f"the model returned {_kind(out)}, but the result is one tensor")
    return out.detach().numpy()


def _kind(value: Any) -> str:
    return "None. Is a `return` missing?" if value is None else f"a {type(value).__name__}"


def weights_of(model: Any) -> dict[str, Tensor]:
    """All weights and statistics, as they are now."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


# Weights -----------------------------------------------------------------------------------------


def give_weights(model: Any, x: Tensor) -> None:
    """Give a model weights in float64 that depend on nothing but its layers, as they are called.

    Names and the order of definition are the student's own business: a layer is known by its kind
    and by when it is called, a shortcut by its 1×1 kernel.

    Raises
    ------
    Unusable
        If there are parameters that belong to no layer that forward calls.
    """
    model.double()
    state, kinds = dict(model.state_dict()), {}
    for name, kind in _called_layers(model, x, state):
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
    model.load_state_dict(state)


PARTS = ("weight", "bias", "running_mean", "running_var")
KINDS = ("layer", "layer of a shortcut", "norm", "norm of a shortcut")


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
    called: list[str] = []
    names = {key.rpartition(".")[0] for key in state}
    hooks = []
    for name, module in model.named_modules():
        if name in names:

            def note(module: Any, inputs: Any, output: Any, name: str = name) -> None:
                if name not in called:
                    called.append(name)

            hooks.append(module.register_forward_hook(note))
    try:
        model.eval()
        model(x[:1])
    finally:
        for hook in hooks:
            hook.remove()
    layers, of_shortcut = [], ""
    for name in called:
        if f"{name}.weight" not in state:
            continue  # a module with parameters of its own
        shape = tuple(state[f"{name}.weight"].shape)
        if len(shape) > 1:
            of_shortcut = " of a shortcut" if shape[2:] == (1, 1) else ""
            layers.append((name, f"layer{of_shortcut}"))
        else:
            layers.append((name, f"norm{of_shortcut}"))
            of_shortcut = ""
    return layers
