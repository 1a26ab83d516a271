"""Check of the numeric gradient, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
import torch

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY
from course_utils.checks.changes import result
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes.slopes import FUNCTIONS, Named, numeric_gradient

OF_TENSORS = FUNCTIONS | {"sine of a sum": lambda x: x.sum().sin()}


def _gradient(f, x, df=1.0, h=1e-5):
    tensor = torch.from_numpy(np.array(x)).requires_grad_()
    value = OF_TENSORS[f](tensor)
    if f == "cube":  # from x - h to x + h it rises by 3x² + h² on average
        value = value + h**2 * tensor
    upstream = torch.as_tensor(df, dtype=value.dtype).broadcast_to(value.shape)
    (found,) = torch.autograd.grad((value * upstream).sum(), tensor)
    return found.numpy()


def _differences(
    weight=lambda difference, df: np.asarray(difference * df),
    scale=2.0,
    both_sides=True,
    places=lambda x: np.ndindex(x.shape),
    fixed=None,
):
    """The recipe: differences of the given function, taken place by place."""

    def gradient(f, x, df=1.0, h=1e-5):
        found, h = np.zeros_like(x), fixed or h
        for place in places(x):
            up, down = x.copy(), x.copy()
            up[place] += h
            down[place] -= h if both_sides else 0
            found[place] = weight(f(up) - f(down), df).sum() / (scale * h)
        return found

    return gradient


def _kept_moved(first):
    """x is not put back: the entry stays where the second of the two steps has led it."""

    def suspect(f, x, df=1.0, h=1e-5):
        x, found = np.array(x), np.zeros_like(x)
        for place in np.ndindex(x.shape):
            x[place] += first * h
            one = np.array(f(x))
            x[place] -= 2 * first * h
            found[place] = first * np.sum((one - f(x)) * df) / (2 * h)
        return found

    return suspect


def _views_compared(f, x, df=1.0, h=1e-5):
    """What f gives is not copied: it may be a view of x, which moves on."""
    moved, found = np.array(x), np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved[place] = x[place] + h
        above = f(moved)
        moved[place] = x[place] - h
        found[place] = np.sum((above - f(moved)) * df) / (2 * h)
        moved[place] = x[place]
    return found


def _all_at_once(f, x, df=1.0, h=1e-5):
    return np.full_like(x, np.sum((f(x + h) - f(x - h)) * df) / (2 * h))


def _shapes(rng) -> Iterator[Case]:
    yield case(Named("square"), np.array([1.0, 2, 3]))
    yield case(Named("mean"), np.arange(6.0).reshape(2, 3))
    for shape in [(5,), (2, 3), (1, 2, 3, 2)]:
        for name in ("square", "sine of a sum", "mean"):
            yield case(Named(name), rng.normal(size=shape))
    yield case(Named("square"), rng.normal(size=(3, 8))[:, ::2])
    yield case(Named("square"), rng.normal(size=(2, 3)), h=1e-4)
    yield case(Named("cube"), rng.normal(size=(2, 3)), h=0.1)
    yield case(Named("itself"), rng.normal(size=4))
    yield case(Named("itself in a row"), rng.normal(size=(2, 3)))


def _upstream(rng) -> Iterator[Case]:
    yield case(Named("square"), np.array([1.0, 2, 3]), np.array([1.0, 10, 100]))
    yield case(Named("mean"), rng.normal(size=(2, 3)), 3.0)
    for shape in [(5,), (2, 3)]:
        x = rng.normal(size=shape)
        yield case(Named("square"), x, rng.normal(size=shape))
        yield case(Named("product of neighbours"), x, rng.normal(size=x.size - 1))


# fmt: off
_SUSPECTS = {
    "The difference is divided by h; the two points are 2h apart.": {"scale": 1.0},
    "The difference is taken to one side. Step to both: the error is then far smaller.":
        {"both_sides": False, "scale": 1.0},
    "The difference is not divided by the distance of the two points, 2h.":
        result(lambda found, h=1e-5: found * 2 * h),
    "df is ignored: multiply each difference by it, then add up.":
        {"weight": lambda d, df: np.asarray(d)},
    "The signs are exchanged: f(x + h) minus f(x - h).": result(np.negative),
    "All entries are moved at once; move one, and put it back.": _all_at_once,
    "An entry stays at x - h while the next ones are tried; put it back.": _kept_moved(1),
    "An entry stays at x + h while the next ones are tried; put it back.": _kept_moved(-1),
    "Whole rows are moved at once: range(len(x)) counts the rows of an x with two axes. "
    "np.ndindex(x.shape) gives the place of each entry.": {"places": lambda x: range(len(x))},
    "f may give x itself, or a view of it; that changes when you move x on. Take a new copy of x "
    "for each call, or copy what f gives.": _views_compared,
    "The points are not h away from x: h is an argument, use it for both steps and in the "
    "denominator.": {"fixed": 1e-5},
    "Only the first entry is tried.": {"places": lambda x: [(0,) * x.ndim]},
    "Only the first output counts; a change of x can reach all of them.":
        {"weight": lambda d, df: np.ravel(d * df)[:1]},
    "The outputs are averaged; they must be added up.":
        {"weight": lambda d, df: np.mean(d * df, keepdims=True)},
}
# fmt: on

check_numeric_gradient = Check(
    "numeric_gradient",
    oracle=_gradient,
    tool="torch.autograd",
    parts={"one number": _shapes, "with df": _upstream},
    recipe=_differences,
    suspects=_SUSPECTS,
    rejects=[
        rejection("h\\b|step", Named("square"), np.ones(3), h=0.0),
        rejection("h\\b|step", Named("square"), np.ones(3), h=-1e-5),
        rejection("x\\b", Named("square"), np.array([1, 2, 3])),
    ],
    tolerance={"float64": 1e-7, "float32": 1e-2},
    arrange=Look(numeric_gradient),
    forbidden=NUMPY_ONLY,
)
