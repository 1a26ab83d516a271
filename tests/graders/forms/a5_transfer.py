"""Mistakes in a5 as people make them, alone or two at once. Each stands alone."""

import copy

import numpy as np
import torch
from torch import nn

from graders.candidates import mutant

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

# replace_head ------------------------------------------------------------------------------------


def _classes(num_classes):
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")


def _replaced(model, num_classes, bias=True, which=-1, like=True, after=lambda model, old: None):
    _classes(num_classes)
    found = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not found:
        raise ValueError("the model has no linear layer")
    name, old = found[which]
    options = {"device": old.weight.device, "dtype": old.weight.dtype} if like else {}
    parent, _, last = name.rpartition(".")
    new = nn.Linear(old.in_features, num_classes, bias=bias, **options)
    setattr(model.get_submodule(parent), last, new)
    after(model, old)
    return model


@mutant("replace_head", "The new head has no bias.")
def no_bias(model, num_classes):
    return _replaced(model, num_classes, bias=False)


@mutant("replace_head", "The first linear layer is replaced: the head is the last one.")
def the_first(model, num_classes):
    return _replaced(model, num_classes, which=0)


@mutant("replace_head", "The model is put into training mode: leave all modes as they are.")
def trains(model, num_classes):
    return _replaced(model, num_classes).train()


@mutant("replace_head", "This is a copy: change the model itself, and return it.")
def a_copy(model, num_classes):
    return _replaced(copy.deepcopy(model), num_classes)


@mutant("replace_head", "Frozen layers learn again: only the head is new.")
def thaws(model, num_classes):
    return _replaced(model, num_classes).requires_grad_(True)


@mutant("replace_head", "has no fc: is it spelled as where it is made")
def by_a_name_of_its_own(model, num_classes):
    _classes(num_classes)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    return model


# freeze ------------------------------------------------------------------------------------------


def _frozen(model, up_to, hold=True, include=True, thaw=True):
    children = dict(model.named_children())
    if up_to is not None and up_to not in children:
        raise ValueError(f"no child {up_to}")
    names = list(children)
    count = 0 if up_to is None else names.index(up_to) + include
    for number, child in enumerate(children.values()):
        frozen = number < count
        if frozen or thaw:
            child.requires_grad_(not frozen)
        for m in child.modules():
            if isinstance(m, NORMS):
                if frozen and hold:
                    m.eval()
                    m.train = lambda mode=True, m=m: m
                else:
                    vars(m).pop("train", None)
    return model


@mutant("freeze", "up_to itself is not frozen")
def one_too_few(model, up_to):
    return _frozen(model, up_to, include=False)


@mutant("freeze", "statistics that move: it is")
def forgets_the_norms(model, up_to):
    return _frozen(model, up_to, hold=False)


@mutant("freeze", "weights that move in a step: it is")
def freezes_for_ever(model, up_to):
    return _frozen(model, up_to, thaw=False)


@mutant("freeze", "Is a `return` missing?")
def forgets_to_return(model, up_to):
    _frozen(model, up_to)


# param_groups ------------------------------------------------------------------------------------


def _split(model, lr_body, lr_head, take=lambda linears: linears[-1]):
    for name, rate in (("lr_body", lr_body), ("lr_head", lr_head)):
        if rate < 0:
            raise ValueError(f"{name} must not be negative")
    linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
    if not linears:
        raise ValueError("no linear layer")
    own = {id(p) for p in take(linears).parameters()}
    learns = [p for p in model.parameters() if p.requires_grad]
    if not learns:
        raise ValueError("nothing is trainable")
    return [p for p in learns if id(p) not in own], [p for p in learns if id(p) in own]


@mutant("param_groups", "The two rates are exchanged.")
def exchanged(model, lr_body, lr_head):
    body, head = _split(model, lr_body, lr_head)
    groups = [{"params": body, "lr": lr_head}, {"params": head, "lr": lr_body}]
    return [g for g in groups if g["params"]]


@mutant("param_groups", "The first linear layer is taken for the head")
def first_of_all(model, lr_body, lr_head):
    body, head = _split(model, lr_body, lr_head, lambda linears: linears[0])
    groups = [{"params": body, "lr": lr_body}, {"params": head, "lr": lr_head}]
    return [g for g in groups if g["params"]]


@mutant("param_groups", "A group is empty: leave it out.")
def with_an_empty_one(model, lr_body, lr_head):
    body, head = _split(model, lr_body, lr_head)
    return [{"params": body, "lr": lr_body}, {"params": head, "lr": lr_head}]


@mutant("param_groups", "whether it is the same one, `is` and `id` tell.")
def compares_with_in(model, lr_body, lr_head):
    head = list([m for m in model.modules() if isinstance(m, nn.Linear)][-1].parameters())
    body = [p for p in model.parameters() if p not in head]
    return [{"params": body, "lr": lr_body}, {"params": head, "lr": lr_head}]


