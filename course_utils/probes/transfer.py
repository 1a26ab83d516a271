"""A look at the tools of transfer learning, on networks that are built beside them."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.probes.calls import Unusable
from course_utils.probes.models import LR, usual_settings, weights_of
from course_utils.probes.stages import build

OF_THE_NORM = {"BatchNorm": "stage1", "nested": "stage1", "dense": "norm1", "wrapped": "body"}
TOO_MANY_CHANNELS = 9  # more than any network here takes, so that its forward raises
NOT_SAID = 7.0  # the optimiser's own rate, which no group is to fall back on


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> list[str]:
    """Names of the weights or statistics that are not what they were."""
    return [name for name in before if not torch.equal(before[name], after[name])]


def _learns(model: nn.Module) -> dict[str, bool]:
    return {name: p.requires_grad for name, p in model.named_parameters()}


def _without_linear() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU())


def _is_marked(given: Any, model: nn.Module) -> bool:
    """A mark on the one is seen on the other only where they are one and the same."""
    model.seen_by_the_check = True
    return getattr(given, "seen_by_the_check", False) is True


# replace_head ------------------------------------------------------------------------------------


def replace_head(
    replace_head: Callable,
    x: np.ndarray,
    kind: str,
    widths: tuple[int, ...],
    num_classes: int,
    *,
    look_at: str,
) -> dict[str, Any]:
    """A network with a new `"head"`, its `"rest"`, or where it is made on another `"device"`."""
    with usual_settings():
        model = _headed(kind, widths)
        modules = [*model.modules()]
        seen = {"modes": [m.training for m in modules], "learns": _learns(model)}
        seen["weights"] = weights_of(model)
        if look_at == "device":
            model.to("meta")
        given = replace_head(model, num_classes)
        if given is None or not hasattr(given, "state_dict"):
            raise Unusable("it is to return the model. Is a `return` missing?")
        same = _is_marked(given, model)
        numbers = {id(module): number for number, module in enumerate(modules)}
        named = dict(given.named_modules())
        now = {
            "modules": {name: numbers.get(id(module)) for name, module in named.items()},
            "modes": [module.training for module in named.values()],
            "learns": _learns(given),
        }
        if look_at == "device":
            now["meta"] = {name: p.is_meta for name, p in given.named_parameters()}
            now["shapes"] = {name: tuple(p.shape) for name, p in given.named_parameters()}
        else:
            now["weights"] = weights_of(given)
        found = {"same": same, "before": seen, "after": now}
        if look_at == "head":
            found |= _forward(given, x)
            try:
                found["again"] = weights_of(replace_head(given, num_classes))
            except Exception as error:  # counts only where all else is right
                found["again"] = f"{type(error).__name__}: {error}"
        return found


def _headed(kind: str, widths: tuple[int, ...]) -> nn.Module:
    """With a first stage that is frozen and in eval; all is frozen where there is no BatchNorm."""
    if kind == "none":
        return _without_linear()
    model = build(kind, widths)
    if kind in OF_THE_NORM:
        getattr(model, OF_THE_NORM[kind]).eval()
        getattr(model, OF_THE_NORM[kind]).requires_grad_(False)
    else:
        model.requires_grad_(False)
    return model


def _forward(model: Any, x: np.ndarray) -> dict[str, Any]:
    model.eval()
    try:
        return {"output": tuple(model(torch.from_numpy(np.array(x))).shape)}
    except RuntimeError as error:
        return {"stuck": str(error)}
    except Exception as error:  # counts only where the names are right
        return {"raised": f"{type(error).__name__}: {error}"}


# freeze ------------------------------------------------------------------------------------------


def freeze(
    freeze: Callable,
    x: np.ndarray,
    kind: str,
    widths: tuple[int, ...],
    calls: Sequence[str | None],
    *,
    mode: str,
) -> dict[str, Any]:
    """What moves, and what does not, in a step of training after some calls of freeze."""
    with usual_settings():
        model = build(kind, widths)
        first, *later = mode.split(", then ")
        getattr(model, first)()
        before, given = weights_of(model), model
        for up_to in calls:
            given = freeze(model, up_to)
        if not _is_marked(given, model):
            raise Unusable("it is to return the model itself. Is a `return` missing?")
        for name in later:
            getattr(model, name)()
        return {"before": list(before)} | _of_a_step(model, x, before)


def _of_a_step(model: nn.Module, x: np.ndarray, before: dict[str, Tensor]) -> dict[str, Any]:
    """What a step down along the mean of the squared outputs does to the model."""
    if model.state_dict().keys() != before.keys():
        return {"names": list(model.state_dict())}
    x = torch.from_numpy(np.array(x))
    learns = [name for name, p in model.named_parameters() if p.requires_grad]
    # The decay moves whatever has a gradient, and be it 0.
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=0.1)
    loss = model(x).square().mean()
    if loss.requires_grad:
        loss.backward()
        optimizer.step()
    moved = changed(before, weights_of(model))
    model.load_state_dict(before)
    training = model(x).detach().numpy()
    model.load_state_dict(before)
    model.eval()
    still = weights_of(model)
    judged = model(x).detach().numpy()
    return {
        "names": list(before),
        "moved": moved,
        "learns": learns,
        "training": training,
        "eval": judged,
        "moved by eval": changed(still, weights_of(model)),
    }


# param_groups ------------------------------------------------------------------------------------


def param_groups(
    param_groups: Callable,
    x: np.ndarray,
    kind: str,
    widths: tuple[int, ...],
    lr_body: float,
    lr_head: float,
    frozen: Sequence[str],
) -> dict[str, Any]:
    """How far each parameter moves for its gradient in a step of SGD with such groups."""
    with usual_settings():
        model = _without_linear() if kind == "none" else build(kind, widths)
        for name in frozen:
            model.get_submodule(name).requires_grad_(False)
        groups = param_groups(model, lr_body, lr_head)
        _demand_groups(groups)
        try:
            optimizer = torch.optim.SGD(groups, lr=NOT_SAID)
        except ValueError as error:
            return {"refused": str(error)}
        before = weights_of(model)
        model(torch.from_numpy(np.array(x))).square().mean().backward()
        slopes = {name: p.grad for name, p in model.named_parameters()}
        optimizer.step()
        after = weights_of(model)
        sizes = [list(group["params"]) for group in optimizer.param_groups]
        held = [p for group in sizes for p in group]
        return {
            "rates": {n: _rate(before[n] - after[n], slope) for n, slope in slopes.items()},
            "frozen": sum(not p.requires_grad for p in held),
            "empty": sum(not group for group in sizes),
            "held": len(held),
            "learn": sum(p.requires_grad for p in model.parameters()),
        }


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


def _rate(movement: Tensor, slope: Tensor | None) -> float:
    """Of the entry with the steepest slope; 0 where nothing has moved."""
    if slope is None or not slope.abs().max() > 0:
        return 0.0
    steepest = slope.abs().argmax()
    return round(float(movement.flatten()[steepest] / slope.flatten()[steepest]), 9)


# probe_layers ------------------------------------------------------------------------------------


def probe_layers(
    probe_layers: Callable,
    x: np.ndarray,
    y: np.ndarray,
    kind: str,
    widths: tuple[int, ...],
    layers: Sequence[str],
    *,
    look_at: str,
) -> dict[str, Any]:
    """The accuracies that are given for some layers, or what is left behind in the network."""
    with usual_settings():
        model = probed_network(kind, widths)
        if x.dtype == np.float32:
            model.float()
        images, labels = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
        if look_at == "accuracy":
            return _accuracies(probe_layers(model, images, labels, list(layers)), layers)
        return _traces(probe_layers, model, images, labels, list(layers), look_at)


def probed_network(kind: str, widths: tuple[int, ...]) -> nn.Module:
    """In training mode, with one layer that is in eval mode and frozen.

    A channel of the first layer is always the same, and 0 after ReLU.
    """
    model = build(kind, widths, seed=1)
    state = weights_of(model)
    first = next(name for name in state if name.endswith("bias"))
    state[first][0] = -1000.0
    state[first.removesuffix("bias") + "weight"][0] = 0.0
    model.load_state_dict(state)
    frozen = [*model.modules()][1]
    frozen.eval()
    frozen.requires_grad_(False)
    return model


def _accuracies(given: Any, layers: Sequence[str]) -> dict[str, Any]:
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(given, dict):
        raise Unusable(f"it returned a {type(given).__name__}, but the result is a dict")
    if set(given) != set(layers):
        missing = [name for name in layers if name not in given]
        told = f"{missing[0]} is missing" if missing else "there are more than were asked for"
        if [*given] == [*layers[-1:]]:
            told += ". A hook that is made in a loop sees the last name, unless it is given its own"
        raise Unusable(f"the names in the dict are not those of layers: {told}")
    return {f"accuracy of {name}": given[name] for name in layers}


def _traces(
    probe_layers: Callable, model: Any, x: Tensor, y: Tensor, layers: list[str], look_at: str
) -> dict[str, Any]:
    """What a probe leaves behind, also after an error, which is then provoked."""
    modules, before, recorded = [*model.modules()], weights_of(model), []
    modules[-1].register_forward_hook(lambda module, given, out: recorded.append(_records(out)))
    own = {"hooks": _hooks(modules), "modes": [m.training for m in modules]}
    own["learns"] = [p.requires_grad for p in model.parameters()]
    if look_at == "left behind":
        _accuracies(probe_layers(model, x, y, layers), layers)
    else:
        if look_at == "after an error":
            x = torch.cat([x] * TOO_MANY_CHANNELS, 1)
        else:
            layers = [*layers, "stage9"]
        try:
            probe_layers(model, x, y, layers)
        except NotImplementedError:
            raise
        except Exception:  # whatever is said of such images, or of such a name
            recorded.clear()
    now = {"hooks": _hooks(modules), "modes": [m.training for m in modules]}
    now["learns"] = [p.requires_grad for p in model.parameters()]
    return {
        "before": own,
        "after": now,
        "changed": changed(before, weights_of(model)),
        "recorded": recorded,
        "recording": torch.is_grad_enabled(),
    }


def _hooks(modules: list[nn.Module]) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules)


def _records(out: Any) -> bool:
    return isinstance(out, Tensor) and out.requires_grad


# sample_size_curve -------------------------------------------------------------------------------


def sample_size_curve(
    sample_size_curve: Callable, count: int, sizes: Sequence, seeds: Sequence
) -> dict[str, Any]:
    """The curve of so many strategies, and the calls that each has got."""
    calls: list[tuple[int, Any, Any]] = []
    strategies = [_strategy(number, calls) for number in range(count)]
    curve = sample_size_curve(strategies, sizes, seeds)
    if curve is None:
        raise Unusable("it returned None. Is a `return` missing?")
    return {"curve": curve, "calls": calls}


def _strategy(number: int, calls: list) -> Callable:
    """Notes its calls, and answers with a number that depends on all three."""

    def strategy(size: int, seed: int) -> float:
        calls.append((number, size, seed))
        return float((0.37 * number + 0.011 * int(size) + 0.0307 * int(seed)) % 1)

    return strategy
