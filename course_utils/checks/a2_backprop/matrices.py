"""Checks of convolution as a matrix product, against PyTorch's convolutions."""

from collections.abc import Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY, W, X, batches, tensors
from course_utils.checks.changes import args, flipped, result, square, transposed
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.hints import MINUS_ZERO

# conv_matrix -----------------------------------------------------------------------------------


def _conv_matrix(kernel, input_shape):
    height, width = input_shape
    units = np.eye(height * width, dtype=kernel.dtype).reshape(-1, 1, height, width)
    return (
        F.conv2d(*tensors(units, kernel[None, None])).reshape(height * width, -1).numpy().T.copy()
    )


def _same_size(kernel, input_shape):
    (height, width), (kh, kw) = input_shape, kernel.shape
    larger = (height + kh - 1, width + kw - 1)
    inside = np.zeros(larger, bool)
    inside[kh // 2 : kh // 2 + height, kw // 2 : kw // 2 + width] = True
    return _conv_matrix(kernel, larger)[:, inside.ravel()].copy()


def _rows_wrap(right):
    """Each row of the matrix is the first one, moved by one place more."""
    return np.stack([np.roll(right[0], n) for n in range(len(right))])


def _fits_turned(kernel, input_shape):
    return kernel.shape[0] <= input_shape[1] and kernel.shape[1] <= input_shape[0]


# fmt: off
_MATRICES = {
    "The kernel is flipped: that is the matrix of the true convolution.": args(kernel=flipped),
    "The matrix is transposed: a row belongs to an output, a column to an input pixel.":
        result(transposed),
    "Each row is the one before, moved by one place. At the end of an image's row the window jumps "
    "to the next row: move on by the kernel's width.": result(_rows_wrap),
    "The outputs cover the border as well; only windows that lie inside count.": _same_size,
    "The kernel is flipped upside down.": args(kernel=lambda kernel: kernel[::-1]),
    "The kernel is flipped left to right.": args(kernel=lambda kernel: kernel[:, ::-1]),
    "The kernel is transposed: its rows go down, its columns across.":
        args(kernel=lambda kernel, input_shape:
             kernel.T if _fits_turned(kernel, input_shape) else kernel),
    "The pixels are numbered column by column; number them row by row.":
        result(lambda matrix, input_shape:
               matrix[:, np.arange(np.prod(input_shape)).reshape(input_shape).T.ravel()]),
    "Height and width of the image are exchanged.":
        args(input_shape=lambda input_shape, kernel:
             input_shape[::-1] if _fits_turned(kernel, input_shape) else input_shape),
    "The weights of a row are averaged; they must be added up.":
        result(lambda matrix, kernel: matrix / kernel.size),
}
# fmt: on


def _matrices(rng) -> Iterator[Case]:
    yield case(np.array([[1.0, 2], [3, 4]]), (2, 3))
    yield case(np.array([[1.0, 2, 3]]), (1, 5))
    for shape in [(3, 3), (2, 3), (3, 1), (1, 1), (4, 2)]:
        for size in [(5, 4), (4, 6)]:
            dtype = np.float32 if shape == (2, 3) else np.float64
            yield case(
                rng.normal(size=shape).astype(dtype),
                tuple(map(int, size + rng.integers(2, size=2))),
            )


check_conv_matrix = Check(
    "conv_matrix",
    oracle=_conv_matrix,
    tool="torch.nn.functional.conv2d on unit images",
    parts={"matrices": _matrices},
    suspects=_MATRICES,
    rejects=[
        rejection("kernel|input_shape", np.ones((3, 3)), (2, 5)),
        rejection("kernel|input_shape", np.ones((3, 3)), (5, 2)),
        rejection("kernel", np.ones(3), (5, 5)),
        rejection("kernel", np.ones((1, 2, 2)), (5, 5)),
        rejection("kernel", np.ones((2, 2), int), (5, 5)),
    ],
    forbidden=NUMPY_ONLY,
)


# conv_transpose2d ------------------------------------------------------------------------------


def _transposed(x, w, *, stride=1, padding=0):
    return F.conv_transpose2d(*tensors(x, w), stride=stride, padding=padding).numpy()


def _around(out, border):
    return np.pad(out, ((0, 0), (0, 0), (border, border), (border, border)))


def _stops_overwrite(x, w, *, stride=1, padding=0):
    kh, kw = w.shape[2:]
    n, _, height, width = x.shape
    out = np.zeros((n, w.shape[1], stride * (height - 1) + kh, stride * (width - 1) + kw), x.dtype)
    for r, c in np.ndindex(height, width):
        stamp = np.einsum("nf,fckl->nckl", x[:, :, r, c], w)
        out[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw] = stamp
    rows, columns = (slice(padding, size - padding) for size in out.shape[2:])
    return out[:, :, rows, columns].copy()


def _next_to_each_other(x, w, *, stride=1, padding=0):
    """Stamps that touch, on a canvas of the right size."""
    right, close = _transposed(x, w, stride=stride), _transposed(x, w)
    out = np.zeros_like(right)
    out[:, :, : close.shape[2], : close.shape[3]] = close
    rows, columns = (slice(padding, size - padding) for size in out.shape[2:])
    return out[:, :, rows, columns].copy()


# fmt: off
_TRANSPOSED = {
    "The kernel is not flipped. Each pixel stamps the kernel as it is; read from the output, that "
    "is a flipped one.": args(w=flipped),
    "The stride is ignored: it sets how far apart the stamps are.": args(stride=1),
    "The padding is ignored: here it cuts a border off.": args(padding=0),
    "The padding is added; here it is cut off.":
        lambda x, w, *, padding=0, **o: _around(_transposed(x, w, **o), padding),
    "As many zeros as the stride stand between two pixels; it is one fewer.":
        args(stride=lambda stride: stride + 1),
    "Zeros stand on both sides of each pixel, as one slide says; they belong between the pixels "
    "only.": result(lambda out, stride=1: _around(out, 1) if stride > 1 else out),
    "Where stamps overlap, the last one overwrites the others; they add up.": _stops_overwrite,
    "Height and width of the result are exchanged.": result(transposed),
    "The kernel is transposed: its rows go down, its columns across.": args(w=transposed),
    "The stride is missing: the stamp of pixel (r, q) begins at (r·stride, q·stride).":
        _next_to_each_other,
    "The bank is read as (OC, C, KH, KW). Here it is (C, OC, KH, KW): channels in come first.":
        args(w=lambda w: w.swapaxes(0, 1) if len(w) == w.shape[1] else w),
    "Only the first channel counts: each pixel stamps the kernels of all its channels.":
        args(x=lambda x: x[:, :1], w=lambda w: w[:1]),
    MINUS_ZERO: result(lambda out, padding=0: out if padding else out[:, :, :0, :0]),
    "The width of the result is computed from the height: each axis has its own size.":
        result(square),
}
# fmt: on


def _transposes(rng) -> Iterator[Case]:
    yield case(np.array([[[[1.0, 2], [3, 4]]]]), np.array([[[[1.0, 10], [100, 1000]]]]))
    yield case(np.array([[[[1.0, 2], [3, 4]]]]), np.array([[[[1.0, 10], [100, 1000]]]]), stride=2)
    kernels = [(2, 3, 2), (3, 2, 3), (1, 3, 3)]
    for i, x in enumerate(batches(rng, [(1, 2, 3, 4), (2, 3, 4, 3), (3, 1, 2, 5)])):
        filters, kh, kw = kernels[i % 3]
        w = rng.normal(size=(x.shape[1], filters, kh, kw)).astype(x.dtype)
        for options in grid(stride=[1, 2, 3], padding=[0, 1]):
            yield case(x, w, **options)
    yield case(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), 2.0))


_SMALL, _BANK = np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2))

check_conv_transpose2d = Check(
    "conv_transpose2d",
    oracle=_transposed,
    tool="torch.nn.functional.conv_transpose2d",
    parts={"transposed": _transposes},
    suspects=_TRANSPOSED,
    rejects=[
        rejection("stride", _SMALL, _BANK, stride=0),
        rejection("stride", _SMALL, _BANK, stride=1.5),
        rejection("padding", _SMALL, _BANK, padding=-1),
        rejection("padding", np.ones((1, 2, 1, 1)), _BANK, padding=1),
        rejection("padding", np.ones((1, 2, 1, 5)), _BANK, padding=1),
        rejection(f"{W}|{X}|channel", np.ones((1, 3, 3, 3)), _BANK),
        rejection(f"{W}|channel", _SMALL, np.ones((1, 2, 2, 2))),
        rejection(X, np.ones((2, 3, 3)), _BANK),
        rejection(X, np.ones((1, 2, 3)), _BANK),
        rejection(W, _SMALL, np.ones((2, 2, 2))),
    ],
    forbidden=NUMPY_ONLY,
)
