"""Inputs for the networks that a5 is checked on."""

import numpy as np

from course_utils.probes.stages import LENET_SIDE

# What does the work of a5, or holds networks that are cut for it: not there while it is graded.
BUILD_IT_YOURSELF = ("torchvision", "sklearn", "captum")
SIDE = 8  # of the images that most of the networks take
SIZES = {"LeNet5": (LENET_SIDE, LENET_SIDE), "volumes": (3, 4, 2), "dense": ()}


def inputs(rng: np.random.Generator, kind: str, channels: int, count: int) -> np.ndarray:
    """Inputs for a network of this kind: `(count, channels)` and as many axes as it takes."""
    return rng.normal(size=(count, channels, *SIZES.get(kind, (SIDE, SIDE - 2))))


def widths_for(rng: np.random.Generator, depth: int, channels: int = 2) -> tuple[int, ...]:
    """Channels that come in, as many stages as `depth`, and classes, all of different sizes."""
    stages = (int(n) for n in rng.choice(np.arange(3, 9), depth, replace=False))
    return (channels, *stages, int(rng.integers(3, 7)))
