"""Images that the checks of a1 use."""

from collections.abc import Iterator

import numpy as np


def images(rng: np.random.Generator, shapes: list[tuple[int, int]]) -> Iterator[np.ndarray]:
    """Images of both precisions, each shape up to two pixels larger, the last not contiguous."""
    for i, (height, width) in enumerate(shapes):
        shape = height + int(rng.integers(3)), width + int(rng.integers(3))
        yield rng.normal(size=shape).astype(np.float32 if i % 3 == 1 else np.float64)
    yield rng.normal(size=(9, 2 * 8))[:, ::2]
