"""Check of deconvnet, against captum's NeuronDeconvolution."""

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from captum.attr import NeuronDeconvolution
from torch import Tensor, nn

from course_utils.checks.a4_inside.networks import (
    NOT_HERE,
    clean,
    common_suspects,
    look_into,
    spread,
)
from course_utils.checks.engine import Case, Check, case, rejection

_arrange = look_into("map")


def _strongest(maps: Tensor) -> Tensor:
    """The largest value of each image, `(N,)`; of equal ones the first in row order."""
    return maps.flatten(1).max(1).values


def _by_captum(model: nn.Module, x: Tensor, layer: str, channel: int) -> Tensor:
    tool = NeuronDeconvolution(model, model.get_submodule(layer))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it leaves hooks for a while
        found = tool.attribute(
            x.requires_grad_(), neuron_selector=lambda out: _strongest(out[:, channel])
        )
    return found.detach()


def _deconvnet(x, network, layer, channel, *, look_at):
    return _arrange(clean(_by_captum))(x, network, layer, channel, look_at=look_at)


def _dec(
    *,
    back: Callable = lambda gradient, signal: signal.clamp(min=0),
    choose: Callable = _strongest,
    end: Callable = lambda signal, x, value: signal,
    other: int = 0,
) -> Callable:
    """A deconvnet with another way back, another start or another end."""

    def deconvnet(model: nn.Module, x: Tensor, layer: str, channel: int) -> Tensor:
        kept = []
        model.get_submodule(layer).register_forward_hook(lambda m, a, out: kept.append(out))
        for module in model.modules():
            if isinstance(module, nn.ReLU):
                module.register_full_backward_hook(
                    lambda m, gradient, signal: (back(gradient[0], signal[0]),)
                )
        model(x.requires_grad_())
        value = choose(kept[0][:, (channel + other) % kept[0].shape[1]])  # (N,)
        (signal,) = torch.autograd.grad(value.sum(), x)
        return end(signal, x, value).detach()

    return _arrange(clean(deconvnet))


def _of_whole_batch(maps: Tensor) -> Tensor:
    return maps.flatten().max()[None]


def _scaled(signal: Tensor, x: Tensor, value: Tensor) -> Tensor:
    return signal / signal.abs().amax().clamp(min=1e-12)


def _values(kinds: dict[str, list[str]]) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for kind, layers in kinds.items():
            for layer in layers:
                channels, n = int(rng.choice([1, 3])), int(rng.integers(2, 4))
                x = rng.normal(size=(n, channels, *rng.integers(9, 14, 2)))
                channel = int(rng.integers(1, 5))
                yield case(x, kind, layer, channel, look_at="values")
                yield case(x[:1].astype(np.float32), kind, layer, 0, look_at="values")
            yield case(spread(x), kind, layer, channel, look_at="values")

    return cases


def _one_layer(rng) -> Iterator[Case]:
    """The last cases have ties: a black image gives the bias everywhere, which may be negative."""
    yield from _values({"plain": ["features.0"], "strided": ["features.0"]})(rng)
    x = rng.normal(size=(2, 3, 9, int(rng.integers(10, 13))))
    x[1] = 0
    for channel in range(5):
        yield case(x, "plain", "features.0", channel, look_at="values")


def _looks(rng) -> Iterator[Case]:
    x = rng.normal(size=(2, 3, 8, 9))
    for look_at in ("left behind", "after an error"):
        yield case(x, "pooled", "features.4", 1, look_at=look_at)


IMAGES = np.ones((2, 3, 8, 9))
# fmt: off
_SUSPECTS = {
    "This is the plain gradient: on its way back each ReLU cuts the signal itself at 0.":
        {"back": lambda gradient, signal: gradient},
    "This is guided backpropagation: a deconvnet does not ask which units were on.":
        {"back": lambda gradient, signal: gradient.clamp(min=0)},
    "The signal passes each ReLU as it is: what is negative must be cut.":
        {"back": lambda gradient, signal: signal},
    "The ReLU stands at the end alone: the signal is cut at each ReLU of the network.":
        {
            "back": lambda gradient, signal: signal,
            "end": lambda signal, x, value: signal.clamp(min=0),
        },
    "The map at the image is cut at 0: only the ReLU layers cut.":
        {"end": lambda signal, x, value: signal.clamp(min=0)},
    "The signs are lost at the end: give the signal as it arrives.":
        {"end": lambda signal, x, value: signal.abs()},
    "The signal starts as the activation: start with 1, which makes images comparable.":
        {"end": lambda signal, x, value: signal * value[:, None, None, None]},
    "All places of the channel start a signal: keep the strongest alone.":
        {"choose": lambda maps: maps.flatten(1).sum(1)},
    "The strongest image of each place starts a signal, not the strongest place of each image: "
    "take the maximum over dim=1.": {"choose": lambda maps: maps.flatten(1).max(0).values},
    "The mean of the channel starts the signal: keep the strongest place alone.":
        {"choose": lambda maps: maps.flatten(1).mean(1)},
    "One place is kept for the whole batch: each image has its strongest.":
        {"choose": _of_whole_batch},
    "Of equal activations each starts a part of the signal, as with amax: the first alone starts "
    "it.": {"choose": lambda maps: maps.amax((1, 2))},
    "Of equal activations the last starts the signal: the first in row order does.":
        {"choose": lambda maps: maps.flatten(1).flip(1).max(1).values},
    "An activation below 0 starts no signal: start with 1, whatever the activation was.":
        {"choose": lambda maps: _strongest(maps).clamp(min=0)},
    "The weakest place is kept, not the strongest.":
        {"choose": lambda maps: maps.flatten(1).min(1).values},
    "The place with the largest absolute value is kept: take the largest.":
        {
            "choose": lambda maps: maps.flatten(1).gather(
                1, maps.flatten(1).abs().argmax(1, keepdim=True)
            )[:, 0]
        },
    "The signal starts in the next channel: the first is number 0.": {"other": 1},
    "The signal starts in the channel before: the first is number 0.": {"other": -1},
    "The signal is multiplied by the image: leave it alone.":
        {"end": lambda signal, x, value: signal * x},
    "The maps are scaled to a maximum of 1: give the values, and scale when you draw.":
        {"end": _scaled},
    **common_suspects(_arrange, _by_captum),
}
# fmt: on


check_deconvnet = Check(
    "deconvnet",
    oracle=_deconvnet,
    tool="captum's NeuronDeconvolution",
    parts={
        "one layer back": _one_layer,
        "through the network": _values(
            {"plain": ["features.2"], "strided": ["features.2"], "pooled": ["features.4"]}
        ),
        "left behind": _looks,
    },
    suspects=_SUSPECTS,
    recipe=_dec,
    most_pairs={"": 100},
    rejects=[
        rejection("layer|features.17", IMAGES, "plain", "features.17", 0, look_at="values"),
        rejection("channel", IMAGES, "plain", "features.2", 6, look_at="values"),
        rejection("channel", IMAGES, "plain", "features.2", -1, look_at="values"),
        rejection("layer|head", IMAGES, "plain", "head.2", 0, look_at="values"),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
)
