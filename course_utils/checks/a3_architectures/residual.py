"""Checks of the residual block and of ResNet-20, against torchvision's `BasicBlock`."""

from collections.abc import Callable, Iterator

import numpy as np
from torch import nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures.networks import SOFTMAX, looks
from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import behaviour
from course_utils.torchvision_compat import torchvision

BasicBlock = torchvision.models.resnet.BasicBlock


def projection(
    in_channels: int, out_channels: int, stride: int, *, always: bool = False
) -> nn.Sequential | None:
    """The 1×1 shortcut where shapes change, else None."""
    if stride == 1 and in_channels == out_channels and not always:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels)
    )


def block(kind: type = BasicBlock, adapt: Callable = lambda block: None) -> Callable:
    """Makes blocks of a kind, and changes something in each."""

    def make(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
        made = kind(
            in_channels, out_channels, stride, projection(in_channels, out_channels, stride)
        )
        adapt(made)
        return made

    return make


def _shortcut(block: BasicBlock, x):
    return x if block.downsample is None else block.downsample(x)


class _NoLastRelu(BasicBlock):
    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return out + _shortcut(self, x)


class _ReluBeforeSum(BasicBlock):
    def forward(self, x):
        out = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return out + _shortcut(self, x)


class _NoFirstRelu(BasicBlock):
    def forward(self, x):
        out = self.bn2(self.conv2(self.bn1(self.conv1(x))))
        return F.relu(out + _shortcut(self, x))


class _NoResidual(BasicBlock):
    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + 0 * _shortcut(self, x))


class _ReluOnShortcut(BasicBlock):
    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + F.relu(_shortcut(self, x)))


