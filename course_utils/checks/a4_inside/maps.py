"""Check of feature_maps, against captum's LayerActivation."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from captum.attr import LayerActivation
from torch import Tensor, nn

from course_utils.checks.a4_inside.networks import (
    NOT_HERE,
    clean,
    common_suspects,
    leave_forward,
    leaving,
    look_into,
    spread,
)
from course_utils.checks.changes import Change, result
from course_utils.checks.engine import Case, Check, case, rejection

_arrange = look_into("maps")


def _by_captum(model: nn.Module, x: Tensor, layer: str) -> Tensor:
    return LayerActivation(model, model.get_submodule(layer)).attribute(x).detach()


def _feature_maps(x, network, layer, *, look_at):
    return _arrange(clean(_by_captum))(x, network, layer, look_at=look_at)


def _changed(change: Callable) -> Callable:
    """What `change` makes of model, images and the name of the layer."""
    return _arrange(clean(change))


def _layer_before(model: nn.Module, x: Tensor, layer: str) -> Tensor:
    """The input of a layer."""
    seen = []
    hook = model.get_submodule(layer).register_forward_pre_hook(lambda m, a: seen.append(a[0]))
    model(x)
    hook.remove()
    return seen[0].detach().clone()


def _overwritten(model: nn.Module, x: Tensor, layer: str) -> Tensor:
    seen = []
    hook = model.get_submodule(layer).register_forward_hook(lambda m, a, out: seen.append(out))
    model(x)
    hook.remove()
    return seen[0].detach()


def _switch_off_in_place(model: nn.Module, x: Tensor) -> None:
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False


def _values(kinds: list[str]) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for kind in kinds:
            layers = [0, 1, 2, 3] if kind != "pooled" else [0, 1, 3, 4]
            channels, n = int(rng.choice([1, 3])), int(rng.integers(1, 4))
            x = rng.normal(size=(n, channels, *rng.integers(8, 12, 2)))
            for number in layers:
                yield case(x, kind, f"features.{number}", look_at="values")
            yield case(x, kind, "features", look_at="values")
            yield case(x.astype(np.float32), kind, "head.2", look_at="values")
            yield case(spread(x[:1]), kind, "features.2", look_at="values")

    return cases


def _looks(rng) -> Iterator[Case]:
    x = rng.normal(size=(2, 3, 8, 9))
    for kind in ("pooled", "in place"):
        for look_at in ("left behind", "after an error"):
            yield case(x, kind, "features.3", look_at=look_at)


IMAGES = np.ones((2, 3, 8, 9))


def _of_maps(change: Callable) -> Change:
    return result(change, "maps")


def _scaled(maps: np.ndarray) -> np.ndarray:
    return (maps - maps.min()) / max(maps.max() - maps.min(), 1e-12)


# fmt: off
_SUSPECTS = {
    "These are the inputs of the layer; the hook gets both, inputs before output.":
        {"change": _layer_before},
    "A later layer works in place and has overwritten your maps: keep a clone of the output, and "
    "let the hook return nothing.": {"change": _overwritten},
    "These are the maps of the first image alone.":
        _of_maps(lambda maps: maps[:1]),
    "The batch is missing: the result has the axes of the layer's own output.":
        _of_maps(lambda maps: maps[0]),
    "A ReLU is applied to the maps: give what the layer gives.":
        _of_maps(lambda maps: maps.clip(0)),
    "This is what the whole network gives, not the layer.":
        {"change": lambda model, x, layer: model(x).detach()},
    "The maps are scaled to 0 to 1: give what the layer gives, and scale when you draw.":
        _of_maps(_scaled),
    "The maps are averaged over the batch.":
        _of_maps(lambda maps: maps.mean(axis=0, keepdims=True)),
    "A weight that was frozen is frozen no longer: leave requires_grad alone.":
        _arrange(leaving(_by_captum, lambda model, x: model.requires_grad_(True))),
    "A ReLU works in place no longer: leave the layers alone, and clone what the hook gets.":
        _arrange(leaving(_by_captum, _switch_off_in_place)),
    "A forward of your own stays in the model: put the old one back, or take a hook.":
        _arrange(leaving(_by_captum, leave_forward)),
    "Gradients are switched off for all that follows: `with torch.no_grad():` ends by itself.":
        _arrange(leaving(_by_captum, lambda model, x: torch.set_grad_enabled(False))),
    **common_suspects(_arrange, _by_captum, gradients=False),
}
# fmt: on


check_feature_maps = Check(
    "feature_maps",
    oracle=_feature_maps,
    tool="captum's LayerActivation",
    parts={
        "maps": _values(["plain", "pooled", "strided"]),
        "in place": _values(["in place"]),
        "left behind": _looks,
    },
    suspects=_SUSPECTS,
    recipe=_changed,
    most_pairs={"": 100},
    rejects=[
        rejection("features.17", IMAGES, "plain", "features.17", look_at="values"),
        rejection("conv1", IMAGES, "plain", "conv1", look_at="values"),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
)
