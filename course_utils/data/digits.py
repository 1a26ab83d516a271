"""1797 real handwritten digits, 8×8 pixels, from scikit-learn's wheel."""

from dataclasses import dataclass

import numpy as np
from skimage import transform


@dataclass(frozen=True)
class Digits:
    """Images `(N, size, size)`, float64 in 0 to 1, and labels `(N,)`, in a fixed split."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


def load_digits(size: int = 8, *, test_fraction: float = 0.25, seed: int = 0) -> Digits:
    """Load the digits, scaled up where a network wants more pixels, split by class.

    Parameters
    ----------
    size
        Height and width wanted, at least 8; larger sizes are interpolated linearly.
    test_fraction
        Share of the images kept for testing, between 0 and 1; each digit keeps its share.
    seed
        Decides which images are kept.

    Raises
    ------
    ValueError
        If `size` is below 8 or `test_fraction` is not between 0 and 1.

    Source
    ------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
    """
    if size < 8:
        raise ValueError(f"the digits have 8×8 pixels, cannot make them {size}×{size}")
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1, got {test_fraction}")
    from sklearn import datasets, model_selection  # 0.7 s, which a photo need not cost

    images, labels = datasets.load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8) / 16
    if size > 8:
        images = transform.resize(images, (len(images), size, size), order=1, mode="edge")
    train_images, test_images, train_labels, test_labels = model_selection.train_test_split(
        images, labels, test_size=test_fraction, random_state=seed, stratify=labels
    )
    return Digits(train_images, train_labels, test_images, test_labels)
