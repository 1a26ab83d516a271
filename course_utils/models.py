"""Networks that more than one lecture uses, as they are built in the first of them."""

from collections import OrderedDict

from torch import Tensor, nn


class LeNet5(nn.Module):
    """LeNet-5 as lecture 07 builds it: convolutions without padding, ReLU, max pooling.

    Parameters
    ----------
    in_channels
        1 for grey images, 3 for colour.
    num_classes
        How many logits it gives.
    image_size
        Height and width of the images, at least 16; the first dense layer follows from it.

    Raises
    ------
    ValueError
        If the images are too small for its two convolutions and two poolings.

    Notes
    -----
    For 28×28×1: 24×24×6, 12×12×6, 8×8×16, 4×4×16, 120, 84, 10, with 44 426 parameters.

    Source
    ------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning Applied to Document
    Recognition, Proc. IEEE 86, 1998, section II.B; with ReLU, max pooling and full connections,
    as it is built today.
    """

    def __init__(self, in_channels: int = 1, num_classes: int = 10, image_size: int = 28):
        super().__init__()
        side = ((image_size - 4) // 2 - 4) // 2  # twice: a 5×5 kernel, then a pooling that halves
        if side < 1:
            raise ValueError(f"image_size must be at least 16, got {image_size}")
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * side * side, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to logits `(N, num_classes)`."""
        return self.classifier(self.features(images))


class InvertedResidual(nn.Module):
    """The block of MobileNetV2 and EfficientNet-Lite: widen, filter each channel, narrow.

    Parameters
    ----------
    in_channels, out_channels
        Of the narrow ends. Where they are equal and `stride` is 1, the input is added to the
        output.
    kernel_size
        Of the depthwise convolution, odd.
    stride
        Of the depthwise convolution, 1 or 2.
    expand
        How many times wider the middle is; with 1 nothing is widened.

    Source
    ------
    M. Sandler and others, MobileNetV2: Inverted Residuals and Linear Bottlenecks,
    arXiv:1801.04381, figure 4.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int, expand: int
    ):
        super().__init__()
        wide = expand * in_channels
        layers = [] if expand == 1 else conv_norm_relu6(in_channels, wide, 1)
        layers += conv_norm_relu6(wide, wide, kernel_size, stride, groups=wide)
        layers += conv_norm_relu6(wide, out_channels, 1)[:-1]  # no activation at the narrow end
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """`(N, in_channels, H, W)` to `(N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉)`."""
        return x + self.layers(x) if self.adds else self.layers(x)


def conv_norm_relu6(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """Padding, convolution without bias, BatchNorm and ReLU6, with TensorFlow's "same" padding.

    The output has ⌈size / stride⌉ rows and columns. Both sides share what is padded in all, and an
    odd pixel goes to the bottom and the right; with stride 2 on an even side that is one pixel less
    at the top than `padding=kernel_size // 2`.
    """
    total = kernel_size - stride  # of a row or column, whose length the stride divides
    before, after = total // 2, total - total // 2
    even = before == after
    return [
        *([] if even else [nn.ZeroPad2d((before, after, before, after))]),
        nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=before if even else 0,
            groups=groups,
            bias=False,  # BatchNorm would take it away again
        ),
        nn.BatchNorm2d(out_channels, eps=1e-3),
        nn.ReLU6(),
    ]


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0: a stem, 16 inverted bottlenecks in 7 stages, a head, and a classifier.

    `data.efficientnet_lite0()` gives it with the weights that it learnt on ImageNet.

    Parameters
    ----------
    num_classes
        How many logits it gives.

    Attributes
    ----------
    features
        `stem`, `stage1` to `stage7` and `head`, in this order: for 224×224 images maps of
        112×112×32, 112×112×16, 56×56×24, 28×28×40, 14×14×80, 14×14×112, 7×7×192, 7×7×320 and
        7×7×1280.
    pool, classifier
        The mean of each map, and dropout with a linear layer.

    Notes
    -----
    4 652 008 parameters. Sides of images must be divisible by 32, or its paddings are not the
    published ones.

    Source
    ------
    M. Tan and Q. Le, EfficientNet, arXiv:1905.11946, table 1; without squeeze-and-excitation and
    with ReLU6, as *EfficientNet-Lite* was published in 2020 (TensorFlow's TPU repository).
    """

    # Of each stage: blocks, kernel size, stride of the first block, widening, channels out.
    STAGES = (
        (1, 3, 1, 1, 16),
        (2, 3, 2, 6, 24),
        (2, 5, 2, 6, 40),
        (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112),
        (4, 5, 2, 6, 192),
        (1, 3, 1, 6, 320),
    )

    def __init__(self, num_classes: int = 1000):
        super().__init__()
        parts = {"stem": nn.Sequential(*conv_norm_relu6(3, 32, 3, stride=2))}
        channels = 32
        for number, (blocks, kernel_size, stride, expand, width) in enumerate(self.STAGES, start=1):
            stage = []
            for block in range(blocks):
                step = stride if block == 0 else 1
                stage.append(InvertedResidual(channels, width, kernel_size, step, expand))
                channels = width
            parts[f"stage{number}"] = nn.Sequential(*stage)
        parts["head"] = nn.Sequential(*conv_norm_relu6(channels, 1280, 1))
        self.features = nn.Sequential(OrderedDict(parts))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, num_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, 3, H, W)` to logits `(N, num_classes)`."""
        return self.classifier(self.pool(self.features(images)))
