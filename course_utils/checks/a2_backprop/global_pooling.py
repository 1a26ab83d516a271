"""Check of global average pooling, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, X, batches, like
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.layers import ALSO, autograd, layer

SHAPES = [(1, 1, 4, 4), (2, 3, 7, 6), (1, 2, 6, 9), (3, 1, 8, 5)]
FIRST = np.arange(16.0).reshape(1, 1, 4, 4)


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
    yield case(FIRST)
    for x in batches(rng, SHAPES):
        yield case(x)


def _global_backwards(rng) -> Iterator[Case]:
    yield case(FIRST, np.array([[16.0]]))
    for x in batches(rng, SHAPES):
        yield case(x, like(rng, _global(x)))


def _global_slopes(rng) -> Iterator[Case]:
    x = rng.normal(size=(2, 2, 3, 4))
    yield case(x, like(rng, _global(x)), numeric=True)


_X = np.ones((2, 3, 5, 5))

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
        rejection(X, _X[0]),
        rejection(X, _X.astype(int)),
        rejection(f"{X}|batch", _X[:0]),
        *(
            rejection(DOUT, _X, np.ones(shape))
            for shape in [(2, 4), (1, 3), (2, 1), (3, 2), (6,), (2, 3, 1, 1)]
        ),
    ],
    arrange=layer(1, "dx"),
    forbidden=NUMPY_ONLY,
    also=ALSO,
)
