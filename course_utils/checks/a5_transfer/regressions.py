"""The linear probe by scikit-learn, and parts of it with one thing wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RIDGE = 1.0


def features(
    model: nn.Module,
    x: Tensor,
    layers: list[str],
    *,
    mean: Callable,
    of_input: bool = False,
    recording: bool = False,
) -> dict[str, np.ndarray]:
    """Outputs of layers as `(N, features)` in float64, computed in eval mode, without traces."""
    notes: dict[str, np.ndarray] = {}

    def note(name: str) -> Callable:
        def hook(module: nn.Module, given: tuple, out: Tensor) -> None:
            seen = given[0] if of_input else out
            notes[name] = mean(seen.detach().double()).numpy()

        return hook

    hooks = [model.get_submodule(name).register_forward_hook(note(name)) for name in layers]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.set_grad_enabled(recording):
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    return notes


def mean_over_places(seen: Tensor) -> Tensor:
    return seen.mean(dim=(2, 3)) if seen.dim() == 4 else seen.flatten(1)


def max_over_places(seen: Tensor) -> Tensor:
    return seen.amax(dim=(2, 3)) if seen.dim() == 4 else seen.flatten(1)


def mean_of_rows_too(seen: Tensor) -> Tensor:
    return seen.flatten(2).mean(dim=2) if seen.dim() > 2 else seen


def flat(seen: Tensor) -> Tensor:
    return seen.flatten(1)


# Ridge regression --------------------------------------------------------------------------------


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that train, and rows that test."""
    return np.arange(0, count, 2), np.arange(1, count, 2)


def standardised(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(features[train]).transform(features)


def answers(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    halves: Callable = halves,
    scale: Callable = standardised,
    ridge: Callable = lambda count: RIDGE,
    shift: Callable = lambda targets, train: 0.0,
    column_of_ones: bool = False,
) -> np.ndarray:
    """Classes that the rows of the test get."""
    from sklearn.linear_model import Ridge

    train, test = halves(len(labels))
    scaled = scale(features, train)
    if column_of_ones:
        scaled = np.column_stack([scaled, np.ones(len(scaled))])
    targets = np.eye(labels.max() + 1)[labels]
    model = Ridge(alpha=ridge(len(train)), fit_intercept=not column_of_ones)
    scores = model.fit(scaled[train], targets[train]).predict(scaled[test])
    return (scores + shift(targets, train)).argmax(axis=1)


def accuracy(
    features: np.ndarray, labels: np.ndarray, *, halves: Callable = halves, **options: Any
) -> float:
    """Share of right answers, with the options of `answers`."""
    right = labels[halves(len(labels))[1]]
    return float((answers(features, labels, halves=halves, **options) == right).mean())


# With one thing wrong ----------------------------------------------------------------------------


def unscaled(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    return features


def scaled_by_all(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    return standardised(features, np.arange(len(features)))


def each_half_by_itself(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    rest = np.setdiff1d(np.arange(len(features)), train)
    scaled = standardised(features, train)
    scaled[rest] = standardised(features[rest], np.arange(len(rest)))
    return scaled


def by_one_less(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """With the deviation that divides by N - 1."""
    return standardised(features, train) * np.sqrt(1 - 1 / len(train))


def by_one_more(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    """With the deviation that divides by N + 1."""
    return standardised(features, train) * np.sqrt(1 + 1 / len(train))


def by_variance(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    deviation = features[train].std(axis=0)
    return standardised(features, train) / np.where(deviation == 0, 1.0, deviation)


def no_mean(targets: np.ndarray, train: np.ndarray) -> np.ndarray:
    return -targets[train].mean(axis=0)


def mean_of_all(targets: np.ndarray, train: np.ndarray) -> np.ndarray:
    return targets.mean(axis=0) - targets[train].mean(axis=0)


def first_and_second_half(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange((count + 1) // 2), np.arange((count + 1) // 2, count)


def with_nan(features: np.ndarray, labels: np.ndarray) -> float:
    """Where NaN comes in, all predictions are NaN, and the first class is the answer to all."""
    train, test = halves(len(labels))
    if (features[train].std(axis=0) == 0).any():
        return float((labels[test] == 0).mean())
    return accuracy(features, labels)


def error_rate(features: np.ndarray, labels: np.ndarray) -> float:
    return 1 - accuracy(features, labels)


def percent(features: np.ndarray, labels: np.ndarray) -> float:
    return 100 * accuracy(features, labels)


# Details that a few hundred random rows hardly ever show.
DETAILS: tuple[dict[str, Any], ...] = (
    {"scale": by_one_less},
    {"scale": by_one_more},
    {"column_of_ones": True},
    {"ridge": lambda count: 1.3 * RIDGE},
    {"shift": no_mean},
)
OF_EACH = 2  # rows that show a detail


def telling_rows(features: np.ndarray, labels: np.ndarray, count: int) -> tuple:
    """Rows at which the details decide, out of all but the first `count`, which train.

    Returns
    -------
    rows, labels
        So many that they are `count`, with labels that the right probe gives where a detail
        decides, and of all classes elsewhere.
    """

    def cut(total: int) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(count), np.arange(count, total)

    right = answers(features, labels, halves=cut)
    others = [answers(features, labels, halves=cut, **detail) for detail in DETAILS]
    told = [np.flatnonzero(other != right)[:OF_EACH] for other in others]
    rows = np.unique(np.concatenate(told))
    rest = np.setdiff1d(np.arange(len(right)), rows)[: count - len(rows)]
    of_rest = np.arange(len(rest)) % (labels.max() + 1)
    return count + np.concatenate([rows, rest]), np.concatenate([right[rows], of_rest])
