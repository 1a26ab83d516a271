"""Check of freeze: which weights and statistics move in a step of training, and which do not."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF, inputs, widths_for
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import transfer
from course_utils.probes.stages import number_name

MANY = 1000  # names, more than any network here has
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def _read(seen: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
    before = seen["before"]
    if sorted(seen["names"]) != sorted(before) or len(before) > MANY:
        return {"names in state_dict()": "not those from before"}
    learnt = [n for n in seen["moved"] if not n.endswith(STATISTICS)]
    counted = [n for n in seen["moved"] if n.endswith(STATISTICS)]
    return {
        "names in state_dict()": "right",
        "weights that move in a step": _in_short(learnt, before, of_statistics=False),
        "parameters with requires_grad": _in_short(seen["learns"], before, of_statistics=False),
        "statistics that move": _in_short(counted, before, of_statistics=True),
        "output before eval()": seen["training"],
        "output after eval()": seen["eval"],
        "eval()": "moves statistics" if seen["moved by eval"] else "right",
    }


_arrange = Look(transfer.freeze, _read)


def _in_short(names: list[str], before: list[str], *, of_statistics: bool) -> str:
    """`stage3, head` where all of a child has moved, else the names of what has."""
    told = []
    for child in dict.fromkeys(name.partition(".")[0] for name in before):
        own = [n for n in before if n.partition(".")[0] == child]
        own = [n for n in own if n.endswith(STATISTICS) == of_statistics]
        here = [name for name in own if name in names]
        told += [child] if own and here == own else here
    return ", ".join(told) or "none"


def _norms(module: nn.Module) -> list[nn.Module]:
    return [m for m in module.modules() if isinstance(m, _BatchNorm)]


def _stay_in_eval(module: nn.Module, norms: Callable = _norms) -> None:
    """So that the network's train() does not reach the BatchNorms."""
    for norm in norms(module):
        norm.eval()
        norm.train = lambda mode=True, norm=norm: norm


def _only_of_images(module: nn.Module) -> list[nn.Module]:
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def _none_of_volumes(module: nn.Module) -> list[nn.Module]:
    return [m for m in _norms(module) if not isinstance(m, nn.BatchNorm3d)]


def _only_inside(module: nn.Module) -> list[nn.Module]:
    return [m for m in module.children() if isinstance(m, _BatchNorm)]


def _near_the_top(module: nn.Module) -> list[nn.Module]:
    return [m for m in (module, *module.children()) if isinstance(m, _BatchNorm)]


def _follow_again(module: nn.Module) -> None:
    for norm in _norms(module):
        vars(norm).pop("train", None)


def _learn(module: nn.Module, learns: bool) -> None:
    module.requires_grad_(learns)


def _weights_learn(module: nn.Module, learns: bool) -> None:
    for name, parameter in module.named_parameters():
        if learns or not name.endswith("bias"):
            parameter.requires_grad_(learns)


def _layers_learn(module: nn.Module, learns: bool) -> None:
    for layer in module.modules():
        if learns or not isinstance(layer, _BatchNorm):
            for parameter in layer.parameters(recurse=False):
                parameter.requires_grad_(learns)


def _nothing(module: nn.Module) -> None:
    """Leave it as it is."""


def _eval_until_train(module: nn.Module) -> None:
    for norm in _norms(module):
        norm.eval()


def _without_statistics(module: nn.Module) -> None:
    for norm in _norms(module):
        norm.eval()
        norm.forward = lambda x, norm=norm: nn.functional.batch_norm(
            x, None, None, norm.weight, norm.bias, training=True
        )


def _momentum_zero(module: nn.Module) -> None:
    for norm in _norms(module):
        norm.momentum = 0.0


def _not_tracking(module: nn.Module) -> None:
    for norm in _norms(module):
        norm.track_running_stats = False


def _tracking(module: nn.Module) -> None:
    for norm in _norms(module):
        norm.track_running_stats = True


def _deaf(model: nn.Module) -> None:
    """Its train() and eval() reach nothing any more."""
    model.train = lambda mode=True: model


