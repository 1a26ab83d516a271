"""Checks of the residual block and of ResNet-20, against torchvision's `BasicBlock`."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures.networks import (
    LOG_SOFTMAX,
    MOST_PAIRS,
    NUM_CLASSES_IGNORED,
    SOFTMAX,
    edit,
    edited,
    looks,
)
from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.changes import args
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import behaviour
from course_utils.torchvision_compat import torchvision

BasicBlock = torchvision.models.resnet.BasicBlock


# What a block is made of, in the order of the calls: on the way of the convolutions, and on the
# shortcut where shapes change.
WAY = "strided norm relu conv norm add relu"
SHORTCUT = "proj norm"
BLOCK = f"{WAY} | {SHORTCUT} |"  # behind the last bar what stands on every shortcut


class Block(nn.Module):
    """A residual block of words.

    `strided` and `conv` are 3×3 convolutions, the first of them takes the channels that come in;
    `again` is the BatchNorm before; `nothing` adds a shortcut that counts nothing. `proj` is 1×1 or
    has its size behind it, `+b` means a bias, `avg` makes an image smaller before it, `zeros` fills
    channels up. `hidden` keeps the shortcut in a plain list, `always` has it everywhere.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, text: str = BLOCK):
        super().__init__()
        way, shortcut, always = (part.split() for part in text.split("|"))
        self.way, self.layers, width = way, [], in_channels
        for word in way:
            made = nn.Identity()
            if word.startswith(("strided", "conv")):
                step = stride if word.startswith("strided") else 1
                made = nn.Conv2d(width, out_channels, 3, step, 1, bias="+b" in word)
                width = out_channels
            elif word == "norm":
                made = norm = nn.BatchNorm2d(width)
            elif word == "again":
                made = norm
            elif word == "relu":
                made = nn.ReLU()
            self.layers.append(made)
        self.known = nn.ModuleList(dict.fromkeys(self.layers))  # each once
        changes = stride != 1 or in_channels != out_channels or "always" in always
        words = (shortcut if changes else []) + [w for w in always if w in ("relu", "norm")]
        made = nn.Sequential(*_shortcut(words, in_channels, out_channels, stride))
        self.shortcut, self.hidden = (nn.Identity(), [made]) if "hidden" in always else (made, [])

    def forward(self, x):
        out = x
        for word, layer in zip(self.way, self.layers, strict=True):
            if word in ("add", "nothing"):
                to = self.hidden[0].to(x.device, x.dtype) if self.hidden else self.shortcut
                out = out + (1 if word == "add" else 0) * to(x)
            else:
                out = layer(out)
        return out


class _Zeros(nn.Module):
    """Option A: every second pixel, and zeros in the channels that are new."""

    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.more, self.stride = more, stride

    def forward(self, x):
        kept = x[:, :, :: self.stride, :: self.stride]
        # Where channels become fewer, a negative number of zeros cuts the last ones off.
        return F.pad(kept, (0, 0, 0, 0, 0, self.more))


