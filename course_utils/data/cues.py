"""Photos with a small mark whose kind is the label and whose place is known.

They put methods of explanation to the test: only the mark tells the class, so a good explanation
of a network that knows the class must point at it (the pointing game).
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.data.patches import cut_patches
from course_utils.data.photos import photo
from course_utils.data.split import Split, at_least

if TYPE_CHECKING:
    import torch

CUES = ("stripes", "checker", "disc", "cross")
BACKGROUNDS = ("astronaut", "chelsea", "coffee", "rocket")  # the photos in colour
# Every class has every colour equally often, so that the colour does not tell the class.
COLOURS = np.array([[0.84, 0.37, 0.0], [0.0, 0.45, 0.70], [0.0, 0.62, 0.45], [0.80, 0.47, 0.65]])
SMALLEST, LARGEST = 0.30, 0.40  # side of a mark, in sides of the image
ENDINGS = ("mean", "maximum")  # of each map, before the dense layer
STARTS = 3
NETWORKS = Path(__file__).parents[1] / "measured/cue_networks.npz"
FINE = 8  # marks are drawn this many times as large, then averaged


@dataclass(frozen=True, eq=False)
class CuedImages(Split):
    """A `Split` that also knows where each mark is.

    Parameters
    ----------
    train_boxes, test_boxes
        `(N, 4)`, int64: top, left, bottom, right in pixels. The mark is
        `images[i, :, top:bottom, left:right]`.
    """

    train_boxes: np.ndarray
    test_boxes: np.ndarray


def load_cues(
    size: int = 32, *, per_class: int = 800, test_per_class: int = 200, seed: int = 0
) -> CuedImages:
    """Plant a mark on pieces of photos: stripes, a checker, a disc or a cross.

    Each piece of a photo is used four times, once with each kind of mark, at the same place, of the
    same size and colour. So outside of the box the four images are the same, and nothing but the
    mark tells the class. Training and test images come from different tiles of the photos, as in
    `load_patches`.

    Parameters
    ----------
    size
        Height and width, 24 to 64.
    per_class, test_per_class
        Images of each class for training and for testing, at least 1.
    seed
        Decides the pieces, the places, sizes and colours of the marks, and the order.

    Returns
    -------
    CuedImages
        Images `(N, 3, size, size)`, 4 classes, and the boxes of the marks. A mark's side is 30 to
        40 % of the image's, so it covers about an eighth of the image: that is how often a
        pointing finger that knows nothing hits it.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Source
    ------
    J. Zhang et al., Top-down Neural Attention by Excitation Backprop, ECCV 2016, for the pointing
    game; photos of `skimage.data`.

    Examples
    --------
    >>> marked = load_cues(per_class=10, test_per_class=5)
    >>> marked.train_images.shape, marked.train_boxes.shape
    ((40, 3, 32, 32), (40, 4))
    >>> top, left, bottom, right = marked.test_boxes[0]
    >>> bool(bottom - top == right - left)
    True
    """
    at_least("size", size, 24, 64)
    at_least("per_class", per_class, 1)
    at_least("test_per_class", test_per_class, 1)
    at_least("seed", seed, 0)
    images, labels, boxes = [], [], []
    for half, count in enumerate([per_class, test_per_class]):
        rng = np.random.default_rng([seed, half])
        planted = _plant(_backgrounds(count, size, rng, test=bool(half)), rng)
        for every, made in zip((images, labels, boxes), planted, strict=True):
            every.append(made)
    return CuedImages(images[0], labels[0], images[1], labels[1], CUES, boxes[0], boxes[1])


def _backgrounds(count: int, size: int, rng: np.random.Generator, *, test: bool) -> np.ndarray:
    """`count` pieces of the photos in turn, `(count, 3, size, size)`."""
    each = -(-count // len(BACKGROUNDS))
    cut = [
        cut_patches(np.moveaxis(photo(name), 2, 0), each, size, rng, test=test)
        for name in BACKGROUNDS
    ]
    return np.stack(cut, axis=1).reshape(-1, *cut[0].shape[1:])[:count]


def _plant(
    backgrounds: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Put each kind of mark on every background: images, labels and boxes, shuffled."""
    count, _, size, _ = backgrounds.shape
    smallest, largest = round(SMALLEST * size), round(LARGEST * size)
    sides = rng.integers(smallest, largest + 1, size=count)
    corners = rng.integers(size - sides[:, None] + 1, size=(count, 2))  # anywhere inside
    colours = COLOURS[rng.integers(len(COLOURS), size=count)].astype(np.float32)
    images = np.repeat(backgrounds[None], len(CUES), axis=0)  # (classes, count, 3, H, W)
    for i, (side, (top, left), colour) in enumerate(zip(sides, corners, colours, strict=True)):
        opaque, coloured = _marks(int(side))  # (classes, 1, side, side)
        mark = 1 - coloured * (1 - colour[:, None, None])  # white where not coloured
        place = images[:, i, :, top : top + side, left : left + side]  # (classes, 3, side, side)
        place += opaque * (mark - place)
    boxes = np.concatenate([corners, corners + sides[:, None]], axis=1)  # (count, 4)
    order = rng.permutation(len(CUES) * count)
    images = images.reshape(-1, *images.shape[2:])[order].clip(0, 1)
    labels = np.repeat(np.arange(len(CUES)), count)[order]
    return images, labels, np.tile(boxes, (len(CUES), 1))[order]