def _up_to(names: list[str], up_to: str) -> list[str]:
    return names[: names.index(up_to) + 1]


def _freezing(
    *,
    which: Callable = _up_to,
    learn: Callable = _learn,
    hold: Callable = _stay_in_eval,
    release: Callable = _follow_again,
    none: Callable = lambda names: [],
    again: bool = True,
    everywhere: bool = False,
    finish: Callable = lambda model: None,
) -> Callable:
    """A freeze that treats weights, BatchNorms or what was frozen before in another way."""

    def freeze(model: nn.Module, up_to: str | None) -> nn.Module:
        children = dict(model.named_children())
        if up_to is not None and up_to not in children:
            raise ValueError(f"no child of that name: {up_to}")
        names = list(children)
        frozen = none(names) if up_to is None else which(names, up_to)
        for name, child in children.items():
            if name in frozen:
                learn(child, False)
                hold(child)
            elif again or up_to is None:
                learn(child, True)
                release(child)
            if everywhere and frozen:
                hold(child)
        finish(model)
        return model

    return _arrange(freeze)


def _freeze(x, kind, widths, calls, *, mode):
    return _freezing()(x, kind, widths, calls, mode=mode)


def _children(kind: str, depth: int) -> list[str]:
    """Names that something can be frozen up to, so that something is left to learn."""
    if kind == "numbers":
        return [number_name(n) for n in range(1, depth + 1)]
    if kind == "dense":
        return [f"{layer}{n}" for n in range(1, depth + 1) for layer in ("layer", "norm", "relu")]
    return [f"stage{n}" for n in range(1, depth + 1)]


def _case(rng, kind: str, calls: Callable, mode: str) -> Case:
    depth = int(rng.integers(2, 4))
    widths = widths_for(rng, depth, channels=int(rng.integers(1, 4)))
    x = inputs(rng, kind, widths[0], int(rng.integers(3, 6)))
    return case(x, kind, widths, tuple(calls(_children(kind, depth))), mode=mode)


def _some(rng) -> Callable:
    return lambda names: [names[int(rng.integers(len(names)))]]


def _weights(rng) -> Iterator[Case]:
    yield _case(rng, "plain", lambda names: names[1:2], "train")
    yield _case(rng, "plain", lambda names: ["head"], "train")
    yield _case(rng, "numbers", lambda names: names[:1], "train")  # each name begins the next one
    yield _case(rng, "plain", _some(rng), "train")


def _batch_norm(rng) -> Iterator[Case]:
    yield _case(rng, "BatchNorm", lambda names: names[1:2], "train")
    for kind in ("BatchNorm", "nested", "dense", "volumes"):
        yield _case(rng, kind, lambda names: names[1:2], "train, then train")
    yield _case(rng, "BatchNorm", lambda names: names[:1], "eval, then train")
    # a child without parameters
    yield _case(rng, "dense", lambda names: names[2:3], "eval, then train")
    yield _case(rng, "BatchNorm", lambda names: ["head"], "train, then train")


def _again(rng) -> Iterator[Case]:
    for kind in ("BatchNorm", "dense"):
        yield _case(rng, kind, lambda names: [names[1], None], "train, then train")
        yield _case(rng, kind, lambda names: [names[-1], names[0]], "train, then train")
    yield _case(rng, "BatchNorm", lambda names: [names[0], names[1]], "train, then train")
    yield _case(rng, "BatchNorm", lambda names: [names[1], names[1], None], "train, then train")
    yield _case(rng, "nested", lambda names: [names[1], None, names[0]], "eval, then train")
    yield _case(rng, "plain", lambda names: [None], "train, then train")


def _eval(rng) -> Iterator[Case]:
    yield _case(rng, "BatchNorm", lambda names: names[1:2], "eval")
    yield _case(rng, "nested", lambda names: names[:1], "train, then eval")
    yield _case(rng, "dense", lambda names: [names[1], None], "eval")


def _impossible(up_to: str) -> Any:
    return rejection(up_to, np.zeros((1, 2, 8, 6)), "plain", (2, 3, 4, 3), (up_to,),
                     mode="train")  # fmt: skip


