"""Checks of LeNet-5, VGG blocks and a small VGG, against layers of `torch.nn` in a row."""

import re
from collections.abc import Callable, Iterator

import numpy as np
from torch import nn

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import behaviour

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


def row(text: str, channels: int, num_classes: int = 10) -> nn.Sequential:
    """Layers from words: `conv6k5p0 tanh avg2s2 flatten400 linear120 dropout50`.

    Layers of the kinds `bare` and `plain` are convolutions and dense ones without a bias.
    """
    layers, features = [], 0
    for word in text.replace("classes", str(num_classes)).split():
        name, numbers = re.match("[a-z]+", word).group(), [int(n) for n in re.findall(r"\d+", word)]
        if name in ("conv", "bare"):
            out, size, padding = numbers
            bias = name == "conv"
            layers.append(nn.Conv2d(channels, out, size, padding=padding, bias=bias))
            channels = out
        elif name == "flatten":
            layers.append(nn.Flatten())
            (features,) = numbers
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


# LeNet-5 of 1998 ---------------------------------------------------------------------------------

LENET = (
    "conv6k5p0 tanh avg2s2 conv16k5p0 tanh avg2s2 flatten400 "
    "linear120 tanh linear84 tanh linearclasses"
)


def _lenet(text: str) -> Callable:
    return behaviour(lambda num_classes=10: row(text, 1, num_classes))


def _lenet5(x, num_classes=10, *, look_at):
    return _lenet(LENET)(x, num_classes, look_at=look_at)


