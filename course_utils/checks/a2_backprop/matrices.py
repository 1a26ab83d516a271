"""Checks of convolution as a matrix product, against PyTorch's unfold, fold and autograd."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY, batches
from course_utils.checks.engine import Case, Check, case, grid, rejection


def _tensors(*arrays):
    return [torch.from_numpy(np.array(a)) for a in arrays]


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


# im2col and col2im -----------------------------------------------------------------------------


def _im2col(x, kernel_size, *, stride=1, padding=0, dilation=1):
    out = F.unfold(*_tensors(x), kernel_size, stride=stride, padding=padding, dilation=dilation)
    return out.numpy()


def _col2im(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    out = F.fold(*_tensors(columns), x_shape[2:], kernel_size, stride=stride, padding=padding,
                 dilation=dilation)  # fmt: skip
    return out.numpy()


def _six(x, kernel_size, **options):
    """The columns as `(N, C, KH, KW, OH, OW)`."""
    height, width = _pair(kernel_size)
    flat = _im2col(x, kernel_size, **options)
    # One column of pixels, padded only above and below, has as many windows as there are rows.
    line = np.zeros((1, 1, x.shape[2], 1), x.dtype)
    down = {**options, "padding": (options.get("padding", 0), 0)}
    rows = _im2col(line, (height, 1), **down).shape[2]
    return flat.reshape(*x.shape[:2], height, width, rows, -1)


def _reordered(*order):
    def suspect(x, kernel_size, **options):
        six = _six(x, kernel_size, **options)
        n, c, kh, kw, oh, ow = six.shape
        return six.transpose(order).reshape(n, c * kh * kw, oh * ow).copy()

    return suspect


def _im2col_with(**wrong):
    def suspect(x, kernel_size, **options):
        return _im2col(x, kernel_size, **{**options, **wrong})

    return suspect


SHAPES = [(1, 1, 3, 4), (2, 3, 7, 6), (1, 2, 6, 9), (3, 1, 8, 5)]
OPTIONS = {"kernel_size": [2, (3, 2), (2, 3)], "stride": [1, 2, 3], "padding": [0, 1],
           "dilation": [1, 2]}  # fmt: skip


def _calls(rng) -> Iterator[tuple]:
    for x in batches(rng, SHAPES[1:]):
        for options in grid(**OPTIONS):
            yield x, options.pop("kernel_size"), options


def _unfolds(rng) -> Iterator[Case]:
    yield case(np.arange(12.0).reshape(1, 1, 3, 4), 2)
    yield case(np.arange(12.0).reshape(1, 1, 3, 4), (2, 3), stride=2, padding=1)
    for x, kernel_size, options in _calls(rng):
        yield case(x, kernel_size, **options)


_X = np.ones((2, 3, 5, 5))

check_im2col = Check(
    "im2col",
    oracle=_im2col,
    tool="torch.nn.functional.unfold",
    parts={"columns": _unfolds},
    suspects={
        "The columns are rows: the windows stand along the last axis.": (
            lambda x, k, **o: np.ascontiguousarray(_im2col(x, k, **o).swapaxes(1, 2))
        ),
        "The channels vary fastest inside a column; they vary slowest: (C, KH, KW).": _reordered(
            0, 2, 3, 1, 4, 5
        ),
        "The pixels of a window are read column by column; read them row by row.": _reordered(
            0, 1, 3, 2, 4, 5
        ),
        "The windows are visited column by column; visit them row by row.": _reordered(
            0, 1, 2, 3, 5, 4
        ),
        "The stride is ignored.": _im2col_with(stride=1),
        "The padding is ignored.": _im2col_with(padding=0),
        "The dilation is ignored.": _im2col_with(dilation=1),
        "Kernel pixels and windows are exchanged: you reshape where a transpose is needed.": (
            lambda x, k, **o: (
                _six(x, k, **o).transpose(0, 1, 4, 5, 2, 3).reshape(_im2col(x, k, **o).shape).copy()
            )
        ),
        "The windows are flipped; an unfolding copies them as they are.": (
            lambda x, k, **o: (
                _six(x, k, **o)[:, :, ::-1, ::-1].reshape(_im2col(x, k, **o).shape).copy()
            )
        ),
    },
    rejects=[
        rejection("stride", _X, 2, stride=0),
        rejection("padding", _X, 2, padding=-1),
        rejection("dilation", _X, 2, dilation=0),
        rejection("kernel|fit|larg|small|size", _X, 6),
        rejection("x\\b|axes|axis|dim|shape|four|4", _X[0], 2),
    ],
    forbidden=NUMPY_ONLY,
)


def _folds(rng) -> Iterator[Case]:
    yield case(np.ones((1, 4, 6)), (1, 1, 3, 4), 2)
    for x, kernel_size, options in _calls(rng):
        columns = rng.normal(size=_im2col(x, kernel_size, **options).shape).astype(x.dtype)
        yield case(columns, x.shape, kernel_size, **options)


def _overlap(columns, x_shape, kernel_size, **options):
    """How many windows each pixel is in."""
    return _col2im(np.ones_like(columns), x_shape, kernel_size, **options)


def _overwritten(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    (kh, kw), (n, c, height, width) = _pair(kernel_size), x_shape
    padded = np.zeros((n, c, height + 2 * padding, width + 2 * padding), columns.dtype)
    oh = (padded.shape[2] - dilation * (kh - 1) - 1) // stride + 1
    ow = (padded.shape[3] - dilation * (kw - 1) - 1) // stride + 1
    six = columns.reshape(n, c, kh, kw, oh, ow)
    for i, j in np.ndindex(kh, kw):
        rows = slice(i * dilation, i * dilation + stride * oh, stride)
        across = slice(j * dilation, j * dilation + stride * ow, stride)
        padded[:, :, rows, across] = six[:, :, i, j]
    return padded[:, :, padding : padding + height, padding : padding + width].copy()


def _col2im_reordered(columns, x_shape, kernel_size, **options):
    kh, kw = _pair(kernel_size)
    n, c = x_shape[:2]
    other = columns.reshape(n, kh, kw, c, -1).transpose(0, 3, 1, 2, 4)
    return _col2im(other.reshape(columns.shape).copy(), x_shape, kernel_size, **options)


def _col2im_with(**wrong):
    """What comes out if the places are computed with other options, as far as columns reach."""

    def suspect(columns, x_shape, kernel_size, **options):
        changed = {**options, **wrong}
        try:
            wanted = _im2col(np.zeros(x_shape, columns.dtype), kernel_size, **changed).shape[2]
        except RuntimeError:
            return _col2im(columns, x_shape, kernel_size, **options)
        fitting = np.zeros((*columns.shape[:2], wanted), columns.dtype)
        count = min(wanted, columns.shape[2])
        fitting[..., :count] = columns[..., :count]
        return _col2im(fitting, x_shape, kernel_size, **changed)

    return suspect


check_col2im = Check(
    "col2im",
    oracle=_col2im,
    tool="torch.nn.functional.fold",
    parts={"images": _folds},
    suspects={
        "Where windows overlap, the last one overwrites the others; they add up.": _overwritten,
        "You divide by the number of windows that a pixel is in. That undoes im2col; the adjoint "
        "adds.": lambda columns, shape, k, **o: (
            _col2im(columns, shape, k, **o) / np.maximum(_overlap(columns, shape, k, **o), 1)
        ),
        "The channels are taken to vary fastest inside a column; they vary slowest.": (
            _col2im_reordered
        ),
        "The stride is ignored.": _col2im_with(stride=1),
        "The dilation is ignored.": _col2im_with(dilation=1),
        "The padding is ignored: the first window starts outside of the image.": _col2im_with(
            padding=0
        ),
        "The image keeps its padding; cut it off.": (
            lambda columns, shape, k, *, padding=0, **o: _col2im(
                columns, (*shape[:2], *(n + 2 * padding for n in shape[2:])), k, **o
            )
        ),
        "The image is flipped.": lambda columns, shape, k, **o: _col2im(columns, shape, k, **o)[
            ..., ::-1, ::-1
        ].copy(),
    },
    rejects=[
        rejection("column|shape|match|window", np.ones((1, 4, 5)), (1, 1, 3, 4), 2),
        rejection("stride", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, stride=0),
        rejection("padding", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, padding=-1),
        rejection("dilation", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, dilation=0),
    ],
    forbidden=NUMPY_ONLY,
)


# conv_matrix -----------------------------------------------------------------------------------


def _conv_matrix(kernel, input_shape):
    height, width = input_shape
    units = np.eye(height * width, dtype=kernel.dtype).reshape(-1, 1, height, width)
    return (
        F.conv2d(*_tensors(units, kernel[None, None])).reshape(height * width, -1).numpy().T.copy()
    )


def _matrix_of(change):
    def suspect(kernel, input_shape):
        return np.ascontiguousarray(_conv_matrix(np.ascontiguousarray(change(kernel)), input_shape))

    return suspect


def _same_size(kernel, input_shape):
    (height, width), (kh, kw) = input_shape, kernel.shape
    larger = (height + kh - 1, width + kw - 1)
    inside = np.zeros(larger, bool)
    inside[kh // 2 : kh // 2 + height, kw // 2 : kw // 2 + width] = True
    return _conv_matrix(kernel, larger)[:, inside.ravel()].copy()


def _rows_wrap(kernel, input_shape):
    """Each row of the matrix is the first one, moved by one place more."""
    right = _conv_matrix(kernel, input_shape)
    return np.stack([np.roll(right[0], n) for n in range(len(right))])


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
    suspects={
        "The kernel is flipped: that is the matrix of the true convolution.": _matrix_of(
            lambda kernel: kernel[::-1, ::-1]
        ),
        "The matrix is transposed: a row belongs to an output, a column to an input pixel.": (
            lambda kernel, shape: np.ascontiguousarray(_conv_matrix(kernel, shape).T)
        ),
        "Each row is the one before, moved by one place. At the end of an image's row the window "
        "jumps to the next row: move on by the kernel's width.": _rows_wrap,
        "The outputs cover the border as well; only windows that lie inside count.": _same_size,
        "The kernel is flipped upside down.": _matrix_of(lambda kernel: kernel[::-1]),
        "The kernel is flipped left to right.": _matrix_of(lambda kernel: kernel[:, ::-1]),
        "The pixels are numbered column by column; number them row by row.": (
            lambda kernel, shape: _conv_matrix(kernel, shape)[
                :, np.arange(shape[0] * shape[1]).reshape(shape).T.ravel()
            ].copy()
        ),
        "Height and width of the image are exchanged.": (
            lambda kernel, shape: (
                _conv_matrix(kernel, shape[::-1])
                if kernel.shape[0] <= shape[1] and kernel.shape[1] <= shape[0]
                else 0 * _conv_matrix(kernel, shape)
            )
        ),
    },
    rejects=[
        rejection("kernel|fit|larg|small|size|input_shape", np.ones((3, 3)), (2, 5)),
        rejection("kernel|axes|axis|dim|two|2|shape", np.ones(3), (5, 5)),
        rejection("kernel|float|int|dtype|type", np.ones((2, 2), int), (5, 5)),
    ],
    forbidden=NUMPY_ONLY,
)


# conv_transpose2d ------------------------------------------------------------------------------


def _transposed(x, w, *, stride=1, padding=0):
    return F.conv_transpose2d(*_tensors(x, w), stride=stride, padding=padding).numpy()


def _spread_then_correlate(x, w, *, stride=1, padding=0, flip=True, gap=None):
    """Zeros between the pixels, then a correlation with the kernel, flipped or not."""
    gap = stride if gap is None else gap
    n, c, height, width = x.shape
    spread = np.zeros((n, c, gap * (height - 1) + 1, gap * (width - 1) + 1), x.dtype)
    spread[:, :, ::gap, ::gap] = x
    kernel = w.swapaxes(0, 1)
    kernel = kernel[..., ::-1, ::-1] if flip else kernel
    border = tuple(k - 1 for k in w.shape[2:])
    out = F.conv2d(*_tensors(spread, kernel), padding=border).numpy()
    rows, columns = (slice(padding, size - padding) for size in out.shape[2:])
    return out[:, :, rows, columns].copy()


def _each_pixel_padded(x, w, *, stride=1, padding=0):
    """Zeros on both sides of every pixel, as one deck says."""
    out = _transposed(x, w, stride=stride, padding=padding)
    return np.pad(out, ((0, 0), (0, 0), (1, 1), (1, 1))) if stride > 1 else out


def _stops_overwrite(x, w, *, stride=1, padding=0):
    kh, kw = w.shape[2:]
    n, _, height, width = x.shape
    out = np.zeros((n, w.shape[1], stride * (height - 1) + kh, stride * (width - 1) + kw), x.dtype)
    for r, c in np.ndindex(height, width):
        stamp = np.einsum("nf,fckl->nckl", x[:, :, r, c], w)
        out[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw] = stamp
    rows, columns = (slice(padding, size - padding) for size in out.shape[2:])
    return out[:, :, rows, columns].copy()


def _transposes(rng) -> Iterator[Case]:
    yield case(np.array([[[[1.0, 2], [3, 4]]]]), np.array([[[[1.0, 10], [100, 1000]]]]))
    yield case(np.array([[[[1.0, 2], [3, 4]]]]), np.array([[[[1.0, 10], [100, 1000]]]]), stride=2)
    kernels = [(2, 3, 2), (3, 2, 3), (1, 3, 3)]
    for i, x in enumerate(batches(rng, [(1, 2, 3, 4), (2, 3, 4, 3), (3, 1, 2, 5)])):
        filters, kh, kw = kernels[i % 3]
        w = rng.normal(size=(x.shape[1], filters, kh, kw)).astype(x.dtype)
        for options in grid(stride=[1, 2, 3], padding=[0, 1]):
            yield case(x, w, **options)


check_conv_transpose2d = Check(
    "conv_transpose2d",
    oracle=_transposed,
    tool="torch.nn.functional.conv_transpose2d",
    parts={"transposed": _transposes},
    suspects={
        "The kernel is not flipped. Each pixel stamps the kernel as it is; read from the output, "
        "that is a flipped one.": lambda x, w, **o: _spread_then_correlate(x, w, flip=False, **o),
        "The stride is ignored: it sets how far apart the stamps are.": (
            lambda x, w, *, stride=1, **o: _transposed(x, w, **o)
        ),
        "The padding is ignored: here it cuts a border off.": (
            lambda x, w, *, padding=0, **o: _transposed(x, w, **o)
        ),
        "The padding is added; here it is cut off.": (
            lambda x, w, *, padding=0, **o: np.pad(
                _transposed(x, w, **o), ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2)
            )
        ),
        "As many zeros as the stride stand between two pixels; it is one fewer.": (
            lambda x, w, *, stride=1, **o: _spread_then_correlate(x, w, gap=stride + 1, **o)
        ),
        "Zeros stand on both sides of each pixel, as one slide says; they belong between the "
        "pixels only.": _each_pixel_padded,
        "Where stamps overlap, the last one overwrites the others; they add up.": _stops_overwrite,
        "Height and width of the result are exchanged.": (
            lambda x, w, **o: np.ascontiguousarray(_transposed(x, w, **o).swapaxes(2, 3))
        ),
        "The kernel is transposed: its rows go down, its columns across.": (
            lambda x, w, **o: _transposed(x, np.ascontiguousarray(w.swapaxes(2, 3)), **o)
        ),
    },
    rejects=[
        rejection("stride", np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2)), stride=0),
        rejection("padding", np.ones((1, 2, 3, 3)), np.ones((2, 1, 2, 2)), padding=-1),
        rejection(
            "padding|noth|left|larg|fit|size",
            np.ones((1, 2, 1, 1)),
            np.ones((2, 1, 2, 2)),
            padding=1,
        ),
        rejection("channel|w\\b|shape|match", np.ones((1, 3, 3, 3)), np.ones((2, 1, 2, 2))),
        rejection("x\\b|axes|axis|dim|shape|four|4", np.ones((2, 3, 3)), np.ones((2, 1, 2, 2))),
    ],
    forbidden=NUMPY_ONLY,
)