@lru_cache(maxsize=64)
def _marks(side: int) -> tuple[np.ndarray, np.ndarray]:
    """How opaque and how coloured each mark is, `(classes, 1, side, side)` each, in 0 to 1."""
    axis = (np.arange(side * FINE) + 0.5) / (side * FINE) * 2 - 1  # from -1 to 1
    y, x = np.meshgrid(axis, axis, indexing="ij")
    everywhere = np.ones_like(x, bool)
    row, column = np.floor((y + 1) * 2.5), np.floor((x + 1) * 2.5)  # five bands each way
    radius = np.hypot(x, y)
    thin, wide = np.minimum(abs(x), abs(y)), np.maximum(abs(x), abs(y))
    opaque = [everywhere, everywhere, radius < 1, thin < 0.42]
    coloured = [row % 2 == 0, (row + column) % 2 == 0, radius < 0.72, (thin < 0.2) & (wide < 0.8)]
    fine = np.array([opaque, coloured], np.float32).reshape(2, len(CUES), 1, side, FINE, side, FINE)
    opaque, coloured = fine.mean(axis=(-1, -3))
    return opaque, coloured


def cue_network(ending: str, start: int, *, trained: bool = True) -> "torch.nn.Sequential":
    """A small network that names the marks of `load_cues`, in eval mode.

    Three convolutions of 5×5, 3×3 and 3×3, BatchNorm and ReLU after each, 2×2 max pooling after the
    first two; at the end the mean or the maximum of each map, and a dense layer.

    Parameters
    ----------
    ending
        One of `ENDINGS`.
    start
        Number of its random start, 0 to 2.
    trained
        False leaves the random start, for a control. Its BatchNorm layers have seen no image.

    Returns
    -------
    nn.Sequential
        Images `(N, 3, 32, 32)` to logits `(N, 4)`; layer `"10"`, the last ReLU, gives the maps
        `(N, 32, 8, 8)`.

    Raises
    ------
    ValueError
        For another ending or start.

    Source
    ------
    Trained by `benchmarks/cue_networks.py`, stored in half precision.
    """
    import torch
    from torch import nn

    if ending not in ENDINGS or start not in range(STARTS):
        raise ValueError(
            f"expected one of {ENDINGS} and a start in 0 to {STARTS - 1}, got {ending!r}, {start!r}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(start)
        layers: list[nn.Module] = []
        for before, after, kernel_size in [(3, 12, 5), (12, 24, 3), (24, 32, 3)]:
            conv = nn.Conv2d(before, after, kernel_size, padding=kernel_size // 2)
            layers += [conv, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
        pool = nn.AdaptiveAvgPool2d(1) if ending == "mean" else nn.AdaptiveMaxPool2d(1)
        net = nn.Sequential(*layers[:-1], pool, nn.Flatten(), nn.Linear(32, 4)).eval()
    if trained:
        with np.load(NETWORKS) as stored:
            numbers = torch.from_numpy(stored[f"{ending} {start}"].astype(np.float32))
        state = net.state_dict()
        parts = numbers.split([value.numel() for value in state.values()])
        for (name, value), part in zip(state.items(), parts, strict=True):
            state[name] = part.view_as(value).to(value.dtype)
        net.load_state_dict(state)
    return net