class _NormAfterRelu(BasicBlock):
    def forward(self, x):
        out = self.bn1(F.relu(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + _shortcut(self, x))


class _ReluTwice(BasicBlock):
    def forward(self, x):
        out = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(out + _shortcut(self, x))


class _PaddedShortcut(BasicBlock):
    """Option A: every second pixel, and zeros in the channels that are new."""

    def __init__(self, in_channels, out_channels, stride=1, downsample=None):
        super().__init__(in_channels, out_channels, stride)
        self.more = out_channels - in_channels

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        kept = x[:, :, :: self.stride, :: self.stride]  # (N, in_channels, H / stride, W / stride)
        # Where channels become fewer, a negative number of zeros cuts the last ones off.
        return F.relu(out + F.pad(kept, (0, 0, 0, 0, 0, self.more)))


class _HiddenProjection(BasicBlock):
    """The projection stands in a plain list, where `parameters()` does not find it."""

    def __init__(self, in_channels, out_channels, stride=1, downsample=None):
        super().__init__(in_channels, out_channels, stride)
        self.hidden = [downsample] if downsample else []

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        for module in self.hidden:
            x = module.to(x.device, x.dtype)(x)
        return F.relu(out + x)


class _NormAfterSum(BasicBlock):
    def forward(self, x):
        out = self.conv2(F.relu(self.bn1(self.conv1(x))))
        return F.relu(self.bn2(out + _shortcut(self, x)))


class _NoSecondNorm(BasicBlock):
    def __init__(self, *args):
        super().__init__(*args)
        del self.bn2

    def forward(self, x):
        out = self.conv2(F.relu(self.bn1(self.conv1(x))))
        return F.relu(out + _shortcut(self, x))


class _SharedNorm(BasicBlock):
    def __init__(self, *args):
        super().__init__(*args)
        del self.bn2

    def forward(self, x):
        out = self.bn1(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + _shortcut(self, x))


def _with_biases(block: BasicBlock) -> None:
    for conv in (block.conv1, block.conv2):
        conv.bias = nn.Parameter(conv.weight.new_zeros(conv.out_channels))


def _biased_projection(block: BasicBlock) -> None:
    if block.downsample is not None:
        conv = block.downsample[0]
        conv.bias = nn.Parameter(conv.weight.new_zeros(conv.out_channels))


def _large_projection(block: BasicBlock) -> None:
    if block.downsample is not None:
        conv = block.downsample[0]
        block.downsample[0] = nn.Conv2d(
            conv.in_channels, conv.out_channels, 3, conv.stride, 1, bias=False
        )


def _stride_in_second(block: BasicBlock) -> None:
    block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride


def _bare_projection(block: BasicBlock) -> None:
    if block.downsample is not None:
        block.downsample = block.downsample[0]


def _pooled_projection(block: BasicBlock) -> None:
    """The image is made smaller by taking averages, then projected."""
    if block.downsample is not None:
        stride, block.downsample[0].stride = block.downsample[0].stride, (1, 1)
        block.downsample.insert(0, nn.AvgPool2d(stride, stride, ceil_mode=True))


def _always_projected(in_channels: int, out_channels: int, stride: int = 1) -> nn.Module:
    shortcut = projection(in_channels, out_channels, stride, always=True)
    return BasicBlock(in_channels, out_channels, stride, shortcut)


def _residual_block(x, in_channels, out_channels, stride=1, *, look_at):
    return behaviour(block())(x, in_channels, out_channels, stride, look_at=look_at)


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
SENTENCES = {
    "There is no ReLU after the addition.": block(_NoLastRelu),
    "The last ReLU comes before the addition, where it cuts what the block could subtract.": block(
        _ReluBeforeSum
    ),
    "There is no ReLU between the two convolutions.": block(_NoFirstRelu),
    "The input is never added: where is the residual link?": block(_NoResidual),
    "A ReLU stands on the shortcut: it is to hand on its input unchanged.": block(_ReluOnShortcut),
    "BatchNorm comes after ReLU; its place is between convolution and ReLU.": block(_NormAfterRelu),
    "The second BatchNorm comes after the addition; its place is before it.": block(_NormAfterSum),
    "The second BatchNorm is missing.": block(_NoSecondNorm),
    "One BatchNorm serves both convolutions: each needs its own.": block(_SharedNorm),
    "The convolutions have biases, which the BatchNorm after them takes out again: bias=False.": (
        block(adapt=_with_biases)
    ),
    "The second convolution has the stride; it belongs to the first.": block(
        adapt=_stride_in_second
    ),
    "The projection has no BatchNorm after it.": block(adapt=_bare_projection),
    "The projection averages pixels first; a 1×1 convolution with the stride is enough.": block(
        adapt=_pooled_projection
    ),
    "There is a ReLU before the addition too, which cuts what the block could subtract.": block(
        _ReluTwice
    ),
    "The projection has a bias, which the BatchNorm after it takes out again: bias=False.": block(
        adapt=_biased_projection
    ),
    "The projection is a 3×3 convolution: 1×1 is enough.": block(adapt=_large_projection),
    HIDDEN: block(_HiddenProjection),
    OPTION_A: block(_PaddedShortcut),
    "There is a projection even where the shapes agree: there the input itself is added.": (
        _always_projected
    ),
}

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
    suspects={sentence: behaviour(make) for sentence, make in SENTENCES.items()},
    rejects=[
        rejection("stride", np.zeros((1, 2, 4, 4)), 2, 2, 0, look_at="parameters"),
        rejection("in_channels|channel", np.zeros((1, 2, 4, 4)), 0, 2, 1, look_at="parameters"),
        rejection("out_channels|channel", np.zeros((1, 2, 4, 4)), 2, 0, 1, look_at="parameters"),
    ],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints=HINTS,
)


BLOCK = block()


# ResNet-20 ---------------------------------------------------------------------------------------


def resnet(
    make_block: Callable = BLOCK,
    *,
    channels: tuple[int, ...] = (16, 32, 64),
    strides: tuple[int, ...] = (1, 2, 2),
    blocks: int = 3,
    strided: tuple[int, ...] = (0,),
    stem: tuple[nn.Module, ...] = (nn.ReLU(),),
    norm: Callable = nn.BatchNorm2d,
    bias: bool = False,
    head: Callable = lambda: nn.AdaptiveAvgPool2d(1),
    end: tuple[nn.Module, ...] = (),
) -> Callable:
    """Makes a network of the CIFAR form, or with something else in one place.

    `strided` are the blocks of a stage that have its stride.
    """

    def make(num_classes: int = 10) -> nn.Sequential:
        before = channels[0]
        layers = [nn.Conv2d(3, before, 3, padding=1, bias=bias), norm(before), *stem]
        for width, stride in zip(channels, strides, strict=True):
            for number in range(blocks):
                layers.append(make_block(before, width, stride if number in strided else 1))
                before = width
        return nn.Sequential(*layers, head(), nn.Flatten(), nn.Linear(before, num_classes), *end)

    return make


