"""1797 real handwritten digits, 8×8 pixels, from scikit-learn's wheel."""

from dataclasses import dataclass, replace

import numpy as np

from course_utils.data.files import package_folder, resize
from course_utils.data.split import Split


@dataclass(frozen=True)
class Digits:
    """Images `(N, size, size)`, float64 in 0 to 1, and labels `(N,)`, in a fixed split."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def first(self, count: int) -> "Digits":
        """The same with the first `count` training images only."""
        images, labels = self.train_images[:count], self.train_labels[:count]
        return replace(self, train_images=images, train_labels=labels)

    def as_split(self) -> Split:
        """The same as networks take every set: float32 `(N, 1, size, size)`, labels int64."""
        return Split(
            self.train_images[:, None].astype(np.float32),
            self.train_labels.astype(np.int64),
            self.test_images[:, None].astype(np.float32),
            self.test_labels.astype(np.int64),
            tuple("0123456789"),
        )


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
    # The file itself, since importing scikit-learn takes longer than reading it.
    table = np.loadtxt(package_folder("sklearn") / "datasets/data/digits.csv.gz", delimiter=",")
    images, labels = table[:, :-1].reshape(-1, 8, 8) / 16, table[:, -1].astype(int)
    if size > 8:
        images = np.stack([resize(image, (size, size)) for image in images])
    order = np.random.default_rng(seed).permutation(len(labels))  # the file goes by writer
    images, labels = images[order], labels[order]
    is_test = np.zeros(len(labels), bool)
    for digit in range(10):
        (where,) = np.nonzero(labels == digit)
        is_test[where[: round(test_fraction * len(where))]] = True
    return Digits(images[~is_test], labels[~is_test], images[is_test], labels[is_test])
