"""What all checks of a2 share: which packages it leaves out, and arrays of every kind."""

from collections.abc import Iterator

import numpy as np

NUMPY_ONLY = ("torch", "torchvision", "scipy", "skimage", "sklearn")


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
