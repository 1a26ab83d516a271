"""Check of param_groups: how far each parameter moves in a step, for its gradient."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a5_transfer.networks import (
    BUILD_IT_YOURSELF,
    build,
    inputs,
    widths_for,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import beside, there, usual_settings, weights_of
from course_utils.checks.outcome import Unusable

NOT_SAID = 7.0  # the optimiser's own rate, which no group is to fall back on


def _arrange(param_groups: Callable) -> Callable:
    def ask(x, kind, widths, lr_body, lr_head, frozen) -> dict[str, Any]:
        with usual_settings(param_groups):
            model = _network(param_groups, kind, widths)
            for name in frozen:
                there(model.get_submodule(name).requires_grad_, False)
            groups = there(param_groups, model, lr_body, lr_head)
            _demand_groups(groups)
            sgd = beside(param_groups, "torch.optim").SGD
            try:
                optimizer = there(sgd, groups, lr=NOT_SAID)
            except ValueError as error:
                return {"torch.optim.SGD": f"not content with these groups: {error}"}
            return {"torch.optim.SGD": "right"} | _of_a_step(model, optimizer, x)

    return ask


def _network(home: Any, kind: str, widths: tuple[int, ...]) -> Any:
    if kind != "none":
        return build(home, kind, widths)
    nn_there = beside(home, "torch.nn")
    return there(nn_there.Sequential, there(nn_there.Conv2d, 2, 3, 1), there(nn_there.ReLU))


def _demand_groups(groups: Any) -> None:
    if groups is None:
        raise Unusable("it returned None. Is a `return` missing?")
    try:
        len(groups)  # a generator would be used up by looking at it
        kinds = [isinstance(group, dict) and "params" in group for group in groups]
    except TypeError:
        kinds = [False]
    if not kinds:
        raise Unusable("it returned an empty list")
    if not all(kinds):
        raise Unusable('it is to return a list of dicts such as {"params": [...], "lr": 0.1}')


def _of_a_step(model: Any, optimizer: Any, x: np.ndarray) -> dict[str, Any]:
    names = [name for name, _ in model.named_parameters()]
    before = weights_of(model)
    there(there(there(model, torch.from_numpy(np.array(x))).square).mean).backward()
    slopes = {name: there(model.get_parameter, name).grad for name in names}
    optimizer.step()
    after = weights_of(model)
    sizes = [list(group["params"]) for group in optimizer.param_groups]
    held = [p for group in sizes for p in group]
    count = sum(p.requires_grad for _, p in model.named_parameters())
    return {
        f"rate of {name}": _rate(before[name] - after[name], slopes[name]) for name in names
    } | {
        "frozen parameters in the groups": sum(not p.requires_grad for p in held),
        "empty groups": sum(not group for group in sizes),
        "parameters": "right" if len(held) >= count else "some that learn are in no group",
    }


def _rate(movement: Tensor, slope: Tensor | None) -> float:
    """Of the entry with the steepest slope; 0 where nothing has moved."""
    if slope is None or not slope.abs().max() > 0:
        return 0.0
    steepest = slope.abs().argmax()
    return round(float(movement.flatten()[steepest] / slope.flatten()[steepest]), 9)


def _linears(model: nn.Module) -> list[nn.Linear]:
    return [m for m in model.modules() if isinstance(m, nn.Linear)]


def _last(model: nn.Module) -> nn.Module:
    return _linears(model)[-1]


def _split(model: nn.Module, head: Callable = _last) -> tuple[list, list]:
    """Trainable parameters of the body and of the head."""
    own = {id(p) for p in head(model).parameters()}
    learns = [p for p in model.parameters() if p.requires_grad]
    return [p for p in learns if id(p) not in own], [p for p in learns if id(p) in own]


def _grouping(
    *,
    head: Callable = _last,
    swap: bool = False,
    frozen: bool = False,
    unfreeze: bool = False,
    empty: bool = False,
    twice: bool = False,
    change: Callable = lambda body, head: (body, head),
    rates: Callable = lambda lr_body, lr_head: (lr_body, lr_head),
) -> Callable:
    """Groups with another head, other rates, or parameters that do not belong there."""

    def param_groups(model: nn.Module, lr_body: float, lr_head: float) -> list[dict]:
        if unfreeze:
            model.requires_grad_(True)
        learns = [p.requires_grad for p in model.parameters()]
        if frozen:
            body = [
                p for p in model.parameters() if all(p is not q for q in _last(model).parameters())
            ]
            own = list(head(model).parameters())
        else:
            body, own = change(*_split(model, head))
        if twice:
            body = [p for p, each in zip(model.parameters(), learns, strict=True) if each]
        lr_body, lr_head = rates(lr_body, lr_head)
        lr_body, lr_head = (lr_head, lr_body) if swap else (lr_body, lr_head)
        groups = [({"params": body}, lr_body), ({"params": own}, lr_head)]
        return [
            group if lr is None else {**group, "lr": lr}
            for group, lr in groups
            if empty or group["params"]
        ]

    return _arrange(param_groups)


def _param_groups(x, kind, widths, lr_body, lr_head, frozen):
    return _grouping()(x, kind, widths, lr_body, lr_head, frozen)


def _whole_child(model: nn.Module) -> nn.Module:
    return list(model.children())[-1]


def _first(model: nn.Module) -> nn.Module:
    return _linears(model)[0]


def _all_linears(model: nn.Module) -> nn.Module:
    return nn.ModuleList(_linears(model))


def _last_two(model: nn.Module) -> nn.Module:
    return nn.ParameterList([*model.parameters()][-2:])


def _last_two_that_learn(model: nn.Module) -> nn.Module:
    return nn.ParameterList([p for p in model.parameters() if p.requires_grad][-2:])


def _bias_to_the_body(body: list, head: list) -> tuple[list, list]:
    return body + [p for p in head if p.dim() < 2], [p for p in head if p.dim() > 1]


def _without_norms(body: list, head: list) -> tuple[list, list]:
    return [p for p in body if p.dim() > 1], head


def _moved_twice(body: list, head: list) -> tuple[list, list]:
    return body, head + head


def _lost_head(body: list, head: list) -> tuple[list, list]:
    return body, head[:0] if body else head


def _lost_body(body: list, head: list) -> tuple[list, list]:
    return body[:0] if head else body, head


def _case(rng, kind: str, frozen: tuple[str, ...] = (), *, moves: bool = True) -> Case:
    """With a rate of 0 for the body, which is allowed, where it is not to move."""
    widths = widths_for(rng, 2, channels=int(rng.integers(1, 4)))
    x = inputs(rng, kind, widths[0], int(rng.integers(3, 6)))
    lr_body, lr_head = (round(float(lr), 4) for lr in rng.uniform((0.001, 0.1), (0.1, 0.9)))
    return case(x, kind, widths, lr_body if moves else 0.0, lr_head, frozen)


def _rates(rng) -> Iterator[Case]:
    for kind in ("plain", "BatchNorm", "nested", "dense", "LeNet5"):
        yield _case(rng, kind)
    yield _case(rng, "plain", moves=False)


def _frozen(rng) -> Iterator[Case]:
    yield _case(rng, "plain", ("stage1",))
    yield _case(rng, "nested", ("stage1", "stage2"))
    yield _case(rng, "BatchNorm", ("stage1", "stage2"))
    yield _case(rng, "plain", ("head",))
    yield _case(rng, "dense", ("layer1", "norm1", "layer2", "norm2"))


def _impossible(words: str, kind: str, *rates: float, frozen: tuple[str, ...] = ()) -> Any:
    return rejection(words, np.zeros((1, 2, 8, 6)), kind, (2, 3, 4, 3), *rates, frozen)


check_param_groups = Check(
    "param_groups",
    oracle=_param_groups,
    tool="a step of torch.optim.SGD",
    parts={"rates": _rates, "frozen": _frozen},
    suspects={
        "The two rates are exchanged.": _grouping(swap=True),
        "The head stands in both groups: each parameter belongs to one.": _grouping(twice=True),
        "Frozen parameters are in a group: leave out those without requires_grad.": _grouping(
            frozen=True, empty=True
        ),
        "A group is empty: leave it out.": _grouping(empty=True),
        "The head's bias is with the body: it belongs to the head as its weight does.": _grouping(
            change=_bias_to_the_body
        ),
        "The biases and norms of the body are in no group, so they never learn.": _grouping(
            change=_without_norms
        ),
        "The first linear layer is taken for the head: the head is the last one.": _grouping(
            head=_first
        ),
        "The last two parameters are taken for the head: it has as many as its layer has.": (
            _grouping(head=_last_two)
        ),
        "The last two parameters that learn are taken for the head: ask the last linear layer for "
        "its own.": _grouping(head=_last_two_that_learn),
        "Every linear layer is taken for the head: the head is the last one.": _grouping(
            head=_all_linears
        ),
        "Frozen parameters learn again: leave them frozen, and leave them out.": _grouping(
            unfreeze=True
        ),
        "The whole last child is taken for the head: the head is the last linear layer alone.": (
            _grouping(head=_whole_child)
        ),
        "A parameter stands twice in its group: it then moves twice as far.": _grouping(
            change=_moved_twice
        ),
        "The head is in no group, so it never learns.": _grouping(change=_lost_head),
        "The body is in no group, so it never learns.": _grouping(change=_lost_body),
        "A group has no rate of its own, so the optimiser's counts: give it an lr.": _grouping(
            rates=lambda lr_body, lr_head: (None, lr_head)
        ),
        'No group has a rate of its own, so the optimiser\'s counts: the key is "lr".': _grouping(
            rates=lambda lr_body, lr_head: (None, None)
        ),
        "All parameters have the rate of the head.": _grouping(
            rates=lambda lr_body, lr_head: (lr_head, lr_head)
        ),
        "All parameters have the rate of the body.": _grouping(
            rates=lambda lr_body, lr_head: (lr_body, lr_body)
        ),
    },
    rejects=[
        _impossible("lr_body|rate", "plain", -0.1, 0.1),
        _impossible("lr_head|rate", "plain", 0.1, -0.1),
        _impossible(r"linear|nn\.Linear|head", "none", 0.1, 0.1),
        _impossible(
            "trainable|frozen|learn|train|requires_grad",
            "plain",
            0.1,
            0.1,
            frozen=("stage1", "stage2", "head"),
        ),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        r"size of tensor a|Boolean value of Tensor": "`in` and `==` compare the numbers of "
        "parameters: whether it is the same one, `is` and `id` tell.",
        "of the params is str": "These are names: the optimiser needs the parameters themselves.",
    },
)
