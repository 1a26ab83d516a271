"""Check of pointing_game, against NumPy's argmax and a count."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from torch import Tensor

from course_utils.checks.a4_inside.networks import NOT_HERE, spread
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look, Unusable
from course_utils.probes import insight


def _read(found: Any, *_: Any) -> Any:
    if isinstance(found, Tensor):
        raise Unusable("it returned a Tensor, but the result is one float: take .item()")
    return found if isinstance(found, bool) or not isinstance(found, int) else float(found)


def _peaks(maps: np.ndarray, peak: Callable = np.argmax) -> tuple[np.ndarray, np.ndarray]:
    flat = [peak(m.reshape(-1)) for m in maps]
    return np.unravel_index(flat, maps.shape[1:])


def _game(
    peak: Callable = np.argmax,
    *,
    inside: Callable = lambda y, x, b: (b[0] <= y < b[2]) and (b[1] <= x < b[3]),
    change: Callable = lambda maps: maps,
    end: Callable = np.mean,
) -> Callable:
    """The game with another finger, another box or another count."""

    def pointing_game(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
        y, x = _peaks(change(heatmaps), peak)
        hits = [bool(inside(*each)) for each in zip(y, x, boxes, strict=True)]
        return float(end(hits))

    return pointing_game


def _pointing_game(heatmaps, boxes):
    return _game()(heatmaps, boxes)


def _over_batch(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
    """One maximum of all maps together, looked for in each box."""
    _, y, x = np.unravel_index(heatmaps.argmax(), heatmaps.shape)
    return float(np.mean([b[0] <= y < b[2] and b[1] <= x < b[3] for b in boxes]))


def _by_height(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
    """Rows and columns as in maps that stand on their sides."""
    n, height, width = heatmaps.shape
    return _game()(heatmaps.reshape(n, width, height), boxes)


def _share_of_heat(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
    shares = [
        m[b[0] : b[2], b[1] : b[3]].sum() / m.sum() for m, b in zip(heatmaps, boxes, strict=True)
    ]
    return float(np.mean(shares))


def _any_of_equals(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
    hits = [
        m[b[0] : b[2], b[1] : b[3]].max() == m.max() for m, b in zip(heatmaps, boxes, strict=True)
    ]
    return float(np.mean(hits))


def _apart(heatmaps: np.ndarray, boxes: np.ndarray) -> float:
    y, x = (heatmaps.max(axis).argmax(1) for axis in (2, 1))
    return float(np.mean([b[0] <= r < b[2] and b[1] <= c < b[3] for r, c, b in
                          zip(y, x, boxes, strict=True)]))  # fmt: skip


def _last(flat: np.ndarray) -> int:
    return len(flat) - 1 - int(np.argmax(flat[::-1]))


def _boxes(rng, n: int, height: int, width: int) -> np.ndarray:
    tops, lefts = rng.integers(0, height - 1, n), rng.integers(0, width - 1, n)
    bottoms, rights = rng.integers(tops + 1, height + 1), rng.integers(lefts + 1, width + 1)
    return np.stack([tops, lefts, bottoms, rights], axis=1)


def _random(rng) -> Iterator[Case]:
    yield case(rng.uniform(size=(1, 4, 5)), np.array([[0, 0, 4, 5]]))
    for height, width in [(5, 9), (9, 5), (int(rng.integers(6, 9)), 12)]:
        n = int(rng.integers(140, 180))
        maps = rng.uniform(0.01, 1, (n, height, width)) * rng.choice([-1, 1], (n, height, width))
        yield case(maps, _boxes(rng, n, height, width))
    yield case(spread(maps.astype(np.float32)), _boxes(rng, n, height, width))


def _borders(rng) -> Iterator[Case]:
    """The maximum stands at the first or the last pixel of the box, or one beyond."""
    height, width = int(rng.integers(7, 10)), 11
    for row, column in [(0, 0), (-1, -1), (0, -1), (1, 1), (-2, 0)]:
        n = int(rng.integers(3, 6))
        maps, boxes = rng.uniform(0, 0.5, (n, height, width)), np.zeros((n, 4), int)
        for i in range(n):
            top, left = int(rng.integers(1, 4)), int(rng.integers(1, 6))
            bottom, right = top + 2, left + 3
            boxes[i] = top, left, bottom, right
            y = top + row if row >= 0 else bottom + row
            x = left + column if column >= 0 else right + column
            beyond = i % 2  # every second peak lies just outside
            maps[i, y + beyond * (bottom - y), x] = 1
        yield case(maps, boxes)


def _ties(rng) -> Iterator[Case]:
    for height, width in [(5, 8), (8, 5)]:
        n = int(rng.integers(140, 180))  # many, or two shares are alike by chance
        maps = rng.integers(0, 3, (n, height, width)).astype(float)
        yield case(maps, _boxes(rng, n, height, width))


ZEROS, BOX = np.zeros((2, 5, 6)), np.array([[0, 0, 2, 2], [1, 1, 3, 4]])
# fmt: off
_SUSPECTS = {
    "The box is closed at its end: bottom and right are the first pixels outside.":
        {"inside": lambda y, x, b: b[0] <= y <= b[2] and b[1] <= x <= b[3]},
    "The box is open at its start: top and left belong to it.":
        {"inside": lambda y, x, b: b[0] < y < b[2] and b[1] < x < b[3]},
    "Rows and columns of the box are exchanged: it is (top, left, bottom, right).":
        {"inside": lambda y, x, b: b[0] <= x < b[2] and b[1] <= y < b[3]},
    "The box is read as (top, bottom, left, right): it is (top, left, bottom, right).":
        {"inside": lambda y, x, b: b[0] <= y < b[1] and b[2] <= x < b[3]},
    "The box is read as (top, left, height, width): it is (top, left, bottom, right).":
        {"inside": lambda y, x, b: b[0] <= y < b[0] + b[2] and b[1] <= x < b[1] + b[3]},
    "The place is divided by the height: its row is place // W, its column place % W.": _by_height,
    "Only the row is looked at: the column must lie inside as well.":
        {"inside": lambda y, x, b: b[0] <= y < b[2]},
    "There is one maximum for all maps together: each map has its own.": _over_batch,
    "Of equal maxima you take the last: the first in row order points.": {"peak": _last},
    "Of equal maxima you take the first in column order: rows come first.":
        lambda heatmaps, boxes: _game()(heatmaps.swapaxes(1, 2), boxes[:, [1, 0, 3, 2]]),
    "The minimum points, not the maximum.": {"peak": np.argmin},
    "The largest absolute value points: it is to be the maximum.": {"change": np.abs},
    "The row with a maximum and the column with one are looked for apart: with equal maxima that "
    "is another place.": _apart,
    "Any of several equal maxima may hit: only the first in row order points.": _any_of_equals,
    "This is the number of hits, not their share.": {"end": np.sum},
    "This is the share of misses.": {"end": lambda hits: 1 - np.mean(hits)},
    "These are percent; the hit rate is a share between 0 and 1.":
        {"end": lambda hits: 100 * np.mean(hits)},
    "This is the share of the heat inside the box: the game asks for the maximum alone.":
        _share_of_heat,
}
# fmt: on


check_pointing_game = Check(
    "pointing_game",
    oracle=_pointing_game,
    tool="numpy.argmax and a count",
    parts={"random maps": _random, "borders": _borders, "ties": _ties},
    suspects=_SUSPECTS,
    recipe=_game,
    rejects=[
        rejection("box", ZEROS, BOX[:1]),
        rejection("box", ZEROS, BOX[:, :3]),
        rejection("box", ZEROS, np.array([[0, 0, 2, 2], [3, 1, 3, 4]])),
        rejection("box", ZEROS, np.array([[0, 0, 2, 2], [1, 4, 3, 4]])),
        rejection("box", ZEROS, np.array([[0, 0, 2, 2], [3, 4, 1, 1]])),
        rejection("heatmaps|heat map|map", ZEROS[:0], BOX[:0]),
        rejection("heatmaps|heat map|map", ZEROS[:, None], BOX),
    ],
    arrange=Look(insight.pointing_game, _read),
    forbidden=NOT_HERE,
)
