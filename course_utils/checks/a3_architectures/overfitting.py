"""Check of overfit_batch: what a small network can learn by heart, it must."""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures.loops import STEP_TOO_EARLY
from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import training
from course_utils.probes.training import CLASSES, FEATURES

LAST_LOSS = 0.1  # of a batch that is known by heart
WANTED = f"it is to be below {LAST_LOSS} after 100 steps"
JUMPS = 0.2  # share of the steps in which a loss rises, where the rate is not just too small
NEAR = 1e-3  # relative and absolute: as far as single precision may lead two computations


def _read(found: dict, x: np.ndarray, y: np.ndarray, steps: int, *, look_at: str) -> dict[str, Any]:
    losses, seen, used = found["losses"], found["seen"], found["optimisers"]
    if len(x) != len(y):  # which it should have noticed
        return {"number of losses": len(losses)}
    untouched = training.small_network().float().train()
    if look_at == "losses":
        inputs, targets = torch.from_numpy(np.array(x)).float(), torch.from_numpy(np.array(y))
        first = F.cross_entropy(untouched(inputs), targets).item()
        return {
            "number of losses": len(losses),
            "first loss": losses[0] / first,
            "losses": _compare_losses(losses, seen),
        }
    moved = not np.array_equal(found["weights"], untouched[0].weight.detach().numpy())
    return {
        "weights": "right" if moved else _why_untrained(bool(used)),
        "optimiser": "right" if used < steps / 2 else "made anew in each step",
        "last loss": _why_too_high(seen),
    }


_arrange_overfit = Look(training.overfit_batch, _read)


def _compare_losses(losses: list[float], seen: list[float]) -> str:
    """Whether each loss is one that the network had in training mode, one after the other."""
    if not seen:
        return "unknown: the whole batch has never gone through the network in training mode"
    later = iter(seen)
    for loss in losses:
        if not any(abs(loss - each) <= NEAR * max(1, abs(each)) for each in later):
            return (
                "not those of the network, step by step: give the mean cross-entropy of each step "
                "as it is"
            )
    return "right"


def _why_untrained(stepped: bool) -> str:
    untrained = "as they were before: nothing was trained"
    if stepped:
        untrained += (
            ". An optimiser has made steps: with gradients from loss.backward(), with a rate above "
            "0, and with the parameters of this model?"
        )
    return untrained


def _why_too_high(seen: list[float]) -> str:
    """What is to be said of losses of which the last is not low."""
    if not seen:
        return "unknown: the whole batch has never gone through the network in training mode"
    last, rises = seen[-1], [b > a for a, b in itertools.pairwise(seen)]
    if last < LAST_LOSS:
        return "right"
    if not np.isfinite(last):
        return f"NaN or infinity, {WANTED}. Is the rate far too large?"
    if all(rises):
        return f"{last:.3g}, {WANTED}, and it rises in each step. Does a step go uphill?"
    if sum(rises) > JUMPS * len(rises):
        return (
            f"{last:.3g}, {WANTED}, and it jumps up and down. Is the rate too large, or zero_grad "
            "missing?"
        )
    slowly = "and it falls, but slowly. Is the rate too small, or zero_grad missing?"
    return f"{last:.3g}, {WANTED}, {slowly}"


def _overfitting(
    *,
    lr: float = 0.03,
    change: Callable = lambda losses: losses,
    examples: slice = slice(None),
    more: int = 0,
    order: str = "zero back step",
    late: bool = False,
    scale: float = 1.0,
    mode: Callable = nn.Module.train,
    anew: bool = False,
) -> Callable:
    """A loop over one batch with one thing changed."""

    def overfit_batch(model: nn.Module, x: Tensor, y: Tensor, steps: int) -> list[float]:
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        mode(model)
        losses = []
        for _ in range(steps + more):
            if anew:
                optimizer = torch.optim.Adam(model.parameters(), lr=lr)
            loss = scale * F.cross_entropy(model(x[examples]), y[examples])
            deeds = {
                "zero": optimizer.zero_grad,
                "back": loss.backward,
                "step": optimizer.step,
            }
            for deed in order.split():
                deeds[deed]()
            if late:
                loss = F.cross_entropy(model(x), y)
            losses.append(loss.item())
        return change(losses)

    return _arrange_overfit(overfit_batch)


def _overfit_batch(x, y, steps, *, look_at):
    return _overfitting()(x, y, steps, look_at=look_at)


@functools.lru_cache
def _learnable(x: bytes, y: bytes) -> bool:
    """Whether Adam learns this batch in 100 steps, at a low rate and at a high one."""
    inputs = torch.from_numpy(np.frombuffer(x).reshape(-1, FEATURES).copy()).float()
    targets = torch.from_numpy(np.frombuffer(y, int).copy())
    for rate in (0.02, 0.05):
        model = training.small_network().float().train()
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        for _ in range(100):
            loss = F.cross_entropy(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if loss.item() > 0.9 * LAST_LOSS:
            return False
    return True


def _same_batch(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        learnable = False  # two of a hundred batches are not, in 100 steps
        while not learnable:
            x, y = rng.normal(size=(12, FEATURES)), rng.integers(0, CLASSES, 12)
            learnable = _learnable(x.tobytes(), y.tobytes())
        yield case(x, y, int(rng.integers(100, 150)), look_at=look_at)
        if look_at == "losses":
            yield case(x, y, 1, look_at=look_at)

    return cases


# fmt: off
_SUSPECTS = {
    "optimizer.step() is missing.": {"order": "zero back"},
    "The learning rate is far too small: Adam with 0.02 to 0.05 does it.": {"lr": 1e-05},
    "There is one step too many: the first loss is that of the untouched model.": {"more": 1},
    "The loss is measured after the step: the first is to be that of the untouched model.":
        {"late": True},
    "The model computes in eval mode, where BatchNorm ignores the batch: call model.train().":
        {"mode": nn.Module.eval},
    "The gradients of earlier steps are still there: call optimizer.zero_grad().":
        {"order": "back step"},
    "The optimiser is made inside the loop, so Adam forgets what it has seen: make it once, "
    "before.": {"anew": True},
    "Only the last loss is returned: collect one for each step.":
        {"change": lambda losses: losses[-1:]},
    "The losses stand in reverse order.": {"change": lambda losses: losses[::-1]},
    "Only the first example is learnt: the whole batch is to be.": {"examples": slice(1, 3)},
    "The loss is multiplied by something: return the mean cross-entropy.": {"scale": 10},
}
# fmt: on


check_overfit_batch = Check(
    "overfit_batch",
    oracle=_overfit_batch,
    tool="what a network of this size can learn by heart",
    parts={look: _same_batch(look) for look in ("losses", "result")},
    suspects=_SUSPECTS,
    recipe=_overfitting,
    most_pairs={"": 0},  # each is a training run
    rejects=[
        rejection("steps", np.zeros((3, FEATURES)), np.zeros(3, int), 0, look_at="losses"),
        rejection(r"x\b|y\b|label", np.zeros((3, FEATURES)), np.zeros(2, int), 5, look_at="losses"),
    ],
    arrange=_arrange_overfit,
    forbidden=BUILD_IT_YOURSELF,
    hints=STEP_TOO_EARLY,
)