def _images(rng, *shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def _lenet_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(_images(rng, 2, 1, 32, 32), 10, look_at=look_at)
        yield case(_images(rng, 1, 1, 32, 32), int(rng.integers(2, 30)), look_at=look_at)

    return cases


def looks(cases: Callable, *looks: str) -> dict[str, Callable]:
    """A part for each way to look at a model, named after it."""
    return {look: cases(look) for look in looks}


check_lenet5 = Check(
    "LeNet5",
    oracle=_lenet5,
    tool="layers of torch.nn in a row",
    parts=looks(_lenet_cases, "parameters", "output", "no dropout", "step", "device"),
    suspects={
        "In 1998 the activation was tanh, not ReLU.": _lenet(LENET.replace("tanh", "relu")),
        "In 1998 the activation was tanh, not the sigmoid.": _lenet(
            LENET.replace("tanh", "sigmoid")
        ),
        "In 1998 pooling took the average, not the maximum.": _lenet(LENET.replace("avg", "max")),
        "An activation follows the last layer: logits have none.": _lenet(LENET + " tanh"),
        SOFTMAX: _lenet(LENET + " softmax"),
        LOG_SOFTMAX: _lenet(LENET + " logsoftmax"),
        "The pooling comes before the activation: tanh of an average is not the average of tanh.": (
            _lenet(LENET.replace("tanh avg2s2", "avg2s2 tanh"))
        ),
        "The first convolution has no activation after it.": _lenet(
            LENET.replace("conv6k5p0 tanh", "conv6k5p0")
        ),
        "The second convolution has no activation after it.": _lenet(
            LENET.replace("conv16k5p0 tanh", "conv16k5p0")
        ),
        "The dense layer of 120 features has no activation after it.": _lenet(
            LENET.replace("120 tanh", "120")
        ),
        "The dense layer of 84 features has no activation after it.": _lenet(
            LENET.replace("84 tanh", "84")
        ),
        "The convolutions have no biases: count the parameters in the table.": _lenet(
            LENET.replace("conv", "bare")
        ),
        "The layers have no biases: count the parameters in the table.": _lenet(
            LENET.replace("conv", "bare").replace("linear", "plain")
        ),
        "Dropout came fourteen years later: LeNet-5 has none.": _lenet(
            LENET.replace("linearclasses", "dropout50 linearclasses")
        ),
        "The convolutions have no activation after them.": _lenet(LENET.replace("p0 tanh", "p0")),
        "The first two dense layers have no activation after them.": _lenet(
            LENET.replace("120 tanh", "120").replace("84 tanh", "84")
        ),
        "The dense layer of 84 features is missing.": _lenet(LENET.replace("linear84 tanh ", "")),
        "The last dense layer is missing: there are three, 120, 84 and the classes.": _lenet(
            LENET.replace(" tanh linearclasses", "")
        ),
        "The first convolution is padded: 32×32 becomes 28×28 in it, then 14×14.": _lenet(
            LENET.replace("conv6k5p0", "conv6k5p2").replace("flatten400", "flatten576")
        ),
        "The second convolution has 6 channels again, not 16.": _lenet(
            LENET.replace("conv16k5p0", "conv6k5p0").replace("flatten400", "flatten150")
        ),
        "num_classes is ignored.": lambda x, num_classes=10, *, look_at: _lenet5(
            x, 10, look_at=look_at
        ),
    },
    rejects=[rejection("num_classes|class", np.zeros((1, 1, 32, 32)), 0, look_at="parameters")],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
)


# A VGG block -------------------------------------------------------------------------------------


def _block(unit: str = "conv{}k3p1 relu", end: str = "max2s2", more: int = 0) -> Callable:
    """A block of units with the given number of channels, then the end."""

    def make(in_channels: int, out_channels: int, num_convs: int) -> nn.Sequential:
        units = [unit.format(out_channels)] * max(1, num_convs + more)
        return row(" ".join([*units, end]), in_channels)

    return behaviour(make)


def _vgg_block(x, in_channels, out_channels, num_convs, *, look_at):
    return _block()(x, in_channels, out_channels, num_convs, look_at=look_at)


def _only_first_sees_input(in_channels: int, out_channels: int, num_convs: int) -> nn.Sequential:
    first = f"conv{out_channels}k3p1 relu " if num_convs else ""
    inner = f"conv{in_channels}k3p1 relu " * (num_convs - 1)
    return row(inner + first + "max2s2", in_channels)


def _block_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        yield case(_images(rng, 1, 2, 7, 6), 2, 3, 1, look_at=look_at)
        yield case(_images(rng, 2, 3, 8, 6), 3, 5, 2, look_at=look_at)
        channels = int(rng.integers(1, 4))
        shape = 2, channels, int(rng.integers(8, 12)), int(rng.integers(8, 12))
        yield case(_images(rng, *shape), channels, int(rng.integers(4, 7)), 3, look_at=look_at)

    return cases


check_vgg_block = Check(
    "vgg_block",
    oracle=_vgg_block,
    tool="layers of torch.nn in a row",
    parts=looks(_block_cases, "parameters", "output", "step", "device"),
    suspects={
        "The pooling at the end is missing.": _block(end=""),
        "The activations are missing.": _block(unit="conv{}k3p1"),
        "The kernel is 5×5: VGG's are 3×3.": _block(unit="conv{}k5p2 relu"),
        "The kernel is 1×1: VGG's are 3×3.": _block(unit="conv{}k1p0 relu"),
        "There is a pooling after each convolution: a block has one, at its end.": _block(
            unit="conv{}k3p1 relu max2s2", end=""
        ),
        "Pooling takes the average, VGG takes the maximum.": _block(end="avg2s2"),
        "There is one convolution too many.": _block(more=1),
        "There is one convolution too few.": _block(more=-1),
        "The pooling has stride 1: it is to halve height and width.": _block(end="max2s1"),
        "The convolutions have no biases: without BatchNorm they need them.": _block(
            unit="bare{}k3p1 relu"
        ),
        "The convolutions are not padded: padding 1 keeps height and width.": _block(
            unit="conv{}k3p0 relu"
        ),
        "The window of the pooling is 3×3: it is 2×2.": _block(end="max3s2p1"),
        "The window of the pooling is 3×3: it is 2×2, and nothing is padded.": _block(end="max3s2"),
        "A convolution of stride 2 halves the image: here a pooling does it.": _block(
            end="strided"
        ),
        "The pooling rounds up: an odd height loses its last row, H // 2.": _block(end="ceil"),
        "BatchNorm came a year later: VGG's block of 2014 has none.": _block(
            unit="conv{}k3p1 norm relu"
        ),
        "The channels change in the last convolution: they are to change in the first.": (
            behaviour(_only_first_sees_input)
        ),
        "The activation comes before the convolution, not after it.": _block(
            unit="relu conv{}k3p1"
        ),
    },
    rejects=[
        rejection(r"num_convs|conv", np.zeros((1, 1, 4, 4)), 1, 1, 0, look_at="parameters"),
        rejection(r"in_channels|channel", np.zeros((1, 1, 4, 4)), 0, 1, 1, look_at="parameters"),
        rejection(r"out_channels|channel", np.zeros((1, 1, 4, 4)), 1, -2, 1, look_at="parameters"),
    ],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        r"expected input.* channels, but got": "Only the first convolution gets in_channels, each "
        "later one gets out_channels."
    },
)


