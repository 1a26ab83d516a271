"""Checks of cross-correlation and true convolution, against PyTorch and SciPy."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy import signal
from torch.nn import functional as F

from course_utils.checks.a1_convolution.arrays import images
from course_utils.checks.changes import (
    args,
    flipped,
    result,
    transposed,
)
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.shapes import (
    ONE_INSIDE,
    ONE_SIDE_FOR_BOTH,
    ONE_TOO_FEW,
    ONE_TOO_MANY,
    stops_with_one_inside,
)


def _correlate(image, kernel, *, stride=1, padding=0, dilation=1):
    image, kernel = (torch.from_numpy(a.astype(image.dtype))[None, None] for a in (image, kernel))
    out = F.conv2d(image, kernel, stride=stride, padding=padding, dilation=dilation)
    return out[0, 0].numpy()


def _matrix_product(image, kernel, **options):
    """The window times the kernel as matrices, all entries added up."""
    if kernel.shape[0] != kernel.shape[1]:
        raise ValueError("the shapes do not match")
    columns = np.repeat(kernel.sum(axis=1)[None], kernel.shape[1], axis=0)
    return _correlate(image, columns.astype(image.dtype), **options)


def _one_inside(out, image, kernel, stride=1, padding=0, dilation=1):
    """As many rows and columns as there are with the + 1 inside the division."""
    sizes = zip(image.shape, kernel.shape, _both(stride), strict=True)
    height, width = (
        stops_with_one_inside(n, k, stride=s, padding=padding, dilation=dilation)
        for n, k, s in sizes
    )
    return out[:height, :width]


def _window_not_strided(image, kernel, *, stride=1, **options):
    height, width = _correlate(image, kernel, stride=stride, **options).shape
    return _correlate(image, kernel, **options)[:height, :width].copy()


def _both(stride):
    return stride if isinstance(stride, tuple) else (stride, stride)


def _small_correlations() -> Iterator[Case]:
    image = np.array([[3.0, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3]])
    yield case(np.arange(6.0).reshape(2, 3), np.array([[1.0, 2], [3, 4]]))
    yield case(image, np.array([[0.0, 1, 2], [2, 2, 0], [0, 1, 2]]))


KERNEL_SHAPES = [(3, 3), (2, 3), (4, 1), (1, 1)]


def _plain_correlations(rng) -> Iterator[Case]:
    yield from _small_correlations()
    for image in images(rng, [(5, 9), (9, 5), (6, 6)]):
        for shape in [*KERNEL_SHAPES, (image.shape[0], 2)]:
            yield case(image, rng.normal(size=shape).astype(image.dtype))


def _strided_correlations(rng) -> Iterator[Case]:
    yield case(np.arange(20.0).reshape(4, 5), np.array([[1.0, 2], [3, 4]]), stride=2)
    yield case(np.arange(1.0, 10).reshape(3, 3), np.array([[1.0, 2], [3, 4]]), padding=1)
    for image in images(rng, [(5, 9), (10, 6), (7, 7)]):
        for options in grid(stride=[1, 2, 3, (1, 2), (3, 1)], padding=[0, 1, 2]):
            for shape in [(3, 3), (2, 3)]:
                yield case(image, rng.normal(size=shape).astype(image.dtype), **options)


def _dilated_correlations(rng) -> Iterator[Case]:
    yield case(np.arange(25.0).reshape(5, 5), np.array([[1.0, 2], [3, 4]]), dilation=2)
    for image in images(rng, [(8, 11), (12, 7)]):
        for options in grid(stride=[1, 2], padding=[0, 1], dilation=[1, 2, 3]):
            yield case(image, rng.normal(size=(2, 3)).astype(image.dtype), **options)


_IMPOSSIBLE = [
    rejection("stride", np.ones((5, 5)), np.ones((3, 3)), stride=0),
    rejection("stride", np.ones((5, 5)), np.ones((3, 3)), stride=(1, 0)),
    rejection("stride", np.ones((5, 5)), np.ones((3, 3)), stride=-1),
    rejection("padding", np.ones((5, 5)), np.ones((3, 3)), padding=-1),
    rejection("dilation", np.ones((5, 5)), np.ones((3, 3)), dilation=0),
    rejection("kernel|fit|large|small", np.ones((2, 5)), np.ones((3, 3))),
    rejection("kernel|fit|large|small", np.ones((5, 2)), np.ones((3, 3))),
    rejection("kernel|fit|large|small|dilat", np.ones((5, 5)), np.ones((3, 3)), dilation=3),
    rejection("image|both", np.ones((5, 5, 3)), np.ones((3, 3))),
    rejection("kernel|both", np.ones((5, 5)), np.ones(3)),
    rejection("kernel|both", np.ones((5, 5)), np.ones((3, 3, 3))),
]

# fmt: off
_CORRELATED = {
    "The kernel is flipped: that is true convolution. Here nothing is flipped.":
        args(kernel=flipped),
    "The kernel is transposed: its first index goes down, like that of the image.":
        args(kernel=transposed),
    "The stride is ignored.": args(stride=1),
    "The padding is ignored.": args(padding=0),
    "The dilation is ignored.": args(dilation=1),
    "The stride is applied to the rows only.": args(stride=lambda s: (_both(s)[0], 1)),
    "The two strides are exchanged: (down, across).": args(stride=lambda s: _both(s)[::-1]),
    "The first stride is used in both directions.": args(stride=lambda s: (_both(s)[0],) * 2),
    "Height and width of the result are exchanged.": result(transposed),
    "Window and kernel are multiplied as matrices (@). Multiply element by element (*), then add "
    "up.": _matrix_product,
    "The window starts at the number of the stop; it starts at that number times the stride.":
        _window_not_strided,
    "The result is padded; it is the image that needs the border.":
        lambda image, kernel, *, padding=0, **o: np.pad(_correlate(image, kernel, **o), padding),
    "The products are averaged; they must be added up.":
        result(lambda out, kernel: out / kernel.size),
    "The zeros stand at the top and the left only; they belong on all four sides.":
        args(image=lambda image, padding=0: np.pad(image, ((padding, 0), (padding, 0))), padding=0),
    "The padding is 1, whatever the argument says.": args(padding=1),
    "The padding is 1 wherever there is one: pad by the number that is given.":
        args(padding=lambda p: min(p, 1)),
    "The image is padded on its own, to keep its size: without padding, every window lies inside "
    "the image.": lambda image, kernel, **o: signal.correlate2d(image, kernel, mode="same"),
}
_SIZES = {
    **ONE_TOO_FEW,
    f"{ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1.": result(_one_inside),
    **ONE_SIDE_FOR_BOTH,
    **ONE_TOO_MANY,
}
# fmt: on

check_correlate2d = Check(
    "correlate2d",
    oracle=_correlate,
    tool="torch.nn.functional.conv2d",
    parts={
        "plain": _plain_correlations,
        "stride and padding": _strided_correlations,
        "dilation": _dilated_correlations,
    },
    suspects=_CORRELATED | _SIZES,
    rejects=_IMPOSSIBLE,
)


def _convolve(image, kernel):
    return signal.convolve2d(image, kernel, mode="valid")


def _convolutions(rng) -> Iterator[Case]:
    yield from _small_correlations()
    for image in images(rng, [(5, 9), (9, 5), (6, 6)]):
        for shape in KERNEL_SHAPES:
            yield case(image, rng.normal(size=shape).astype(image.dtype))


# fmt: off
_CONVOLVED = {
    "The kernel is not flipped: that is cross-correlation.": args(kernel=flipped),
    "The kernel is flipped upside down only; left and right must be exchanged too.":
        args(kernel=lambda kernel: kernel[:, ::-1]),
    "The kernel is flipped left to right only; top and bottom must be exchanged too.":
        args(kernel=lambda kernel: kernel[::-1]),
    "The kernel is turned by a quarter; convolution turns it by half a turn.":
        args(kernel=np.rot90),
    "Transposing a kernel is not flipping it.": args(kernel=lambda kernel: flipped(kernel.T)),
    "The image is flipped instead of the kernel: the result comes out turned by half a turn.":
        result(flipped),
    "The products are averaged; they must be added up.":
        result(lambda out, kernel: out / kernel.size),
    "Height and width of the result are exchanged.": result(transposed),
    "You compute the full convolution. Keep only the places where the kernel lies inside.":
        lambda image, kernel: signal.convolve2d(image, kernel, mode="full"),
    "You compute as many values as the image has pixels. Keep only the places where the kernel "
    "lies inside.": lambda image, kernel: signal.convolve2d(image, kernel, mode="same"),
    **{s: c for s, c in _SIZES.items() if ONE_INSIDE not in s},
}
# fmt: on

check_convolve2d = Check(
    "convolve2d",
    oracle=_convolve,
    tool="scipy.signal.convolve2d",
    parts={"valid": _convolutions},
    suspects=_CONVOLVED,
    rejects=[r for r in _IMPOSSIBLE if not r.case.kwargs],
)
