"""A data set cut into training and test images: the one form in which networks take every set."""

from dataclasses import dataclass

import numpy as np

from course_utils.data.files import resize


@dataclass(frozen=True, eq=False)
class Split:
    """Images and labels for training, others for testing, and what the labels mean.

    Parameters
    ----------
    train_images, test_images
        `(N, C, H, W)`, float32 in 0 to 1; `C` is 1 for grey images and 3 for red, green, blue.
    train_labels, test_labels
        `(N,)`, int64 from 0.
    class_names
        One for each label.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    TypeError
        If images are not float32 or labels not int64, which is what PyTorch's losses want.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self):
        for half in ("train", "test"):
            images, labels = getattr(self, f"{half}_images"), getattr(self, f"{half}_labels")
            if images.dtype != np.float32 or labels.dtype != np.int64:
                raise TypeError(
                    f"{half}: expected float32 images and int64 labels, "
                    f"got {images.dtype} and {labels.dtype}"
                )
            if images.ndim != 4 or labels.shape != images.shape[:1]:
                raise ValueError(
                    f"{half}: expected images (N, C, H, W) and labels (N,), "
                    f"got {images.shape} and {labels.shape}"
                )

    @property
    def num_classes(self) -> int:
        """How many classes there are, seen or not."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(C, H, W)` of one image."""
        return self.train_images.shape[1:]


def resize_images(images: np.ndarray, size: int) -> np.ndarray:
    """Scale images `(N, C, H, W)` linearly to `(N, C, size, size)`, float32."""
    n, c, *old = images.shape
    if old == [size, size]:
        return images.astype(np.float32)
    scaled = np.empty((n * c, size, size), np.float32)
    for i, channel in enumerate(images.reshape(n * c, *old)):
        scaled[i] = resize(channel, (size, size))
    return scaled.reshape(n, c, size, size)


def at_least(name: str, value: int, lowest: int, highest: int | None = None) -> None:
    """Raise a ValueError unless `value` is a whole number in the range; both ends are allowed."""
    top = "" if highest is None else f" and at most {highest}"
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < lowest or (highest is not None and value > highest):
        raise ValueError(f"{name} must be a whole number of at least {lowest}{top}, got {value!r}")
