"""Right versions of a5 in odd styles. Each stands alone."""

import itertools
from collections import OrderedDict, UserList

import numpy as np
from torch import nn

from graders.candidates import alternative

LAYERS = ("stage1", "stage2", "stage3", "head")


@alternative("unfreeze_schedule")
def from_a_table(epoch):
    if not isinstance(epoch, int | np.integer) or epoch < 0:
        raise ValueError("epoch must be a whole number, at least 0")
    table = OrderedDict((n, list(LAYERS[-n:])) for n in range(1, 5))
    return table[min(epoch // 2 + 1, 4)]


@alternative("unfreeze_schedule")
def by_takewhile(epoch):
    if not isinstance(epoch, int) or epoch < 0:
        raise ValueError("epoch must be a whole number, at least 0")
    asleep = itertools.repeat(None, max(3 - epoch // 2, 0))
    names = iter(LAYERS)
    for _ in zip(asleep, names, strict=False):
        pass
    return [*LAYERS[max(3 - epoch // 2, 0) :]]


@alternative("sample_size_curve")
def by_product(strategies, sizes, seeds):
    for name, each in {"strategies": strategies, "sizes": sizes, "seeds": seeds}.items():
        if len(each) == 0:
            raise ValueError(f"{name} must not be empty")
    shape = len(strategies), len(sizes), len(seeds)
    calls = itertools.product(strategies, map(int, sizes), map(int, seeds))
    return np.fromiter((s(n, k) for s, n, k in calls), float).reshape(shape)


@alternative("param_groups")
def groups_by_a_closure(model, lr_body, lr_head):
    for name, rate in OrderedDict(lr_body=lr_body, lr_head=lr_head).items():
        if rate < 0:
            raise ValueError(f"{name} must be at least 0")
    linears = UserList(m for m in model.modules() if isinstance(m, nn.Linear))
    if not linears:
        raise ValueError("there is no linear layer")
    own = set(map(id, linears[-1].parameters()))

    def group(head, rate):
        return {"lr": np.float64(rate), "params": [p for p in model.parameters() if p.requires_grad
                                                   and (id(p) in own) is head]}  # fmt: skip

    groups = [g for g in (group(False, lr_body), group(True, lr_head)) if g["params"]]
    if not groups:
        raise ValueError("nothing is trainable")
    return groups
