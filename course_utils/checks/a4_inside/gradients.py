"""Checks of saliency and Grad-CAM, against captum's."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from captum.attr import LayerGradCam, Saliency
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks.a4_inside.networks import (
    NOT_HERE,
    clean,
    common_suspects,
    leaving,
    look_into,
    spread,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.probes.insight import CLASSES

PROBABILITY = "This is the gradient of a probability: go back from the logit, without softmax."
LOG_PROBABILITY = "This is the gradient of the cross-entropy or log-probability, not of the logit."
PREDICTED = "The gradient is that of the predicted class: the target need not be the answer."
FIRST_TARGET = "All images get the target of the first: each has its own in target."
BATCH_MEAN = "The gradients are divided by the size of the batch: add the logits, do not average."
FIRST_IMAGE = "Only the first image has a gradient: add the logits of all images, then go back."
ALL_CLASSES = "The logits of all classes are added up: take that of the target alone."
ALL_TARGETS = "Each image gets the targets of all: take logits[torch.arange(N), targets]."
SCALED = "The maps are scaled to a maximum of 1: give the values, and scale when you draw."


def score(
    model: nn.Module,
    x: Tensor,
    target: int | Tensor,
    *,
    of: Callable = lambda logits: logits,
    choose: Callable = lambda logits, targets: targets,
    add: Callable = Tensor.sum,
    pick: Callable = lambda logits, targets, target: logits[torch.arange(len(logits)), targets],
) -> Tensor:
    """The sum over the images of the logits of their targets, or with one thing changed."""
    logits = model(x)
    targets = choose(logits, torch.as_tensor(target).expand(len(x)))
    return add(pick(of(logits), targets, target))


SCORES = {
    PROBABILITY: {"of": lambda logits: logits.softmax(1)},
    LOG_PROBABILITY: {"of": lambda logits: logits.log_softmax(1)},
    PREDICTED: {"choose": lambda logits, targets: logits.argmax(1)},
    FIRST_TARGET: {"choose": lambda logits, targets: targets[:1].expand(len(targets))},
    BATCH_MEAN: {"add": Tensor.mean},
    FIRST_IMAGE: {"add": lambda values: values[0]},
    ALL_CLASSES: {"pick": lambda logits, targets, target: logits.sum(1)},
    ALL_TARGETS: {"pick": lambda logits, targets, target: logits[:, target].flatten()},
}


def _targets(rng, n: int) -> np.ndarray:
    return (rng.integers(CLASSES) + np.arange(n)) % CLASSES  # no two neighbours alike


# Each kind of network with two of three shapes.
PAIRS = [("plain", 0), ("plain", 1), ("strided", 0), ("strided", 2), ("pooled", 1), ("pooled", 2)]


def values(*more: str, many: bool) -> Callable:
    """Cases with one target for all images or `many`; `more` are further arguments, one each."""

    def cases(rng) -> Iterator[Case]:
        shapes = [(1, 1, 6, 7), (1, 3, 9, 8), (2, 1, 11, 8)]
        if many:
            shapes = [(2, 3, 8, 9), (3, 1, 12, 8), (int(rng.integers(3, 5)), 3, 8, 11)]
        for kind, number in PAIRS:
            x = rng.normal(size=shapes[number])
            target = _targets(rng, len(x)) if many else int(rng.integers(CLASSES))
            rest = [more[number % len(more)]] if more else []
            yield case(x, kind, target, *rest, look_at="values")
        x = x[:1] if rng.integers(2) else x
        target = target[: len(x)] if many else target
        yield case(x.astype(np.float32), "pooled", target, *more[:1], look_at="values")
        yield case(spread(x), "plain", target, *more[-1:], look_at="values")

    return cases


def _of_every_network(*more: str) -> Callable:
    """Own targets, also in networks that work in place, or that are frozen."""

    def cases(rng) -> Iterator[Case]:
        yield from values(*more, many=True)(rng)
        for kind, *layer in [("in place", "features.0"), ("in place", "features.1"),
                             ("frozen", "features.2")]:  # fmt: skip
            x = rng.normal(size=(2, 3, 9, int(rng.integers(8, 11))))
            yield case(x, kind, _targets(rng, 2), *layer[: len(more)], look_at="values")

    return cases


def looks(*more: str) -> Callable:
    """Cases that look at what is left behind."""

    def cases(rng) -> Iterator[Case]:
        x = rng.normal(size=(2, 3, 8, 9))
        for look_at in ("left behind", "after an error"):
            yield case(x, "pooled", _targets(rng, 2), *more, look_at=look_at)

    return cases


# saliency ----------------------------------------------------------------------------------------

_arrange_saliency = look_into("saliency")


def _by_captum(model: nn.Module, x: Tensor, target: int | Tensor) -> Tensor:
    return Saliency(model).attribute(x.requires_grad_(), target=target).amax(1).detach()


def _saliency(x, network, target, *, look_at):
    return _arrange_saliency(clean(_by_captum))(x, network, target, look_at=look_at)


def _sal(reduce: Callable = lambda g: g.abs().amax(1), times_input: bool = False, **changes):
    def saliency(model: nn.Module, x: Tensor, target: int | Tensor) -> Tensor:
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(score(model, x, target, **changes), x)
        return reduce(gradient * x.detach() if times_input else gradient)

    return _arrange_saliency(clean(saliency))


IMAGES = np.ones((2, 3, 8, 9))
INVALID = [
    ("target", IMAGES, CLASSES),
    ("target", IMAGES, -1),
    ("target", IMAGES, np.array([0, CLASSES])),
    ("target", IMAGES, np.array([0, 1, 2])),
    ("target", IMAGES, np.array([1])),  # which could be broadcast
]
# fmt: off
_SALIENCY = {
    "The gradient is signed: take absolute values before the maximum.":
        {"reduce": lambda g: g.amax(1)},
    "The absolute value is taken after the maximum: a large negative gradient counts as much as a "
    "positive one.": {"reduce": lambda g: g.amax(1).abs()},
    "The channels are added up: take their maximum.": {"reduce": lambda g: g.abs().sum(1)},
    "The channels are averaged: take their maximum.": {"reduce": lambda g: g.abs().mean(1)},
    "This is the length of the gradient over the channels: take the maximum.":
        {"reduce": lambda g: g.norm(dim=1)},
    "Only the first channel counts: take the maximum over all.":
        {"reduce": lambda g: g.abs()[:, 0]},
    "The gradient is multiplied by the image: saliency is the gradient alone.":
        {"times_input": True},
    SCALED: {"reduce": lambda g: g.abs().amax(1) / g.abs().amax().clamp(min=1e-12)},
    **SCORES,
    **common_suspects(_arrange_saliency, _by_captum),
}
# fmt: on


check_saliency = Check(
    "saliency",
    oracle=_saliency,
    tool="captum's Saliency",
    parts={
        "one target": values(many=False),
        "own targets": _of_every_network(),
        "left behind": looks(),
    },
    suspects=_SALIENCY,
    recipe=_sal,
    most_pairs={"": 100},
    rejects=[rejection(w, x, "plain", target, look_at="values") for w, x, target in INVALID],
    arrange=_arrange_saliency,
    forbidden=NOT_HERE,
)


# Grad-CAM ----------------------------------------------------------------------------------------

_arrange_cam = look_into("heat maps")


def _cam_by_captum(model: nn.Module, x: Tensor, target: int | Tensor, layer: str) -> Tensor:
    tool = LayerGradCam(model, model.get_submodule(layer))
    maps = tool.attribute(x, target=target, relu_attributions=True)  # (N, 1, h, w)
    return maps[:, 0].detach()


def _grad_cam(x, network, target, layer, *, look_at):
    return _arrange_cam(clean(_cam_by_captum))(x, network, target, layer, look_at=look_at)


def _mean(gradient: Tensor) -> Tensor:
    return gradient.mean((2, 3), keepdim=True)


def _cam(
    weigh: Callable = _mean,
    end: Callable = F.relu,
    join: Callable = lambda weighed: weighed.sum(1),
    **changes: Callable,
) -> Callable:
    """Grad-CAM with other weights, another end, or another score."""

    def grad_cam(model: nn.Module, x: Tensor, target: int | Tensor, layer: str) -> Tensor:
        kept = []
        module = model.get_submodule(layer)

        def hand_on_a_copy(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor:
            kept.append(output)
            return output.clone()  # which a later layer may overwrite

        hook = module.register_forward_hook(hand_on_a_copy)
        value = score(model, x.requires_grad_(), target, **changes)
        hook.remove()
        (gradient,) = torch.autograd.grad(value, kept[0])
        return end(join(weigh(gradient) * kept[0])).detach()

    return _arrange_cam(clean(grad_cam))


def _overwritten(model: nn.Module, x: Tensor, target: int | Tensor, layer: str) -> Tensor:
    """The maps as a layer that works in place has left them, and their gradient."""
    kept = []
    module = model.get_submodule(layer)
    hook = module.register_forward_hook(lambda m, a, out: kept.append(out))
    value = score(model, x.requires_grad_(), target)
    hook.remove()
    (gradient,) = torch.autograd.grad(value, kept[0])
    return F.relu((_mean(gradient) * kept[0]).sum(1)).detach()


def _layer_before(model: nn.Module, x: Tensor, target: int | Tensor, layer: str) -> Tensor:
    number = int(layer.rpartition(".")[2])
    if number == 0:
        (gradient,) = torch.autograd.grad(score(model, x.requires_grad_(), target), x)
        return F.relu((_mean(gradient) * x).sum(1)).detach()
    return _cam_by_captum(model, x, target, f"features.{number - 1}")


def _enlarged(model: nn.Module, x: Tensor, target: int | Tensor, layer: str) -> Tensor:
    maps = _cam_by_captum(model, x, target, layer)[:, None]
    return F.interpolate(maps, x.shape[2:], mode="bilinear")[:, 0]


LAYERS = ("features.2", "features.3", "features.1")
# fmt: off
_CAM = {
    "The ReLU at the end is missing: only what speaks for the class is shown.":
        {"end": lambda maps: maps},
    "Negative values are turned positive: a ReLU cuts them, since they speak against the class.":
        {"end": torch.abs},
    "The gradients are added over the places: the weight of a channel is their mean.":
        {"weigh": lambda g: g.sum((2, 3), keepdim=True)},
    "The gradients are not averaged over the places: each channel has one weight.":
        {"weigh": lambda g: g},
    "The weight of a channel is its largest gradient: take the mean.":
        {"weigh": lambda g: g.amax((2, 3), keepdim=True)},
    "The weights are cut at 0: a channel that speaks against the class counts as well.":
        {"weigh": lambda g: F.relu(_mean(g))},
    "The weights are averaged over the batch: each image has its own.":
        {"weigh": lambda g: _mean(g).mean(0, keepdim=True)},
    "The channels are averaged: add them up.": {"join": lambda weighed: weighed.mean(1)},
    "The channels are not weighed: this is their sum.": {"weigh": torch.ones_like},
    "A later layer works in place and has overwritten the maps: keep the output, and let the hook "
    "return a clone, with which the network goes on.": _arrange_cam(clean(_overwritten)),
    "The layer's input is weighed, not its output.": _arrange_cam(clean(_layer_before)),
    "The maps have the size of the image: leave them at the resolution of the layer.":
        _arrange_cam(clean(_enlarged)),
    SCALED: {"end": lambda maps: F.relu(maps) / F.relu(maps).amax().clamp(min=1e-12)},
    **SCORES,
    **common_suspects(_arrange_cam, _cam_by_captum),
    "A weight that was frozen is frozen no longer: leave requires_grad alone.":
        _arrange_cam(leaving(_cam_by_captum, lambda model, x: model.requires_grad_(True))),
}
# fmt: on


check_grad_cam = Check(
    "grad_cam",
    oracle=_grad_cam,
    tool="captum's LayerGradCam",
    parts={
        "one target": values(*LAYERS, many=False),
        "own targets": _of_every_network(*LAYERS),
        "left behind": looks("features.3"),
    },
    suspects=_CAM,
    recipe=_cam,
    most_pairs={"": 100},
    rejects=[
        *(rejection(w, x, "plain", t, "features.1", look_at="values") for w, x, t in INVALID),
        rejection("layer|features.17", IMAGES, "plain", 0, "features.17", look_at="values"),
        rejection("layer|head", IMAGES, "plain", 0, "head.2", look_at="values"),
    ],
    arrange=_arrange_cam,
    forbidden=NOT_HERE,
    hints={
        "does not require grad|does not have a grad_fn": "In a frozen network nothing requires a "
        "gradient but what you ask it of: begin with x.detach().clone().requires_grad_().",
        "modified by an inplace operation": "A later layer has written over the maps: keep the "
        "output, and let the hook return a clone, with which the network goes on.",
    },
)
