"""Checks of networks: what a student's model makes of inputs, with weights that a look gives it."""

from typing import Any

import numpy as np

from course_utils.checks.outcome import Look
from course_utils.probes import models

HALF = 0.43, 0.57  # of some 1500 features, more than five standard deviations around a half


def _read(found: dict[str, Any], x: np.ndarray, *_: Any, look_at: str, **__: Any) -> dict[str, Any]:
    if look_at == "output":
        same = np.array_equal(found["input"], x)
        said = "right" if same else "changed in place: write x + y, not x += y"
        return found | {"input": said}
    if look_at == "modes":
        same = {mode: np.array_equal(*found[f"in {mode} mode"]) for mode in ("training", "eval")}
        nothing = "the same output twice, so nothing is dropped"
        return {
            "in training mode": nothing if same["training"] else "right",
            "in eval mode": "right" if same["eval"] else "another output at each call",
            "dropout": _dropout(found["dropout"]),
        }
    if look_at == "no dropout":
        random = "not alike, so something is random: dropout?"
        return {name: "right" if np.array_equal(*two) else random for name, two in found.items()}
    return found


def _dropout(found: dict[str, Any] | None) -> str:
    """Whether in training half of what enters the last layer is 0, and the rest is doubled."""
    if found is None:
        return "before no layer at all"
    kept = found["kept"]
    if kept == 0 or found["spread"] > 1e-6:
        return "before another layer than the last"
    if kept == 1:
        return "missing before the last layer"
    if not HALF[0] < 1 - kept < HALF[1]:
        return f"of {'less' if kept > 1 / 2 else 'more'} than one half"
    if abs(found["factor"] - 2) > 1e-6:
        return "without doubling what is kept"
    return "after the last layer too" if found["outputs dropped"] else "right"


# An `arrange` for a class of models, or a function that makes one.
behaviour = Look(models.behaviour, _read)
