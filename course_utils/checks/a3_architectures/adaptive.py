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


check_adagrad_step = optimiser_check(
    "adagrad_step",
    _adagrad_step,
    "torch.optim.Adagrad",
    {"eps": EPSILONS},
    {
        UPHILL: _ada(sign=-1),
        NO_ROOT: _ada(divide=lambda g, square, eps: g / (square + eps)),
        INSIDE: _ada(divide=lambda g, square, eps: g / np.sqrt(square + eps)),
        IGNORED: lambda *arrays, eps=1e-10: _adagrad_step(*arrays),
        "The squares are averaged, not summed: that is nearer to RMSprop.": _ada(_mean_of_all),
        "The sizes of the gradients are summed, not their squares.": _ada(_sum_of_sizes),
        SUM_OF_G: _ada(_sum_of_g),
        FORGOTTEN: _ada(divide=_without_eps),
        _default(1e-10): lambda *arrays, eps=1e-8: _adagrad_step(*arrays, eps=eps),
        "Only the last gradient counts: the sum of squares is not kept in the state.": _ada(
            lambda own, g, options: g * g
        ),
        "The sum does not hold the newest gradient yet: add its square first.": _ada(
            lambda own, g, options: _sum(own, g, options) - g * g
        ),
        "The gradient itself is not divided: each weight is to have its own rate.": _ada(
            divide=lambda g, square, eps: g
        ),
    },
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


check_rmsprop_step = optimiser_check(
    "rmsprop_step",
    _rmsprop_step,
    "torch.optim.RMSprop",
    {"alpha": [0.5, 0.9], "eps": EPSILONS},
    {
        UPHILL: _rms(sign=-1),
        NO_ROOT: _rms(divide=lambda g, square, eps: g / (square + eps)),
        INSIDE: _rms(divide=lambda g, square, eps: g / np.sqrt(square + eps)),
        IGNORED: lambda *arrays, alpha=0.99, eps=1e-8: _rmsprop_step(*arrays, alpha=alpha),
        "The option alpha is ignored.": lambda *arrays, alpha=0.99, eps=1e-8: _rmsprop_step(
            *arrays, eps=eps
        ),
        "The squares are summed without end: that is AdaGrad.": _rms(_sum),
        "Old squares are forgotten, but new ones are not weighed by 1 − alpha.": _rms(_undamped),
        "alpha and 1 − alpha are exchanged: alpha is how much of the old is kept.": _rms(
            _exchanged
        ),
        "The mean is corrected for its start at 0: Adam does that, RMSprop does not.": _rms(
            _corrected
        ),
        "The mean starts at the first square; it starts at 0.": _rms(_from_first),
        SUM_OF_G: _rms(_mean_of_g),
        FORGOTTEN: _rms(divide=_without_eps),
        _default(1e-8): lambda *arrays, alpha=0.99, eps=1e-10: _rmsprop_step(
            *arrays, alpha=alpha, eps=eps
        ),
    },
    rejection("alpha", *ARRAYS, 0.1, alpha=1.0),
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
    late: int = 0,
    sign: float = 1,
    keep: bool = False,
    shared: bool = False,
    default: float = 1e-8,
) -> Callable:
    """Adam with one thing wrong: corrections, betas, the place of epsilon, the count, the state."""

    @np.errstate(all="ignore")
    def rule(p, g, own, lr, *, betas=BETAS, eps=default):
        b1, b2 = betas[::-1] if swap else betas
        own["n"] = own.get("n", 0) + 1
        own["m"] = b1 * own.get("m", 0) + (1 - b1) * g
        own["s"] = b2 * own.get("s", 0) + (1 - b2) * g * g
        n = 2 * own["n"] - 1 + own["i"] if shared else own["n"] + late
        mean = own["m"] / (1 - b1**n) if "m" in correct else own["m"]
        square = own["s"] / (1 - b2**n) if "s" in correct else own["s"]
        if keep:
            own["m"], own["s"] = mean, square
        root = np.sqrt(square + eps) if inside else np.sqrt(square) + eps
        return p - sign * lr * mean / root

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


check_adam_step = optimiser_check(
    "adam_step",
    _adam_step,
    "torch.optim.Adam",
    {"betas": [(0.5, 0.9), (0.0, 0.99)], "eps": EPSILONS},
    {
        UPHILL: _ad(sign=-1),
        INSIDE: _ad(inside=True),
        "Neither mean is corrected for its start at 0: divide by 1 − beta**step.": _ad(correct=""),
        "The mean of the gradients is not corrected for its start at 0.": _ad(correct="s"),
        "The mean of the squares is not corrected for its start at 0.": _ad(correct="m"),
        "The two betas are exchanged: the first is that of the gradients.": _ad(swap=True),
        "The step is counted one too far: at the first step it is 1.": _ad(late=1),
        "The step is counted from 0, so the first correction divides by 0: count it from 1.": _ad(
            late=-1
        ),
        "The step is counted once for each array: raise it once in a call.": _ad(shared=True),
        "The corrected means are kept in the state: keep the plain ones, correct for this step.": (
            _ad(keep=True)
        ),
        _default(1e-8): _ad(default=1e-10),
        "Epsilon is added before the correction, as in the paper's shorter form; PyTorch corrects "
        "first.": suspect(_epsilon_before_correction),
        "The gradient itself is used, not its running mean.": suspect(_no_momentum),
        "The option betas is ignored.": lambda *arrays, betas=BETAS, eps=1e-8: _adam_step(
            *arrays, eps=eps
        ),
        IGNORED: lambda *arrays, betas=BETAS, eps=1e-8: _adam_step(*arrays, betas=betas),
    },
    rejection("beta", *ARRAYS, 0.1, betas=(1.0, 0.999)),
    rejection("beta", *ARRAYS, 0.1, betas=(0.9, -0.1)),
    rejection("eps", *ARRAYS, 0.1, eps=-1.0),
)
