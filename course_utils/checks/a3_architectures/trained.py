"""Check of the trained ResNet-20: what it says of digits that it was not trained with."""

from typing import Any

import torch
from torch import Tensor

from course_utils.checks.a3_architectures.tools import asked
from course_utils.checks.digits import judge, unseen_digits
from course_utils.checks.engine import CheckFailed
from course_utils.probes import training

SIZE = 8  # height and width of the digits
WANTED = 0.93  # share of the test digits that is to be right
PARAMETERS = 272_474  # of ResNet-20 with projections
LAGS = (
    "If the training loss is low all the same, BatchNorm's running statistics lag behind: let the "
    "learning rate fall towards the end."
)


def check_trained(model: Any, *, seed: int | None = None) -> None:
    """Ask a ResNet-20 for the digits on the test images, and count.

    Parameters
    ----------
    model
        Takes images `(N, 3, 8, 8)` of float32 in −1 to 1, gives logits `(N, 10)`.
    seed
        For a hidden test: the images come in another order, with a trace of noise.

    Raises
    ------
    CheckFailed
        If it is no ResNet-20, fewer than 93 % are right, or what comes back are no logits.
    """
    if model is None:
        raise CheckFailed("✗ trained: there is no model yet. Write train_resnet20, run its cell.")
    count = asked("trained", training.size, model)
    if count != PARAMETERS:
        raise CheckFailed(
            f"✗ trained: the model has {count} parameters, a ResNet-20 has {PARAMETERS}."
        )
    grey, labels = unseen_digits(SIZE, seed)
    images = torch.from_numpy(2 * grey[:, None] - 1).float().repeat(1, 3, 1, 1)  # (N, 3, 8, 8)
    logits = asked("trained", training.logits, model, images)
    if not isinstance(logits, Tensor) or tuple(logits.shape) != (len(labels), 10):
        shape = tuple(getattr(logits, "shape", ())) or type(logits).__name__
        raise CheckFailed(f"✗ trained: expected logits {(len(labels), 10)}, got {shape}.")
    answers = logits.argmax(dim=1).numpy()
    judge("trained", answers, labels, WANTED, (0.5, LAGS))
