"""Checks of max and average pooling, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import (
    DOUT,
    KERNEL_SIZE,
    NUMPY_ONLY,
    X,
    batches,
    like,
    pair,
)
from course_utils.checks.changes import (
    args,
    result,
    transposed,
    where,
)
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.layers import ALSO, autograd, is_backward, is_forward, layer
from course_utils.checks.shapes import (
    ONE_INSIDE,
    ONE_SIDE_FOR_BOTH,
    ONE_TOO_FEW,
    ONE_TOO_MANY,
    stops_with_one_inside,
)


def _pool(function):
    def oracle(x, kernel_size, stride, dout=None, *, numeric=False, changed=False):
        found = autograd(lambda t: function(t, kernel_size, stride), (x,), dout)
        return found if dout is None else found[0]

    return oracle


_max, _avg = _pool(F.max_pool2d), _pool(F.avg_pool2d)


def _windows(x, kernel_size, stride):
    """Windows `(N, C, OH, OW, KH, KW)` of a layer."""
    views = np.lib.stride_tricks.sliding_window_view(x, pair(kernel_size), axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def _spread(share, join=np.add):
    """dx from `share(window, upstream)`: what each pixel of the windows at a stop gets.

    `join` makes of what a window had, and what it gets, what it then has.
    """

    def change(dx, x, kernel_size, stride, dout):
        (height, width), dx = pair(kernel_size), np.zeros_like(x)
        for r, c in np.ndindex(dout.shape[2:]):
            here = np.s_[:, :, r * stride : r * stride + height, c * stride : c * stride + width]
            dx[here] = join(dx[here], share(x[here], dout[:, :, r, c, None, None]))
        return dx

    return result(change)


def _by_kernel_pixel(write):
    """dx by `write(view, dout, wins, size)`, once for each kernel pixel, in row order.

    `view` is what the kernel pixel sees of dx over all stops, `wins` where it is the largest.
    """

    def change(dx, x, kernel_size, stride, dout):
        windows, dx = _windows(x, kernel_size, stride), np.zeros_like(x)
        winner = windows.reshape(*dout.shape, -1).argmax(axis=-1)
        for number, (i, j) in enumerate(np.ndindex(windows.shape[4:])):
            rows, columns = (
                slice(k, k + stride * (o - 1) + 1, stride)
                for k, o in zip((i, j), dout.shape[2:], strict=True)
            )
            write(dx[:, :, rows, columns], dout, winner == number, windows[0, 0, 0, 0].size)
        return dx

    return result(change)


def _only_the_new(before, new):
    return new


def _new_where_it_is_some(before, new):
    return np.where(new == 0, before, new)


def _write_winners(view, dout, wins, size):
    view[wins] = dout[wins]


def _write_all(view, dout, wins, size):
    view[...] = dout * wins


def _write_shares(view, dout, wins, size):
    view[...] = dout / size


def _last_of_the_largest(window, upstream):
    flat = window.reshape(*window.shape[:2], -1)
    last = flat.shape[-1] - 1 - flat[..., ::-1].argmax(axis=-1)
    return (np.arange(flat.shape[-1]) == last[..., None]).reshape(window.shape) * upstream


def _first_of_the_largest(window, upstream):
    flat = window.reshape(*window.shape[:2], -1)
    first = flat.argmax(axis=-1)
    return (np.arange(flat.shape[-1]) == first[..., None]).reshape(window.shape) * upstream


def _split_by_height(dx, x, kernel_size, stride, dout):
    """The place m of the winner as divmod(m, KH), which leads out of wide and high windows."""
    height, width = pair(kernel_size)
    place = _windows(x, kernel_size, stride).reshape(*dout.shape, -1).argmax(axis=-1)
    n, c, r, q = np.indices(dout.shape)
    roomy = np.zeros((*x.shape[:2], x.shape[2] + height * width, x.shape[3] + height * width))
    np.add.at(roomy, (n, c, r * stride + place // height, q * stride + place % height), dout)
    return roomy[..., : x.shape[2], : x.shape[3]]


def _is_largest(window):
    return window == window.max(axis=(2, 3), keepdims=True)


def _fewer_stops(value, x, kernel_size, stride):
    """As many stops as the + 1 inside the division leaves."""
    sizes = zip(x.shape[2:], pair(kernel_size), strict=True)
    height, width = (stops_with_one_inside(n, k, stride=stride) for n, k in sizes)
    return value[..., :height, :width]


def _seen_by_fewer(dout, x, kernel_size, stride):
    seen = np.zeros_like(dout)
    part = _fewer_stops(dout, x, kernel_size, stride)
    seen[..., : part.shape[2], : part.shape[3]] = part
    return seen


SHAPES = [(1, 1, 4, 4), (2, 3, 7, 6), (1, 2, 6, 9), (3, 1, 8, 5)]
GEOMETRY = {"kernel_size": [2, 3, (2, 3), (3, 1)], "stride": [1, 2, 3]}
DECK = np.array([[[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]]])


def _calls(rng, ties: bool) -> Iterator[tuple]:
    yield DECK, 2, 2
    for x in batches(rng, SHAPES):
        for chosen in grid(**GEOMETRY):
            yield x, chosen["kernel_size"], chosen["stride"]
            if ties:
                yield np.round(x), chosen["kernel_size"], chosen["stride"]
    yield x, 1, 1


def _forwards(rng) -> Iterator[Case]:
    for call in _calls(rng, ties=False):
        yield case(*call)


def _backwards(right, ties):
    def cases(rng) -> Iterator[Case]:
        yield case(DECK, 2, 2, np.array([[[[1.0, 2], [3, 4]]]]))
        for call in _calls(rng, ties):
            yield case(*call, like(rng, right(*call)))

    return cases


def _slopes(right):
    def cases(rng) -> Iterator[Case]:
        for kernel_size, stride in [(2, 2), (3, 1), ((2, 3), 2)]:
            x = rng.permutation(40).reshape(1, 2, 5, 4).astype(float)  # no ties
            dout = like(rng, right(x, kernel_size, stride))
            yield case(x, kernel_size, stride, dout, numeric=True)

    return cases


_X = np.ones((2, 3, 5, 5))
_IMPOSSIBLE = [
    rejection("stride", _X, 2, 0),
    rejection("stride", _X, 2, 1.5),
    rejection(KERNEL_SIZE, _X, 0, 1),
    rejection(KERNEL_SIZE, _X, (2, 1.5), 1),
    rejection(KERNEL_SIZE, _X, 6, 1),
    rejection(X, _X[0], 2, 2),
    rejection(X, _X.astype(int), 2, 2),
    rejection(f"{X}|batch", _X[:0], 2, 2),
    *(
        rejection(DOUT, _X, 2, 2, np.ones(shape))
        for shape in [(2, 3, 3, 3), (1, 3, 2, 2), (2, 3, 1, 2), (3, 2, 2, 2), (2, 3, 4)]
    ),
]


def _size(kernel_size):
    return np.prod(pair(kernel_size))


def _height_for_width(kernel_size, x):
    height, width = pair(kernel_size)
    return (height, height if height <= x.shape[3] else width)


OVERWRITTEN = (
    "Each kernel pixel overwrites what those before it have written: their views of dx overlap, so "
    "add with +=."
)


def _by_area(values, kernel_size):
    return values * _size(kernel_size)


def _by_width(values, kernel_size):
    return values * pair(kernel_size)[1]


def _by_height(values, kernel_size):
    return values * pair(kernel_size)[0]


# fmt: off
_SHARED = where(is_forward, {
    "The stride is ignored.": args(stride=1),
    "The stride is taken to be the size of the kernel.":
        args(stride=lambda stride, kernel_size: kernel_size),
    "The kernel's height is used for its width too.": args(kernel_size=_height_for_width),
    "The kernel's height and width are exchanged.":
        args(kernel_size=lambda k, x: pair(k)[::-1] if max(pair(k)) <= min(x.shape[2:]) else k),
    "Height and width of the result are exchanged.": result(transposed),
    **ONE_SIDE_FOR_BOTH,
    **ONE_TOO_MANY,
    **ONE_TOO_FEW,
    f"{ONE_INSIDE} (H - KH) // stride + 1.": result(_fewer_stops),
    "The channels are pooled together; each is pooled on its own.":
        result(lambda out: out.mean(axis=1, keepdims=True)),
}) | where(is_backward, {
    f"On the way back: {ONE_INSIDE} (H - KH) // stride + 1. Or take it from the shape of dout.":
        args(dout=_seen_by_fewer),
    "The gradient has the wrong sign.": result(np.negative),
    "The gradient is divided by the size of the batch. That belongs to the loss, which has done it "
    "already.": result(lambda dx: dx / len(dx)),
})
_MAX = where(is_forward, {
    "The result is the mean of each window, not its maximum.": _avg,
    "The result is the minimum of each window, not its maximum.":
        lambda x, k, s: -_max(-x, k, s),
    "Negative numbers count as 0: the maximum so far does not start at 0.":
        result(lambda out: np.maximum(out, 0)),
}) | where(is_backward, {
    "Where windows overlap, a later one overwrites the earlier ones. A pixel can win in several "
    "windows: add with +=.": _spread(_first_of_the_largest, _only_the_new),
    "A pixel that wins in several windows gets the gradient of the last one alone: = where += is "
    "meant.": _spread(_first_of_the_largest, _new_where_it_is_some),
    "A pixel that wins in several windows gets the gradient of one of them alone: = where += is "
    "meant.": _by_kernel_pixel(_write_winners),
    OVERWRITTEN: _by_kernel_pixel(_write_all),
    "Every one of equal maxima gets the gradient. Only the first in row order gets it.":
        _spread(lambda window, up: _is_largest(window) * up),
    "Equal maxima share the gradient. The first in row order gets all of it.":
        _spread(lambda window, up: _is_largest(window) * up
                / _is_largest(window).sum(axis=(2, 3), keepdims=True)),
    "Of equal maxima the last one gets the gradient. It is the first in row order.":
        _spread(_last_of_the_largest),
    "The winner's place is split by the wrong side of the kernel: a place m of a window of (KH, "
    "KW) is row m // KW, column m % KW.": result(_split_by_height),
    "Every pixel of a window gets the gradient; only the winner has reached the output.":
        _spread(lambda window, up: np.ones_like(window) * up),
    "The gradient is spread evenly, as for average pooling.": _avg,
    "The gradient is multiplied by the pixel itself: the winner gets dout as it is.":
        result(lambda dx, x: dx * x),
})
_AVG = where(is_forward, {
    "The result is the maximum of each window, not its mean.": _max,
    "The windows are summed; divide by the number of their pixels.":
        result(_by_area),
    "The sum is divided by the kernel's height only; it has height times width pixels.":
        result(_by_width),
    "The sum is divided by the kernel's width only; it has height times width pixels.":
        result(_by_height),
}) | where(is_backward, {
    "Going back, every pixel gets all of the gradient; its share is 1 / (KH·KW).":
        result(_by_area),
    "Going back, the gradient is divided by the kernel's height only.":
        result(_by_width),
    "Going back, the gradient is divided by the kernel's width only.":
        result(_by_height),
    "Where windows overlap, a later one overwrites the earlier ones. A pixel belongs to several "
    "windows: add with +=.":
        _spread(lambda window, up: np.ones_like(window) * up / window[0, 0].size, _only_the_new),
    OVERWRITTEN: _by_kernel_pixel(_write_shares),
    "The gradient is divided by the number of windows that a pixel is in, not by the number of "
    "pixels in a window.":
        result(lambda dx, x, kernel_size, stride, dout: dx * _size(kernel_size) / np.maximum(
            _avg(x, kernel_size, stride, np.ones_like(dout)) * _size(kernel_size), 1)),
    "The gradient goes to the largest pixel only, as for max pooling.": _max,
})
# fmt: on

check_max_pool = Check(
    "max_pool",
    oracle=_max,
    tool="torch.nn.functional.max_pool2d",
    parts={
        "forward": _forwards,
        "backward": _backwards(_max, ties=False),
        "ties": _backwards(_max, ties=True),
        "numeric": _slopes(_max),
    },
    suspects=_SHARED | _MAX,
    rejects=_IMPOSSIBLE,
    arrange=layer(3, "dx"),
    forbidden=NUMPY_ONLY,
    also=ALSO,
)

check_avg_pool = Check(
    "avg_pool",
    oracle=_avg,
    tool="torch.nn.functional.avg_pool2d",
    parts={
        "forward": _forwards,
        "backward": _backwards(_avg, ties=False),
        "numeric": _slopes(_avg),
    },
    suspects=_SHARED | _AVG,
    rejects=_IMPOSSIBLE,
    arrange=layer(3, "dx"),
    forbidden=NUMPY_ONLY,
    also=ALSO,
)
