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


def few(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Rows of so many images of each class, drawn with this seed, class by class.

    A larger draw with the same seed has the smaller one in it. A class with fewer images gives all.
    """
    rng, classes = np.random.default_rng(seed), range(int(labels.max()) + 1)
    return np.concatenate(
        [rng.permutation(np.flatnonzero(labels == c))[:per_class] for c in classes]
    )


def misfit(kind: str, seed: int) -> Split:
    """A source that has little to teach about digits: about 2000 images of 16×16 for training.

    Parameters
    ----------
    kind
        `"photo patches"`: pieces of 25×25 pixels of eight photos, made smaller.
        `"pixels shuffled"`: letters whose pixels stand in one random order, the same for all.
        `"labels shuffled"`: letters whose labels were dealt out at random.
    seed
        Of the images, and of the order.

    Raises
    ------
    ValueError
        For another kind.
    """
    import torch  # which images alone do not need
    from torch.nn.functional import interpolate

    from course_utils.data.glyphs import load_glyphs
    from course_utils.data.patches import load_patches

    rng = np.random.default_rng(seed)
    if kind == "photo patches":
        split = load_patches(25, per_class=250, test_per_class=1, seed=seed)
        patches = torch.tensor(split.train_images)
        x = interpolate(patches, size=(16, 16), mode="bilinear", antialias=True).numpy()
        y = split.train_labels
    elif kind in ("pixels shuffled", "labels shuffled"):
        split = load_glyphs(16, per_class=60, test_per_class=1, distortion=2, seed=seed)
        x, y = split.train_images, split.train_labels
        if kind == "pixels shuffled":
            x = x.reshape(-1, 256)[:, rng.permutation(256)].reshape(x.shape)
        else:
            y = rng.permutation(y)
    else:
        raise ValueError(f"unknown kind {kind!r}: photo patches, pixels shuffled, labels shuffled")
    return Split(x, y, x[:8], y[:8], split.class_names)
