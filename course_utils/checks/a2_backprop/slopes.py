"""Check of the numeric gradient, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
import torch

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY
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


def _differences(weight, scale=1.0, both_sides=True, places=lambda x: np.ndindex(x.shape)):
    """Central, or one-sided, differences with one thing changed."""

    def suspect(f, x, df=1.0, h=1e-5):
        found = np.zeros_like(x)
        for place in places(x):
            up, down = x.copy(), x.copy()
            up[place] += h
            down[place] -= h if both_sides else 0
            found[place] = weight(f(up) - f(down), df).sum() / (scale * h)
        return found

    return suspect


def _times_df(difference, df):
    return np.asarray(difference * df)


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


def _rows(f, x, df=1.0, h=1e-5):
    found = np.zeros_like(x)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        found[i] = np.sum((f(up) - f(down)) * df) / (2 * h)
    return found


def _step_of_its_own(f, x, df=1.0, h=1e-5):
    return _differences(_times_df, scale=2)(f, x, df, 1e-5)


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


check_numeric_gradient = Check(
    "numeric_gradient",
    oracle=_gradient,
    tool="torch.autograd",
    parts={"one number": _shapes, "with df": _upstream},
    suspects={
        "The difference is divided by h; the two points are 2h apart.": _differences(_times_df),
        "The difference is taken to one side. Step to both: the error is then far smaller.": (
            _differences(_times_df, both_sides=False)
        ),
        "df is ignored: multiply each difference by it, then add up.": _differences(
            lambda d, df: np.asarray(d), scale=2
        ),
        "The signs are exchanged: f(x + h) minus f(x - h).": _differences(_times_df, scale=-2),
        "All entries are moved at once; move one, and put it back.": _all_at_once,
        "An entry stays at x - h while the next ones are tried; put it back.": _kept_moved(1),
        "An entry stays at x + h while the next ones are tried; put it back.": _kept_moved(-1),
        "Whole rows are moved at once: range(len(x)) counts the rows of an x with two axes. "
        "np.ndindex(x.shape) gives the place of each entry.": _rows,
        "f may give x itself, or a view of it; that changes when you move x on. Take a new copy of "
        "x for each call, or copy what f gives.": _views_compared,
        "The points are not h away from x: h is an argument, use it for both steps and in the "
        "denominator.": _step_of_its_own,
        "Only the first entry is tried.": _differences(
            _times_df, scale=2, places=lambda x: [(0,) * x.ndim]
        ),
        "Only the first output counts; a change of x can reach all of them.": _differences(
            lambda d, df: np.ravel(_times_df(d, df))[:1], scale=2
        ),
        "The outputs are averaged; they must be added up.": _differences(
            lambda d, df: np.mean(_times_df(d, df), keepdims=True), scale=2
        ),
    },
    rejects=[
        rejection("h\\b|step", Named("square"), np.ones(3), h=0.0),
        rejection("h\\b|step", Named("square"), np.ones(3), h=-1e-5),
        rejection("x\\b", Named("square"), np.array([1, 2, 3])),
    ],
    tolerance={"float64": 1e-7, "float32": 1e-2},
    arrange=Look(numeric_gradient),
    forbidden=NUMPY_ONLY,
)
