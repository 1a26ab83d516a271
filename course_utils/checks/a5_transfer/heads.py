"""Check of replace_head: the last linear layer is new, and everything else as it was."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from course_utils.checks.a5_transfer.networks import (
    BUILD_IT_YOURSELF,
    build,
    changed,
    inputs,
    widths_for,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import beside, there, usual_settings, weights_of
from course_utils.checks.outcome import Unusable

OF_THE_NORM = {"BatchNorm": "stage1", "nested": "stage1", "dense": "norm1", "wrapped": "body"}
NO_LINEAR = "no linear layer"


def _arrange(replace_head: Callable) -> Callable:
    def ask(x, kind, widths, num_classes, *, look_at: str) -> dict[str, Any]:
        with usual_settings(replace_head):
            model = _network(replace_head, kind, widths)
            modules = [module for _, module in model.named_modules()]
            modes = [module.training for module in modules]
            learns = {name: p.requires_grad for name, p in model.named_parameters()}
            before = weights_of(model)
            if look_at == "device":
                model.to("meta")
            given = there(replace_head, model, num_classes)
            if given is None or not hasattr(given, "state_dict"):
                raise Unusable("it is to return the model. Is a `return` missing?")
            returned = {"model that comes back": _same(model, given)}
            head = list(learns)[-1].rpartition(".")[0]
            if look_at == "device":
                return returned | _made_like(given, head)
            if look_at == "rest":
                return returned | _of_rest(given, before, head, modules, modes, learns)
            found = returned | _of_head(given, before, head, x)
            if found.get("new head") == "right":
                found["new head"] = _begins_anew(replace_head, given, head, num_classes)
            return found

    return ask


def _network(home: Any, kind: str, widths: tuple[int, ...]) -> Any:
    """With a first stage that is frozen and in eval; all is frozen where there is no BatchNorm."""
    if kind == "none":
        nn_there = beside(home, "torch.nn")
        return there(nn_there.Sequential, there(nn_there.Conv2d, 2, 3, 1), there(nn_there.ReLU))
    model = build(home, kind, widths)
    if kind in OF_THE_NORM:
        getattr(model, OF_THE_NORM[kind]).eval()
        getattr(model, OF_THE_NORM[kind]).requires_grad_(False)
    else:
        model.requires_grad_(False)
    return model


def _same(model: Any, given: Any) -> str:
    """A mark on the one is seen on the other only where they are one and the same."""
    model.seen_by_the_check = True
    return "right" if getattr(given, "seen_by_the_check", False) is True else "another one"


def _of_head(model: Any, before: dict, head: str, x: np.ndarray) -> dict[str, Any]:
    state, weight, bias = weights_of(model), f"{head}.weight", f"{head}.bias"
    lost = [name for name in (weight, bias, *before) if name not in state]
    if odd := lost or [name for name in state if name not in before and name != bias]:
        return {"names of the weights": f"{'without' if lost else 'with'} {odd[0]}"}
    dtypes = {str(p.dtype) for p in state.values() if p.is_floating_point()}
    if len(dtypes) > 1:
        return {"names of the weights": "right", "precision": f"{' and '.join(sorted(dtypes))}"}
    model.eval()
    try:
        out = model(torch.from_numpy(np.array(x)))
    except RuntimeError as error:
        return {"names of the weights": "right", "precision": "right", "forward": f"stuck: {error}"}
    rows = min(len(state[weight]), len(before[weight]))
    old = torch.equal(state[weight][:rows], before[weight][:rows])
    learns = [p.requires_grad for name, p in model.named_parameters() if name.startswith(head)]
    return {
        "names of the weights": "right",
        "precision": "right",
        "forward": "right",
        "shape of the output": tuple(out.shape),
        "shape of the new weight": tuple(state[weight].shape),
        "new head": "the old one's weights" if old else "right" if all(learns) else "frozen",
    }


def _begins_anew(replace_head: Callable, model: Any, head: str, num_classes: int) -> str:
    """Whether the new head has the weights of a new nn.Linear, and another one other weights."""
    first = weights_of(model)
    weight, bias = first[f"{head}.weight"], first[f"{head}.bias"]
    if not weight.any():
        return "all zeros"
    if max(weight.abs().max(), bias.abs().max()) > 1.001 * weight.shape[1] ** -0.5:
        return "of larger numbers than nn.Linear begins with"
    again = weights_of(there(replace_head, model, num_classes))[f"{head}.weight"]
    return "the same at each call" if torch.equal(again, weight) else "right"


def _of_rest(
    model: Any, before: dict, head: str, modules: list, modes: list[bool], learns: dict
) -> dict[str, Any]:
    after = weights_of(model)
    body = {name: value for name, value in before.items() if not name.startswith(head)}
    gone = [name for name in body if name not in after or after[name].shape != body[name].shape]
    differ = gone or changed(body, after)
    for number, module in enumerate(modules):
        module.number_in_check = number
    now = dict(list(model.named_modules()))
    kept = [getattr(m, "number_in_check", None) for name, m in now.items() if name != head]
    at_head = list(now).index(head) if head in now else -1
    wanted = [number for number in range(len(modules)) if number != at_head]
    trained = [module.training for name, module in now.items() if name != head]
    were = [mode for number, mode in enumerate(modes) if number != at_head]
    can_learn = {n: p.requires_grad for n, p in model.named_parameters() if n in body}
    could = {n: learns[n] for n in can_learn}
    own = f"{head}.weight"
    old = own in after and torch.equal(after[own], before[own])
    return {
        "head": "still the old one" if old else "right",
        "weights of the body": f"changed at {differ[0]}" if differ else "right",
        "layers of the body": "right" if kept == wanted else "not the same objects as before",
        "modes": "right" if trained == were else _modes(trained),
        "what is frozen": "right" if can_learn == could else "not what was frozen before",
    }


def _modes(modes: list[bool]) -> str:
    return "all training" if all(modes) else "mixed up" if any(modes) else "all eval"


def _made_like(model: Any, head: str) -> dict[str, Any]:
    """The device "meta" has shapes without numbers."""
    names, weight = [name for name, _ in model.named_parameters()], f"{head}.weight"
    elsewhere = [name for name in names if not _on_meta(model, name)]
    shape = there(model.get_parameter, weight).shape if weight in names else ()
    return {
        "device": f"another one for {elsewhere[0]}" if elsewhere else "right",
        "shape of the new weight": tuple(shape),
    }


def _on_meta(model: Any, name: str) -> bool:
    """Whether a parameter is on the device "meta", asked where it lives."""
    return there(model.get_parameter, name).is_meta


def _linears(model: nn.Module) -> list[tuple[str, nn.Linear]]:
    return [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]


def _new(old: nn.Linear, num_classes: int, **options: Any) -> nn.Linear:
    like = {"device": old.weight.device, "dtype": old.weight.dtype}
    return nn.Linear(old.in_features, num_classes, **{**like, **options})


def _put(model: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, layer)


def _replacing(
    make: Callable = _new,
    *,
    which: int = -1,
    put: Callable = _put,
    after: Callable = lambda model, old, new: None,
    back: Callable = lambda model: model,
) -> Callable:
    """A replacement that makes another layer, or does something to the model as well."""

    def replace_head(model: nn.Module, num_classes: int) -> nn.Module:
        found = _linears(model)
        if not found:
            raise ValueError(NO_LINEAR)
        name, old = found[which]
        new = make(old, num_classes)
        put(model, name, new)
        after(model, old, new)
        return back(model)

    return _arrange(replace_head)


def _replace_head(x, kind, widths, num_classes, *, look_at):
    return _replacing()(x, kind, widths, num_classes, look_at=look_at)


def _on_top(old: nn.Linear, num_classes: int) -> nn.Sequential:
    like = {"device": old.weight.device, "dtype": old.weight.dtype}
    return nn.Sequential(old, nn.Linear(old.out_features, num_classes, **like))


def _begin_again(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


def _copy_rows(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    rows = min(len(old.weight), len(new.weight))
    with torch.no_grad():
        new.weight[:rows] = old.weight[:rows]


def _all_zeros(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    nn.init.zeros_(new.weight)


def _spread_wide(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    nn.init.normal_(new.weight)
    nn.init.constant_(new.bias, 2.0)  # so that it shows in a small layer too


def _of_one_seed(old: nn.Linear, num_classes: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _new(old, num_classes)


def _only_the_number(old: nn.Linear, num_classes: int) -> nn.Linear:
    old.out_features = num_classes
    return old


def _unfrozen(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    model.requires_grad_(True)


def _body_frozen(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    model.requires_grad_(False)
    new.requires_grad_(True)


def _frozen_as_before(model: nn.Module, old: nn.Linear, new: nn.Linear) -> None:
    new.requires_grad_(old.weight.requires_grad)


def _whole_child(model: nn.Module, name: str, layer: nn.Module) -> None:
    setattr(model, name.partition(".")[0], layer)


def _cases(look_at: str, *kinds: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for kind in kinds:
            widths = widths_for(rng, int(rng.integers(2, 4)), channels=int(rng.integers(1, 4)))
            x = inputs(rng, kind, widths[0], int(rng.integers(1, 4)))
            fixed = {"plain": widths[-1], "LeNet5": 1}
            classes = fixed.get(kind, int(rng.integers(2, 12)))
            yield case(x, kind, widths, classes, look_at=look_at)

    return cases


def _impossible(kind: str, num_classes: int, words: str) -> Any:
    return rejection(words, np.zeros((1, 2, 8, 6)), kind, (2, 3, 4), num_classes, look_at="head")


check_replace_head = Check(
    "replace_head",
    oracle=_replace_head,
    tool="nn.Module's own account of its layers",
    parts={
        "head": _cases("head", "plain", "BatchNorm", "nested", "wrapped", "dense", "LeNet5"),
        "rest": _cases("rest", "plain", "BatchNorm", "nested", "dense", "LeNet5"),
        "device": _cases("device", "BatchNorm", "nested"),
    },
    suspects={
        "The first linear layer is replaced: the head is the last one.": _replacing(which=0),
        "All of the last child is replaced: of it only the linear layer is to be.": _replacing(
            put=_whole_child
        ),
        "A name with dots is no attribute: setattr needs the module that holds the layer.": (
            _replacing(put=setattr)
        ),
        "The new layer stands on top of the old head: it is to take its place.": _replacing(
            _on_top
        ),
        "The new head has no bias.": _replacing(
            lambda old, num_classes: _new(old, num_classes, bias=False)
        ),
        "The new head has no bias where the old one had none: it always has one.": _replacing(
            lambda old, num_classes: _new(old, num_classes, bias=old.bias is not None)
        ),
        "The old head's weights are still in the new one: it is to begin anew.": _replacing(
            after=_copy_rows
        ),
        "Only the number out_features has changed; the weights of a layer are as large as when it "
        "was made: make a new nn.Linear.": _replacing(_only_the_number),
        "The whole model begins anew: only the head is to.": _replacing(after=_begin_again),
        "This is a copy: change the model itself, and return it.": _replacing(back=copy.deepcopy),
        "The model is put into training mode: leave all modes as they are.": _replacing(
            after=lambda model, old, new: model.train()
        ),
        "The model is put into eval mode: leave all modes as they are.": _replacing(
            after=lambda model, old, new: model.eval()
        ),
        "Frozen layers learn again: only the head is new.": _replacing(after=_unfrozen),
        "The new head is frozen: it has everything to learn.": _replacing(
            after=lambda model, old, new: new.requires_grad_(False)
        ),
        "The new head is frozen where the old one was: it has everything to learn.": _replacing(
            after=_frozen_as_before
        ),
        "The body is frozen: here only the head is changed, freezing is another task.": _replacing(
            after=_body_frozen
        ),
        "The new head begins with zeros: leave it the numbers that nn.Linear draws.": _replacing(
            after=_all_zeros
        ),
        "The new head begins with large numbers: leave it those that nn.Linear draws.": _replacing(
            after=_spread_wide
        ),
        "The new head has the same numbers at each call: set no seed in your function.": (
            _replacing(_of_one_seed)
        ),
        "The new head has another precision than the old one: give nn.Linear its dtype.": (
            _replacing(lambda old, num_classes: _new(old, num_classes, dtype=torch.float32))
        ),
        "The new head is not on the device of the old one: give nn.Linear its device.": _replacing(
            lambda old, num_classes: _new(old, num_classes, device="cpu")
        ),
    },
    rejects=[
        _impossible("plain", 0, "num_classes|class"),
        _impossible("plain", -3, "num_classes|class"),
        _impossible("none", 3, r"linear|nn\.Linear|head"),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        "uninitialized parameter": "A lazy layer has no weights before its first input: the old "
        "layer knows in_features."
    },
)
