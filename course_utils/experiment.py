"""What a comparison of training runs owes its reader: rates that bracket the best, an interval.

`best_rate` picks a rate from a grid and refuses one at the edge; `interval` says how far the mean
of a few runs, or of their differences, can be trusted; `measured` reads runs that took minutes.
"""

import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

FOLDER = Path(__file__).with_name("measured")


def measured(name: str) -> dict[str, Any]:
    """Read what a script of `benchmarks` has measured and stored, since it takes minutes.

    Parameters
    ----------
    name
        Of a table in `course_utils/measured`.

    Returns
    -------
    dict
        The table; under `"made by"` stands the script, under `"torch"` its version of PyTorch.

    Raises
    ------
    ValueError
        If there is no such table, naming those that there are.

    Examples
    --------
    >>> measured("train_size")["made by"]
    'benchmarks/train_size.py'
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise ValueError(
            f"no table {name!r} was measured; there are "
            + ", ".join(sorted(each.stem for each in FOLDER.glob("*.json")))
        )
    return json.loads(path.read_text(encoding="utf-8"))


def best_rate(rates: Sequence[float], losses: ArrayLike) -> float:
    """Pick the rate with the lowest mean loss, if the grid shows that it gets worse on both sides.

    Parameters
    ----------
    rates
        Learning rates that were tried, ascending, at least three.
    losses
        `(..., len(rates))`, averaged over all axes but the last, such as seeds. A loss that is NaN
        or infinite makes its rate the worst.

    Returns
    -------
    float
        One of `rates`.

    Raises
    ------
    ValueError
        If no rate is better than both ends of the grid, so that a better one may lie beyond it;
        if `rates` do not ascend or are fewer than three, or `losses` do not fit them.

    Examples
    --------
    >>> best_rate([0.01, 0.1, 1.0], [[0.9, 0.3, 2.1], [0.8, 0.2, 2.4]])
    0.1
    """
    rates, losses = list(rates), np.asarray(losses, dtype=float)
    if len(rates) < 3 or any(low >= high for low, high in itertools.pairwise(rates)):
        raise ValueError(f"rates must be at least three, from small to large, got {rates}")
    if losses.ndim == 0 or losses.shape[-1] != len(rates):
        raise ValueError(f"losses must be (..., {len(rates)}), got {losses.shape}")
    mean = losses.reshape(-1, len(rates)).mean(axis=0)
    mean[~np.isfinite(mean)] = np.inf
    if mean.min() < min(mean[0], mean[-1]):
        return rates[int(mean.argmin())]
    if mean.min() == mean.max():
        raise ValueError(f"all rates from {rates[0]:g} to {rates[-1]:g} do equally well or badly")
    edge, beyond, end = (
        (rates[0], rates[0] / 3, "smallest")
        if mean[0] <= mean[-1]
        else (rates[-1], rates[-1] * 3, "largest")
    )
    raise ValueError(
        f"{edge:g} does best and is the {end} rate tried, so a better one may lie beyond: "
        f"go on to {beyond:.2g}"
    )


def interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Mean of independent values, and half the width of its confidence interval.

    For two ways of training, give the differences of runs with the same seed: what the seed does
    to both of them cancels. If the interval contains 0, the runs do not tell the two apart.

    Parameters
    ----------
    values
        One number for each run, `(N,)`, at least two.
    confidence
        Share of such intervals that contain the true mean, if the values are normal.

    Returns
    -------
    mean, half : float
        The interval is mean ± half, with Student's t for N − 1 degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two values, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> mean, half = interval([1.0, 2.0, 3.0])
    >>> round(mean, 2), round(half, 2)
    (2.0, 2.48)
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"an interval needs at least two values in a row, got {values.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    t = stdtrit(len(values) - 1, (1 + confidence) / 2)
    return float(values.mean()), float(t * values.std(ddof=1) / math.sqrt(len(values)))
