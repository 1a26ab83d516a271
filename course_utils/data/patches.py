"""Small squares cut from real photos; the label says from which one: natural textures."""

import numpy as np

from course_utils.data.photos import photo
from course_utils.data.split import Split, at_least

# Left out are rocket and camera, half of which is empty sky: no patch of it tells which photo.
PATCH_PHOTOS = ("astronaut", "brick", "chelsea", "coffee", "coins", "grass", "gravel", "moon")
TILE = 2  # side of a tile, in sides of a patch


def load_patches(
    size: int = 32,
    *,
    per_class: int = 300,
    test_per_class: int = 75,
    seed: int = 0,
    validation: bool = False,
) -> Split:
    """Cut grey patches from eight photos, for training and testing from different places.

    Each photo is laid out in square tiles of twice the patch's side. Every fourth tile, the same
    ones whatever the seed, is for testing. A patch lies within one tile, so a training patch and a
    test patch never share a pixel; two patches of the same half may overlap.

    Parameters
    ----------
    size
        Height and width of a patch, 8 to 64, in the photo's own pixels.
    per_class, test_per_class
        Patches of each photo for training and for testing, at least 1.
    seed
        Decides which patches are cut, and their order.
    validation
        Leave the tiles for testing alone, and test on another quarter that is not trained on: for
        whoever chooses a rate, or a layer, before the test.

    Returns
    -------
    Split
        Images `(N, 1, size, size)`, grey, since colour alone would tell most photos; 8 classes,
        named after their photos.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Source
    ------
    scikit-image, `skimage.data`; each photo's licence stands in its documentation.

    Examples
    --------
    >>> textures = load_patches(per_class=10, test_per_class=5)
    >>> textures.train_images.shape, textures.test_images.shape
    ((80, 1, 32, 32), (40, 1, 32, 32))
    """
    at_least("size", size, 8, 64)
    at_least("per_class", per_class, 1)
    at_least("test_per_class", test_per_class, 1)
    at_least("seed", seed, 0)
    greys = [photo(name, grey=True)[None] for name in PATCH_PHOTOS]  # (1, H, W) each
    halves = []
    for half, count in enumerate([per_class, test_per_class]):
        rng = np.random.default_rng([seed, half])
        where = {"test": bool(half), "validation": validation}
        cut = np.concatenate([cut_patches(g, count, size, rng, **where) for g in greys])
        labels = np.repeat(np.arange(len(greys)), count)
        order = rng.permutation(len(labels))
        halves += [cut[order], labels[order]]
    return Split(*halves, PATCH_PHOTOS)


def cut_patches(
    image: np.ndarray,
    count: int,
    size: int,
    rng: np.random.Generator,
    *,
    test: bool,
    validation: bool = False,
) -> np.ndarray:
    """Cut patches at random places within the tiles of one half.

    Parameters
    ----------
    image
        `(C, H, W)`, at least two tiles of `2 * size` pixels high and three wide.
    count
        How many patches.
    size
        Their height and width.
    rng
        Decides the places.
    test
        From the tiles for testing; else from those for training.
    validation
        Another quarter of the tiles takes the part of those for testing, which are left out.

    Returns
    -------
    array of float32
        `(count, C, size, size)`.
    """
    side = TILE * size
    rows, columns = image.shape[1] // side, image.shape[2] // side
    held = 2 if validation else 0
    quarters = {held} if test else {1, 2, 3} - {held}
    places = [(r, c) for r in range(rows) for c in range(columns)]
    tiles = np.array([place for place in places if quarter(*place) in quarters])
    corners = tiles[rng.integers(len(tiles), size=count)] * side  # (count, 2)
    top, left = (corners + rng.integers(side - size + 1, size=(count, 2))).T
    windows = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(1, 2))
    return windows[:, top, left].swapaxes(0, 1).astype(np.float32)  # (count, C, size, size)


def quarter(row: int, column: int) -> int:
    """Which quarter of the tiles, 0 to 3, one belongs to; 0 is for testing.

    No two tiles of a quarter lie side by side.
    """
    return (column + 2 * row) % 4
