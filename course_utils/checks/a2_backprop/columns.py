"""Checks of windows as columns, and back, against PyTorch's unfold and fold."""

from collections.abc import Callable, Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import (
    KERNEL_SIZE,
    NUMPY_ONLY,
    X,
    batches,
    pair,
    tensors,
)
from course_utils.checks.changes import args, flipped, result, transposed
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.hints import MINUS_ZERO
from course_utils.checks.shapes import ONE_INSIDE, stops_with_one_inside


def _im2col(x, kernel_size, *, stride=1, padding=0, dilation=1):
    out = F.unfold(*tensors(x), kernel_size, stride=stride, padding=padding, dilation=dilation)
    return out.numpy()


def _col2im(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    out = F.fold(*tensors(columns), x_shape[2:], kernel_size, stride=stride, padding=padding,
                 dilation=dilation)  # fmt: skip
    return out.numpy()


def _grid(shape, kernel_size, stride, padding, dilation):
    """Height and width of the kernel and of the grid of its stops."""
    kernel = pair(kernel_size)
    reach = [dilation * (k - 1) + 1 for k in kernel]
    room = [n + 2 * padding for n in shape[2:]]
    return *kernel, *((n - m) // stride + 1 for n, m in zip(room, reach, strict=True))


class _Places:
    """Which pixel of the padded image each kernel pixel meets at each stop, by another rule.

    `rule` gives the row for kernel row i at stop r; the image begins at `corner` of the padded one.
    """

    def __init__(self, rule: Callable, corner: Callable = lambda padding: padding) -> None:
        self.rule, self.corner = rule, corner

    def _meet(self, shape, kernel_size, stride, padding, dilation):
        """Index of all places, an image of zeros that has them all, and where the image begins."""
        kh, kw, oh, ow = _grid(shape, kernel_size, stride, padding, dilation)
        rows, columns = (
            self.rule(np.arange(o), np.arange(k)[:, None], stride, dilation)
            for k, o in ((kh, oh), (kw, ow))
        )
        size = [
            max(n + 2 * padding, int(places.max()) + 1)
            for n, places in zip(shape[2:], (rows, columns), strict=True)
        ]
        here = np.s_[:, :, rows[:, None, :, None], columns[None, :, None, :]]
        return here, np.zeros((*shape[:2], *size)), self.corner(padding)

    def read(self, x, kernel_size, *, stride=1, padding=0, dilation=1):
        """As im2col."""
        here, roomy, corner = self._meet(x.shape, kernel_size, stride, padding, dilation)
        roomy[:, :, corner : corner + x.shape[2], corner : corner + x.shape[3]] = x
        six = roomy[here].astype(x.dtype)
        return six.reshape(len(x), -1, six.shape[-2] * six.shape[-1])

    def add(self, columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
        """As col2im."""
        here, roomy, corner = self._meet(x_shape, kernel_size, stride, padding, dilation)
        np.add.at(roomy, here, columns.reshape(roomy[here].shape))
        inside = np.s_[:, :, corner : corner + x_shape[2], corner : corner + x_shape[3]]
        return roomy[inside].astype(columns.dtype)


WITHOUT_STRIDE = _Places(lambda r, i, stride, dilation: r + i * dilation)
WITHOUT_DILATION = _Places(lambda r, i, stride, dilation: r * stride + i)
STRIDE_FOR_DILATION = _Places(lambda r, i, stride, dilation: r * stride + i * stride)
IN_THE_CORNER = _Places(
    lambda r, i, stride, dilation: r * stride + i * dilation, corner=lambda padding: 0
)


def _of_six(change):
    """What is made of the columns as `(N, C, KH, KW, OH, OW)`, as columns again."""

    def columns(flat, x, kernel_size, stride=1, padding=0, dilation=1):
        six = flat.reshape(*x.shape[:2], *_grid(x.shape, kernel_size, stride, padding, dilation))
        new = change(six, x, pair(kernel_size), stride, padding, dilation)
        return new.reshape(len(x), flat.shape[1], -1)

    return result(columns)


def _short_slices(six, x, kernel_size, stride, *_):
    """As many stops as `a : a + OH : stride` has."""
    return six[..., : -(-six.shape[4] // stride), : -(-six.shape[5] // stride)]


def _one_inside(six, x, kernel_size, stride, padding, dilation):
    """As many stops as the + 1 inside the division leaves."""
    height, width = (
        stops_with_one_inside(n, k, stride=stride, padding=padding, dilation=dilation)
        for n, k in zip(x.shape[2:], kernel_size, strict=True)
    )
    return six[..., :height, :width]


def _reordered(*order):
    return _of_six(lambda six, *_: six.transpose(order))


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
    yield case(np.arange(12.0).reshape(1, 1, 3, 4), 2, padding=3)
    for x, kernel_size, options in _calls(rng):
        yield case(x, kernel_size, **options)


_X = np.ones((2, 3, 5, 5))

# fmt: off
_UNFOLDED = {
    "The columns are rows: the windows stand along the last axis.": result(transposed),
    "The channels vary fastest inside a column; they vary slowest: (C, KH, KW).":
        _reordered(0, 2, 3, 1, 4, 5),
    "The pixels of a window are read column by column; read them row by row.":
        _reordered(0, 1, 3, 2, 4, 5),
    "The windows are visited column by column; visit them row by row.":
        _reordered(0, 1, 2, 3, 5, 4),
    "The stride is ignored.": args(stride=1),
    "The padding is ignored.": args(padding=0),
    "The padding is 1, whatever the argument says.": args(padding=1),
    "The dilation is ignored.": args(dilation=1),
    "Kernel pixels and windows are exchanged: you reshape where a transpose is needed.":
        _reordered(0, 1, 4, 5, 2, 3),
    "The windows are flipped; an unfolding copies them as they are.":
        _of_six(lambda six, *_: six[:, :, ::-1, ::-1]),
    "The stride is missing, though the number of windows is right: kernel pixel i at stop r reads "
    "pixel r·stride + i·dilation.": WITHOUT_STRIDE.read,
    "The dilation is missing, though the number of windows is right: kernel pixel i at stop r "
    "reads pixel r·stride + i·dilation.": WITHOUT_DILATION.read,
    "Kernel pixel i starts at i·stride; it starts at i·dilation, and the stride is the step from "
    "stop to stop.": STRIDE_FOR_DILATION.read,
    "The padding is missing in front, though the number of windows is right: in the padded array "
    "the image begins at `padding`.": IN_THE_CORNER.read,
    f"{ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1.": _of_six(_one_inside),
    "The slices end too early: OH stops reach over stride·OH pixels, so it is "
    "[a : a + stride·OH : stride].": _of_six(_short_slices),
    "The batch is lost: the result is (N, C·KH·KW, OH·OW).": result(lambda out: out[0]),
    "The channels stand on an axis of their own: a column holds all of them, C·KH·KW.":
        result(lambda out, x: out.reshape(*x.shape[:2], -1, out.shape[-1])),
}
# fmt: on

check_im2col = Check(
    "im2col",
    oracle=_im2col,
    tool="torch.nn.functional.unfold",
    parts={"columns": _unfolds},
    suspects=_UNFOLDED,
    rejects=[
        rejection("stride", _X, 2, stride=0),
        rejection("stride", _X, 2, stride=1.5),
        rejection("padding", _X, 2, padding=-1),
        rejection("dilation", _X, 2, dilation=0),
        rejection(KERNEL_SIZE, _X, 6),
        rejection(KERNEL_SIZE, _X, (1, 9)),
        rejection(KERNEL_SIZE, _X, (2, 0)),
        rejection(KERNEL_SIZE, _X, (0, 2)),
        rejection(KERNEL_SIZE, _X, (2, 1.5)),
        rejection(X, _X[0], 2),
    ],
    forbidden=NUMPY_ONLY,
)


def _folds(rng) -> Iterator[Case]:
    yield case(np.ones((1, 4, 6)), (1, 1, 3, 4), 2)
    yield case(np.ones((1, 4, 72)), (1, 1, 3, 4), 2, padding=3)
    for x, kernel_size, options in _calls(rng):
        columns = rng.normal(size=_im2col(x, kernel_size, **options).shape).astype(x.dtype)
        yield case(columns, x.shape, kernel_size, **options)


def _overlap(columns, x_shape, kernel_size, **options):
    """How many windows each pixel is in."""
    return _col2im(np.ones_like(columns), x_shape, kernel_size, **options)


def _overwritten(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _grid(x_shape, kernel_size, stride, padding, dilation)
    n, c, height, width = x_shape
    padded = np.zeros((n, c, height + 2 * padding, width + 2 * padding), columns.dtype)
    six = columns.reshape(n, c, kh, kw, oh, ow)
    for i, j in np.ndindex(kh, kw):
        rows = slice(i * dilation, i * dilation + stride * oh, stride)
        across = slice(j * dilation, j * dilation + stride * ow, stride)
        padded[:, :, rows, across] = six[:, :, i, j]
    return padded[:, :, padding : padding + height, padding : padding + width].copy()


def _channels_last(columns, x_shape, kernel_size):
    n, c = x_shape[:2]
    return (
        columns.reshape(n, *pair(kernel_size), c, -1)
        .transpose(0, 3, 1, 2, 4)
        .reshape(columns.shape)
    )


# fmt: off
_FOLDED = {
    "Where windows overlap, the last one overwrites the others; they add up.": _overwritten,
    "You divide by the number of windows that a pixel is in. That undoes im2col; the adjoint adds.":
        lambda columns, shape, k, **o: (
            _col2im(columns, shape, k, **o) / np.maximum(_overlap(columns, shape, k, **o), 1)),
    "The channels are taken to vary fastest inside a column; they vary slowest.":
        args(columns=_channels_last),
    "The stride is missing: kernel pixel i at stop r goes to pixel r·stride + i·dilation.":
        WITHOUT_STRIDE.add,
    "The dilation is missing: kernel pixel i at stop r goes to pixel r·stride + i·dilation.":
        WITHOUT_DILATION.add,
    "Kernel pixel i starts at i·stride; it starts at i·dilation, and the stride is the step from "
    "stop to stop.": STRIDE_FOR_DILATION.add,
    "The padding is ignored: the first window starts outside of the image.": IN_THE_CORNER.add,
    MINUS_ZERO: result(lambda out, padding=0: out if padding else out[:, :, :0, :0]),
    "The image keeps its padding; cut it off.": args(
        padding=0, x_shape=lambda shape, padding=0:
            (*shape[:2], *(n + 2 * padding for n in shape[2:]))),
    "The image is flipped.": result(flipped),
    "Height and width of the result are exchanged.": result(transposed),
    "The gradient is averaged over the batch, or divided by its size.":
        result(lambda out: out / len(out)),
}
# fmt: on


check_col2im = Check(
    "col2im",
    oracle=_col2im,
    tool="torch.nn.functional.fold",
    parts={"images": _folds},
    suspects=_FOLDED,
    rejects=[
        *(
            rejection("columns|column", np.ones(shape), (1, 1, 3, 4), 2)
            for shape in [(1, 4, 5), (1, 6, 4), (1, 2, 12), (4, 6), (1, 1, 6), (1, 4, 1)]
        ),
        rejection("columns|column", np.ones((1, 4, 6)), (2, 1, 3, 4), 2),
        rejection("stride", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, stride=0),
        rejection("stride", np.ones((1, 4, 2)), (1, 1, 3, 4), 2, stride=1.5),
        rejection("padding", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, padding=-1),
        rejection("dilation", np.ones((1, 4, 6)), (1, 1, 3, 4), 2, dilation=0),
    ],
    forbidden=NUMPY_ONLY,
)
