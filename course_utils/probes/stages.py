"""Small networks of stages and a head, of several kinds, for the tools of transfer learning."""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.models import LeNet5

LENET_SIDE = 16  # the smallest image for LeNet-5


def build(kind: str, widths: tuple[int, ...], *, seed: int = 0) -> nn.Module:
    """A network in float64 and training mode, with weights that depend on the seed.

    Parameters
    ----------
    kind
        `"plain"`, `"numbers"` (whose children have names of which one begins the next),
        `"BatchNorm"`, `"volumes"`, `"nested"`, `"wrapped"` (all of it deeper by one), `"dense"` or
        `"LeNet5"`.
    widths
        Channels that come in, features of each stage, classes; of LeNet only the ends count.
    """
    if kind == "LeNet5":
        model = LeNet5(widths[0], widths[-1], image_size=LENET_SIDE)
    else:
        model = nn.Sequential()
        stages = itertools.pairwise(widths[:-1])
        for number, (before, width) in enumerate(stages, start=1):
            STAGES[kind](model, number, before, width)
        HEADS[kind](model, widths[-2], widths[-1])
        if kind == "wrapped":
            inner, model = model, nn.Sequential()
            model.add_module("body", inner)
    model.double()
    model.load_state_dict(_weights(model, seed))
    model.train()
    return model


def _weights(model: nn.Module, seed: int) -> dict[str, Tensor]:
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


def _plain_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    conv = nn.Conv2d(before, width, 3, padding=1)
    stage = nn.Sequential(conv, nn.ReLU())
    model.add_module(f"stage{number}", stage)


def number_name(number: int) -> str:
    """1, 10, 100: each begins the next one."""
    return str(10 ** (number - 1))


def _numbered_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    conv = nn.Conv2d(before, width, 3, padding=1)
    model.add_module(number_name(number), nn.Sequential(conv, nn.ReLU()))


def _normed(before: int, width: int) -> list:
    conv = nn.Conv2d(before, width, 3, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(width), nn.ReLU()]


def _normed_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    layers = _normed(before, width)
    if number == 1:
        layers.append(nn.MaxPool2d(2))
    model.add_module(f"stage{number}", nn.Sequential(*layers))


def _volume_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    conv = nn.Conv3d(before, width, 3, padding=1, bias=False)
    stage = nn.Sequential(conv, nn.BatchNorm3d(width), nn.ReLU())
    model.add_module(f"stage{number}", stage)


def _nested_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    inner = nn.Sequential(*_normed(before, width))
    again = nn.Sequential(*_normed(width, width))
    model.add_module(f"stage{number}", nn.Sequential(inner, again))


def _dense_stage(model: nn.Module, number: int, before: int, width: int) -> None:
    """The BatchNorm is itself a child of the network."""
    model.add_module(f"layer{number}", nn.Linear(before, width, bias=False))
    model.add_module(f"norm{number}", nn.BatchNorm1d(width))
    model.add_module(f"relu{number}", nn.ReLU())


def _head(model: nn.Module, width: int, classes: int) -> None:
    pool, flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    linear = nn.Linear(width, classes)
    model.add_module("head", nn.Sequential(pool, flatten, linear))


def _volume_head(model: nn.Module, width: int, classes: int) -> None:
    pool, flatten = nn.AdaptiveAvgPool3d(1), nn.Flatten()
    linear = nn.Linear(width, classes)
    model.add_module("head", nn.Sequential(pool, flatten, linear))


def _deep_head(model: nn.Module, width: int, classes: int) -> None:
    """A classifier of two layers, not the last module, with maps flattened in two steps."""
    pool, rows = nn.AdaptiveAvgPool2d((2, 1)), nn.Flatten(2)
    model.add_module("maps", nn.Sequential(pool, rows))
    hidden = nn.Linear(2 * width, width + 1)
    linear, same = nn.Linear(width + 1, classes), nn.Identity()
    last = nn.Sequential(nn.ReLU(), linear, same)
    flatten = nn.Flatten()
    model.add_module("head", nn.Sequential(flatten, hidden, last))


def _dense_head(model: nn.Module, width: int, classes: int) -> None:
    """Itself a child, and without a bias."""
    model.add_module("head", nn.Linear(width, classes, bias=False))


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