# fmt: off
_SUSPECTS = {
    "It is the other way round: a name freezes all children up to it, None freezes nothing.":
        {"which": lambda names, up_to: [], "none": lambda names: names},
    "up_to itself is not frozen: everything up to it is, and it as well.":
        {"which": lambda names, up_to: _up_to(names, up_to)[:-1]},
    "What comes after up_to is frozen: it is to be up_to and what comes before.":
        {"which": lambda names, up_to: names[names.index(up_to) + 1 :]},
    "up_to alone is frozen: all that comes before it is to be as well.":
        {"which": lambda names, up_to: [up_to]},
    "What merely begins with up_to is frozen as well: compare names as a whole, the child 10 is "
    "not the child 1.":
        {
            "which": lambda names, up_to: [
                *_up_to(names, up_to),
                *(n for n in names if n.startswith(up_to)),
            ]
        },
    "Everything is frozen: only up_to and what comes before is to be.":
        {"which": lambda names, up_to: names},
    "Nothing is frozen. torch.no_grad() ends with its block; requires_grad stays.":
        {"which": lambda names, up_to: []},
    "up_to=None freezes everything: then nothing is to be frozen.": {"none": lambda names: names},
    "The biases still learn: freeze all parameters of a layer.": {"learn": _weights_learn},
    "The weight and bias of BatchNorm still learn: freeze all parameters of a child.":
        {"learn": _layers_learn},
    "The statistics of a frozen BatchNorm still move: requires_grad does not reach them, eval "
    "mode does.": {"hold": _nothing},
    "Only BatchNorm2d stays in eval mode: 1d and 3d move as well.":
        {"hold": lambda module: _stay_in_eval(module, _only_of_images)},
    "BatchNorm3d does not stay in eval mode: it moves as 1d and 2d do.":
        {"hold": lambda module: _stay_in_eval(module, _none_of_volumes)},
    "A child that is itself a BatchNorm does not stay in eval mode: modules() begins with the "
    "child, children() does not.": {"hold": lambda module: _stay_in_eval(module, _only_inside)},
    "A BatchNorm deeper inside does not stay in eval mode: modules() goes all the way down.":
        {"hold": lambda module: _stay_in_eval(module, _near_the_top)},
    "model.train() wakes the frozen BatchNorms: they are to stay in eval mode.":
        {"hold": _eval_until_train},
    "The statistics stand still, but the layer still uses the batch's own: eval mode uses the "
    "running ones.": {"hold": _momentum_zero},
    "track_running_stats=False stops the counting alone: in training mode the layer still uses "
    "the batch's own statistics, in eval mode the running ones.":
        {"hold": _not_tracking, "release": _tracking},
    "BatchNorm no longer uses its running statistics: a frozen one is to compute with them.":
        {"hold": _without_statistics},
    "All BatchNorms stay in eval mode: only the frozen ones are to.": {"everywhere": True},
    "After unfreezing, the BatchNorms no longer follow model.train().": {"release": _nothing},
    "What was frozen by an earlier call stays frozen: what comes after up_to is to learn.":
        {"again": False},
    "The model is put into training mode: leave its mode as it is.":
        {"finish": lambda model: model.train()},
    "The model is put into eval mode: leave its mode as it is.":
        {"finish": lambda model: model.eval()},
    "train() and eval() of the model itself reach nothing any more: hold the frozen BatchNorms "
    "alone.": {"finish": _deaf},
}
# fmt: on


check_freeze = Check(
    "freeze",
    oracle=_freeze,
    tool="a step of torch.optim.SGD",
    parts={"weights": _weights, "BatchNorm": _batch_norm, "again": _again, "eval": _eval},
    suspects=_SUSPECTS,
    recipe=_freezing,
    most_pairs={"": 20},
    rejects=[_impossible("stage9"), _impossible("stage1.0")],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        "maximum recursion depth": "eval() of a layer calls its train(False), so a train() that "
        "calls eval() never ends: set the mode once, then let train() do nothing.",
        r"takes \d+ positional arguments? but": "model.train() calls train(mode) of each layer: "
        "what stands in its place takes a mode too.",
    },
)
