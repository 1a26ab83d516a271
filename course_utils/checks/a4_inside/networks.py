"""Networks that a4's functions look into, and the traces that looking may leave."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.models import beside, give_weights, there, usual_settings, weights_of
from course_utils.checks.outcome import Unusable

# With these, nothing would be built.
NOT_HERE = ("captum", "torchvision", "course_utils.widgets_receptive_field")
CLASSES = 4
IN = "channels of the images"
# The features of each network; behind them stand global average pooling and one dense layer.
NETWORKS = {
    "plain": [("Conv2d", IN, 5, 3), ("ReLU",), ("Conv2d", 5, 6, (3, 2)), ("ReLU",)],
    "in place": [("Conv2d", IN, 5, 3), ("ReLU", True), ("Conv2d", 5, 6, 3), ("ReLU", True)],
    "pooled": [
        ("Conv2d", IN, 6, 3, 1, 1),
        ("BatchNorm2d", 6),
        ("ReLU",),
        ("MaxPool2d", 2),
        ("Conv2d", 6, 5, 3, 1, 1),
        ("ReLU",),
    ],
    "strided": [("Conv2d", IN, 5, 5, 3, 2), ("ReLU",), ("Conv2d", 5, 6, 3, 2, 1), ("ReLU",)],
}
NETWORKS["frozen"] = NETWORKS["plain"]  # no weight of it learns
NORM, EARLIER, FROZEN = "features.1", "head.2.weight", "features.0.bias"
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def chain(home: Any, layers: list[tuple]) -> Any:
    """Layers of torch.nn one after the other, in the process where `home` lives."""
    nn_there = beside(home, "torch.nn")
    return there(
        nn_there.Sequential, *(there(getattr(nn_there, kind), *args) for kind, *args in layers)
    )


def network(home: Any, kind: str, images: np.ndarray) -> Any:
    """One of `NETWORKS` for such images, in their precision and in training mode."""
    channels = images.shape[1]
    features = [tuple(channels if part is IN else part for part in layer) for layer in
                NETWORKS[kind]]  # fmt: skip
    width = next(layer[2] for layer in reversed(features) if layer[0] == "Conv2d")
    head = [("AdaptiveAvgPool2d", 1), ("Flatten",), ("Linear", width, CLASSES)]
    model = there(beside(home, "torch.nn").Sequential)
    model.add_module("features", chain(home, features))
    model.add_module("head", chain(home, head))
    give_weights(model, torch.from_numpy(np.array(images[:1], np.float64)))
    if images.dtype == np.float32:
        model.float()
    if kind == "frozen":
        model.requires_grad_(False)
    model.train()
    return model


def placed(home: Any, images: np.ndarray) -> Any:
    """The images as a tensor in the process where `home` lives, contiguous only if they are."""
    tensor = beside(home, "torch").tensor
    if images.flags.c_contiguous:
        return there(tensor, np.array(images))
    turned = there(tensor, np.ascontiguousarray(np.swapaxes(images, -1, -2)))
    return there(there(turned.transpose, -1, -2).detach)


def spread(images: np.ndarray) -> np.ndarray:
    """The same numbers, not contiguous."""
    roomy = np.zeros((*images.shape[:-1], 2 * images.shape[-1]), images.dtype)
    roomy[..., ::2] = images
    return roomy[..., ::2]


def array_of(given: Any, what: str) -> np.ndarray:
    """A tensor that hangs on no graph, as an array."""
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(given, Tensor):
        raise Unusable(f"{what} is a {type(given).__name__}, but the result is one tensor")
    if given.requires_grad:
        raise Unusable(
            f"{what} still hangs on the graph of gradients, which keeps all of it in memory: "
            "return it detached, with .detach()"
        )
    return given.numpy()


# What looking leaves behind ----------------------------------------------------------------------


def look_into(what: str) -> Callable[[Callable], Callable]:
    """An `arrange` for `function(model, x, *args)` that gives a tensor, called `what`.

    Arranged, a call `(x, network, *args, look_at=...)` looks at the `"values"`, at what is
    `"left behind"` in model and images besides, or at that `"after an error"` in the network.
    """

    def arrange(function: Callable) -> Callable:
        def look(x: np.ndarray, network_kind: str, *args: Any, look_at: str, **options: Any):
            args = tuple(torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in args)
            with usual_settings(function):
                model, images = network(function, network_kind, x), placed(function, x)
                if look_at == "values":
                    found = function(model, images, *args, **options)
                    return {what: array_of(found, f"the {what}")}
                before, found = prepare(model), {}
                if look_at == "left behind":  # who does nothing leaves nothing, and earns nothing
                    given = function(model, images, *args, **options)
                    found = {what: array_of(given, f"the {what}")}
                else:
                    images = placed(function, np.concatenate([x, x], axis=1))  # too many channels
                    fails(function, model, images, *args, **options)
                return traces(model, before) | _of_images(images, x) | found

        return look

    return arrange


def fails(function: Callable, *args: Any, **options: Any) -> None:
    """Call where the network itself raises."""
    try:
        function(*args, **options)
    except NotImplementedError:
        raise
    except Exception:  # whatever it is: what counts is what is left behind
        return
    raise Unusable(
        "it raised no error here, where the network cannot compute what is asked for: leave the "
        "images or their shape as they are, and let the network's errors through"
    )


def prepare(model: Any, norm: str = NORM, frozen: str = FROZEN, earlier: str = EARLIER) -> dict:
    """Give a model what must not be lost: modes, a frozen weight, a gradient. What it is then."""
    model.train()
    submodule(model, norm).eval()
    there(model.get_parameter, frozen).requires_grad_(False)
    weights = weights_of(model)
    there(model.get_parameter, earlier).grad = torch.ones_like(weights[earlier])
    return {
        "weights": weights,
        "modes": _modes(model),
        "layers": _layers(model),
        "frozen": frozen,
        "earlier": earlier,
    }


def submodule(model: Any, name: str) -> Any:
    """A module inside, by its name in named_modules()."""
    return there(model.get_submodule, name)


def _modes(model: Any) -> list[bool]:
    return [module.training for _, module in model.named_modules()]


def _layers(model: Any) -> list[str]:
    """A line for each module, with its kind and its options."""
    return beside(model, "builtins").repr(model).splitlines()


def traces(model: Any, before: dict[str, Any]) -> dict[str, str]:
    """What is not as it was, in words."""
    return {
        "layers afterwards": _compare_layers(model, before["layers"]),
        "number of hooks afterwards": hooks_left(model),
        "modes afterwards": _compare_modes(_modes(model), before["modes"]),
        "weights and statistics": _compare_weights(model.state_dict(), before["weights"]),
        "gradients of the weights": _gradients(model, before["earlier"]),
        "requires_grad of the weights": _frozen(model, before["frozen"]),
        "gradients afterwards": _recorded(model),
    }


def _compare_layers(model: Any, before: list[str]) -> str:
    for now, then in zip(_layers(model), before, strict=False):
        if now != then:
            return f"now {now.strip()} and was {then.strip()}: change a copy, or put it back"
    builtins, contains = beside(model, "builtins"), beside(model, "operator").contains
    for _, module in model.named_modules():
        if contains(there(builtins.vars, module), "forward"):
            return "a forward of your own in one of them"
    return "right"


def _recorded(model: Any) -> str:
    on = beside(model, "torch").is_grad_enabled()
    return "right" if on else "switched off for all that follows"


def hooks_left(model: Any) -> str:
    """Counts every hook of every module."""
    modules = [module for _, module in model.named_modules()]
    count = sum(len(getattr(module, name)) for module in modules for name in HOOKS)
    return "right" if count == 0 else "more than 0"


def _compare_modes(modes: list[bool], wanted: list[bool]) -> str:
    if modes == wanted:
        return "right"
    return "all training" if all(modes) else "all eval" if not any(modes) else "mixed up"


def _compare_weights(now: dict[str, Tensor], before: dict[str, Tensor]) -> str:
    changed = [name for name in before if not torch.equal(now[name], before[name])]
    if not changed:
        return "right"
    kind = "statistics of BatchNorm" if all("weight" not in n for n in changed) else "weights"
    return f"changed: the {kind}"


def _gradients(model: Any, of_earlier: str) -> str:
    names = [name for name, _ in model.named_parameters()]
    found = {name: there(model.get_parameter, name).grad for name in names}
    earlier = found.pop(of_earlier)
    if any(gradient is not None for gradient in found.values()):
        return "filled, though nobody asked for them"
    if earlier is None:
        return "lost where there was one before"
    return "right" if bool((earlier == 1).all()) else "changed where there was one before"


def _frozen(model: Any, frozen: str) -> str:
    flags = {name: p.requires_grad for name, p in model.named_parameters()}
    if flags.pop(frozen):
        return "True of a weight that was frozen"
    return "right" if all(flags.values()) else "False of weights that were to learn"


def _of_images(images: Any, x: np.ndarray) -> dict[str, str]:
    asks = images.requires_grad
    values = there(images.detach).numpy()
    same = values.shape != x.shape or np.array_equal(values, x)  # others were given for an error
    return {
        "x afterwards": "right" if same else "changed in place",
        "x.requires_grad afterwards": "True, it was False" if asks else "right",
    }


# Suspects share these ----------------------------------------------------------------------------


def clean(function: Callable) -> Callable:
    """A function of `(model, x, …)` that looks into a copy in eval mode, and so leaves nothing."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        twin = copy.deepcopy(model).eval()
        return function(twin, x.detach().clone(), *args, **options)

    return looking


