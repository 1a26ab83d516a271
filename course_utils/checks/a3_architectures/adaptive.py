"""Checks of the rules that give each weight its own rate: AdaGrad, RMSprop, Adam."""

from collections.abc import Callable

import numpy as np
import torch

from course_utils.checks.a3_architectures.optimisers import (
    ARRAYS,
    by_torch,
    optimiser_check,
    suspect,
)
from course_utils.checks.changes import args
from course_utils.checks.engine import rejection

EPSILONS = [1e-3, 0.5, 0.0]  # large ones show where epsilon stands; none is allowed
UPHILL = "The step goes uphill: subtract it."
NO_ROOT = "The root is missing: divide by the root of the mean or sum of squares."
INSIDE = "Epsilon stands inside the root; PyTorch adds it after the root is taken."
IGNORED = "The option eps is ignored."
FORGOTTEN = "eps is not added at all: what has never had a gradient divides 0 by 0."
SUM_OF_G = "The gradients themselves are averaged or summed, where their squares are to be."


def _default(eps: float) -> str:
    return f"The default of eps is {eps:g}."


def _without_eps(g, square, eps):
    return g / np.sqrt(square)


def _scaled(mean: Callable, divide: Callable | None = None, sign: float = 1.0) -> Callable:
    """A rule that divides by the root of what `mean(own, g, options)` gives."""
    divide = divide or (lambda g, square, eps: g / (np.sqrt(square) + eps))

    @np.errstate(all="ignore")  # 0 / 0, and roots of what is below 0
    def rule(p, g, own, lr, *, eps, **options):
        return p - sign * lr * divide(g, mean(own, g, options), eps)

    return rule


def _with_eps(rule: Callable, eps: float) -> Callable:
    """With the default of the rule's tool."""

    def completed(p, g, own, lr, **options):
        return rule(p, g, own, lr, **{"eps": eps} | options)

    return suspect(completed)


# AdaGrad -----------------------------------------------------------------------------------------


def _sum(own, g, options):
    own["s"] = own.get("s", 0 * g) + g * g
    return own["s"]


def _sum_of_g(own, g, options):
    own["s"] = own.get("s", 0 * g) + g
    return own["s"]


def _mean_of_all(own, g, options):
    own["n"] = own.get("n", 0) + 1
    return _sum(own, g, options) / own["n"]


def _sum_of_sizes(own, g, options):
    own["s"] = own.get("s", 0 * g) + abs(g)
    return own["s"] ** 2


_adagrad = by_torch(lambda params, lr, *, eps=1e-10: torch.optim.Adagrad(params, lr, eps=eps))


def _adagrad_step(first, second, first_grads, second_grads, lr, *, eps=1e-10):
    return _adagrad(first, second, first_grads, second_grads, lr, eps=eps)


def _ada(mean: Callable = _sum, divide: Callable | None = None, sign: float = 1.0) -> Callable:
    return _with_eps(_scaled(mean, divide, sign), 1e-10)


# fmt: off
_ADAGRAD = {
    UPHILL: {"sign": -1},
    NO_ROOT: {"divide": lambda g, square, eps: g / (square + eps)},
    INSIDE: {"divide": lambda g, square, eps: g / np.sqrt(square + eps)},
    IGNORED: args(eps=1e-10),
    "The squares are averaged, not summed: that is nearer to RMSprop.": {"mean": _mean_of_all},
    "The sizes of the gradients are summed, not their squares.": {"mean": _sum_of_sizes},
    SUM_OF_G: {"mean": _sum_of_g},
    FORGOTTEN: {"divide": _without_eps},
    _default(1e-10): lambda *arrays, eps=1e-08: _adagrad_step(*arrays, eps=eps),
    "Only the last gradient counts: the sum of squares is not kept in the state.":
        {"mean": lambda own, g, options: g * g},
    "The sum does not hold the newest gradient yet: add its square first.":
        {"mean": lambda own, g, options: _sum(own, g, options) - g * g},
    "The gradient itself is not divided: each weight is to have its own rate.":
        {"divide": lambda g, square, eps: g},
}
# fmt: on


