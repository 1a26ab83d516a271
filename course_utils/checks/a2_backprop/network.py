"""Check of the trained network: what it says of digits that it was not trained with."""

from collections.abc import Callable

import numpy as np

from course_utils.checks.a2_backprop.arrays import NUMPY_ONLY
from course_utils.checks.digits import judge, unseen_digits
from course_utils.checks.engine import CheckFailed
from course_utils.checks.outcome import call
from course_utils.tracebacks import used_package

WANTED = 0.95  # share of the test digits that is to be right
GUESSES = "That is no better than guessing: are all layers applied, in the order of training?"


def check_digits(predict: Callable | None, *, seed: int | None = None) -> None:
    """Ask for the digits on the test images, and count.

    Parameters
    ----------
    predict
        Takes images `(N, 1, 8, 8)` of float64 in 0 to 1, gives N whole numbers.
    seed
        For a hidden test: the images come in another order, with a trace of noise.

    Raises
    ------
    CheckFailed
        If fewer than 95 % are right, what comes back is no array of N whole numbers, or predict is
        None: there is no network yet.
    """
    if predict is None:
        raise CheckFailed(
            "✗ digits: your network is not trained yet. Write train, and run the cell above, which "
            "calls it."
        )
    if package := used_package(predict, NUMPY_ONLY):
        raise CheckFailed(f"✗ digits: predict uses {package}; build it from your own layers.")
    images, labels = unseen_digits(8, seed)
    images = images[:, None]  # (N, 1, 8, 8)
    if not callable(predict):
        raise CheckFailed(f"✗ digits: predict is a {type(predict).__name__}, not a function")
    outcome = call(predict, (images,), {})
    if outcome.error or outcome.modified:
        why = outcome.error or "predict changes the images; work on a copy"
        raise CheckFailed("\n  ".join(filter(None, [f"✗ digits: {why}", outcome.where])))
    given = np.asarray(outcome.value)
    if given.shape != labels.shape or given.dtype.kind not in "iu":
        raise CheckFailed(
            f"✗ digits: {len(labels)} images need {len(labels)} whole numbers, but it returned "
            f"shape {given.shape} of {given.dtype}. The class of an image is the place of its "
            "largest logit."
        )
    judge("digits", given, labels, WANTED, (0.2, GUESSES))
