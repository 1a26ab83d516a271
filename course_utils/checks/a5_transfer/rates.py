"""Check of param_groups: how far each parameter moves in a step, for its gradient."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import nn

from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF, inputs, widths_for
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import transfer


def _read(seen: dict[str, Any], *_: Any) -> dict[str, Any]:
    if "refused" in seen:
        return {"torch.optim.SGD": f"not content with these groups: {seen['refused']}"}
    enough = seen["held"] >= seen["learn"]
    return {
        "torch.optim.SGD": "right",
        **{f"rate of {name}": rate for name, rate in seen["rates"].items()},
        "frozen parameters in the groups": seen["frozen"],
        "empty groups": seen["empty"],
        "parameters": "right" if enough else "some that learn are in no group",
    }


_arrange = Look(transfer.param_groups, _read)


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


# fmt: off
_SUSPECTS = {
    "The two rates are exchanged.": {"swap": True},
    "The head stands in both groups: each parameter belongs to one.": {"twice": True},
    "Frozen parameters are in a group: leave out those without requires_grad.":
        {"frozen": True, "empty": True},
    "A group is empty: leave it out.": {"empty": True},
    "The head's bias is with the body: it belongs to the head as its weight does.":
        {"change": _bias_to_the_body},
    "The biases and norms of the body are in no group, so they never learn.":
        {"change": _without_norms},
    "The first linear layer is taken for the head: the head is the last one.": {"head": _first},
    "The last two parameters are taken for the head: it has as many as its layer has.":
        {"head": _last_two},
    "The last two parameters that learn are taken for the head: ask the last linear layer for its "
    "own.": {"head": _last_two_that_learn},
    "Every linear layer is taken for the head: the head is the last one.": {"head": _all_linears},
    "Frozen parameters learn again: leave them frozen, and leave them out.": {"unfreeze": True},
    "The whole last child is taken for the head: the head is the last linear layer alone.":
        {"head": _whole_child},
    "A parameter stands twice in its group: it then moves twice as far.": {"change": _moved_twice},
    "The head is in no group, so it never learns.": {"change": _lost_head},
    "The body is in no group, so it never learns.": {"change": _lost_body},
    "A group has no rate of its own, so the optimiser's counts: give it an lr.":
        {"rates": lambda lr_body, lr_head: (None, lr_head)},
    "No group has a rate of its own, so the optimiser's counts: the key is \"lr\".":
        {"rates": lambda lr_body, lr_head: (None, None)},
    "All parameters have the rate of the head.":
        {"rates": lambda lr_body, lr_head: (lr_head, lr_head)},
    "All parameters have the rate of the body.":
        {"rates": lambda lr_body, lr_head: (lr_body, lr_body)},
}
# fmt: on


check_param_groups = Check(
    "param_groups",
    oracle=_param_groups,
    tool="a step of torch.optim.SGD",
    parts={"rates": _rates, "frozen": _frozen},
    suspects=_SUSPECTS,
    recipe=_grouping,
    most_pairs={"": 20},
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