class _Squeezed(nn.Module):
    def forward(self, x):
        return x.squeeze()


class _InList(nn.Module):
    """The blocks stand in a plain list, where `parameters()` does not find them."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        made = resnet()(num_classes)
        self.stem, self.blocks, self.head = made[:3], list(made[3:-3]), made[-3:]

    def forward(self, x):
        x = self.stem(x)
        for each in self.blocks:
            x = each.to(x.device, x.dtype)(x)
        return self.head(x)


def _resnet20(x, num_classes=10, *, look_at):
    return behaviour(resnet())(x, num_classes, look_at=look_at)


def _resnet_cases(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        # Small, but so that the last stage still has more than one pixel in each network here.
        yield case(rng.normal(size=(2, 3, 12, 12)), 10, look_at=look_at)
        size = (32, 32) if look_at == "parameters" else (8, 12)
        yield case(rng.normal(size=(1, 3, *size)), int(rng.integers(2, 30)), look_at=look_at)

    return cases


check_resnet20 = Check(
    "ResNet20",
    oracle=_resnet20,
    tool="torchvision's BasicBlock, nine times",
    parts=looks(_resnet_cases, "parameters", "output", "no dropout", "step", "device"),
    suspects={
        "The blocks stand in a plain list: PyTorch does not see their parameters. "
        "Use nn.Sequential or nn.ModuleList.": behaviour(_InList),
        HIDDEN: behaviour(resnet(block(_HiddenProjection))),
        OPTION_A: behaviour(resnet(block(_PaddedShortcut))),
        "There are two blocks in each stage: with n = 3 there are three.": behaviour(
            resnet(blocks=2)
        ),
        "The stages have 64, 128 and 256 channels: those of CIFAR have 16, 32 and 64.": (
            behaviour(resnet(channels=(64, 128, 256)))
        ),
        "The first stage halves the image too: its stride is 1.": behaviour(
            resnet(strides=(2, 2, 2))
        ),
        "No stage halves the image: the second and the third have stride 2.": behaviour(
            resnet(strides=(1, 1, 1))
        ),
        "There is no ReLU after the first BatchNorm.": behaviour(resnet(stem=())),
        "A max pooling follows the first convolution, as for ImageNet; 32×32 has no room for it.": (
            behaviour(resnet(stem=(nn.ReLU(), nn.MaxPool2d(2))))
        ),
        "At the end stands the maximum over all places, not their average.": behaviour(
            resnet(head=lambda: nn.AdaptiveMaxPool2d(1))
        ),
        "The blocks have no ReLU after the addition.": behaviour(resnet(block(_NoLastRelu))),
        "The blocks have no residual link.": behaviour(resnet(block(_NoResidual))),
        "The first convolution has a bias, which the BatchNorm after it takes out again.": (
            behaviour(resnet(bias=True))
        ),
        "There is no BatchNorm after the first convolution.": behaviour(
            resnet(norm=lambda channels: nn.Identity())
        ),
        SOFTMAX: behaviour(resnet(end=(nn.Softmax(dim=1),))),
        "The last block of a stage has the stride; it belongs to the first.": behaviour(
            resnet(strided=(2,))
        ),
        "All blocks of a stage have its stride; it belongs to the first alone.": behaviour(
            resnet(strided=(0, 1, 2))
        ),
        "The batch is lost when it is one image: squeeze() takes out every axis of length 1, "
        "flatten(1) none of the batch.": behaviour(resnet(end=(_Squeezed(),))),
        "There is dropout: BatchNorm makes it unnecessary, and ResNet has none.": behaviour(
            resnet(end=(nn.Dropout(0.5),))
        ),
        "num_classes is ignored.": lambda x, num_classes=10, *, look_at: _resnet20(
            x, 10, look_at=look_at
        ),
    },
    rejects=[rejection("num_classes|class", np.zeros((1, 3, 32, 32)), 0, look_at="parameters")],
    arrange=behaviour,
    forbidden=BUILD_IT_YOURSELF,
    hints=HINTS,
)