def training(function: Callable) -> Callable:
    """The same, but it computes in training mode."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        twin = copy.deepcopy(model).train()
        return function(twin, x.detach().clone(), *args, **options)

    return looking


def leaving(function: Callable, trace: Callable) -> Callable:
    """The same, but it leaves a trace in the model or the images, even where the network raises."""

    def looking(model: nn.Module, x: Tensor, *args: Any, **options: Any) -> Any:
        try:
            return clean(function)(model, x, *args, **options)
        finally:
            trace(model, x)

    return looking


def only_on_error(trace: Callable) -> Callable:
    """A trace that is left where the network raises, told by the number of channels."""

    def left(model: nn.Module, x: Tensor) -> None:
        if model.features[0].in_channels != x.shape[1]:
            trace(model, x)

    return left


def not_on_error(trace: Callable) -> Callable:
    """A trace that is left only where the network computes."""

    def left(model: nn.Module, x: Tensor) -> None:
        if model.features[0].in_channels == x.shape[1]:
            trace(model, x)

    return left


def leave_hook(model: nn.Module, x: Tensor) -> None:
    """At a layer of the middle."""
    model.features[2].register_forward_hook(lambda *_: None)


def leave_forward(model: nn.Module, x: Tensor) -> None:
    """A forward of one's own stays in front of the module's."""
    model.features[2].forward = model.features[2].forward


def leave_gradients(model: nn.Module, x: Tensor) -> None:
    """What loss.backward() does."""
    for p in model.parameters():
        if p.requires_grad:
            p.grad = torch.ones_like(p)


def common_suspects(arrange: Callable, function: Callable, *, gradients: bool = True) -> dict:
    """The traces that every function may leave, and the sentences for them."""
    traces: dict[str, Callable] = {
        "The hook must be removed at the end: keep what register_forward_hook returns.": leave_hook,
        "Where the network raises an error the hook stays in the model: remove it in a finally.": (
            only_on_error(leave_hook)
        ),
        "The model is left in eval mode: give each module back the mode that it had.": (
            lambda model, x: model.eval()
        ),
        "All modules are left in training mode, one of them was not: keep the mode of each.": (
            lambda model, x: model.train()
        ),
        "Where the network raises an error the modes are not put back: do it in a finally.": (
            only_on_error(lambda model, x: model.eval())
        ),
    }
    if gradients:
        traces |= {
            "The weights got gradients: torch.autograd.grad gives the one that you want and leaves "
            "the others alone.": not_on_error(leave_gradients),
            "zero_grad() deletes gradients that were there before: with torch.autograd.grad there "
            "is nothing to delete.": lambda model, x: model.zero_grad(),
            "x is left with requires_grad: work on x.detach().clone().": (
                lambda model, x: x.requires_grad_(True)
            ),
        }
    suspects = {sentence: arrange(leaving(function, trace)) for sentence, trace in traces.items()}
    suspects["The model computes in training mode, where BatchNorm uses the batch: call "
             "model.eval() first."] = arrange(training(function))  # fmt: skip
    return suspects
