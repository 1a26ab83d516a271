"""Check of overfit_batch: what a small network can learn by heart, it must."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import training
from course_utils.probes.training import CLASSES, FEATURES

LAST_LOSS = 0.1  # of a batch that is known by heart
TOO_HIGH = (
    f"it is to fall below {LAST_LOSS} within 100 steps. "
    "Is the rate too small, or zero_grad missing?"
)


def _read(found: dict[str, Any], x: np.ndarray, y: np.ndarray, steps: int, *, look_at: str) -> dict:
    untouched, losses = training.small_network().float().train(), found["losses"]
    inputs, targets = torch.from_numpy(np.array(x)).float(), torch.from_numpy(np.array(y))
    if look_at == "losses":
        first = F.cross_entropy(untouched(inputs), targets).item()
        return {"number of losses": len(losses), "first loss": losses[0] / first}
    right = float((found["logits"].argmax(1) == y).mean())
    fell = losses[-1] < LAST_LOSS
    moved = not np.array_equal(found["weights"], untouched[0].weight.detach().numpy())
    return {
        "weights": "right" if moved else "as they were before: nothing was trained",
        "last loss": "right" if fell else f"{losses[-1]:.3g}, {TOO_HIGH}",
        "answers": "right" if right == 1 else f"{right:.0%} right, the batch is not learnt",
        "optimiser": "right" if found["optimisers"] < steps / 2 else "made anew in each step",
    }


_arrange_overfit = Look(training.overfit_batch, _read)


def _overfitting(
    *,
    lr: float = 0.03,
    change: Callable = lambda losses: losses,
    examples: slice = slice(None),
    more: int = 0,
    order: str = "loss step",
    scale: float = 1.0,
    mode: Callable = nn.Module.train,
    forget: bool = True,
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
            if forget:
                optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if order == "step loss":
                loss = F.cross_entropy(model(x), y)
            losses.append(loss.item())
        return change(losses)

    return _arrange_overfit(overfit_batch)


def _overfit_batch(x, y, steps, *, look_at):
    return _overfitting()(x, y, steps, look_at=look_at)


def _same_batch(look_at: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        x, y = rng.normal(size=(12, FEATURES)), rng.integers(0, CLASSES, 12)
        yield case(x, y, int(rng.integers(100, 150)), look_at=look_at)

    return cases


check_overfit_batch = Check(
    "overfit_batch",
    oracle=_overfit_batch,
    tool="what a network of this size can learn by heart",
    parts={look: _same_batch(look) for look in ("losses", "result")},
    suspects={
        "The weights do not change: is optimizer.step() missing?": _overfitting(lr=0.0),
        "The learning rate is far too small: Adam with 0.01 to 0.05 does it.": _overfitting(
            lr=1e-5
        ),
        "There is one step too many: the first loss is that of the untouched model.": _overfitting(
            more=1
        ),
        "The loss is measured after the step: the first is to be that of the untouched model.": (
            _overfitting(order="step loss")
        ),
        "The model computes in eval mode, where BatchNorm ignores the batch: call model.train().": (
            _overfitting(mode=nn.Module.eval)
        ),
        "The gradients of earlier steps are still there: call optimizer.zero_grad().": _overfitting(
            forget=False
        ),
        "The optimiser is made inside the loop, so Adam forgets what it has seen: make it once, "
        "before.": _overfitting(anew=True),
        "Only the last loss is returned: collect one for each step.": _overfitting(
            change=lambda losses: losses[-1:]
        ),
        "The losses stand in reverse order.": _overfitting(change=lambda losses: losses[::-1]),
        "Only the first example is learnt: the whole batch is to be.": _overfitting(
            examples=slice(1, 3)
        ),
        "The loss is multiplied by something: return the mean cross-entropy.": _overfitting(
            scale=10
        ),
    },
    rejects=[
        rejection("steps", np.zeros((3, FEATURES)), np.zeros(3, int), 0, look_at="losses"),
        rejection(
            "y|label|batch|x", np.zeros((3, FEATURES)), np.zeros(2, int), 5, look_at="losses"
        ),
    ],
    arrange=_arrange_overfit,
    forbidden=BUILD_IT_YOURSELF,
)
