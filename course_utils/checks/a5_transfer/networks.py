"""The networks that a5 is checked on, built in the process where the student's functions live."""

import itertools
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.checks.models import beside, there

# What does the work of a5, or holds networks that are cut for it: not there while it is graded.
BUILD_IT_YOURSELF = ("torchvision", "sklearn", "captum")
SIDE = 8  # of the images that most of the networks take
LENET_SIDE = 16  # the smallest image for LeNet-5


def build(home: Any, kind: str, widths: tuple[int, ...], *, seed: int = 0) -> Any:
    """A network beside `home`, in float64 and training mode, with weights that depend on the seed.

    Parameters
    ----------
    home
        What the network is to stand beside, such as the student's function.
    kind
        `"plain"`, `"numbers"` (whose children have names of which one begins the next),
        `"BatchNorm"`, `"volumes"`, `"nested"`, `"wrapped"` (all of it deeper by one), `"dense"` or
        `"LeNet5"`.
    widths
        Channels that come in, features of each stage, classes; of LeNet only the ends count.
    """
    if kind == "LeNet5":
        lenet = beside(home, "course_utils.models").LeNet5
        model = there(lenet, widths[0], widths[-1], image_size=LENET_SIDE)
    else:
        nn_there = beside(home, "torch.nn")
        model = there(nn_there.Sequential)
        stages = itertools.pairwise(widths[:-1])
        for number, (before, width) in enumerate(stages, start=1):
            STAGES[kind](nn_there, model, number, before, width)
        HEADS[kind](nn_there, model, widths[-2], widths[-1])
        if kind == "wrapped":
            inner, model = model, there(nn_there.Sequential)
            there(model.add_module, "body", inner)
    model.double()
    model.load_state_dict(_weights(model, seed))
    model.train()
    return model


def _weights(model: Any, seed: int) -> dict[str, Tensor]:
    """Numbers for every weight and statistic, by its place."""
    state = {}
    for place, (name, value) in enumerate(model.state_dict().items()):
        shape, rng = tuple(value.shape), np.random.default_rng((seed, place))
        if name.endswith("num_batches_tracked"):
            state[name] = value.clone()
        elif name.endswith("running_var"):
            state[name] = torch.from_numpy(rng.uniform(0.5, 1.5, shape))
        elif len(shape) > 1:
            scale = 1.4 / np.sqrt(np.prod(shape[1:]))  # outputs stay as large as inputs
            state[name] = torch.from_numpy(scale * rng.normal(size=shape))
        else:
            middle = 1.0 if name.endswith("weight") else 0.1
            state[name] = torch.from_numpy(middle + 0.2 * rng.normal(size=shape))
    return state


def _chain(nn_there: Any, *layers: Any) -> Any:
    return there(nn_there.Sequential, *layers)


def _plain_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    conv = there(nn_there.Conv2d, before, width, 3, padding=1)
    stage = _chain(nn_there, conv, there(nn_there.ReLU))
    there(model.add_module, f"stage{number}", stage)


def number_name(number: int) -> str:
    """1, 10, 100: each begins the next one."""
    return str(10 ** (number - 1))


def _numbered_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    conv = there(nn_there.Conv2d, before, width, 3, padding=1)
    there(model.add_module, number_name(number), _chain(nn_there, conv, there(nn_there.ReLU)))


def _normed(nn_there: Any, before: int, width: int) -> list:
    conv = there(nn_there.Conv2d, before, width, 3, padding=1, bias=False)
    return [conv, there(nn_there.BatchNorm2d, width), there(nn_there.ReLU)]


def _normed_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    layers = _normed(nn_there, before, width)
    if number == 1:
        layers.append(there(nn_there.MaxPool2d, 2))
    there(model.add_module, f"stage{number}", _chain(nn_there, *layers))


def _volume_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    conv = there(nn_there.Conv3d, before, width, 3, padding=1, bias=False)
    stage = _chain(nn_there, conv, there(nn_there.BatchNorm3d, width), there(nn_there.ReLU))
    there(model.add_module, f"stage{number}", stage)


def _nested_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    inner = _chain(nn_there, *_normed(nn_there, before, width))
    again = _chain(nn_there, *_normed(nn_there, width, width))
    there(model.add_module, f"stage{number}", _chain(nn_there, inner, again))


def _dense_stage(nn_there: Any, model: Any, number: int, before: int, width: int) -> None:
    """The BatchNorm is itself a child of the network."""
    there(model.add_module, f"layer{number}", there(nn_there.Linear, before, width, bias=False))
    there(model.add_module, f"norm{number}", there(nn_there.BatchNorm1d, width))
    there(model.add_module, f"relu{number}", there(nn_there.ReLU))


def _head(nn_there: Any, model: Any, width: int, classes: int) -> None:
    pool, flatten = there(nn_there.AdaptiveAvgPool2d, 1), there(nn_there.Flatten)
    linear = there(nn_there.Linear, width, classes)
    there(model.add_module, "head", _chain(nn_there, pool, flatten, linear))


def _volume_head(nn_there: Any, model: Any, width: int, classes: int) -> None:
    pool, flatten = there(nn_there.AdaptiveAvgPool3d, 1), there(nn_there.Flatten)
    linear = there(nn_there.Linear, width, classes)
    there(model.add_module, "head", _chain(nn_there, pool, flatten, linear))


def _deep_head(nn_there: Any, model: Any, width: int, classes: int) -> None:
    """A classifier of two layers, not the last module, with maps flattened in two steps."""
    pool, rows = there(nn_there.AdaptiveAvgPool2d, (2, 1)), there(nn_there.Flatten, 2)
    there(model.add_module, "maps", _chain(nn_there, pool, rows))
    hidden = there(nn_there.Linear, 2 * width, width + 1)
    linear, same = there(nn_there.Linear, width + 1, classes), there(nn_there.Identity)
    last = _chain(nn_there, there(nn_there.ReLU), linear, same)
    flatten = there(nn_there.Flatten)
    there(model.add_module, "head", _chain(nn_there, flatten, hidden, last))


def _dense_head(nn_there: Any, model: Any, width: int, classes: int) -> None:
    """Itself a child, and without a bias."""
    there(model.add_module, "head", there(nn_there.Linear, width, classes, bias=False))


STAGES = {
    "plain": _plain_stage,
    "numbers": _numbered_stage,
    "wrapped": _nested_stage,
    "BatchNorm": _normed_stage,
    "volumes": _volume_stage,
    "nested": _nested_stage,
    "dense": _dense_stage,
}
HEADS = {
    "plain": _head,
    "numbers": _head,
    "wrapped": _deep_head,
    "BatchNorm": _head,
    "volumes": _volume_head,
    "nested": _deep_head,
    "dense": _dense_head,
}
SIZES = {"LeNet5": (LENET_SIDE, LENET_SIDE), "volumes": (3, 4, 2), "dense": ()}


def inputs(rng: np.random.Generator, kind: str, channels: int, count: int) -> np.ndarray:
    """Inputs for a network of this kind: `(count, channels)` and as many axes as it takes."""
    return rng.normal(size=(count, channels, *SIZES.get(kind, (SIDE, SIDE - 2))))


def widths_for(rng: np.random.Generator, depth: int, channels: int = 2) -> tuple[int, ...]:
    """Channels that come in, as many stages as `depth`, and classes, all of different sizes."""
    stages = (int(n) for n in rng.choice(np.arange(3, 9), depth, replace=False))
    return (channels, *stages, int(rng.integers(3, 7)))


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    """Names of the weights or statistics that are not what they were."""
    return [name for name in before if not torch.equal(before[name], after[name])]
