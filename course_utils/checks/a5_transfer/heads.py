"""Check of replace_head: the last linear layer is new, and everything else as it was."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF, inputs, widths_for
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look, Unusable
from course_utils.probes import transfer
from course_utils.probes.transfer import changed

NO_LINEAR = "no linear layer"


def _read(
    seen: dict[str, Any], x: np.ndarray, kind: str, widths: tuple, num_classes: int, *, look_at: str
) -> dict[str, Any]:
    before, after = seen["before"], seen["after"]
    returned = {"model that comes back": "right" if seen["same"] else "another one"}
    head = list(before["learns"])[-1].rpartition(".")[0]
    looks = {"device": _made_like, "rest": _of_rest, "head": _of_head}
    return returned | looks[look_at](seen, before, after, head)


def _of_head(seen: dict, before: dict, after: dict, head: str) -> dict[str, Any]:
    before, state, learns = before["weights"], after["weights"], after["learns"]
    weight, bias = f"{head}.weight", f"{head}.bias"
    lost = [name for name in (weight, bias, *before) if name not in state]
    if odd := lost or [name for name in state if name not in before and name != bias]:
        return {"names of the weights": f"{'without' if lost else 'with'} {odd[0]}"}
    dtypes = {str(p.dtype) for p in state.values() if p.is_floating_point()}
    if len(dtypes) > 1:
        return {"names of the weights": "right", "precision": f"{' and '.join(sorted(dtypes))}"}
    found = {"names of the weights": "right", "precision": "right"}
    if "stuck" in seen:
        return found | {"forward": f"stuck: {seen['stuck']}"}
    if "raised" in seen:
        raise Unusable(f"it raised {seen['raised']}")
    rows = min(len(state[weight]), len(before[weight]))
    old = torch.equal(state[weight][:rows], before[weight][:rows])
    learns = all(flag for name, flag in learns.items() if name.startswith(head))
    return found | {
        "forward": "right",
        "shape of the output": seen["output"],
        "shape of the new weight": tuple(state[weight].shape),
        "new head": "the old one's weights"
        if old
        else "frozen"
        if not learns
        else _begins_anew(state[weight], state[bias], seen["again"], weight),
    }


def _begins_anew(weight: Tensor, bias: Tensor, again: dict[str, Tensor] | str, name: str) -> str:
    """Whether the new head has the weights of a new nn.Linear, and another one other weights."""
    if not weight.any():
        return "all zeros"
    if max(weight.abs().max(), bias.abs().max()) > 1.001 * weight.shape[1] ** -0.5:
        return "of larger numbers than nn.Linear begins with"
    if isinstance(again, str):
        raise Unusable(f"it raised {again}")
    return "the same at each call" if torch.equal(again[name], weight) else "right"


def _of_rest(seen: dict, before: dict, after: dict, head: str) -> dict[str, Any]:
    were, now, learns = before["weights"], after["weights"], before["learns"]
    body = {name: value for name, value in were.items() if not name.startswith(head)}
    gone = [name for name in body if name not in now or now[name].shape != body[name].shape]
    differ = gone or changed(body, now)
    modules, numbers = after["modules"], range(len(before["modes"]))
    at_head = list(modules).index(head) if head in modules else -1
    kept = [number for name, number in modules.items() if name != head]
    wanted = [number for number in numbers if number != at_head]
    modes = zip(modules, after["modes"], strict=True)
    trained = [mode for name, mode in modes if name != head]
    can_learn = {name: flag for name, flag in after["learns"].items() if name in body}
    own = f"{head}.weight"
    old = own in now and torch.equal(now[own], were[own])
    same_modes = trained == [before["modes"][number] for number in wanted]
    same_learns = can_learn == {name: learns[name] for name in can_learn}
    return {
        "head": "still the old one" if old else "right",
        "weights of the body": f"changed at {differ[0]}" if differ else "right",
        "layers of the body": "right" if kept == wanted else "not the same objects as before",
        "modes": "right" if same_modes else _modes(trained),
        "what is frozen": "right" if same_learns else "not what was frozen before",
    }


def _modes(modes: list[bool]) -> str:
    return "all training" if all(modes) else "mixed up" if any(modes) else "all eval"


def _made_like(seen: dict, before: dict, after: dict, head: str) -> dict[str, Any]:
    """The device "meta" has shapes without numbers."""
    elsewhere = [name for name, is_there in after["meta"].items() if not is_there]
    return {
        "device": f"another one for {elsewhere[0]}" if elsewhere else "right",
        "shape of the new weight": after["shapes"].get(f"{head}.weight", ()),
    }


_arrange = Look(transfer.replace_head, _read)


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


# fmt: off
_SUSPECTS = {
    "The first linear layer is replaced: the head is the last one.": {"which": 0},
    "All of the last child is replaced: of it only the linear layer is to be.":
        {"put": _whole_child},
    "A name with dots is no attribute: setattr needs the module that holds the layer.":
        {"put": setattr},
    "The new layer stands on top of the old head: it is to take its place.": {"make": _on_top},
    "The new head has no bias.":
        {"make": lambda old, num_classes: _new(old, num_classes, bias=False)},
    "The new head has no bias where the old one had none: it always has one.":
        {"make": lambda old, num_classes: _new(old, num_classes, bias=old.bias is not None)},
    "The old head's weights are still in the new one: it is to begin anew.": {"after": _copy_rows},
    "Only the number out_features has changed; the weights of a layer are as large as when it was "
    "made: make a new nn.Linear.": {"make": _only_the_number},
    "Nothing is replaced, the model is as it was: put the new layer into it, with setattr.":
        {"put": lambda model, name, layer: None},
    "The whole model begins anew: only the head is to.": {"after": _begin_again},
    "This is a copy: change the model itself, and return it.": {"back": copy.deepcopy},
    "The model is put into training mode: leave all modes as they are.":
        {"after": lambda model, old, new: model.train()},
    "The model is put into eval mode: leave all modes as they are.":
        {"after": lambda model, old, new: model.eval()},
    "Frozen layers learn again: only the head is new.": {"after": _unfrozen},
    "The new head is frozen: it has everything to learn.":
        {"after": lambda model, old, new: new.requires_grad_(False)},
    "The new head is frozen where the old one was: it has everything to learn.":
        {"after": _frozen_as_before},
    "The body is frozen: here only the head is changed, freezing is another task.":
        {"after": _body_frozen},
    "The new head begins with zeros: leave it the numbers that nn.Linear draws.":
        {"after": _all_zeros},
    "The new head begins with large numbers: leave it those that nn.Linear draws.":
        {"after": _spread_wide},
    "The new head has the same numbers at each call: set no seed in your function.":
        {"make": _of_one_seed},
    "The new head has another precision than the old one: give nn.Linear its dtype.":
        {"make": lambda old, num_classes: _new(old, num_classes, dtype=torch.float32)},
    "The new head is not on the device of the old one: give nn.Linear its device.":
        {"make": lambda old, num_classes: _new(old, num_classes, device="cpu")},
}
# fmt: on


check_replace_head = Check(
    "replace_head",
    oracle=_replace_head,
    tool="nn.Module's own account of its layers",
    parts={
        "head": _cases("head", "plain", "BatchNorm", "nested", "wrapped", "dense", "LeNet5"),
        "rest": _cases("rest", "plain", "BatchNorm", "nested", "dense", "LeNet5"),
        "device": _cases("device", "BatchNorm", "nested"),
    },
    suspects=_SUSPECTS,
    recipe=_replacing,
    most_pairs={"": 20},
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
