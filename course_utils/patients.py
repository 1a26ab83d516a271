"""The nine patients of lecture 06: runs with one fault each, or none.

They stand here and not in the lecture, since a reader who has seen the fault has nothing left to
diagnose. So: look at the curves first.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data.digits import Digits

Make = Callable[[], nn.Module]


def nine(digits: Digits, hidden: Make, normed: Make) -> dict[str, dict[str, Any]]:
    """The arguments of each patient's training, under the letter of its panel.

    Parameters
    ----------
    digits
        What they learn from, with pixels in -1 to 1.
    hidden, normed
        Make a network that can learn 150 images by heart, and one with BatchNorm.

    Returns
    -------
    dict
        For each of `"A"` to `"I"`: `optimizer`, which takes parameters; `epochs` and `watch`; and
        where it differs from the others `make`, `data`, `loss_function` or `batch`.
    """
    rng, sevens = np.random.default_rng(0), digits.test_labels == 7
    folder = replace(
        digits, test_images=digits.test_images[sevens], test_labels=digits.test_labels[sevens]
    )
    shuffled = replace(digits, train_labels=rng.permutation(digits.train_labels))
    few = digits.first(150)
    lies = np.where(rng.random(150) < 0.33, rng.integers(0, 10, 150), few.train_labels)
    good, fast, slow = map(_momentum, (0.05, 0.3, 0.002))
    faults = [
        {"optimizer": _forgetful},
        {"optimizer": good, "make": _always_training(normed)},
        {"optimizer": good, "make": _always_training(normed), "data": folder},
        {"optimizer": good},
        {"optimizer": good, "loss_function": _softmax_twice, "epochs": 12},
        {
            "optimizer": good,
            "make": hidden,
            "data": replace(few, train_labels=lies),
            "epochs": 40,
            "batch": 32,
        },
        {"optimizer": slow},
        {"optimizer": fast},
        {"optimizer": good, "data": shuffled},
    ]
    order = np.random.default_rng(6).permutation(len(faults))
    start = {"epochs": 6, "watch": True}
    return {name: start | faults[k] for name, k in zip("ABCDEFGHI", order, strict=True)}


def _momentum(lr: float) -> Callable:
    return lambda parameters: torch.optim.SGD(parameters, lr=lr, momentum=0.9)


def _forgetful(parameters: Any) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(parameters, lr=0.05)
    optimizer.zero_grad = lambda: None
    return optimizer


def _always_training(make: Make) -> Make:
    def without_eval() -> nn.Module:
        net = make()
        net.eval = lambda: net
        return net

    return without_eval


def _softmax_twice(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.softmax(1), labels)
