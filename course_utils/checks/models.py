"""Checks of networks: what a student's model makes of inputs, with weights that a look gives it."""

from typing import Any

import numpy as np
import torch

from course_utils.checks.outcome import Look
from course_utils.probes import models

HALF = 0.43, 0.57  # of some 1500 features, more than five standard deviations around a half
WHOLE = "of whole images at once"


def _read(found: dict[str, Any], x: np.ndarray, *_: Any, look_at: str, **__: Any) -> dict[str, Any]:
    if look_at == "parameters":
        return {
            "shape of the output": found["shape"],
            "what parameters() lists": (
                "not all: some layers are hidden" if found["hidden"] else "right"
            ),
            "number of parameters": found["number"],
        }
    if look_at == "output":
        same = np.array_equal(found["input"], x)
        said = "right" if same else "changed in place: write x + y, not x += y"
        return found | {"input": said}
    if look_at == "modes":
        same = {mode: np.array_equal(*found[f"in {mode} mode"]) for mode in ("training", "eval")}
        dropout = _dropout(found["dropout"])
        still = same["training"] and dropout != WHOLE  # which may fall alike by chance
        nothing = "the same output twice, so nothing is dropped"
        return {
            "in training mode": nothing if still else "right",
            "in eval mode": "right" if same["eval"] else "another output at each call",
            "dropout": dropout,
        }
    if look_at == "no dropout":
        random = "not alike, so something is random: dropout?"
        return {name: "right" if np.array_equal(*two) else random for name, two in found.items()}
    return found


def _dropout(found: dict[str, np.ndarray] | None) -> str:
    """Whether in training half of what enters the last layer is 0, and the rest is doubled."""
    if found is None:
        return "before no layer at all"
    tensors = (torch.from_numpy(found[name]) for name in ("plain", "given", "left", "logits"))
    plain, given, leaving, logits = tensors
    plain = plain.expand_as(given)
    features = plain[0] != 0
    left = given[:, features] / plain[:, features]
    kept = left[left != 0]
    if len(kept) == 0:
        return "of everything"
    if (kept - kept[0]).abs().max() > 1e-6:
        two_values = all(len(column.unique()) <= 2 for column in left.round(decimals=6).T)
        if two_values:
            return "of a kind that does not put zeros: nn.Dropout does"
        return "not before the last layer alone"
    if len(kept) == left.numel():
        return "missing before the last layer"
    dropped = left == 0
    if (dropped == dropped[:1]).all():
        return "with one mask for all images of the batch"
    if (dropped == dropped[:, :1]).all():
        return WHOLE
    if not HALF[0] < dropped.double().mean() < HALF[1]:
        return f"of {'less' if dropped.double().mean() < 0.5 else 'more'} than one half"
    if abs(kept[0] - 2) > 1e-6:
        return "without doubling what is kept"
    after = (logits == 0) & (leaving.reshape(logits.shape) > 0)
    return "after the last layer too" if after.any() else "right"


# An `arrange` for a class of models, or a function that makes one.
behaviour = Look(models.behaviour, _read)