check_adagrad_step = optimiser_check(
    "adagrad_step",
    _adagrad_step,
    "torch.optim.Adagrad",
    {"eps": EPSILONS},
    _ADAGRAD,
    _ada,
    rejection("eps", *ARRAYS, 0.1, eps=-1.0),
)


# RMSprop -----------------------------------------------------------------------------------------


def _running(own, g, options):
    alpha = options.get("alpha", 0.99)
    own["s"] = alpha * own.get("s", 0 * g) + (1 - alpha) * g * g
    return own["s"]


def _mean_of_g(own, g, options):
    alpha = options.get("alpha", 0.99)
    own["s"] = alpha * own.get("s", 0 * g) + (1 - alpha) * g
    return own["s"]


def _exchanged(own, g, options):
    return _running(own, g, {"alpha": 1 - options.get("alpha", 0.99)})


def _corrected(own, g, options):
    own["n"] = own.get("n", 0) + 1
    return _running(own, g, options) / (1 - options.get("alpha", 0.99) ** own["n"])


def _from_first(own, g, options):
    own["s"] = own.get("s", g * g)
    return _running(own, g, options)


def _undamped(own, g, options):
    own["s"] = options.get("alpha", 0.99) * own.get("s", 0 * g) + g * g
    return own["s"]


_rmsprop = by_torch(
    lambda params, lr, *, alpha=0.99, eps=1e-8: torch.optim.RMSprop(
        params, lr, alpha=alpha, eps=eps
    )
)


def _rmsprop_step(first, second, first_grads, second_grads, lr, *, alpha=0.99, eps=1e-8):
    return _rmsprop(first, second, first_grads, second_grads, lr, alpha=alpha, eps=eps)


def _rms(mean: Callable = _running, divide: Callable | None = None, sign: float = 1.0) -> Callable:
    return _with_eps(_scaled(mean, divide, sign), 1e-8)


# fmt: off
_RMSPROP = {
    UPHILL: {"sign": -1},
    NO_ROOT: {"divide": lambda g, square, eps: g / (square + eps)},
    INSIDE: {"divide": lambda g, square, eps: g / np.sqrt(square + eps)},
    IGNORED: args(eps=1e-8),
    "The option alpha is ignored.": args(alpha=0.99),
    "The squares are summed without end: that is AdaGrad.": {"mean": _sum},
    "Old squares are forgotten, but new ones are not weighed by 1 − alpha.": {"mean": _undamped},
    "alpha and 1 − alpha are exchanged: alpha is how much of the old is kept.":
        {"mean": _exchanged},
    "The mean is corrected for its start at 0: Adam does that, RMSprop does not.":
        {"mean": _corrected},
    "The mean starts at the first square; it starts at 0.": {"mean": _from_first},
    SUM_OF_G: {"mean": _mean_of_g},
    FORGOTTEN: {"divide": _without_eps},
    _default(1e-8):
        lambda *arrays, alpha=0.99, eps=1e-10: _rmsprop_step(*arrays, alpha=alpha, eps=eps),
}
# fmt: on


check_rmsprop_step = optimiser_check(
    "rmsprop_step",
    _rmsprop_step,
    "torch.optim.RMSprop",
    {"alpha": [0.5, 0.9, 0.0], "eps": EPSILONS},
    _RMSPROP,
    _rms,
    rejection("alpha", *ARRAYS, 0.1, alpha=1.0),
    rejection("alpha", *ARRAYS, 0.1, alpha=-0.5),
    rejection("eps", *ARRAYS, 0.1, eps=-1.0),
)


# Adam --------------------------------------------------------------------------------------------

BETAS = (0.9, 0.999)

_adam = by_torch(
    lambda params, lr, *, betas=BETAS, eps=1e-8: torch.optim.Adam(params, lr, betas, eps)
)


def _adam_step(first, second, first_grads, second_grads, lr, *, betas=BETAS, eps=1e-8):
    return _adam(first, second, first_grads, second_grads, lr, betas=betas, eps=eps)


