"""100 real faces and 100 pieces of background, 25×25 pixels, from scikit-image's wheel."""

import numpy as np

from course_utils.data.files import package_folder
from course_utils.data.split import Split, at_least, resize_images

CLASSES = ("no face", "face")
EACH = 100  # of either kind: the file has the faces first


def load_faces(size: int = 25, *, test_fraction: float = 0.25, seed: int = 0) -> Split:
    """Load the faces and the others, split by class: a real task with few images.

    Parameters
    ----------
    size
        Height and width wanted, 25 to 256; larger sizes are interpolated linearly.
    test_fraction
        Share of the images kept for testing, 0.01 to 0.99; the same of both classes.
    seed
        Decides which images are kept, and their order.

    Returns
    -------
    Split
        Images `(N, 1, size, size)`, grey; 2 classes, label 1 being the faces.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Source
    ------
    `skimage.data.lfw_subset`, from G. B. Huang, M. Ramesh, T. Berg and E. Learned-Miller, Labeled
    Faces in the Wild, 2007.

    Examples
    --------
    >>> faces = load_faces()
    >>> faces.train_images.shape, faces.test_images.shape
    ((150, 1, 25, 25), (50, 1, 25, 25))
    """
    at_least("size", size, 25, 256)
    at_least("seed", seed, 0)
    if not 0.01 <= test_fraction <= 0.99:
        raise ValueError(f"test_fraction must lie between 0.01 and 0.99, got {test_fraction}")
    # The file itself, since importing scikit-image takes longer than reading it.
    images = np.load(package_folder("skimage") / "data/lfw_subset.npy")  # (200, 25, 25), 0 to 1
    images = resize_images(images[:, None], size)
    rng = np.random.default_rng(seed)
    kept = round(test_fraction * EACH)
    faces, others = rng.permutation(EACH), EACH + rng.permutation(EACH)
    test = rng.permutation(np.concatenate([faces[:kept], others[:kept]]))
    train = rng.permutation(np.concatenate([faces[kept:], others[kept:]]))
    labels = (np.arange(2 * EACH) < EACH).astype(np.int64)
    return Split(images[train], labels[train], images[test], labels[test], CLASSES)
