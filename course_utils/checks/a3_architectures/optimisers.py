"""Runs of update rules, step by step against `torch.optim`, and the check of momentum."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from course_utils.checks.changes import args
from course_utils.checks.engine import Case, Check, Rejection, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes.optimisers import steps

STEPS = 50

# The student's step as a run of many, as `by_torch` makes one.
_arrange = Look(steps)


def by_torch(make: Callable) -> Callable:
    """Runs of an optimiser of PyTorch, with the signature of an arranged step."""

    def run(first, second, first_grads, second_grads, lr, **options) -> dict[str, Any]:
        params = [torch.from_numpy(a.copy()).requires_grad_() for a in (first, second)]
        optimizer, found = make(params, lr, **options), {}
        for number, grads in enumerate(zip(first_grads, second_grads, strict=True), start=1):
            rate = lr if number <= len(first_grads) // 2 else lr / 2
            optimizer.param_groups[0]["lr"] = rate
            for param, grad in zip(params, grads, strict=True):
                param.grad = torch.from_numpy(grad.copy())
            optimizer.step()
            if number in (1, 2, 3, len(first_grads)):
                found[f"first parameter after step {number}"] = params[0].detach().numpy().copy()
                found[f"second parameter after step {number}"] = params[1].detach().numpy().copy()
        return found

    return run


def _cases(**options: list) -> dict[str, Callable]:
    """Runs with the default options, with others, and in single precision."""

    def run(
        rng, steps: int, dtype: type = np.float64, zeros: bool = False, scale: float = 1,
        shapes: tuple = ((2, 3), (4,)), **chosen,
    ) -> Case:  # fmt: skip
        params = [rng.normal(size=shape).astype(dtype) for shape in shapes]
        grads = [scale * (rng.normal(size=(steps, *shape)) + 0.5) for shape in shapes]
        if zeros:
            grads[1][:, 0] = 0  # a weight that has nothing to learn
        return case(*params, *(g.astype(dtype) for g in grads), 0.1, **chosen)

    def first_steps(rng) -> Iterator[Case]:
        yield run(rng, 3)
        yield run(rng, 3, shapes=((2, 2), (2, 2)))  # what is kept by shape is mixed up
        yield run(rng, 3, shapes=((1, 4), (2, 2)))  # or by size

    def many(rng) -> Iterator[Case]:
        yield run(rng, STEPS, zeros=True)
        yield run(rng, STEPS, scale=1e-8)  # as small as the default of eps
        yield run(rng, STEPS, np.float32)

    def others(rng) -> Iterator[Case]:
        for name, values in options.items():
            for value in values:
                yield run(rng, STEPS, **{name: value})

    return {"first steps": first_steps, "50 steps": many, "options": others}


ARRAYS = [np.ones((2, 3)), np.ones(4), np.ones((2, 2, 3)), np.ones((2, 4))]
WRONG_SHAPES = [
    [np.ones((2, 3)), np.ones(4), np.ones((2, 3, 2)), np.ones((2, 4))],  # as many numbers
    [np.ones((2, 3)), np.ones(4), np.ones((2, 1, 3)), np.ones((2, 4))],  # would be broadcast
    [np.ones((2, 3)), np.ones(4), np.ones((2, 2, 3)), np.ones((2, 1))],
]


def _rejects(*more) -> list:
    return [
        rejection("lr|learning", *ARRAYS, 0.0),
        rejection("lr|learning", *ARRAYS, -0.1),
        *(rejection("grad|param", *arrays, 0.1) for arrays in WRONG_SHAPES),
        rejection("grad|param", *ARRAYS, 0.1, lists="2 params, but 1 grad"),
        *more,
    ]


def optimiser_check(
    name: str,
    oracle: Callable,
    tool: str,
    options: dict,
    suspects: dict,
    recipe: Callable,
    *rejects: Rejection,
    hints: dict[str, str] | None = None,
) -> Check:
    """A check of one rule; `options` are the values that each of its options is tried with."""
    return Check(
        name,
        oracle=oracle,
        tool=tool,
        parts=_cases(**options),
        suspects=suspects,
        recipe=recipe,
        rejects=_rejects(*rejects),
        tolerance={"float64": 1e-9, "float32": 1e-4},
        arrange=_arrange,
        hints=hints or {},
    )


def suspect(rule: Callable) -> Callable:
    """A wrong rule: takes p, g, a dict of its own for each array, the rate, options; gives p."""

    def step(params, grads, state, lr, **options):
        kept = dict(state)
        new = []
        for i, (p, g) in enumerate(zip(params, grads, strict=True)):
            own = {name[1]: value for name, value in kept.items() if name[0] == i} | {"i": i}
            new.append(np.asarray(rule(p, g, own, lr, **options), dtype=p.dtype))
            kept.update({(i, name): value for name, value in own.items()})
        return new, kept

    return _arrange(step)


# Momentum ----------------------------------------------------------------------------------------


def _sgd(params, lr, *, momentum=0.9):
    return torch.optim.SGD(params, lr, momentum=momentum)


_momentum = by_torch(_sgd)


def _sgd_momentum(first, second, first_grads, second_grads, lr, *, momentum=0.9):
    return _momentum(first, second, first_grads, second_grads, lr, momentum=momentum)


def _velocity(
    update: Callable = lambda v, g, m: m * v + g,
    move: Callable = lambda p, g, v, old, lr, m: p - lr * v,
    default: float = 0.9,
) -> Callable:
    """The recipe: how the velocity is updated, and how it moves the parameters."""

    def rule(p, g, own, lr, *, momentum=default):
        old = own.get("v", 0 * g)
        own["v"] = update(old, g, momentum)
        return move(p, g, own["v"], old, lr, momentum)

    return suspect(rule)


def _rate_inside(p, g, own, lr, *, momentum=0.9):
    own["v"] = momentum * own.get("v", 0) + lr * g
    return p - own["v"]


# fmt: off
_MOMENTUM = {
    "The velocity is ignored: this is plain gradient descent.": {"update": lambda v, g, m: g},
    "The gradient is damped by 1 − momentum, which this form does not do.":
        {"update": lambda v, g, m: m * v + (1 - m) * g},
    "The velocity has the wrong sign: it brakes instead of rolling on.":
        {"update": lambda v, g, m: g - m * v},
    "The velocity is not forgotten at all: multiply it by momentum.":
        {"update": lambda v, g, m: v + g},
    "Momentum multiplies the new gradient: it multiplies the old velocity, m·v + g.":
        {"update": lambda v, g, m: m * g + g},
    "The velocity holds the last gradient alone: keep the velocity in the state, not g.":
        {"update": lambda v, g, m: g, "move": lambda p, g, v, old, lr, m: p - lr * (m * old + g)},
    "The step goes uphill: subtract it.": {"move": lambda p, g, v, old, lr, m: p + lr * v},
    "The rate is missing: multiply the velocity by lr.":
        {"move": lambda p, g, v, old, lr, m: p - v},
    "The rate is inside the velocity, so old gradients keep the old rate when it changes.":
        suspect(_rate_inside),
    "This is Nesterov's form, which looks ahead by one step.":
        {"move": lambda p, g, v, old, lr, m: p - lr * (g + m * v)},
    "The step uses the velocity of the step before: update it first.":
        {"move": lambda p, g, v, old, lr, m: p - lr * old},
    "The default of momentum is not 0.9.": {"default": 0.8},
    "The option momentum is ignored.": args(momentum=0.9),
}
# fmt: on

check_sgd_momentum_step = optimiser_check(
    "sgd_momentum_step",
    _sgd_momentum,
    "torch.optim.SGD",
    {"momentum": [0.0, 0.5, 0.99]},
    _MOMENTUM,
    _velocity,
    rejection("momentum", *ARRAYS, 0.1, momentum=1.0),
    rejection("momentum", *ARRAYS, 0.1, momentum=-0.1),
)
