"""Checks of networks: what a student's model makes of inputs, with weights that the check gives it.

A model may live in another process, so it is only called, listened to, and given data. What belongs
beside it, such as an optimiser, is built there.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.outcome import Unusable

LR = 0.05  # of the one step of training that a check makes
COPIES = 24  # of an image, to count what dropout leaves of the features
REPEATS = 12  # of an image, to see any dropout: one alone may give the same output by chance
HALF = 0.43, 0.57  # of some 1500 features, more than five standard deviations around a half


def beside(thing: Any, module: str) -> Any:
    """A module in the process where `thing` lives."""
    # STAGE
    return importlib.import_module(module)


def there(function: Callable, *args: Any, **options: Any) -> Any:
    """Call a function, and leave in its process what comes of it."""
    return getattr(function, "call_there", function)(*args, **options)


@contextlib.contextmanager
def usual_settings(home: Any) -> Iterator[None]:
    """Gradients are recorded and float32 on the CPU is the default where `home` lives.

    What a student's notebook has set is set again afterwards.
    """
    torch_there = beside(home, "torch")
    recording, dtype = torch_there.is_grad_enabled(), there(torch_there.get_default_dtype)
    device = there(torch_there.get_default_device)
    moved = device.type != "cpu"  # to set one, even the CPU, makes each later call slower
    torch_there.set_grad_enabled(True)
    torch_there.set_default_dtype(torch_there.float32)
    if moved:
        torch_there.set_default_device("cpu")
    try:
        yield
    finally:
        torch_there.set_grad_enabled(recording)
        torch_there.set_default_dtype(dtype)
        if moved:
            torch_there.set_default_device(device)


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
        to dropout before the last layer, whether there is `"no dropout"`, at the output after a
        `"step"` of training, or at its shape on another `"device"`. Gives a dict of results.
    """

    def arrange(make: Callable) -> Callable:
        def look(x: np.ndarray, *args: Any, look_at: str, **options: Any) -> dict[str, Any]:
            with usual_settings(make):
                model = there(make, *args, **options, **builds)
                if not hasattr(model, "state_dict"):
                    raise Unusable(f"it made a {type(model).__name__}, which is no nn.Module")
                return LOOKS[look_at](model, torch.from_numpy(np.array(x)))

        return look

    return arrange


def _parameters(model: Any, x: Tensor) -> dict[str, Any]:
    model.eval()
    shape = _output(model, x.float()).shape  # first: a lazy layer has no parameters before
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise Unusable(
            "it has no parameters at all. Do its layers stand in a plain list? Use nn.Sequential "
            "or nn.ModuleList"
        )
    return {
        "shape of the output": shape,
        "number of parameters": sum(p.numel() for p in trained),
    }


def _eval_output(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.eval()
    torch_there = beside(model, "torch")
    given = there(torch_there.clone, x)
    found = {"output": _output(model, x)}
    there(model, given)
    same = torch_there.equal(given, x)
    return found | {"input": "right" if same else "changed in place: write x + y, not x += y"}


def _training(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    model.train()
    found = {"output in training mode": _output(model, x)}
    model.eval()
    return found | {"output in eval mode afterwards": _output(model, x)}


def _modes(model: Any, x: Tensor) -> dict[str, Any]:
    """Dropout makes each output another one, and only in training."""
    layers = [name for name, kind in give_weights(model, x) if kind.startswith("layer")]
    model.train()
    trained = _repeats(model, x)
    model.eval()
    evaluated = _repeats(model, x)
    return {
        "in training mode": "the same output twice, so nothing is dropped" if trained else "right",
        "in eval mode": "right" if evaluated else "another output at each call",
        "dropout": _dropout(model, x, layers[-1]) if layers else "before no layer at all",
    }


def _no_dropout(model: Any, x: Tensor) -> dict[str, Any]:
    give_weights(model, x)
    found = {}
    for mode, training in (("training", True), ("eval", False)):
        model.train(training)
        said = "right" if _repeats(model, x) else "not alike, so something is random: dropout?"
        found[f"two outputs in {mode} mode"] = said
    return found


def _repeats(model: Any, x: Tensor) -> bool:
    """Whether a batch of copies gives the same outputs twice."""
    copies = x[:1].repeat(REPEATS, *[1] * (x.dim() - 1))
    return np.array_equal(_output(model, copies), _output(model, copies))


def _dropout(model: Any, x: Tensor, last: str) -> str:
    """Whether in training half of what enters the last layer is 0, and the rest is doubled."""
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
    plain = entering[0].expand_as(entering[-1])
    left = (entering[-1] / plain)[plain != 0]
    kept = left[left != 0]
    if len(kept) == 0 or (kept - kept[0]).abs().max() > 1e-6:
        return "before another layer than the last"
    if len(kept) == len(left):
        return "missing before the last layer"
    if not HALF[0] < 1 - len(kept) / len(left) < HALF[1]:
        return f"of {'less' if len(kept) > len(left) / 2 else 'more'} than one half"
    if abs(kept[0] - 2) > 1e-6:
        return "without doubling what is kept"
    dropped = (torch.from_numpy(logits) == 0) & (leaving[-1].reshape(logits.shape) > 0)
    return "after the last layer too" if dropped.any() else "right"


def _step(model: Any, x: Tensor) -> dict[str, Any]:
    """Gradients reach every weight: one step down along the mean of the squared outputs."""
    give_weights(model, x)
    model.eval()  # so that dropout does not decide
    optimizer = there(beside(model, "torch.optim").SGD, model.parameters(), lr=LR)
    loss = there(there(there(model, x.clone()).square).mean)
    try:
        loss.backward()
    except RuntimeError as error:
        why = str(error).partition(": [")[0]  # then come names that differ between processes
        raise Unusable(f"no gradient comes through it: {why}") from None
    optimizer.step()
    return {"output after a step of training": _output(model, x)}


def _device(model: Any, x: Tensor) -> dict[str, Any]:
    """The device "meta" has shapes without numbers; nothing of another device goes with it."""
    torch_there = beside(model, "torch")
    _materialise(model, x.float())
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
    list of (name, kind)
        Of the layers with parameters, in the order in which they are called.

    Raises
    ------
    Unusable
        If there are parameters that belong to no layer that forward calls.
    """
    model.double()
    _materialise(model, x)
    state, kinds = dict(model.state_dict()), {}
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
    model.load_state_dict(state)
    return layers


def _materialise(model: Any, x: Tensor) -> None:
    """Lazy layers get their parameters when they are first called."""
    if any(type(module).__name__.startswith("Lazy") for _, module in model.named_modules()):
        model.eval()
        model(x[:1].clone())


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
