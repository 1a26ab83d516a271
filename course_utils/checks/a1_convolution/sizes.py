"""Checks of output sizes and parameter counts, against PyTorch's own layers."""

from collections.abc import Iterator

from torch import nn

from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.shapes import ONE_INSIDE, layer_size


def _output_size(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    if strict and (n + 2 * padding - dilation * (kernel_size - 1) - 1) % stride:
        raise ValueError("the stride does not divide the way")
    return layer_size(n, kernel_size, stride=stride, padding=padding, dilation=dilation)


def _size_formula(numerator, last=1):
    """A size formula with one thing wrong: `floor(numerator / stride) + last`."""

    def suspect(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
        return numerator(n, kernel_size, padding, dilation) // stride + last

    return suspect


def _way(n, k, p, d):
    return n + 2 * p - d * (k - 1) - 1


def _rounded_up(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return -(-_way(n, kernel_size, padding, dilation) // stride) + 1


def _rounded(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return round(_way(n, kernel_size, padding, dilation) / stride) + 1


def _stride_ignored(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return _output_size(n, kernel_size, padding=padding, dilation=dilation)


def _plain_sizes(rng) -> Iterator[Case]:
    yield case(7, 3)
    yield case(7, 3, stride=2)
    yield case(7, 3, padding=1)
    yield case(5, 5)
    for n, k in zip(rng.integers(8, 300, 8).tolist(), rng.integers(1, 8, 8).tolist(), strict=True):
        for options in grid(stride=[1, 2, 3], padding=[0, k // 2], dilation=[1, 2]):
            if _way(n, k, options["padding"], options["dilation"]) >= 0:
                yield case(n, k, **options)


def _strict_sizes(rng) -> Iterator[Case]:
    yield case(7, 3, stride=2, strict=True)
    for k, stops in rng.integers(1, (8, 50), (6, 2)).tolist():
        for options in grid(stride=[1, 2, 3], padding=[0, 1], dilation=[1, 2]):
            reach = options["dilation"] * (k - 1) + 1
            n = reach + (stops + 1) * options["stride"] - 2 * options["padding"]
            yield case(n, k, **options, strict=True)


check_conv_output_size = Check(
    "conv_output_size",
    oracle=_output_size,
    tool="torch.nn.functional.conv1d",
    parts={"sizes": _plain_sizes, "strict": _strict_sizes},
    suspects={
        "The + 1 is missing: the first stop counts too.": _size_formula(_way, last=0),
        f"{ONE_INSIDE} floor((n + 2p - d(k-1) - 1) / s) + 1.": _size_formula(
            lambda n, k, p, d: _way(n, k, p, d) + 1, last=0
        ),
        "You round up. A stop that does not fit is left out: round down.": _rounded_up,
        "You round to the nearest number. A stop that does not fit is left out: round down.": (
            _rounded
        ),
        "The padding is added on one side only: it stands on both, hence 2p.": _size_formula(
            lambda n, k, p, d: _way(n, k, p, d) - p
        ),
        "The padding is ignored.": _size_formula(lambda n, k, p, d: _way(n, k, 0, d)),
        "The stride is ignored.": _stride_ignored,
        "The dilation is ignored.": _size_formula(lambda n, k, p, d: _way(n, k, p, 1)),
        "A dilated kernel reaches over d(k-1) + 1 pixels, not d·k.": _size_formula(
            lambda n, k, p, d: n + 2 * p - d * k
        ),
        "The kernel size is subtracted without leaving room for its first pixel: n - k, not "
        "n - k - 1.": _size_formula(lambda n, k, p, d: _way(n, k, p, d) - 1),
    },
    rejects=[
        rejection("n\\b|size|input", 0, 1),
        rejection("stride", 7, 3, stride=0),
        rejection("stride", 7, 3, stride=-1),
        rejection("padding", 7, 3, padding=-1),
        rejection("dilation", 7, 3, dilation=0),
        rejection("dilation", 7, 3, dilation=-2),
        rejection("kernel", 7, 0),
        rejection("kernel", 7, -1),
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


def _weights(in_channels, out_channels, kernel_size):
    return _layer(in_channels, out_channels, kernel_size).weight.numel()


def _pair(kernel_size):
    return kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)


def _layers(rng) -> Iterator[Case]:
    yield case(1, 1, 3)
    yield case(3, 6, 5)
    yield case(3, 6, 5, bias=False)
    for c, f, kh, kw in rng.integers(1, 9, (8, 4)).tolist():
        for kernel_size, bias in [(kh, True), (kh, False), ((kh, kw + 1), True), ((kh, kw), False)]:
            yield case(c, 2 * f, kernel_size, bias=bias)


check_conv_param_count = Check(
    "conv_param_count",
    oracle=_param_count,
    tool="torch.nn.Conv2d",
    parts={"layers": _layers},
    suspects={
        "The biases are missing: each filter has one, unless bias=False.": (
            lambda c, f, k, *, bias=True: _weights(c, f, k)
        ),
        "There is one bias per filter, not one per layer.": (
            lambda c, f, k, *, bias=True: _weights(c, f, k) + bias
        ),
        "bias=False is ignored.": lambda c, f, k, *, bias=True: _param_count(c, f, k),
        "There is one bias per filter, not one per pair of channels.": (
            lambda c, f, k, *, bias=True: _weights(c, f, k) + bias * c * f
        ),
        "A filter extends through all input channels: multiply by in_channels.": (
            lambda c, f, k, *, bias=True: _param_count(1, f, k, bias=bias)
        ),
        "A kernel has height times width weights, not height plus width.": (
            lambda c, f, k, *, bias=True: c * f * sum(_pair(k)) + bias * f
        ),
        "A kernel of (KH, KW) has KH·KW weights; one of the two is used twice.": (
            lambda c, f, k, *, bias=True: _param_count(c, f, _pair(k)[0], bias=bias)
        ),
    },
    rejects=[
        rejection("in_channels|in\\b|input|channels", 0, 4, 3),
        rejection("in_channels|in\\b|input|channels", -2, 4, 3),
        rejection("out_channels|out\\b|output|channels", 3, 0, 3),
        rejection("kernel", 3, 4, 0),
        rejection("kernel", 3, 4, (3, 0)),
        rejection("kernel", 3, 4, (-3, -5)),
    ],
)
