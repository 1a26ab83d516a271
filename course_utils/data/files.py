"""Files inside installed packages, read without importing the package."""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image


def package_folder(name: str) -> Path:
    """Where a package is installed.

    Raises
    ------
    ModuleNotFoundError
        If it is not.
    """
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed: run `course doctor`", name=name)
    return Path(spec.submodule_search_locations[0])


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale one channel `(H, W)` linearly; when it gets smaller, with anti-aliasing.

    Parameters
    ----------
    image
        `(H, W)`, of any range.
    size
        Wanted `(height, width)`.

    Returns
    -------
    array of float64
        Of the wanted size, within the range of the image.
    """
    scaled = Image.fromarray(image.astype(np.float32)).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.clip(np.asarray(scaled, dtype=np.float64), image.min(), image.max())
