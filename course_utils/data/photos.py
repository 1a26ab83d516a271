"""Real photos, from the files inside scikit-image's wheel."""

import numpy as np
from PIL import Image

from course_utils.data.files import package_folder, resize

# Only images that scikit-image ships; its others would be fetched from the internet.
PHOTOS = (
    "astronaut",
    "brick",
    "camera",
    "chelsea",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "moon",
    "motorcycle",
    "rocket",
)
FILES = {"motorcycle": "motorcycle_left"}  # which have another name
LUMINANCE = np.array([0.2125, 0.7154, 0.0721])  # of red, green and blue: Rec. 709


def photo(name: str, *, grey: bool = False, size: tuple[int, int] | None = None) -> np.ndarray:
    """Load a photo as floats between 0 (black) and 1 (white).

    Parameters
    ----------
    name
        One of `PHOTOS`.
    grey
        Weigh red, green and blue into one luminance channel.
    size
        Wanted `(height, width)`; the photo is scaled down with anti-aliasing, not cropped.

    Returns
    -------
    array of float64
        `(H, W)` for grey photos, else `(H, W, 3)`.

    Raises
    ------
    ValueError
        For a name that is not in `PHOTOS`, or a size that is not two positive integers.

    Source
    ------
    scikit-image, `skimage.data`; each photo's licence stands in its documentation.

    Examples
    --------
    >>> photo("camera", size=(64, 64)).shape
    (64, 64)
    >>> photo("coffee").shape
    (400, 600, 3)
    """
    if name not in PHOTOS:
        raise ValueError(f"unknown photo {name!r}, expected one of: {', '.join(PHOTOS)}")
    # The file itself: scikit-image's own loader imports SciPy, for longer than a photo takes.
    (path,) = package_folder("skimage").glob(f"data/{FILES.get(name, name)}.*g")  # png or jpg
    with Image.open(path) as file:
        image = np.asarray(file) / 255
    if grey and image.ndim == 3:
        image = image @ LUMINANCE
    if size is None:
        return image
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be two positive integers (height, width), got {size}")
    channels = image[..., None] if image.ndim == 2 else image  # (H, W, C)
    scaled = [resize(channels[..., c], size) for c in range(channels.shape[2])]
    return np.stack(scaled, axis=-1).reshape(*size, *image.shape[2:])
