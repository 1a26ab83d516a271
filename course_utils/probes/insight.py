"""A look at functions that look into a network: what they say of it, and what they leave behind."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.probes.calls import Unusable
from course_utils.probes.models import give_weights, usual_settings, weights_of

CLASSES = 4
IN = "channels of the images"
# The features of each network; behind them stand global average pooling and one dense layer.
NETWORKS = {
    "plain": [("Conv2d", IN, 5, 3), ("ReLU",), ("Conv2d", 5, 6, (3, 2)), ("ReLU",)],
    "in place": [("Conv2d", IN, 5, 3), ("ReLU", True), ("Conv2d", 5, 6, 3), ("ReLU", True)],
    "pooled": [
        ("Conv2d", IN, 6, 3, 1, 1),
        ("BatchNorm2d", 6),
        ("ReLU",),
        ("MaxPool2d", 2),
        ("Conv2d", 6, 5, 3, 1, 1),
        ("ReLU",),
    ],
    "strided": [("Conv2d", IN, 5, 5, 3, 2), ("ReLU",), ("Conv2d", 5, 6, 3, 2, 1), ("ReLU",)],
}
NETWORKS["frozen"] = NETWORKS["plain"]  # no weight of it learns
# Networks whose receptive fields are measured, for two channels.
MEASURED = {
    "oblong": [("Conv2d", 2, 4, (3, 5)), ("ReLU",), ("Conv2d", 4, 3, (1, 3)), ("ReLU",)],
    "strided": [("Conv2d", 2, 4, 3, 2, 1), ("ReLU",), ("Conv2d", 4, 3, (2, 3), (3, 2))],
    "dilated": [("Conv2d", 2, 4, 3, 1, 2, 2), ("ReLU",), ("Conv2d", 4, 3, (3, 1), 1, 0, 3)],
    "averaged": [("Conv2d", 2, 4, 3), ("ReLU",), ("AvgPool2d", 3, 2), ("Conv2d", 4, 3, (2, 3))],
    "pooled": [("Conv2d", 2, 6, 3), ("ReLU",), ("MaxPool2d", 2)],
    "norm": [("Conv2d", 2, 4, 3), ("BatchNorm2d", 4), ("ReLU",), ("Conv2d", 4, 3, (3, 2))],
    "one layer": [("Conv2d", 2, 1, 3)],
    "nested": [
        ("Conv2d", 2, 4, 3),
        [("MaxPool2d", 3, 2, 1), ("Conv2d", 4, 4, 3)],
        ("Conv2d", 4, 3, (2, 3)),
    ],
    "two norms": [
        ("Conv2d", 2, 2, 3, 1, 1),
        ("BatchNorm2d", 2),
        ("Conv2d", 2, 1, 3, 2, 1),
        ("BatchNorm2d", 1),
        ("ReLU",),
    ],
    "all kinds": [
        ("Conv2d", 2, 4, 3),
        ("BatchNorm2d", 4),
        ("ReLU",),
        ("MaxPool2d", 2),
        ("Conv2d", 4, 3, (3, 2)),
    ],
}
ZEROS = "the last row and column of the first kernels are 0"
CLOSED = "the BatchNorm keeps each ReLU closed"
NORM, EARLIER, FROZEN = "features.1", "head.2.weight", "features.0.bias"
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
SIZE = 32  # of an image that is to excite a channel


def _chain(layers: list) -> nn.Sequential:
    """The layers one after the other; those in a list are a network in the network."""
    return nn.Sequential(
        *(
            _chain(layer) if isinstance(layer, list) else getattr(nn, layer[0])(*layer[1:])
            for layer in layers
        )
    )


def network(kind: str, images: np.ndarray) -> nn.Sequential:
    """One of `NETWORKS` for such images, in their precision and in training mode."""
    channels = images.shape[1]
    features = [tuple(channels if part is IN else part for part in layer) for layer in
                NETWORKS[kind]]  # fmt: skip
    width = next(layer[2] for layer in reversed(features) if layer[0] == "Conv2d")
    head = [("AdaptiveAvgPool2d", 1), ("Flatten",), ("Linear", width, CLASSES)]
    model = nn.Sequential()
    model.add_module("features", _chain(features))
    model.add_module("head", _chain(head))
    give_weights(model, torch.from_numpy(np.array(images[:1], np.float64)))
    if images.dtype == np.float32:
        model.float()
    if kind == "frozen":
        model.requires_grad_(False)
    model.train()
    return model


def _placed(images: np.ndarray) -> Tensor:
    """The images as a tensor, contiguous only if they are."""
    if images.flags.c_contiguous:
        return torch.tensor(np.array(images))
    turned = torch.tensor(np.ascontiguousarray(np.swapaxes(images, -1, -2)))
    return turned.transpose(-1, -2).detach()


def _array_of(given: Any, what: str) -> np.ndarray:
    """A tensor that hangs on no graph, as an array."""
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(given, Tensor):
        raise Unusable(f"{what} is a {type(given).__name__}, but the result is one tensor")
    if given.requires_grad:
        raise Unusable(
            f"{what} still hangs on the graph of gradients, which keeps all of it in memory: "
            "return it detached, with .detach()"
        )
    return given.numpy()


# What is said, and what is left behind -----------------------------------------------------------


def look_into(
    function: Callable,
    x: np.ndarray,
    network_kind: str,
    *args: Any,
    what: str,
    look_at: str,
    **options: Any,
) -> dict[str, Any]:
    """The tensor, called `what`, that `function(model, x, *args)` gives, and the state around it.

    That is what model and images are like before and after, where the tensor is `"left behind"`,
    or `"after an error"` in the network.
    """
    args = tuple(torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in args)
    with usual_settings():
        model, images = network(network_kind, x), _placed(x)
        if look_at == "values":
            return {"found": _array_of(function(model, images, *args, **options), f"the {what}")}
        before, found = _prepare(model), {}
        if look_at == "left behind":  # who does nothing leaves nothing, and earns nothing
            given = function(model, images, *args, **options)
            found = {"found": _array_of(given, f"the {what}")}
        else:
            images = _placed(np.concatenate([x, x], axis=1))  # too many channels
            _fails(function, model, images, *args, **options)
        asks, values = images.requires_grad, images.detach().numpy()
        return found | {"before": before, "after": _state(model), "images": [asks, values]}


def measured_receptive_field(
    measured_receptive_field: Callable,
    network: str,
    input_shape: tuple[int, ...],
    *,
    look_at: str,
    dtype: str = "float64",
    trap: str = "",
) -> dict[str, Any]:
    """The field that is measured in one of the networks `MEASURED`, and the state around it."""
    with usual_settings():
        model = _chain(MEASURED[network])
        give_weights(model, torch.zeros(1, 2, 40, 40, dtype=torch.float64))
        model.load_state_dict(_trapped(weights_of(model), trap))
        getattr(model, "float" if dtype == "float32" else "double")()
        model.train()
        if look_at == "values":
            return {"found": measured_receptive_field(model, input_shape)}
        before, found = _prepare(model, "1", "0.bias", "4.weight"), {}  # of "all kinds"
        if look_at == "left behind":
            found = {"found": measured_receptive_field(model, input_shape)}
        else:
            _fails(measured_receptive_field, model, (1, 3, *input_shape[2:]))
        return found | {"before": before, "after": _state(model)}


def _trapped(weights: dict[str, Tensor], trap: str) -> dict[str, Tensor]:
    """Numbers that hide pixels from whoever measures with them, whatever the image."""
    if trap == ZEROS:
        weights["0.weight"][..., -1, :] = 0
        weights["0.weight"][..., -1] = 0
    if trap == CLOSED:
        weights["1.running_mean"][:] = 1000
    return weights


def maximise_activation(
    maximise_activation: Callable,
    network_kind: str,
    channels: int,
    layer: str,
    channel: int,
    *,
    steps: int,
    seed: int,
    look_at: str,
    dtype: str = "float64",
) -> dict[str, Any]:
    """The image that is made, those of other `"seeds"` and steps, or the state around it.

    With an image comes `"one step"`, what a single step makes, where that can be had.
    """

    def make(seed: int = seed, steps: int = steps) -> np.ndarray:
        return _array_of(
            maximise_activation(model, layer, channel, steps=steps, seed=seed), "the image"
        )

    def one_step() -> dict[str, np.ndarray]:
        try:
            return {"one step": make(steps=1)}
        except Exception:  # it was not asked for by itself
            return {}

    with usual_settings():
        model = network(network_kind, np.zeros((1, channels, SIZE, SIZE), dtype))
        weights = weights_of(model)
        if look_at == "image":
            found = {"found": make(), "weights": [weights, weights_of(model)]}
            return found | one_step()
        if look_at == "seeds":
            return {"found": [make(), make(), make(seed=seed + 1), make(steps=2 * steps)]}
        if look_at == "after an error":
            model.features.add_module("3", nn.Linear(99, 2))  # before the layer
        before, found = _prepare(model), {}
        if look_at == "left behind":
            found = {"found": make()} | one_step()
        else:
            _fails(maximise_activation, model, layer, channel, steps=steps, seed=seed)
        return found | {"before": before, "after": _state(model)}


def _fails(function: Callable, *args: Any, **options: Any) -> None:
    """Call where the network itself raises."""
    try:
        function(*args, **options)
    except NotImplementedError:
        raise
    except Exception:  # whatever it is: what counts is what is left behind
        return
    raise Unusable(
        "it raised no error here, where the network cannot compute what is asked for: leave the "
        "images or their shape as they are, and let the network's errors through"
    )


def _prepare(
    model: nn.Module, norm: str = NORM, frozen: str = FROZEN, earlier: str = EARLIER
) -> dict[str, Any]:
    """Give a model what must not be lost: modes, a frozen weight, a gradient. Its state then."""
    model.train()
    model.get_submodule(norm).eval()
    model.get_parameter(frozen).requires_grad_(False)
    weight = model.get_parameter(earlier)
    weight.grad = torch.ones_like(weight)
    return _state(model)


def _state(model: nn.Module) -> dict[str, Any]:
    """What a function may change in a model, and the recording of gradients."""
    modules, weights = [*model.modules()], dict(model.named_parameters())
    gradients = {name: p.grad for name, p in weights.items()}
    return {
        "layers": repr(model).splitlines(),  # a line for each, with its kind and its options
        "own forward": any("forward" in vars(module) for module in modules),
        "hooks": sum(len(getattr(module, name)) for module in modules for name in HOOKS),
        "modes": [module.training for module in modules],
        "weights": weights_of(model),
        "gradients": {n: None if g is None else g.detach().clone() for n, g in gradients.items()},
        "requires_grad": {name: p.requires_grad for name, p in weights.items()},
        "recording": torch.is_grad_enabled(),
    }


# Functions that need no network ------------------------------------------------------------------


def receptive_field(receptive_field: Callable, layers: list[tuple]) -> Any:
    """What comes of a list of layers, which may be taken apart."""
    return receptive_field([*layers])


def pointing_game(pointing_game: Callable, heatmaps: np.ndarray, boxes: np.ndarray) -> Any:
    """The hit rate of maps in boxes."""
    return pointing_game(torch.from_numpy(heatmaps), torch.from_numpy(boxes))
