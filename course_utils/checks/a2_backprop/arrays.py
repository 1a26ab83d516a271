"""What all checks of a2 share: packages left out, names in messages, and arrays of every kind."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

NUMPY_ONLY = ("torch", "torchvision", "scipy", "skimage", "sklearn")
# What the message of an impossible call must hold: the argument's name, or a word for just that.
X = r"x\b|image"
W = r"w\b|kernel|weight|filter"
KERNEL_SIZE = "kernel_size|kernel"
DOUT = "dout|gradient|upstream"


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    """Copies as tensors."""
    return [torch.from_numpy(np.array(a)) for a in arrays]


def pair(value: Any) -> tuple[int, int]:
    """Height and width of a size that may be one number."""
    return value if isinstance(value, tuple) else (value, value)


def batches(
    rng: np.random.Generator, shapes: list[tuple[int, ...]], layout: bool = True
) -> Iterator[np.ndarray]:
    """Arrays of each shape, the second in single precision; the last one is not contiguous."""
    for i, shape in enumerate(shapes):
        size = (*shape[:-2], *(n + int(rng.integers(2)) for n in shape[-2:]))
        yield rng.normal(size=size).astype(np.float32 if i % 3 == 1 else np.float64)
    if layout:
        *rest, width = shapes[-1]
        yield rng.normal(size=(*rest, 2 * width))[..., ::2]


def like(rng: np.random.Generator, out: np.ndarray) -> np.ndarray:
    """A gradient that could come from above for this output."""
    return rng.normal(size=out.shape).astype(out.dtype)
