"""Sizes of layers, asked from PyTorch itself, which convolves a line of any numbers."""

import torch
from torch.nn import functional as F

from course_utils.checks.changes import enlarged, result, square, square_by_width

ONE_INSIDE = (
    "The + 1 stands inside the division: divide the way by the stride and round down, then add 1:"
)
# Suspects of every function that slides a window over images.
ONE_SIDE_FOR_BOTH = {
    "The width of the result is computed from the height: each axis has its own size.": result(
        square
    ),
    "The height of the result is computed from the width: each axis has its own size.": result(
        square_by_width
    ),
}
ONE_TOO_MANY = {
    "The result is one row and one column larger: a window that hangs over is no window.": result(
        enlarged
    )
}
ONE_TOO_FEW = {
    "The result has one row and one column too few: the first stop counts too.": result(
        lambda out: out[..., :-1, :-1]
    )
}


def layer_size(
    n: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Number of outputs along one axis of a convolution.

    Raises
    ------
    RuntimeError
        PyTorch's own, where the kernel does not fit or an argument is out of range.
    """
    line, kernel = (torch.empty(1, 1, size) for size in (n, kernel_size))
    return F.conv1d(line, kernel, stride=stride, padding=padding, dilation=dilation).shape[-1]


def transposed_size(n: int, kernel_size: int, *, stride: int = 1, padding: int = 0) -> int:
    """Number of outputs along one axis of a transposed convolution."""
    line, kernel = (torch.empty(1, 1, size) for size in (n, kernel_size))
    return F.conv_transpose1d(line, kernel, stride=stride, padding=padding).shape[-1]


def stops_with_one_inside(
    n: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Number of outputs as a common slip has it, with the + 1 inside the division."""
    return (n + 2 * padding - dilation * (kernel_size - 1)) // stride
