"""Checks of padding, against `numpy.pad`."""

from collections.abc import Iterator

import numpy as np

from course_utils.checks.a1_convolution.arrays import images
from course_utils.checks.engine import Case, Check, case, rejection


def _pad(image, padding, mode="constant"):
    return np.pad(image, padding, mode=mode)


_OTHER = {"reflect": "symmetric", "symmetric": "reflect"}


def _sides(padding):
    return ((padding, padding),) * 2 if isinstance(padding, int) else padding


def _paddings(*modes):
    def cases(rng) -> Iterator[Case]:
        for mode in modes:
            small = np.arange(1.0, 10).reshape(3, 3)
            yield case(small, 1, mode=mode)
            yield case(small, 2, mode=mode)  # as far as reflect can go
            if mode != "reflect":
                yield case(small, 3, mode=mode)  # as far as symmetric can go
        for image in images(rng, [(4, 4), (5, 7), (8, 3)]):
            for mode in modes:
                yield case(image, 0, mode=mode)
                yield case(image, 2, mode=mode)
                yield case(image, ((1, 0), (2, 1)), mode=mode)
                yield case(image, ((0, 2), (0, 0)), mode=mode)

    return cases


def _as_mode(wrong):
    """Padding that uses the mode `wrong[mode]` instead of the mode asked for."""
    return lambda image, padding, mode="constant": _pad(image, padding, wrong.get(mode, mode))


def _corners_left_empty(image, padding, mode="constant"):
    (top, bottom), (left, right) = _sides(padding)
    out = _pad(image, padding, mode)
    inside = np.zeros(out.shape, dtype=bool)
    inside[top : out.shape[0] - bottom] = True
    inside[:, left : out.shape[1] - right] = True
    return np.where(inside, out, np.zeros((), out.dtype))


def _far_side_off(image, padding, mode="constant"):
    """The near side is right; the far side mirrors in the other way."""
    if mode not in ("reflect", "symmetric"):
        return _pad(image, padding, mode)
    rows, columns = (
        np.concatenate(
            [
                np.pad(np.arange(n), (before, 0), mode=mode),
                np.pad(np.arange(n), (0, after), mode=_OTHER[mode])[n:],
            ]
        )
        for n, (before, after) in zip(image.shape, _sides(padding), strict=True)
    )
    return image[np.ix_(rows, columns)]


def _one_mean(image, padding, mode="constant"):
    if mode != "mean":
        return _pad(image, padding, mode)
    return np.pad(image, padding, constant_values=image.mean())


check_pad2d = Check(
    "pad2d",
    oracle=_pad,
    tool="numpy.pad",
    parts={
        "constant": _paddings("constant"),
        "modes": _paddings("edge", "reflect", "symmetric", "mean"),
    },
    suspects={
        "The pairs are swapped: ((top, bottom), (left, right)), rows first.": (
            lambda image, padding, mode="constant": _pad(image, _sides(padding)[::-1], mode)
        ),
        "Top and bottom, or left and right, are exchanged.": (
            lambda image, padding, mode="constant": _pad(
                image, tuple(side[::-1] for side in _sides(padding)), mode
            )
        ),
        "Only the top and the left are padded.": (
            lambda image, padding, mode="constant": _pad(
                image, tuple((before, 0) for before, _ in _sides(padding)), mode
            )
        ),
        "Only the first number of each pair is used, for both sides.": (
            lambda image, padding, mode="constant": _pad(
                image, tuple((before, before) for before, _ in _sides(padding)), mode
            )
        ),
        "The border is filled with zeros whatever the mode.": _as_mode(
            dict.fromkeys(("edge", "reflect", "symmetric", "mean"), "constant")
        ),
        "reflect leaves the border pixel out of the mirror image, symmetric repeats it: the two "
        "are exchanged.": _as_mode(_OTHER),
        "reflect does not repeat the border pixel.": _as_mode({"reflect": "symmetric"}),
        "symmetric repeats the border pixel.": _as_mode({"symmetric": "reflect"}),
        "At the bottom and the right the mirror is one pixel off: where does the last one go?": (
            _far_side_off
        ),
        "The corners stay empty: pad the rows first, then the columns of the result.": (
            _corners_left_empty
        ),
        "mean: each row and column is padded with its own mean, not with the mean of the whole "
        "image.": _one_mean,
        "The padding holds ones, not zeros.": (
            lambda image, padding, mode="constant": (
                np.pad(image, padding, constant_values=1)
                if mode == "constant"
                else _pad(image, padding, mode)
            )
        ),
    },
    rejects=[
        rejection("padding", np.ones((3, 3)), -1),
        rejection("padding", np.ones((3, 3)), ((0, 1), (-1, 0))),
        rejection("mode", np.ones((3, 3)), 1, mode="mirror"),
        rejection("padding|reflect|large|small|image", np.ones((3, 5)), 3, mode="reflect"),
        rejection("padding|reflect|large|small|image", np.ones((5, 3)), 3, mode="reflect"),
        rejection("padding|symmetric|large|small|image", np.ones((3, 5)), 4, mode="symmetric"),
        rejection("image|dimension|2|two|ax|shape|array", np.ones((3, 3, 3)), 1),
    ],
)
