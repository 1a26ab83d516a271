"""The graded questions of a1; every key is asked from PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.answers import DOES_NOT_FIT, Answer, Answers
from course_utils.checks.shapes import layer_size, transposed_size


def _size(n: int, kernel_size: int, **geometry: int) -> Answer:
    """Ask for the size of one layer; the mistakes are those that students make."""
    options = {"stride": 1, "padding": 0, "dilation": 1} | geometry
    stride, padding, dilation = options.values()
    way = n + 2 * padding - dilation * (kernel_size - 1) - 1
    words = ", ".join(
        [f"{n}×{n}, kernel {kernel_size}", *(f"{k} {v}" for k, v in geometry.items())]
    )
    return Answer(
        words,
        key=lambda: layer_size(n, kernel_size, **geometry),
        wrong={
            "the + 1 is missing: the first stop counts too": lambda: way // stride,
            "rounded up: a stop that does not fit is left out": lambda: -(-way // stride) + 1,
            "the padding stands on both sides": lambda: (way - padding) // stride + 1,
            "the padding is forgotten": lambda: (way - 2 * padding) // stride + 1,
            "the stride is forgotten": lambda: way + 1,
            "the dilation is forgotten": lambda: layer_size(
                n, kernel_size, **{**geometry, "dilation": 1}
            ),
        },
    )


def _weights(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters())


def _meta(in_channels, out_channels, kernel_size, *, bias=True) -> nn.Module:
    return nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias, device="meta")


check_sizes = Answers(
    {
        "size_plain": _size(28, 5),
        "size_large_kernel": _size(64, 7),
        "size_same": _size(20, 3, padding=1),
        "size_halved": _size(225, 7, stride=2, padding=3),
        "size_uneven": _size(12, 4, stride=3),
        "size_two_layers": Answer(
            "32×32, two layers of kernel 5, the second with stride 2",
            key=lambda: layer_size(layer_size(32, 5), 5, stride=2),
            wrong={
                "that is after the first layer": lambda: layer_size(32, 5),
                "the stride of the second layer is forgotten": lambda: layer_size(28, 5),
                "rounded up: a stop that does not fit is left out": lambda: 13,
            },
        ),
    }
)


def _fits(n: int, kernel_size: int, **geometry: int) -> int | str:
    try:
        return layer_size(n, kernel_size, **geometry)
    except RuntimeError:
        return DOES_NOT_FIT


def _padding_that_keeps(n: int, kernel_size: int, dilation: int) -> int:
    return next(p for p in range(n) if _fits(n, kernel_size, padding=p, dilation=dilation) == n)


def _unread_rows(n: int, kernel_size: int, stride: int) -> int:
    """Rows that no stop reads: those that get no gradient."""
    line = torch.zeros(1, 1, n, requires_grad=True)
    F.conv1d(line, torch.ones(1, 1, kernel_size), stride=stride).sum().backward()
    return int((line.grad == 0).sum())


check_geometry = Answers(
    {
        "geometry_dilated": _size(32, 3, dilation=4),
        "geometry_reach": Answer(
            "8×8, kernel 5, dilation 2",
            key=lambda: _fits(8, 5, dilation=2),
            wrong={
                "the kernel reaches over 2·(5-1) + 1 = 9 pixels": lambda: 4,
                "no stop at all is not a size of 0: the layer cannot be applied": lambda: 0,
            },
        ),
        "geometry_keep": Answer(
            "padding that keeps 31×31 under kernel 3, dilation 2",
            key=lambda: _padding_that_keeps(31, 3, 2),
            wrong={
                "that keeps the size without dilation; here the kernel reaches over 5": lambda: 1,
                "that is the sum of both sides": lambda: 4,
            },
        ),
        "geometry_unread": Answer(
            "rows that no stop reads: 10×10, kernel 3, stride 3",
            key=lambda: _unread_rows(10, 3, 3),
            wrong={
                "the stops start at 0, 3 and 6 and read up to row 8": lambda: 0,
                "that is the number of stops": lambda: 3,
            },
        ),
        "geometry_transposed": Answer(
            "transposed: 5×5, kernel 4, stride 2, padding 1",
            key=lambda: transposed_size(5, 4, stride=2, padding=1),
            wrong={
                "that is the convolution, not the transposed one": lambda: layer_size(
                    5, 4, stride=2, padding=1
                ),
                "the padding takes one row away on both sides": lambda: 11,
                "here the padding takes rows away": lambda: 12,
                "that is the spread image; the kernel adds 3, the padding takes 2": lambda: 9,
            },
        ),
    }
)

check_parameters = Answers(
    {
        "params_rgb": Answer(
            "3 → 16 channels, kernel 5",
            key=lambda: _weights(_meta(3, 16, 5)),
            wrong={
                "the biases are missing": lambda: 16 * 75,
                "a filter extends through all 3 input channels": lambda: 16 * 26,
                "one bias per filter, not one for all": lambda: 16 * 75 + 1,
            },
        ),
        "params_one_by_one": Answer(
            "64 → 32 channels, kernel 1, bias=False",
            key=lambda: _weights(_meta(64, 32, 1, bias=False)),
            wrong={
                "there is no bias here": lambda: 64 * 32 + 32,
                "a filter extends through all 64 channels": lambda: 32,
            },
        ),
        "params_flat_kernel": Answer(
            "8 → 8 channels, kernel (3, 5)",
            key=lambda: _weights(_meta(8, 8, (3, 5))),
            wrong={
                "the kernel is not square: 3·5 weights": lambda: _weights(_meta(8, 8, 3)),
                "the biases are missing": lambda: 8 * 8 * 15,
            },
        ),
        "params_pooling": Answer(
            "max pooling 2×2 on 16 channels",
            key=lambda: _weights(nn.MaxPool2d(2)),
            wrong={"pooling has nothing to learn": lambda: 64},
        ),
        "params_dense": Answer(
            "dense layer from 32×32×3 to 28×28×6, no bias",
            key=lambda: nn.Linear(3072, 28 * 28 * 6, bias=False, device="meta").weight.numel(),
            wrong={
                "that is the convolution": lambda: 6 * 75,
                "all 28·28·6 outputs have weights of their own": lambda: 3072 * 6,
            },
        ),
    }
)


def _spread(n: int, stride: int) -> int:
    """Size of what a transposed convolution slides over, before any padding: 1×1 keeps it."""
    return transposed_size(n, 1, stride=stride)


check_slides = Answers(
    {
        "slide_spread": Answer(
            "4×4 spread for a transposed convolution with stride 2",
            key=lambda: (_spread(4, 2),) * 2,
            wrong={
                "that is a ring of zeros around each pixel, as the slide says; the zeros stand "
                "between the pixels": lambda: (12, 12),
                "there is no zero behind the last pixel": lambda: (8, 8),
                "there is no zero before the first nor behind the last pixel": lambda: (9, 9),
            },
        ),
        "slide_pool": Answer(
            "28×28×3 after 2×2 pooling with stride 2",
            key=lambda: (*F.max_pool2d(torch.zeros(3, 28, 28), 2).shape[1:], 3),
            wrong={
                "that is what the slide prints; half of 28 is 14": lambda: (16, 16, 3),
                "pooling works on each channel on its own and keeps all 3": lambda: (14, 14, 1),
            },
        ),
    }
)
