"""Checks of LeNet-5, VGG blocks and a small VGG, against layers of `torch.nn` in a row."""

import re
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.changes import args
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import behaviour

# Of suspects that are tried: a network takes a while.
MOST_PAIRS = {"parameters": 100, "modes": 0, "": 4}
NUM_CLASSES_IGNORED = "num_classes is ignored."
ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid}
ACTIVATIONS |= {"softmax": lambda: nn.Softmax(dim=1), "logsoftmax": lambda: nn.LogSoftmax(dim=1)}
LOG_SOFTMAX = "Log-softmax stands at the end: F.cross_entropy contains it, so give the logits."
SOFTMAX = "Softmax stands at the end: the loss contains it already, so give the logits."


class _OneMask(nn.Module):
    """Dropout that lets the same features of all images through."""

    def forward(self, x):
        if not self.training:
            return x
        return x * nn.functional.dropout(x.new_ones(x.shape[1:]))


DROPOUTS = {"alphadropout": lambda: nn.AlphaDropout(0.5), "dropoutonce": _OneMask}
POOLINGS = {"avg": nn.AvgPool2d, "max": nn.MaxPool2d}


def edit(*pairs: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """A mistake in a row: words that stand there, and what stands there instead."""
    return {f"{old} → {new}": (old, new) for old, new in pairs}


def row(text: str, channels: int, num_classes: int = 10, size: int = 32) -> nn.Sequential:
    """Layers from words: `conv6k5p0 tanh avg2s2 flatten linear120 dropout50`.

    Layers of the kinds `bare` and `plain` are convolutions and dense ones without a bias. `size` is
    the height and width of the image, where something dense follows.
    """
    layers, features, first = [], 0, channels
    for word in text.replace("classes", str(num_classes)).split():
        name, numbers = re.match("[a-z]+", word).group(), [int(n) for n in re.findall(r"\d+", word)]
        if name in ("conv", "bare"):
            out, kernel, padding = numbers
            bias = name == "conv"
            layers.append(nn.Conv2d(channels, out, kernel, padding=padding, bias=bias))
            channels = out
        elif name == "flatten":
            features = _features(layers, first, size)
            layers.append(nn.Flatten())
        elif name in ("linear", "plain"):
            layers.append(nn.Linear(features, numbers[0], bias=name == "linear"))
            (features,) = numbers
        elif name in POOLINGS:
            layers.append(POOLINGS[name](*numbers))
        elif name == "norm":
            layers.append(nn.BatchNorm2d(channels))
        elif name == "ceil":
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        elif name == "strided":
            layers[-2].stride = (2, 2)  # of the convolution before an activation
        elif name == "dropout":
            layers.append(nn.Dropout(numbers[0] / 100))
        elif name in DROPOUTS:
            layers.append(DROPOUTS[name]())
        else:
            layers.append(ACTIVATIONS[name]())
    return nn.Sequential(*layers)


@torch.no_grad()
def _features(layers: list[nn.Module], channels: int, size: int) -> int:
    """How many numbers of an image come out of these layers."""
    return nn.Sequential(*layers).eval()(torch.zeros(1, channels, size, size)).numel()


def edited(text: str, edits: dict[str, tuple[str, str]]) -> str:
    for old, new in edits.values():
        text = text.replace(old, new)
    return text


# LeNet-5 of 1998 ---------------------------------------------------------------------------------

LENET = (
    "conv6k5p0 tanh avg2s2 conv16k5p0 tanh avg2s2 flatten linear120 tanh linear84 tanh "
    "linearclasses"
)


def _lenet(**edits: tuple[str, str]) -> Callable:
    return behaviour(lambda num_classes=10: row(edited(LENET, edits), 1, num_classes))


def _lenet5(x, num_classes=10, *, look_at):
    return _lenet()(x, num_classes, look_at=look_at)


def _images(rng, *shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def _lenet_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(_images(rng, 2, 1, 32, 32), 10, look_at=look_at)
        yield case(_images(rng, 1, 1, 32, 32), int(rng.integers(2, 30)), look_at=look_at)
        if look_at == "parameters":
            yield case(_images(rng, 1, 1, 32, 32), look_at=look_at)  # as many classes as by default
            yield case(_images(rng, 1, 1, 32, 32), 1, look_at=look_at)

    return cases


def looks(cases: Callable, *looks: str) -> dict[str, Callable]:
    """A part for each way to look at a model, named after it."""
    return {look: cases(look) for look in looks}


# fmt: off
_LENET = {
    "In 1998 the activation was tanh, not ReLU.": edit(("tanh", "relu")),
    "In 1998 the activation was tanh, not the sigmoid.": edit(("tanh", "sigmoid")),
    "In 1998 pooling took the average, not the maximum.": edit(("avg", "max")),
    "An activation follows the last layer: logits have none.":
        edit(("linearclasses", "linearclasses tanh")),
    SOFTMAX: edit(("linearclasses", "linearclasses softmax")),
    LOG_SOFTMAX: edit(("linearclasses", "linearclasses logsoftmax")),
    "The pooling comes before the activation: tanh of an average is not the average of tanh.":
        edit(("tanh avg2s2", "avg2s2 tanh")),
    "The first convolution has no activation after it.": edit(("conv6k5p0 tanh", "conv6k5p0")),
    "The second convolution has no activation after it.": edit(("conv16k5p0 tanh", "conv16k5p0")),
    "The dense layer of 120 features has no activation after it.": edit(("120 tanh", "120")),
    "The dense layer of 84 features has no activation after it.": edit(("84 tanh", "84")),
    "The convolutions have no biases: count the parameters in the table.": edit(("conv", "bare")),
    "The layers have no biases: count the parameters in the table.":
        edit(("conv", "bare"), ("linear", "plain")),
    "Dropout came fourteen years later: LeNet-5 has none.":
        edit(("linearclasses", "dropout50 linearclasses")),
    "The convolutions have no activation after them.": edit(("p0 tanh", "p0")),
    "The first two dense layers have no activation after them.":
        edit(("120 tanh", "120"), ("84 tanh", "84")),
    "The dense layer of 84 features is missing.": edit(("linear84 tanh ", "")),
    "The dense layer of 120 features is missing.": edit(("linear120 tanh ", "")),
    "The last dense layer is missing: there are three, 120, 84 and the classes.":
        edit((" tanh linearclasses", "")),
    "The first convolution is padded: 32×32 becomes 28×28 in it, then 14×14.":
        edit(("conv6k5p0", "conv6k5p2")),
    "The second convolution has 6 channels again, not 16.": edit(("conv16k5p0", "conv6k5p0")),
    "The kernels are 3×3: LeNet's are 5×5.": edit(("k5p0", "k3p0")),
    "The second pooling is missing.": edit(("avg2s2 flatten", "flatten")),
    NUM_CLASSES_IGNORED: args(num_classes=10),
}
# fmt: on

check_lenet5 = Check(
    "LeNet5",
    oracle=_lenet5,
    tool="layers of torch.nn in a row",
    parts=looks(_lenet_cases, "parameters", "output", "no dropout", "step", "device"),
    suspects=_LENET,
    recipe=_lenet,
    most_pairs=MOST_PAIRS,
    rejects=[rejection("num_classes|class", np.zeros((1, 1, 32, 32)), 0, look_at="parameters")],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
)


# A VGG block -------------------------------------------------------------------------------------


def _block(
    unit: str = "conv{}k3p1 relu", end: str = "max2s2", more: int = 0, late: bool = False
) -> Callable:
    """A block of units with the given number of channels, then the end."""

    def make(in_channels: int, out_channels: int, num_convs: int) -> nn.Sequential:
        widths = [out_channels] * max(1, num_convs + more)
        if late:
            widths[:-1] = [in_channels] * (len(widths) - 1)
        return row(" ".join([*map(unit.format, widths), end]), in_channels)

    return behaviour(make)


def _vgg_block(x, in_channels, out_channels, num_convs, *, look_at):
    return _block()(x, in_channels, out_channels, num_convs, look_at=look_at)


def _block_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(_images(rng, 1, 2, 7, 6), 2, 3, 1, look_at=look_at)
        yield case(_images(rng, 2, 3, 8, 6), 3, 5, 2, look_at=look_at)
        channels = int(rng.integers(1, 4))
        shape = 2, channels, int(rng.integers(8, 12)), int(rng.integers(8, 12))
        yield case(_images(rng, *shape), channels, int(rng.integers(4, 7)), 3, look_at=look_at)

    return cases


# fmt: off
_BLOCKS = {
    "The pooling at the end is missing, or its windows are single pixels.": {"end": ""},
    "The activations are missing.": {"unit": "conv{}k3p1"},
    "The kernel is 5×5: VGG's are 3×3.": {"unit": "conv{}k5p2 relu"},
    "The kernel is 1×1: VGG's are 3×3.": {"unit": "conv{}k1p0 relu"},
    "There is a pooling after each convolution: a block has one, at its end.":
        {"unit": "conv{}k3p1 relu max2s2", "end": ""},
    "Pooling takes the average, VGG takes the maximum.": {"end": "avg2s2"},
    "There is one convolution too many.": {"more": 1},
    "There is one convolution too few.": {"more": -1},
    "There is one convolution, whatever num_convs says.": {"more": -9},
    "The pooling has stride 1: it is to halve height and width.": {"end": "max2s1"},
    "The convolutions have no biases: without BatchNorm they need them.":
        {"unit": "bare{}k3p1 relu"},
    "The convolutions are not padded: padding 1 keeps height and width.":
        {"unit": "conv{}k3p0 relu"},
    "The window of the pooling is 3×3: it is 2×2.": {"end": "max3s2p1"},
    "The window of the pooling is 3×3: it is 2×2, and nothing is padded.": {"end": "max3s2"},
    "A convolution of stride 2 halves the image: here a pooling does it.": {"end": "strided"},
    "The pooling rounds up: an odd height loses its last row, H // 2.": {"end": "ceil"},
    "BatchNorm came a year later: VGG's block of 2014 has none.":
        {"unit": "conv{}k3p1 norm relu"},
    "The channels change in the last convolution: they are to change in the first.":
        {"late": True},
    "The activation comes before the convolution, not after it.": {"unit": "relu conv{}k3p1"},
}
# fmt: on

check_vgg_block = Check(
    "vgg_block",
    oracle=_vgg_block,
    tool="layers of torch.nn in a row",
    parts=looks(_block_cases, "parameters", "output", "step", "device"),
    suspects=_BLOCKS,
    recipe=_block,
    most_pairs=MOST_PAIRS,
    rejects=[
        rejection(r"num_convs|conv", np.zeros((1, 1, 4, 4)), 1, 1, 0, look_at="parameters"),
        rejection(r"in_channels|channel", np.zeros((1, 1, 4, 4)), 0, 1, 1, look_at="parameters"),
        rejection(r"out_channels|channel", np.zeros((1, 1, 4, 4)), 1, -2, 1, look_at="parameters"),
    ],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        r"expected input.* to have (\d+) channels, but got (\d+)": "A convolution is made for {1} "
        "channels, but {2} arrive: the first gets in_channels, each later one gets out_channels."
    },
)


# A small VGG -------------------------------------------------------------------------------------

VGG = (
    "conv16k3p1 relu max2s2 "
    "conv32k3p1 relu conv32k3p1 relu max2s2 "
    "conv64k3p1 relu conv64k3p1 relu max2s2 "
    "flatten linear128 relu dropout50 linearclasses"
)


def _vgg(*, adapt: Callable = lambda model: model, **edits: tuple[str, str]) -> Callable:
    return behaviour(lambda num_classes=10: adapt(row(edited(VGG, edits), 3, num_classes)))


def _small_vgg(x, num_classes=10, *, look_at):
    return _vgg()(x, num_classes, look_at=look_at)


class _AlwaysDropping(nn.Sequential):
    """Dropout that nobody switches off, as `F.dropout(x)` without `training`."""

    def eval(self):
        super().eval()
        for module in self:
            module.training = isinstance(module, nn.Dropout)
        return self


def _vgg_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(_images(rng, 2, 3, 32, 32), 10, look_at=look_at)
        yield case(_images(rng, 1, 3, 32, 32), int(rng.integers(2, 30)), look_at=look_at)
        if look_at == "parameters":
            yield case(_images(rng, 1, 3, 32, 32), look_at=look_at)  # as many classes as by default
            yield case(_images(rng, 1, 3, 32, 32), 1, look_at=look_at)

    return cases


# fmt: off
_VGG = {
    "Dropout is missing before the last layer.": edit(("dropout50 ", "")),
    "Dropout drops too little: its p is one half.": edit(("dropout50", "dropout20")),
    "Dropout drops too much: its p is one half.": edit(("dropout50", "dropout80")),
    "This is AlphaDropout, which puts another value than 0: take nn.Dropout.":
        edit(("dropout50", "alphadropout")),
    "One mask is drawn for the whole batch: each image needs its own.":
        edit(("dropout50", "dropoutonce")),
    "Dropout stands earlier in the network too, or instead: its one place is after the hidden "
    "layer's ReLU.": edit(("dropout50 ", ""), ("linear128", "dropout50 linear128")),
    "There is a second dropout, on the logits: it would change what the network says.":
        edit(("linearclasses", "linearclasses dropout50")),
    LOG_SOFTMAX: edit(("linearclasses", "linearclasses logsoftmax")),
    "Dropout is still at work in eval mode: F.dropout needs training=self.training.":
        {"adapt": lambda model: _AlwaysDropping(*model)},
    "The first block has two convolutions, it is to have one.":
        edit(("conv16k3p1 relu", "conv16k3p1 relu conv16k3p1 relu")),
    "The second block has one convolution, it is to have two.":
        edit(("conv32k3p1 relu conv32k3p1 relu", "conv32k3p1 relu")),
    "The third block has one convolution, it is to have two.":
        edit(("conv64k3p1 relu conv64k3p1 relu", "conv64k3p1 relu")),
    "The third block has three convolutions, it is to have two.":
        edit(("conv64k3p1 relu max", "conv64k3p1 relu conv64k3p1 relu max")),
    "The third block is missing.": edit(("conv64k3p1 relu conv64k3p1 relu max2s2 ", "")),
    "The channels are 16, 32 and 32: the third block has 64.": edit(("conv64", "conv32")),
    "The channels are 32, 64 and 128: they are 16, 32 and 64.":
        edit(("conv64", "conv128"), ("conv32", "conv64"), ("conv16", "conv32")),
    "The convolutions have no biases: without BatchNorm they need them.": edit(("conv", "bare")),
    "BatchNorm came a year later: VGG of 2014 has none.": edit(("k3p1 relu", "k3p1 norm relu")),
    "The hidden dense layer has no activation.": edit(("128 relu", "128")),
    "The hidden dense layer has 256 features, it is to have 128.":
        edit(("linear128", "linear256")),
    "There is a second hidden dense layer: one of 128 features is enough.":
        edit(("linear128 relu", "linear128 relu linear128 relu")),
    "An activation follows the last layer: logits have none.":
        edit(("linearclasses", "linearclasses relu")),
    SOFTMAX: edit(("linearclasses", "linearclasses softmax")),
    "The hidden dense layer of 128 features is missing.": edit(("linear128 relu ", "")),
    "Pooling takes the average, VGG takes the maximum.": edit(("max", "avg")),
    NUM_CLASSES_IGNORED: args(num_classes=10),
}
# fmt: on

check_small_vgg = Check(
    "SmallVGG",
    oracle=_small_vgg,
    tool="layers of torch.nn in a row",
    parts=looks(_vgg_cases, "parameters", "modes", "output", "step", "device"),
    suspects=_VGG,
    recipe=_vgg,
    most_pairs=MOST_PAIRS,
    rejects=[
        rejection("num_classes|class", np.zeros((1, 3, 32, 32)), number, look_at="parameters")
        for number in (0, -1)
    ],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
)
