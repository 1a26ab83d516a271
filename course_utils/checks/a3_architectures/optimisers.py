"""Runs of update rules, step by step against `torch.optim`, and the check of momentum."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from course_utils.checks.a3_architectures.tools import optimisers_used
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import beside, there
from course_utils.checks.outcome import Unusable

STEPS = 50
# Why a step does not depend on its arguments alone.
TWICE = "the same call gives another result the second time: "
OTHER_DICT = (
    "the dict `state` itself is changed, and the caller may need the old one: make a new dict, and "
    "return that"
)
OTHER_VALUES = (
    "a dict, a list or an array inside the old state is changed in place: make new ones, as "
    "v = m * v + g does and v += g does not"
)
OUTSIDE = (
    "something outside of its arguments decides, such as a global, an attribute, a default "
    "argument or random numbers: keep what you need in the state that you return"
)
IMPURE = (
    "the old state is changed, or something is remembered outside of it: return a new dict with "
    "new arrays"
)
WIDER = (
    "np.zeros(shape) is float64, and so is np.sqrt of a plain number: it promotes float32. Use "
    "np.zeros_like, and ** 0.5 or math.sqrt"
)


def _arrange(step: Callable) -> Callable:
    """A run of many steps with two arrays of parameters; the rate is halved half-way."""

    def run(
        first, second, first_grads, second_grads, lr, *, lists: str = "", **options
    ) -> dict[str, Any]:
        pairs = [*zip(first_grads, second_grads, strict=True)]
        if lists:  # as the description of the case says
            pairs = [pair[:1] for pair in pairs]
        item = beside(step, "operator").getitem
        with optimisers_used(step) as used:
            _demand_untouched(step, item, [first, second], pairs[:2], lr, options)
            _demand_the_same_again(step, item, [first, second], pairs[:3], lr, options)
            found = _run(step, item, [first, second], pairs, lr, options)
        if used:
            raise Unusable(
                "an optimiser of torch.optim has made the step, which is the whole task: write the "
                "rule itself"
            )
        return found

    return run


def _run(step: Callable, item: Callable, params: list, pairs: list, lr: float, options: dict):
    """The parameters after some of the steps; the state stays where the step lives."""
    state, found, dtype = there(beside(step, "builtins").dict), {}, params[0].dtype
    for number, grads in enumerate(pairs, start=1):
        rate = lr if number <= len(pairs) // 2 else lr / 2
        new, state = _pair(item, there(step, list(params), [*grads], state, rate, **options))
        params = _arrays(new, len(params), dtype)
        if number in (1, 2, 3, len(pairs)):
            for name, value in zip(("first", "second"), params, strict=True):
                found[f"{name} parameter after step {number}"] = np.array(value)
    return found


def _demand_untouched(
    step: Callable, item: Callable, params: list, pairs: list, lr: float, options: dict
) -> None:
    """Raise where a step changes the parameters or gradients that it is given."""
    state, copied = there(beside(step, "builtins").dict), beside(step, "copy").deepcopy
    for grads in pairs:
        given = [a.copy() for a in params], [g.copy() for g in grads]
        step(*(list(arrays) for arrays in given), there(copied, state), lr, **options)
        for name, now, before in zip(("params", "grads"), given, (params, grads), strict=True):
            if not all(map(_same, now, before)):
                raise Unusable(f"it changes its argument {name} in place: return new arrays")
        _, state = _pair(item, there(step, list(params), [*grads], state, lr, **options))


def _same(one: Any, other: Any) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _demand_the_same_again(
    step: Callable, item: Callable, params: list, pairs: list, lr: float, options: dict
) -> None:
    """Raise where a step does not depend on its arguments alone, and say what it changes."""
    state = there(beside(step, "builtins").dict)
    for grads in pairs:
        before = _contents(step, state)
        new, later = _pair(item, there(step, list(params), [*grads], state, lr, **options))
        after = _contents(step, state)
        again, _ = _pair(item, there(step, list(params), [*grads], state, lr, **options))
        there(step, list(params), [-g for g in grads], state, lr, **options)  # of another run
        new, again = _arrays(new, len(params)), _arrays(again, len(params))
        twice = "" if all(map(_same, new, again)) else TWICE
        if twice and (before is None or after is None):
            raise Unusable(twice + IMPURE)
        if before is not None and after is not None and after[1] != before[1]:
            raise Unusable(twice + (OTHER_VALUES if after[0] == before[0] else OTHER_DICT))
        if twice:
            raise Unusable(twice + OUTSIDE)
        params, state = new, later


def _contents(step: Callable, state: Any) -> tuple | None:
    """Which objects a dict holds, and all that is in the state; None where it cannot be told."""
    builtins, ids = beside(step, "builtins"), []
    try:
        if hasattr(state, "values"):
            ids = builtins.list(there(builtins.map, builtins.id, there(state.values)))
        return ids, beside(step, "pickle").dumps(state)
    except Exception:  # whatever a student keeps there
        return None


def _pair(item: Callable, given: Any) -> tuple:
    """The parameters, and the state, which stays where the step lives."""
    if type(given).__name__ == "NoneType":
        raise Unusable("it returned None. Is a `return` missing?")
    try:
        if len(given) == 2:
            return item(given, 0), there(item, given, 1)
    except (TypeError, LookupError):  # a number, a dict
        pass
    raise Unusable("it is to return two things, params and state")


def _arrays(params: Any, count: int, dtype: np.dtype | None = None) -> list:
    if not isinstance(params, tuple | list) or len(params) != count:
        raise Unusable(f"params is to be a list of {count} arrays, as it came in")
    for array in params:
        if type(array) is not np.ndarray:
            raise Unusable(f"params holds a {type(array).__name__}, but NumPy arrays are wanted")
        if dtype is not None and array.dtype.itemsize > dtype.itemsize:
            raise Unusable(f"params come back as {array.dtype}, but they came as {dtype}. {WIDER}")
    return list(params)


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
    name: str, oracle: Callable, tool: str, options: dict, suspects: dict, *rejects
) -> Check:
    """A check of one rule; `options` are the values that each of its options is tried with."""
    return Check(
        name,
        oracle=oracle,
        tool=tool,
        parts=_cases(**options),
        suspects=suspects,
        rejects=_rejects(*rejects),
        tolerance={"float64": 1e-9, "float32": 1e-4},
        arrange=_arrange,
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


def _velocity(update: Callable, start: Callable = lambda g: 0 * g) -> Callable:
    """A step whose velocity is updated otherwise."""

    def rule(p, g, own, lr, *, momentum=0.9):
        own["v"] = update(own.get("v", start(g)), g, momentum)
        return p - lr * own["v"]

    return suspect(rule)


def _rate_inside(p, g, own, lr, *, momentum=0.9):
    own["v"] = momentum * own.get("v", 0) + lr * g
    return p - own["v"]


def _nesterov(p, g, own, lr, *, momentum=0.9):
    own["v"] = momentum * own.get("v", 0) + g
    return p - lr * (g + momentum * own["v"])


def _moves_first(p, g, own, lr, *, momentum=0.9):
    velocity = own.get("v", 0 * g)
    own["v"] = momentum * velocity + g
    return p - lr * velocity


def _velocity_default(share: float) -> Callable:
    def run(*arrays, momentum=share):
        return _sgd_momentum(*arrays, momentum=momentum)

    return run


check_sgd_momentum_step = optimiser_check(
    "sgd_momentum_step",
    _sgd_momentum,
    "torch.optim.SGD",
    {"momentum": [0.0, 0.5, 0.99]},
    {
        "The velocity is ignored: this is plain gradient descent.": _velocity(lambda v, g, m: g),
        "The gradient is damped by 1 − momentum, which this form does not do.": _velocity(
            lambda v, g, m: m * v + (1 - m) * g
        ),
        "The velocity has the wrong sign: it brakes instead of rolling on.": _velocity(
            lambda v, g, m: g - m * v
        ),
        "The step goes uphill: subtract it.": suspect(
            lambda p, g, own, lr, *, momentum=0.9: p + lr * _keep(own, momentum, g)
        ),
        "The velocity is not forgotten at all: multiply it by momentum.": _velocity(
            lambda v, g, m: v + g
        ),
        "The rate is inside the velocity, so old gradients keep the old rate when it changes.": (
            suspect(_rate_inside)
        ),
        "This is Nesterov's form, which looks ahead by one step.": suspect(_nesterov),
        "The step uses the velocity of the step before: update it first.": suspect(_moves_first),
        "The default of momentum is not 0.9.": _velocity_default(0.8),
        "The option momentum is ignored.": lambda *arrays, momentum=0.9: _sgd_momentum(*arrays),
    },
    rejection("momentum", *ARRAYS, 0.1, momentum=1.0),
    rejection("momentum", *ARRAYS, 0.1, momentum=-0.1),
)


def _keep(own, momentum, g):
    own["v"] = momentum * own.get("v", 0) + g
    return own["v"]