# A small VGG -------------------------------------------------------------------------------------

VGG = (
    "conv16k3p1 relu max2s2 "
    "conv32k3p1 relu conv32k3p1 relu max2s2 "
    "conv64k3p1 relu conv64k3p1 relu max2s2 "
    "flatten1024 linear128 relu dropout50 linearclasses"
)


def _vgg(text: str, adapt: Callable = lambda model: model) -> Callable:
    return behaviour(lambda num_classes=10: adapt(row(text, 3, num_classes)))


def _small_vgg(x, num_classes=10, *, look_at):
    return _vgg(VGG)(x, num_classes, look_at=look_at)


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

    return cases


check_small_vgg = Check(
    "SmallVGG",
    oracle=_small_vgg,
    tool="layers of torch.nn in a row",
    parts=looks(_vgg_cases, "parameters", "modes", "output", "step", "device"),
    suspects={
        "Dropout is missing before the last layer.": _vgg(VGG.replace("dropout50 ", "")),
        "Dropout drops too little: its p is one half.": _vgg(VGG.replace("dropout50", "dropout20")),
        "Dropout drops too much: its p is one half.": _vgg(VGG.replace("dropout50", "dropout80")),
        "This is AlphaDropout, which puts another value than 0: take nn.Dropout.": _vgg(
            VGG.replace("dropout50", "alphadropout")
        ),
        "One mask is drawn for the whole batch: each image needs its own.": _vgg(
            VGG.replace("dropout50", "dropoutonce")
        ),
        "Dropout stands earlier in the network too, or instead: its one place is after the hidden "
        "layer's ReLU.": (
            _vgg(VGG.replace("dropout50 ", "").replace("linear128", "dropout50 linear128"))
        ),
        "There is a second dropout, on the logits: it would change what the network says.": _vgg(
            VGG + " dropout50"
        ),
        LOG_SOFTMAX: _vgg(VGG + " logsoftmax"),
        "Dropout is still at work in eval mode: F.dropout needs training=self.training.": _vgg(
            VGG, lambda model: _AlwaysDropping(*model)
        ),
        "The first block has two convolutions, it is to have one.": _vgg(
            VGG.replace("conv16k3p1 relu", "conv16k3p1 relu conv16k3p1 relu")
        ),
        "The third block has one convolution, it is to have two.": _vgg(
            VGG.replace("conv64k3p1 relu conv64k3p1 relu", "conv64k3p1 relu")
        ),
        "The third block is missing.": _vgg(
            VGG.replace("conv64k3p1 relu conv64k3p1 relu max2s2 ", "").replace("1024", "2048")
        ),
        "The channels are 16, 32 and 32: the third block has 64.": _vgg(
            VGG.replace("conv64", "conv32").replace("1024", "512")
        ),
        "The hidden dense layer has no activation.": _vgg(VGG.replace("128 relu", "128")),
        "An activation follows the last layer: logits have none.": _vgg(VGG + " relu"),
        SOFTMAX: _vgg(VGG + " softmax"),
        "The hidden dense layer of 128 features is missing.": _vgg(
            VGG.replace("linear128 relu ", "")
        ),
        "Pooling takes the average, VGG takes the maximum.": _vgg(VGG.replace("max", "avg")),
        "num_classes is ignored.": lambda x, num_classes=10, *, look_at: _small_vgg(
            x, 10, look_at=look_at
        ),
    },
    rejects=[rejection("num_classes|class", np.zeros((1, 3, 32, 32)), -1, look_at="parameters")],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
)