@mutant("param_groups", "\n  and: ")
def exchanged_and_first(model, lr_body, lr_head):
    body, head = _split(model, lr_body, lr_head, lambda linears: linears[0])
    groups = [{"params": body, "lr": lr_head}, {"params": head, "lr": lr_body}]
    return [g for g in groups if g["params"]]


# unfreeze_schedule -------------------------------------------------------------------------------

LAYERS = ["stage1", "stage2", "stage3", "head"]


def _epoch(epoch):
    if type(epoch) is not int or epoch < 0:
        raise ValueError("epoch must be a whole number, 0 or more")


@mutant("unfreeze_schedule", "The names stand from back to front")
def backwards(epoch):
    _epoch(epoch)
    return LAYERS[max(3 - epoch // 2, 0) :][::-1]


@mutant("unfreeze_schedule", "A stage wakes in each epoch: it is every second one.")
def every_epoch(epoch):
    _epoch(epoch)
    return LAYERS[max(3 - epoch, 0) :]


@mutant("unfreeze_schedule", "From epoch 8 on the slice begins below 0")
def below_zero(epoch):
    _epoch(epoch)
    return LAYERS[3 - epoch // 2 :]


@mutant("unfreeze_schedule", "// gives an int.")
def by_a_float(epoch):
    return LAYERS[3 - epoch / 2 :]


# probe_layers ------------------------------------------------------------------------------------


def _probed(model, x, y, layers, order=False, scale=True, flat=False, percent=False, ridge=1.0):
    known, notes, hooks = dict(model.named_modules()), {}, []
    for name in layers:
        if name not in known:
            raise ValueError(f"no layer {name}")
    if len(x) != len(y):
        raise ValueError("as many labels as images")
    modes = [(m, m.training) for m in model.modules()]

    def note(name):
        def hook(module, given, out):
            maps = out.detach().double()
            mean = maps.dim() == 4 and not flat
            notes[name] = (maps.mean((2, 3)) if mean else maps.flatten(1)).numpy()

        return hook

    try:
        hooks += [known[name].register_forward_hook(note(name)) for name in layers]
        model.eval()
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
        for m, mode in modes:
            m.training = mode
    train, test = (slice(1, None, 2), slice(0, None, 2)) if order else (
        slice(0, None, 2), slice(1, None, 2))  # fmt: skip
    labels, found = y.numpy(), {}
    for name, features in notes.items():
        mean, deviation = features[train].mean(0), features[train].std(0)
        deviation[deviation == 0] = 1
        z = (features - mean) / deviation if scale else features
        targets = np.eye(labels.max() + 1)[labels]
        shift, centre = targets[train].mean(0), z[train].mean(0)
        z = z - centre
        weights = np.linalg.solve(
            z[train].T @ z[train] + ridge * np.eye(z.shape[1]),
            z[train].T @ (targets[train] - shift),
        )
        right = ((z[test] @ weights + shift).argmax(1) == labels[test]).mean()
        found[name] = float(100 * right if percent else right)
    return found


@mutant("probe_layers", "The halves are exchanged: examples with even index train.")
def odd_ones_train(model, x, y, layers):
    return _probed(model, x, y, layers, order=True)


@mutant("probe_layers", "These are percent: give a share, from 0 to 1.")
def per_cent(model, x, y, layers):
    return _probed(model, x, y, layers, percent=True)


@mutant("probe_layers", "The features are not standardised.")
def as_they_come(model, x, y, layers):
    return _probed(model, x, y, layers, scale=False)


@mutant("probe_layers", "The maps are flattened: take their mean over the places.")
def all_places(model, x, y, layers):
    return _probed(model, x, y, layers, flat=True)


# sample_size_curve -------------------------------------------------------------------------------


def _curve(strategies, sizes, seeds):
    if min(len(strategies), len(sizes), len(seeds)) == 0:
        raise ValueError("strategies, sizes and seeds must not be empty")
    rows = [[[s(int(n), int(k)) for k in seeds] for n in sizes] for s in strategies]
    return np.array(rows, dtype=float)


@mutant("sample_size_curve", "Two things at once: ")
def percent_by_seed(strategies, sizes, seeds):
    return 100 * _curve(strategies, sizes, seeds).transpose(0, 2, 1).copy()


@mutant("sample_size_curve", "The mean over the seeds is taken")
def means(strategies, sizes, seeds):
    return _curve(strategies, sizes, seeds).mean(axis=2)


@mutant("sample_size_curve", "Two things at once: ")
def percent_of_counted_seeds(strategies, sizes, seeds):
    return 100 * _curve(strategies, sizes, range(len(seeds)))


@mutant("sample_size_curve", "The strategies are called as (seed, size)")
def seed_first(strategies, sizes, seeds):
    return _curve([lambda n, k, s=s: s(k, n) for s in strategies], sizes, seeds)


# mistakes that were taken for others -------------------------------------------------------------


@mutant("replace_head", "Nothing is replaced, the model is as it was")
def replaces_nothing(model, num_classes):
    return model
