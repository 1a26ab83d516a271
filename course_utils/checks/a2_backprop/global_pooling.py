"""Check of global average pooling, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, X, batches, like
from course_utils.checks.changes import result, where
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.layers import ALSO, autograd, is_backward, is_forward, layer

SHAPES = [(1, 1, 4, 4), (2, 3, 7, 6), (1, 2, 6, 9), (3, 1, 8, 5)]
FIRST = np.arange(16.0).reshape(1, 1, 4, 4)


def _global(x, dout=None, *, numeric=False):
    found = autograd(lambda t: t.mean(dim=(2, 3)), (x,), dout)
    return found if dout is None else found[0]


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

# fmt: off
_SUSPECTS = where(is_forward, {
    "The result keeps axes of size 1: it has the shape (N, C).":
        result(lambda out: out[:, :, None, None]),
    "The map is summed; divide by its number of pixels.":
        result(lambda out, x: out * x[0, 0].size),
    "The result is the maximum of each map, not its mean.":
        result(lambda out, x: x.max(axis=(2, 3))),
    "The mean goes over the channels too; each map has its own.":
        result(lambda out: np.repeat(out.mean(axis=1, keepdims=True), out.shape[1], axis=1)),
    "The mean goes over one axis only: a map has height and width.":
        result(lambda out, x: x.mean(axis=2)),
    "The mean goes over the batch and the channels: keep the first two axes, (N, C).":
        result(lambda out, x: x.mean(axis=(0, 1))),
}) | where(is_backward, {
    "Going back, every pixel gets all of the gradient; its share is 1 / (H·W).":
        result(lambda dx: dx * dx[0, 0].size),
    "Going back, the gradient is divided by the height only.":
        result(lambda dx: dx * dx.shape[3]),
    "Going back, the gradient is divided by the width only.": result(lambda dx: dx * dx.shape[2]),
    "Going back, the gradient is divided by the width squared: it is height times width.":
        result(lambda dx: dx * dx.shape[2] / dx.shape[3]),
    "Going back, the gradient is divided by the height squared: it is height times width.":
        result(lambda dx: dx * dx.shape[3] / dx.shape[2]),
    "Going back, the gradient is divided by the batch or the channels as well.":
        result(lambda dx: dx / dx.shape[1]),
    "Going back, the gradient is divided by the size of the batch. The loss has done it already.":
        result(lambda dx: dx / len(dx)),
    "Going back, the gradient is divided by the height divided by the width: it is height times "
    "width.": result(lambda dx: dx * dx.shape[3] ** 2),
    "Going back, the gradient has the shape of the output: it has that of x, one share for each "
    "pixel.": result(lambda dx: dx[:, :, 0, 0]),
    "Going back, the gradient keeps axes of size 1: it has the shape of x.":
        result(lambda dx: dx[:, :, :1, :1]),
    "Going back, only the largest pixel gets the gradient: that is global max pooling.":
        result(lambda dx, x, dout:
               (x == x.max(axis=(2, 3), keepdims=True)) * dout[:, :, None, None]),
})
# fmt: on

check_global_avg_pool = Check(
    "global_avg_pool",
    oracle=_global,
    tool="torch.nn.functional.adaptive_avg_pool2d",
    parts={"forward": _global_forwards, "backward": _global_backwards, "numeric": _global_slopes},
    suspects=_SUSPECTS,
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