def _ad(
    *,
    correct: str = "ms",
    swap: bool = False,
    inside: bool = False,
    count: Callable = lambda n, i: n,
    sign: float = 1,
    keep: bool = False,
    default: float = 1e-8,
    root: Callable = np.sqrt,
    power: int = 2,
    weighed: bool = True,
) -> Callable:
    """Adam with one thing wrong: corrections, betas, the place of epsilon, the count, the state."""

    @np.errstate(all="ignore")
    def rule(p, g, own, lr, *, betas=BETAS, eps=default):
        b1, b2 = betas[::-1] if swap else betas
        own["n"] = own.get("n", 0) + 1
        own["m"] = b1 * own.get("m", 0) + (1 - b1 if weighed else 1) * g
        own["s"] = b2 * own.get("s", 0) + (1 - b2 if weighed else 1) * g**power
        n = count(own["n"], own["i"])  # of calls, and of the array
        mean = own["m"] / (1 - b1**n) if "m" in correct else own["m"]
        square = own["s"] / (1 - b2**n) if "s" in correct else own["s"]
        if keep:
            own["m"], own["s"] = mean, square
        below = root(square + eps) if inside else root(square) + eps
        return p - sign * lr * mean / below

    return suspect(rule)


def _epsilon_before_correction(p, g, own, lr, *, betas=BETAS, eps=1e-8):
    own["n"] = own.get("n", 0) + 1
    own["m"] = betas[0] * own.get("m", 0) + (1 - betas[0]) * g
    own["s"] = betas[1] * own.get("s", 0) + (1 - betas[1]) * g * g
    rate = lr * np.sqrt(1 - betas[1] ** own["n"]) / (1 - betas[0] ** own["n"])
    return p - rate * own["m"] / (np.sqrt(own["s"]) + eps)


def _no_momentum(p, g, own, lr, *, betas=BETAS, eps=1e-8):
    own["n"] = own.get("n", 0) + 1
    own["s"] = betas[1] * own.get("s", 0) + (1 - betas[1]) * g * g
    return p - lr * g / (np.sqrt(own["s"] / (1 - betas[1] ** own["n"])) + eps)


# fmt: off
_ADAM = {
    UPHILL: {"sign": -1},
    INSIDE: {"inside": True},
    "Neither mean is corrected for its start at 0: divide by 1 − beta**step.": {"correct": ""},
    "The mean of the gradients is not corrected for its start at 0.": {"correct": "s"},
    "The mean of the squares is not corrected for its start at 0.": {"correct": "m"},
    "The two betas are exchanged: the first is that of the gradients.": {"swap": True},
    "The step is counted one too far: at the first step it is 1.": {"count": lambda n, i: n + 1},
    "The count of steps stays 1: keep it in the state that you return, and raise it in each call.":
        {"count": lambda n, i: 1},
    "The step is counted once for each array: raise it once in a call.":
        {"count": lambda n, i: 2 * n - 1 + i},
    "The corrected means are kept in the state: keep the plain ones, correct for this step.":
        {"keep": True},
    _default(1e-8): {"default": 1e-10},
    "Epsilon is added before the correction, as in the paper's shorter form; PyTorch corrects "
    "first.": suspect(_epsilon_before_correction),
    "The gradient itself is used, not its running mean.": suspect(_no_momentum),
    "The option betas is ignored.": args(betas=BETAS),
    IGNORED: args(eps=1e-8),
    "The root is missing: divide by the root of the mean of squares.": {"root": lambda s: s},
    "The gradients are averaged for both means: the second is that of their squares.":
        {"power": 1},
    "The new gradient and its square are not weighed by 1 − beta.": {"weighed": False},
}
# fmt: on


check_adam_step = optimiser_check(
    "adam_step",
    _adam_step,
    "torch.optim.Adam",
    {"betas": [(0.5, 0.9), (0.0, 0.99)], "eps": EPSILONS},
    _ADAM,
    _ad,
    rejection("beta", *ARRAYS, 0.1, betas=(1.0, 0.999)),
    rejection("beta", *ARRAYS, 0.1, betas=(0.9, -0.1)),
    rejection("eps", *ARRAYS, 0.1, eps=-1.0),
    hints={
        "NaN or infinity": "NaN comes from 0 divided by 0, or from the root of a negative number: "
        "is the step counted from 0, or a mean of squares negative?"
    },
)