def _shortcut(words: list[str], channels: int, out: int, stride: int) -> Iterator[nn.Module]:
    for word in words:
        if word.startswith("proj"):
            size = 3 if "3" in word else 1
            yield nn.Conv2d(channels, out, size, stride, size // 2, bias="+b" in word)
        elif word == "avg":
            yield nn.AvgPool2d(stride, stride, ceil_mode=True)
            stride = 1
        elif word == "zeros":
            yield _Zeros(out - channels, stride)
        else:
            yield nn.BatchNorm2d(out) if word == "norm" else nn.ReLU()


def _block(**edits: tuple[str, str]) -> Callable:
    text = edited(BLOCK, edits)
    return behaviour(lambda cin, cout, stride=1: Block(cin, cout, stride, text))


def _tools_block(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    """The professional block, with a projection where shapes change."""
    shortcut = None
    if stride != 1 or in_channels != out_channels:
        conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
        shortcut = nn.Sequential(conv, nn.BatchNorm2d(out_channels))
    return BasicBlock(in_channels, out_channels, stride, shortcut)


def _residual_block(x, in_channels, out_channels, stride=1, *, look_at):
    return behaviour(_tools_block)(x, in_channels, out_channels, stride, look_at=look_at)


def _cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        def images(*shape: int) -> np.ndarray:
            return rng.normal(size=shape)

        yield case(images(1, 2, 4, 4), 2, 2, 1, look_at=look_at)
        yield case(images(2, 3, 6, 5), 3, 3, look_at=look_at)
        yield case(images(2, 3, 6, 8), 3, 5, 1, look_at=look_at)
        yield case(images(2, 4, 5, 6), 4, 2, 1, look_at=look_at)  # channels may become fewer
        yield case(images(3, 2, 7, 6), 2, 4, 2, look_at=look_at)
        channels = int(rng.integers(2, 5))
        size, stride = rng.integers(5, 9, 2), int(rng.integers(3, 5))  # and 2 is not every stride
        yield case(images(2, channels, *size), channels, channels, stride, look_at=look_at)
        yield case(images(2, channels, *size), channels, channels, 2, look_at=look_at)

    return cases


HIDDEN = "The projection stands in a plain list: PyTorch does not see its parameters."
OPTION_A = (
    "The shortcut has no parameters where shapes change, as one that is padded with zeros (option "
    "A): here it is projected (option B)."
)
# fmt: off
_BLOCKS = {
    "There is no ReLU after the addition.": edit(("add relu", "add")),
    "The last ReLU comes before the addition, where it cuts what the block could subtract.":
        edit(("add relu", "relu add")),
    "There is no ReLU between the two convolutions.": edit(("norm relu conv", "norm conv")),
    "The input is never added: where is the residual link?": edit(("add", "nothing")),
    "A ReLU stands on the shortcut: it is to hand on its input unchanged.":
        edit(("norm |", "norm | relu")),
    "BatchNorm comes after ReLU; its place is between convolution and ReLU.":
        edit(("norm relu conv", "relu norm conv")),
    "The second BatchNorm comes after the addition; its place is before it.":
        edit(("norm add", "add norm")),
    "The first BatchNorm is missing.": edit(("strided norm", "strided")),
    "The second BatchNorm is missing.": edit(("norm add", "add")),
    "One BatchNorm serves both convolutions: each needs its own.": edit(("norm add", "again add")),
    "The convolutions have biases, which the BatchNorm after them takes out again: bias=False.":
        edit(("strided norm", "strided+b norm"), ("conv norm", "conv+b norm")),
    "The second convolution has the stride; it belongs to the first.":
        edit(("strided norm relu conv", "conv norm relu strided")),
    "There is one convolution, a block has two.": edit((" relu conv norm", "")),
    "There are three convolutions, a block has two.":
        edit(("conv norm add", "conv norm relu conv norm add")),
    "The projection has no BatchNorm after it.": edit(("proj norm", "proj")),
    "The projection averages pixels first; a 1×1 convolution with the stride is enough.":
        edit(("proj", "avg proj")),
    "There is a ReLU before the addition too, which cuts what the block could subtract.":
        edit(("norm add", "norm relu add")),
    "The projection has a bias, which the BatchNorm after it takes out again: bias=False.":
        edit(("proj", "proj+b")),
    "The projection is a 3×3 convolution: 1×1 is enough.": edit(("proj", "proj3")),
    HIDDEN: edit(("norm |", "norm | hidden")),
    OPTION_A: edit(("proj norm", "zeros")),
    "There is a projection even where the shapes agree: there the input itself is added.":
        edit(("norm |", "norm | always")),
}
# fmt: on

HINTS = {
    r"size of tensor a.* dimension 1": "Both sides of the addition need as many channels: the "
    "shortcut is projected wherever they differ, or the stride is not 1.",
    r"size of tensor a": "Both sides of the addition need one height and width: of the two 3×3 "
    "convolutions the first alone has the stride, both are padded by 1, and where the stride is "
    "not 1 the shortcut is a 1×1 convolution with the same stride.",
    "modified by an inplace operation": "What is still needed for a gradient was changed: write "
    "x + y, not x += y, and give no inplace=True to a layer that gets the block's input.",
    r"expected input.* channels, but got": "Which channels come in? Those of the layer before.",
}

check_residual_block = Check(
    "ResidualBlock",
    oracle=_residual_block,
    tool="torchvision's BasicBlock",
    parts=looks(_cases, "parameters", "output", "training", "step", "device"),
    suspects=_BLOCKS,
    recipe=_block,
    most_pairs=MOST_PAIRS,
    rejects=[
        rejection("stride", np.zeros((1, 2, 4, 4)), 2, 2, 0, look_at="parameters"),
        rejection("in_channels|channel", np.zeros((1, 2, 4, 4)), 0, 2, 1, look_at="parameters"),
        rejection("out_channels|channel", np.zeros((1, 2, 4, 4)), 2, 0, 1, look_at="parameters"),
    ],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints=HINTS,
)


# ResNet-20 ---------------------------------------------------------------------------------------

STEM, HEAD = "stem norm relu", "average flatten dense"
RESNET = f"{STEM} / {BLOCK} / {HEAD}"
LAYERS = {
    "relu": nn.ReLU,
    "pool": lambda: nn.MaxPool2d(2),
    "average": lambda: nn.AdaptiveAvgPool2d(1),
    "largest": lambda: nn.AdaptiveMaxPool2d(1),
    "flatten": nn.Flatten,
    "softmax": lambda: nn.Softmax(dim=1),
    "logsoftmax": lambda: nn.LogSoftmax(dim=1),
    "dropout": lambda: nn.Dropout(0.5),
    "squeeze": lambda: _Squeezed(),
}


def resnet(
    *,
    channels: tuple[int, ...] = (16, 32, 64),
    strides: tuple[int, ...] = (1, 2, 2),
    blocks: tuple[int, ...] = (3, 3, 3),
    strided: tuple[int, ...] = (0,),
    kernel: int = 3,
    stem_stride: int = 1,
    shared: bool = False,
    unused: bool = False,
    hold: Callable = lambda stem, blocks, head: nn.Sequential(*stem, *blocks, *head),
    make_block: Callable = Block,
    **edits: tuple[str, str],
) -> Callable:
    """The recipe: a network of the CIFAR form.

    `strided` are the blocks of a stage that have its stride; with `shared` all but the first are
    one and the same; `unused` layers are made and never called.
    """
    stem, block, head = (part.strip() for part in edited(RESNET, edits).split("/"))

    def make(num_classes: int = 10) -> nn.Module:
        before, middle = channels[0], []
        conv = nn.Conv2d(3, before, kernel, stem_stride, kernel // 2, bias="+b" in stem)
        known = LAYERS | {
            "stem": lambda: conv,
            "stem+b": lambda: conv,
            "norm": lambda: nn.BatchNorm2d(before),
            "dense": lambda: nn.Linear(before, num_classes),
            "hidden": lambda: nn.Linear(before, before),
        }
        first = [known[word]() for word in stem.split()]
        for width, stride, count in zip(channels, strides, blocks, strict=True):
            for number in range(count):
                if shared and number > 1:
                    middle.append(middle[-1])
                else:
                    step = stride if number in strided else 1
                    middle.append(make_block(before, width, step, block))
                before = width
        if unused:
            conv.extra = nn.Linear(before, num_classes)
        return hold(first, middle, [known[word]() for word in head.split()])

    return make


class _Squeezed(nn.Module):
    def forward(self, x):
        return x.squeeze()


class _InList(nn.Module):
    """The blocks stand in a plain list, where `parameters()` does not find them."""

    def __init__(self, stem: list, blocks: list, head: list) -> None:
        super().__init__()
        self.stem, self.blocks, self.head = nn.Sequential(*stem), blocks, nn.Sequential(*head)

    def forward(self, x):
        x = self.stem(x)
        for each in self.blocks:
            x = each.to(x.device, x.dtype)(x)
        return self.head(x)


def _resnet(**options: Any) -> Callable:
    return behaviour(resnet(**options))


def _resnet20(x, num_classes=10, *, look_at):
    tools = resnet(make_block=lambda cin, cout, stride, text: _tools_block(cin, cout, stride))
    return behaviour(tools)(x, num_classes, look_at=look_at)


def _resnet_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        # Small, but so that the last stage still has more than one pixel in each network here.
        yield case(rng.normal(size=(2, 3, 12, 12)), 10, look_at=look_at)
        size = (32, 32) if look_at == "parameters" else (8, 12)
        yield case(rng.normal(size=(1, 3, *size)), int(rng.integers(2, 30)), look_at=look_at)
        if look_at == "parameters":
            yield case(rng.normal(size=(1, 3, *size)), look_at=look_at)  # classes by default
            yield case(rng.normal(size=(1, 3, *size)), 1, look_at=look_at)

    return cases


# fmt: off
_RESNETS = {
    "The blocks stand in a plain list: PyTorch does not see their parameters. Use nn.Sequential or "
    "nn.ModuleList.": {"hold": _InList},
    HIDDEN: edit(("norm | /", "norm | hidden /")),
    OPTION_A: edit(("proj norm", "zeros")),
    "There are two blocks in each stage: with n = 3 there are three.": {"blocks": (2, 2, 2)},
    "There are four blocks in each stage: with n = 3 there are three.": {"blocks": (4, 4, 4)},
    "There is one block in each stage: with n = 3 there are three.": {"blocks": (1, 1, 1)},
    "The first stage has two blocks: it has three, like the others.": {"blocks": (2, 3, 3)},
    "The last stage has two blocks: it has three, like the others.": {"blocks": (3, 3, 2)},
    "The stages have 3, 4 and 6 blocks, as ResNet-34 does: with n = 3 each has three.":
        {"blocks": (3, 4, 6)},
    "The stages have 64, 128 and 256 channels: those of CIFAR have 16, 32 and 64.":
        {"channels": (64, 128, 256)},
    "The stages have 32, 64 and 128 channels: those of CIFAR have 16, 32 and 64.":
        {"channels": (32, 64, 128)},
    "The kernel of the first convolution is 7×7, as for ImageNet: here it is 3×3.": {"kernel": 7},
    "The kernel of the first convolution is 5×5: it is 3×3.": {"kernel": 5},
    "The kernel of the first convolution is 1×1: it is 3×3.": {"kernel": 1},
    "The first convolution has stride 2, as for ImageNet: here it is 1.": {"stem_stride": 2},
    "One block is used more than once: each block of a stage is to be made anew.":
        {"shared": True},
    "A layer is made that is never called, such as a second head: its parameters count as well.":
        {"unused": True},
    "There is a hidden dense layer before the last one: the average goes straight into it.":
        edit(("flatten dense", "flatten hidden relu dense")),
    "The first stage halves the image too: its stride is 1.": {"strides": (2, 2, 2)},
    "No stage halves the image: the second and the third have stride 2.": {"strides": (1, 1, 1)},
    "There is no ReLU after the first BatchNorm.": edit(("stem norm relu", "stem norm")),
    "A max pooling follows the first convolution, as for ImageNet; 32×32 has no room for it.":
        edit(("relu / strided", "relu pool / strided")),
    "At the end stands the maximum over all places, not their average.":
        edit(("average", "largest")),
    "The blocks have no ReLU after the addition.": edit(("add relu", "add")),
    "The blocks have no residual link.": edit(("add", "nothing")),
    "The first convolution has a bias, which the BatchNorm after it takes out again.":
        edit(("stem", "stem+b")),
    "The convolutions of the blocks have biases, which the BatchNorm after them takes out again: "
    "bias=False.": edit(("strided norm", "strided+b norm"), ("conv norm", "conv+b norm")),
    "The projections have biases, which the BatchNorm after them takes out again: bias=False.":
        edit(("proj", "proj+b")),
    "The projections have no BatchNorm after them.": edit(("proj norm", "proj")),
    "There is a projection even where the shapes agree: there the input itself is added.":
        edit(("norm | /", "norm | always /")),
    "There is no BatchNorm after the first convolution.": edit(("stem norm", "stem")),
    SOFTMAX: edit(("dense", "dense softmax")),
    LOG_SOFTMAX: edit(("dense", "dense logsoftmax")),
    "A later block of a stage has the stride; it belongs to the first.": {"strided": (2,)},
    "All blocks of a stage have its stride; it belongs to the first alone.": {"strided": (0, 1, 2)},
    "The batch is lost when it is one image: squeeze() takes out every axis of length 1, "
    "flatten(1) none of the batch.": edit(("dense", "dense squeeze")),
    "There is dropout: BatchNorm makes it unnecessary, and ResNet has none.":
        edit(("dense", "dropout dense")),
    NUM_CLASSES_IGNORED: args(num_classes=10),
}
# fmt: on

check_resnet20 = Check(
    "ResNet20",
    oracle=_resnet20,
    tool="torchvision's BasicBlock, nine times",
    parts=looks(_resnet_cases, "parameters", "output", "no dropout", "step", "device"),
    suspects=_RESNETS,
    recipe=_resnet,
    most_pairs=MOST_PAIRS,
    rejects=[rejection("num_classes|class", np.zeros((1, 3, 32, 32)), 0, look_at="parameters")],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints=HINTS,
)
