"""Checks of the pooling layers, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY, batches, like
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.layers import autograd, layer


def _pair(kernel_size):
    return kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)


def _pool(function):
    def oracle(x, kernel_size, stride, dout=None, *, numeric=False, changed=False):
        found = autograd(lambda t: function(t, kernel_size, stride), (x,), dout)
        return found if dout is None else found[0]

    return oracle


_max, _avg = _pool(F.max_pool2d), _pool(F.avg_pool2d)


def _forward(right, change):
    """`change` gets x, the kernel size and the stride; the backward is right all the same."""

    def suspect(x, kernel_size, stride, dout=None, **_):
        if dout is not None:
            return right(x, kernel_size, stride, dout)
        return np.ascontiguousarray(change(x, kernel_size, stride)).astype(x.dtype)

    return suspect


def _backward(right, change):
    """`change` gets x, the kernel size, the stride and dout; the forward is right."""

    def suspect(x, kernel_size, stride, dout=None, **_):
        if dout is None:
            return right(x, kernel_size, stride)
        return change(x, kernel_size, stride, dout).astype(x.dtype)

    return suspect


def _windows(x, kernel_size, stride):
    """Windows `(N, C, OH, OW, KH, KW)` of a layer."""
    views = np.lib.stride_tricks.sliding_window_view(x, _pair(kernel_size), axis=(2, 3))
    return views[:, :, ::stride, ::stride]


def _spread(share, overwrite=False):
    """dx from `share(window, upstream)`: what each pixel of the windows at a stop gets."""

    def change(x, kernel_size, stride, dout):
        (height, width), dx = _pair(kernel_size), np.zeros_like(x)
        for r, c in np.ndindex(dout.shape[2:]):
            here = np.s_[:, :, r * stride : r * stride + height, c * stride : c * stride + width]
            given = share(x[here], dout[:, :, r, c, None, None])
            dx[here] = given if overwrite else dx[here] + given
        return dx

    return change


def _last_of_the_largest(window, upstream):
    flat = window.reshape(*window.shape[:2], -1)
    last = flat.shape[-1] - 1 - flat[..., ::-1].argmax(axis=-1)
    return (np.arange(flat.shape[-1]) == last[..., None]).reshape(window.shape) * upstream


def _first_of_the_largest(window, upstream):
    flat = window.reshape(*window.shape[:2], -1)
    first = flat.argmax(axis=-1)
    return (np.arange(flat.shape[-1]) == first[..., None]).reshape(window.shape) * upstream


def _is_largest(window):
    return window == window.max(axis=(2, 3), keepdims=True)


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


def _changed(right):
    def cases(rng) -> Iterator[Case]:
        x = rng.normal(size=(2, 2, 5, 6))
        yield case(x, 3, 2, like(rng, right(x, 3, 2)), changed=True)

    return cases


_X = np.ones((2, 3, 5, 5))
_IMPOSSIBLE = [
    rejection("stride", _X, 2, 0),
    rejection("kernel", _X, 0, 1),
    rejection("kernel|fit|larg|small|size", _X, 6, 1),
    rejection("x\\b|axes|axis|dim|shape|four|4", _X[0], 2, 2),
    rejection("float|int|dtype|type|x\\b", _X.astype(int), 2, 2),
    rejection("empty|batch|image|x\\b", _X[:0], 2, 2),
    rejection("dout|shape|match", _X, 2, 2, np.ones((2, 3, 3, 3))),
]


def _shared_suspects(right):
    """Mistakes that max and average pooling have in common."""
    return {
        "The stride is ignored.": _forward(right, lambda x, k, s: right(x, k, 1)),
        "The stride is taken to be the size of the kernel.": _forward(
            right, lambda x, k, s: right(x, k, k)
        ),
        "The kernel's height is used for its width too.": _forward(
            right,
            lambda x, k, s: (
                right(x, _pair(k)[0], s) if _pair(k)[0] <= x.shape[3] else 0 * right(x, k, s)
            ),
        ),
        "Height and width of the result are exchanged.": _forward(
            right, lambda x, k, s: right(x, k, s).swapaxes(2, 3)
        ),
        "The result is one row and one column larger: a window that hangs over is no window.": (
            _forward(
                right, lambda x, k, s: np.pad(right(x, k, s), ((0, 0), (0, 0), (0, 1), (0, 1)))
            )
        ),
        "The channels are pooled together; each is pooled on its own.": _forward(
            right, lambda x, k, s: right(x, k, s).mean(axis=1, keepdims=True)
        ),
    }


check_max_pool = Check(
    "max_pool",
    oracle=_max,
    tool="torch.nn.functional.max_pool2d",
    parts={
        "forward": _forwards,
        "backward": _backwards(_max, ties=False),
        "ties": _backwards(_max, ties=True),
        "numeric": _slopes(_max),
        "cache": _changed(_max),
    },
    suspects={
        **_shared_suspects(_max),
        "The result is the mean of each window, not its maximum.": _forward(_max, _avg),
        "Where windows overlap, a later one overwrites the earlier ones. A pixel can win in "
        "several windows: add with +=.": _backward(
            _max, _spread(_first_of_the_largest, overwrite=True)
        ),
        "Every one of equal maxima gets the gradient. Only the first in row order gets it.": (
            _backward(_max, _spread(lambda window, up: _is_largest(window) * up))
        ),
        "Equal maxima share the gradient. The first in row order gets all of it.": _backward(
            _max,
            _spread(
                lambda window, up: (
                    _is_largest(window) * up / _is_largest(window).sum(axis=(2, 3), keepdims=True)
                )
            ),
        ),
        "Of equal maxima the last one gets the gradient. It is the first in row order.": _backward(
            _max, _spread(_last_of_the_largest)
        ),
        "Every pixel of a window gets the gradient; only the winner has reached the output.": (
            _backward(_max, _spread(lambda window, up: np.ones_like(window) * up))
        ),
        "The gradient is spread evenly, as for average pooling.": _backward(_max, _avg),
    },
    rejects=_IMPOSSIBLE,
    arrange=layer(3, "dx"),
    forbidden=NUMPY_ONLY,
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
    suspects={
        **_shared_suspects(_avg),
        "The result is the maximum of each window, not its mean.": _forward(_avg, _max),
        "The windows are summed; divide by the number of their pixels.": _forward(
            _avg, lambda x, k, s: _avg(x, k, s) * np.prod(_pair(k))
        ),
        "The sum is divided by the kernel's height only; it has height times width pixels.": (
            _forward(_avg, lambda x, k, s: _avg(x, k, s) * _pair(k)[1])
        ),
        "Going back, every pixel gets all of the gradient; its share is 1 / (KH·KW).": _backward(
            _avg, lambda x, k, s, dout: _avg(x, k, s, dout) * np.prod(_pair(k))
        ),
        "Going back, the gradient is divided by the kernel's height only.": _backward(
            _avg, lambda x, k, s, dout: _avg(x, k, s, dout) * _pair(k)[1]
        ),
        "Where windows overlap, a later one overwrites the earlier ones. A pixel belongs to "
        "several windows: add with +=.": _backward(
            _avg,
            _spread(
                lambda window, up: np.ones_like(window) * up / window[0, 0].size, overwrite=True
            ),
        ),
        "The gradient is divided by the number of windows that a pixel is in, not by the number of "
        "pixels in a window.": _backward(
            _avg,
            lambda x, k, s, dout: (
                _avg(x, k, s, dout)
                * np.prod(_pair(k))
                / np.maximum(_avg(x, k, s, np.ones_like(dout)) * np.prod(_pair(k)), 1)
            ),
        ),
        "The gradient goes to the largest pixel only, as for max pooling.": _backward(_avg, _max),
    },
    rejects=_IMPOSSIBLE,
    arrange=layer(3, "dx"),
    forbidden=NUMPY_ONLY,
)


def _global(x, dout=None, *, numeric=False):
    found = autograd(lambda t: t.mean(dim=(2, 3)), (x,), dout)
    return found if dout is None else found[0]


def _global_with(value=None, share=None):
    """Global average pooling with another value, or another gradient."""

    def suspect(x, dout=None, **_):
        change = value if dout is None else share
        if change is None:
            return _global(x, dout)
        return np.ascontiguousarray(change(x, dout)).astype(x.dtype)

    return suspect


def _times(factor):
    return lambda x, dout: _global(x, dout) * factor(x)


def _global_forwards(rng) -> Iterator[Case]:
    yield case(DECK)
    for x in batches(rng, SHAPES):
        yield case(x)


def _global_backwards(rng) -> Iterator[Case]:
    yield case(DECK, np.array([[16.0]]))
    for x in batches(rng, SHAPES):
        yield case(x, like(rng, _global(x)))


def _global_slopes(rng) -> Iterator[Case]:
    x = rng.normal(size=(2, 2, 3, 4))
    yield case(x, like(rng, _global(x)), numeric=True)


check_global_avg_pool = Check(
    "global_avg_pool",
    oracle=_global,
    tool="torch.nn.functional.adaptive_avg_pool2d",
    parts={"forward": _global_forwards, "backward": _global_backwards, "numeric": _global_slopes},
    suspects={
        "The result keeps axes of size 1: it has the shape (N, C).": _global_with(
            value=lambda x, _: x.mean(axis=(2, 3), keepdims=True)
        ),
        "The map is summed; divide by its number of pixels.": _global_with(
            value=lambda x, _: x.sum(axis=(2, 3))
        ),
        "The result is the maximum of each map, not its mean.": _global_with(
            value=lambda x, _: x.max(axis=(2, 3))
        ),
        "The mean goes over the channels too; each map has its own.": _global_with(
            value=lambda x, _: np.repeat(x.mean(axis=(1, 2, 3))[:, None], x.shape[1], axis=1)
        ),
        "Going back, every pixel gets all of the gradient; its share is 1 / (H·W).": _global_with(
            share=_times(lambda x: x.shape[2] * x.shape[3])
        ),
        "Going back, the gradient is divided by the height only.": _global_with(
            share=_times(lambda x: x.shape[3])
        ),
        "Going back, the gradient is divided by the width squared: it is height times width.": (
            _global_with(share=_times(lambda x: x.shape[2] / x.shape[3]))
        ),
        "Going back, the gradient is divided by the batch or the channels as well.": _global_with(
            share=_times(lambda x: 1 / x.shape[1])
        ),
        "Going back, only the largest pixel gets the gradient: that is global max pooling.": (
            _global_with(
                share=lambda x, dout: (
                    (x == x.max(axis=(2, 3), keepdims=True)) * dout[:, :, None, None]
                )
            )
        ),
    },
    rejects=[
        rejection("x\\b|axes|axis|dim|shape|four|4", _X[0]),
        rejection("float|int|dtype|type|x\\b", _X.astype(int)),
        rejection("empty|batch|image|x\\b", _X[:0]),
        rejection("dout|shape|match", _X, np.ones((2, 4))),
    ],
    arrange=layer(1, "dx"),
    forbidden=NUMPY_ONLY,
)
