"""Digits that a student's network has not seen, and what its answers to them are worth."""

import numpy as np

from course_utils.checks.engine import CheckFailed
from course_utils.data import load_digits

NOISE = 0.02  # of hidden tests, in grey levels of 0 to 1: far too little to see


def unseen_digits(size: int, seed: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Images `(N, size, size)` in 0 to 1 and labels `(N,)` of the test half.

    With a seed, for a hidden test, they come in another order, with a trace of noise.
    """
    digits = load_digits(size)
    images, labels = digits.test_images, digits.test_labels
    if seed is None:
        return images, labels
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    return np.clip(images[order] + rng.normal(0, NOISE, images.shape), 0, 1), labels[order]


def judge(
    name: str, answers: np.ndarray, labels: np.ndarray, wanted: float, low: tuple[float, str]
) -> None:
    """Count right answers; `low` is a share, and what to say of fewer.

    Raises
    ------
    CheckFailed
        If fewer than the wanted share are right.
    """
    right = float((answers == labels).mean())
    if right >= wanted:
        print(f"✓ {name}: {right:.1%} of {len(labels)} are right")
        return
    hint = "Train longer, or look at the loss curve: does it still fall?"
    if right < low[0]:
        hint = low[1]
    if len(np.unique(answers)) == 1:
        hint = "It says the same digit of every image: has it learned at all? Look at the loss."
    raise CheckFailed(f"✗ {name}: {right:.1%} are right, {wanted:.0%} are wanted. {hint}")
