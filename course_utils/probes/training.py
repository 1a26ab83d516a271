"""A look at training loops, on a small network built beside them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.utils.data import DataLoader, TensorDataset

from course_utils.probes.calls import Unusable
from course_utils.probes.models import give_weights, usual_settings, weights_of

LR = 0.037  # not a rate that anybody would choose without being told
MOMENTUM = 0.8
FEATURES, CLASSES = 6, 3


def small_network() -> nn.Sequential:
    """Linear, BatchNorm, ReLU, Linear; weights as always."""
    layers = nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, CLASSES)
    model = nn.Sequential(*layers)
    give_weights(model, torch.zeros(2, FEATURES, dtype=torch.float64))
    return model


def _loader(x: np.ndarray, y: np.ndarray, batch_size: int, **options: bool) -> DataLoader:
    """A real loader, in the order of the arrays."""
    tensors = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
    return DataLoader(TensorDataset(*tensors), batch_size, **options)


def _modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def one_number(value: Any, what: str) -> float:
    """A result as a float; raises `Unusable`, which calls it `what`, if it is none."""
    if value is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if isinstance(value, bool) or not isinstance(value, int | float | np.floating):
        hint = ": take .item()" if isinstance(value, Tensor) else ""
        raise Unusable(f"{what} is a {type(value).__name__}, but the result is one float{hint}")
    return float(value)


def evaluate(
    evaluate: Callable,
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    *,
    look_at: str,
    **options: bool,
) -> dict[str, Any]:
    """What an evaluation gives, the `"modes"` that it leaves, or its other `"traces"`."""
    with usual_settings():
        model, loader = small_network(), _loader(x, y, batch_size, **options)
        model.train()
        if look_at == "modes":
            model[1].eval()  # a BatchNorm that is frozen
            if len(x) == 0:
                _expect_an_error(evaluate, model, loader)
                return {"modes": _modes(model)}
        graphs = []

        def hook(module: Any, inputs: Any, output: Any) -> None:
            graphs.append(isinstance(output, Tensor) and output.requires_grad)

        model[3].register_forward_hook(hook)
        found = one_number(evaluate(model, loader), "the accuracy")
        if look_at == "value":
            return {"accuracy": found}
        if look_at == "modes":
            return {"modes": _modes(model)}
        recording = torch.is_grad_enabled()
        return {"weights": weights_of(model), "graphs": graphs, "recording": recording}


def _expect_an_error(evaluate: Callable, model: nn.Module, loader: DataLoader) -> None:
    """Of any kind: which one is another rung."""
    try:
        evaluate(model, loader)
    except NotImplementedError:
        raise
    except Exception:
        return


def train_epoch(
    train_epoch: Callable,
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    *,
    look_at: str,
    **options: bool,
) -> dict[str, Any]:
    """What one epoch with SGD, or `"two epochs"` with Adam, make of the small network."""
    with usual_settings():
        model, loader = small_network(), _loader(x, y, batch_size, **options)
        model.eval()
        before = weights_of(model)["3.bias"]
        if look_at == "two epochs":
            optimizer = torch.optim.Adam(model.parameters(), lr=LR)
        else:
            optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM)
        steps, gradients, last = [], [], model.get_parameter("3.bias")
        optimizer.register_step_pre_hook(lambda *_: steps.append(1))
        last.register_hook(lambda *_: gradients.append(1))
        losses = [one_number(train_epoch(model, loader, optimizer), "the mean loss")]
        if look_at == "two epochs":
            losses.append(one_number(train_epoch(model, loader, optimizer), "the mean loss"))
        state = model.state_dict()
        return {
            "used": len(optimizer.state_dict()["state"]),
            "steps": len(steps),
            "moved": not torch.equal(state["3.bias"], before),
            "gradients": len(gradients),
            "left": last.grad is not None and bool(last.grad.any()),
            "loss": losses[-1],
            "weights": state["0.weight"].detach().numpy(),
            "mean": state["1.running_mean"].numpy(),
            "modes": _modes(model),
        }


def overfit_batch(
    overfit_batch: Callable, x: np.ndarray, y: np.ndarray, steps: int, **_: Any
) -> dict[str, Any]:
    """The losses while the small network learns one batch by heart: those told, and those seen."""
    with usual_settings():
        model = small_network()
        model.float().eval()  # it is to train in training mode all the same
        inputs, targets = torch.from_numpy(np.array(x)).float(), torch.from_numpy(np.array(y))
        seen = []

        def note(module: Any, given: Any, output: Any) -> None:
            if module.training and len(output) == len(targets):
                seen.append(F.cross_entropy(output.detach(), targets).item())

        model[3].register_forward_hook(note)
        with optimisers_used() as used:
            losses = _losses(overfit_batch(model, inputs, targets, steps))
        weights = model.state_dict()["0.weight"].detach().numpy()
        return {"losses": losses, "seen": seen, "optimisers": len(used), "weights": weights}


def _losses(given: Any) -> list[float]:
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if isinstance(given, Tensor | np.ndarray):
        given = given.tolist()
    if not isinstance(given, list | tuple) or not given:
        raise Unusable("it is to return a list of floats, one loss for each step")
    return [one_number(loss, "a loss") for loss in given]


@contextlib.contextmanager
def optimisers_used() -> Iterator[set[int]]:
    """A set of those that make a step meanwhile."""
    made, kept = set(), []

    def note(optimizer: Any, args: Any, kwargs: Any) -> None:
        kept.append(optimizer)  # so that no other one gets its number
        made.add(id(optimizer))

    hook = register_optimizer_step_pre_hook(note)
    try:
        yield made
    finally:
        hook.remove()


def size(model: Any) -> int:
    """Number of parameters of a model that a student has made."""
    if not hasattr(model, "parameters"):
        raise Unusable(f"this is a {type(model).__name__}, which is no nn.Module.")
    return sum(p.numel() for p in model.parameters())


@torch.no_grad()
def logits(model: Any, images: Tensor) -> Any:
    """What such a model gives in eval mode; each module is in its own mode again afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        return model(images)
    finally:
        for module, training in modes:
            module.training = training
