"""Checks of output sizes and parameter counts, against PyTorch's own layers."""

from collections.abc import Iterator

from torch import nn

from course_utils.checks.changes import args, result
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.shapes import ONE_INSIDE, layer_size


def _output_size(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    if strict and (n + 2 * padding - dilation * (kernel_size - 1) - 1) % stride:
        raise ValueError("the stride does not divide the way")
    return layer_size(n, kernel_size, stride=stride, padding=padding, dilation=dilation)


def _sized(way=lambda n, k, p, d: n + 2 * p - d * (k - 1) - 1, end=lambda way, s: way // s + 1):
    """The recipe: the way of the kernel's corner, and the stops on it."""

    def size(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
        return end(way(n, kernel_size, padding, dilation), stride)

    return size


def _plain_sizes(rng) -> Iterator[Case]:
    yield case(7, 3)
    yield case(7, 3, stride=2)
    yield case(7, 3, padding=1)
    yield case(5, 5)
    for n, k in zip(rng.integers(8, 300, 8).tolist(), rng.integers(1, 8, 8).tolist(), strict=True):
        for options in grid(stride=[1, 2, 3], padding=[0, k // 2], dilation=[1, 2]):
            if n + 2 * options["padding"] > options["dilation"] * (k - 1):
                yield case(n, k, **options)


def _strict_sizes(rng) -> Iterator[Case]:
    yield case(7, 3, stride=2, strict=True)
    for k, stops in rng.integers(1, (8, 50), (6, 2)).tolist():
        for options in grid(stride=[1, 2, 3], padding=[0, 1], dilation=[1, 2]):
            reach = options["dilation"] * (k - 1) + 1
            n = reach + (stops + 1) * options["stride"] - 2 * options["padding"]
            yield case(n, k, **options, strict=True)


# fmt: off
_SIZES = {
    "The + 1 is missing: the first stop counts too.": {"end": lambda way, s: way // s},
    f"{ONE_INSIDE} floor((n + 2p - d(k-1) - 1) / s) + 1.":
        {"end": lambda way, s: (way + 1) // s},
    "You round up. A stop that does not fit is left out: round down.":
        {"end": lambda way, s: -(-way // s) + 1},
    "You round to the nearest number. A stop that does not fit is left out: round down.":
        {"end": lambda way, s: round(way / s) + 1},
    "The padding is added on one side only: it stands on both, hence 2p.":
        {"way": lambda n, k, p, d: n + p - d * (k - 1) - 1},
    "The padding is ignored.": args(padding=0, strict=False),
    "The stride is ignored.": args(stride=1, strict=False),
    "The dilation is ignored.": args(dilation=1, strict=False),
    "A dilated kernel reaches over d(k-1) + 1 pixels, not d·k.":
        {"way": lambda n, k, p, d: n + 2 * p - d * k},
    "The dilation is added to k - 1: it multiplies it, d(k-1).":
        {"way": lambda n, k, p, d: n + 2 * p - (d + k - 1) - 1},
    "The reach of the kernel, d(k-1), is added: it is subtracted.":
        {"way": lambda n, k, p, d: n + 2 * p + d * (k - 1) - 1},
    "The padding is subtracted: it makes the input longer.":
        {"way": lambda n, k, p, d: n - 2 * p - d * (k - 1) - 1},
    "The kernel size is subtracted without leaving room for its first pixel: n - k, not n - k - 1.":
        {"way": lambda n, k, p, d: n + 2 * p - d * (k - 1) - 2},
    "The kernel size itself is subtracted nowhere: the corner can go only as far as n - k.":
        {"way": lambda n, k, p, d: n + 2 * p - 1},
}
# fmt: on

check_conv_output_size = Check(
    "conv_output_size",
    oracle=_output_size,
    tool="torch.nn.functional.conv1d",
    parts={"sizes": _plain_sizes, "strict": _strict_sizes},
    recipe=_sized,
    suspects=_SIZES,
    rejects=[
        rejection("n\\b|size|input", 0, 1),
        rejection("stride", 7, 3, stride=0),
        rejection("stride", 7, 3, stride=-1),
        rejection("padding", 7, 3, padding=-1),
        rejection("dilation", 7, 3, dilation=0),
        rejection("dilation", 7, 3, dilation=-2),
        rejection("kernel", 7, 0),
        rejection("kernel", 7, -1),
        rejection("kernel|fit|large|small", 4, 5),
        rejection("kernel|fit|large|small", 5, 7),
        rejection("kernel|fit|large|small|dilat|reach", 5, 3, dilation=3),
        rejection("stride|divi|fit|remain|rest|left|unread", 7, 3, stride=3, strict=True),
    ],
)


def _layer(in_channels, out_channels, kernel_size, *, bias=True):
    return nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias, device="meta")


def _param_count(in_channels, out_channels, kernel_size, *, bias=True):
    layer = _layer(in_channels, out_channels, kernel_size, bias=bias)
    return sum(p.numel() for p in layer.parameters())


def _pair(kernel_size):
    return kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)


def _layers(rng) -> Iterator[Case]:
    yield case(1, 1, 3)
    yield case(3, 6, 5)
    yield case(3, 6, 5, bias=False)
    for c, f, kh, kw in rng.integers(1, 9, (8, 4)).tolist():
        for kernel_size, bias in [(kh, True), (kh, False), ((kh, kw + 1), True), ((kh, kw), False)]:
            yield case(c, 2 * f, kernel_size, bias=bias)


# fmt: off
_COUNTS = {
    "The biases are missing: each filter has one, unless bias=False.": args(bias=False),
    "There is one bias per filter, not one per layer.":
        result(lambda count, out_channels, bias=True: count - bias * (out_channels - 1)),
    "bias=False is ignored.": args(bias=True),
    "There is one bias per filter, not one per pair of channels.":
        result(lambda count, in_channels, out_channels, bias=True:
               count + bias * (in_channels - 1) * out_channels),
    "A filter extends through all input channels: multiply by in_channels.": args(in_channels=1),
    "A kernel has height times width weights, not height plus width.":
        args(kernel_size=lambda k: (1, sum(_pair(k)))),
    "A kernel of (KH, KW) has KH·KW weights; one of the two is used twice.":
        args(kernel_size=lambda k: _pair(k)[0]),
    "There are out_channels filters: multiply by that too.": args(out_channels=1),
}
# fmt: on

check_conv_param_count = Check(
    "conv_param_count",
    oracle=_param_count,
    tool="torch.nn.Conv2d",
    parts={"layers": _layers},
    suspects=_COUNTS,
    rejects=[
        rejection("in_channels|in\\b|input|channels", 0, 4, 3),
        rejection("in_channels|in\\b|input|channels", -2, 4, 3),
        rejection("out_channels|out\\b|output|channels", 3, 0, 3),
        rejection("kernel", 3, 4, 0),
        rejection("kernel", 3, 4, (3, 0)),
        rejection("kernel", 3, 4, (0, 3)),
        rejection("kernel", 3, 4, (-3, -5)),
    ],
)
