"""Checks of padding, against `numpy.pad`."""

from collections.abc import Iterator

import numpy as np

from course_utils.checks.a1_convolution.arrays import images
from course_utils.checks.changes import args, result, transposed
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
            if mode == "constant":
                yield case(small, 1)  # which it is without being told
            if mode != "reflect":
                yield case(small, 3, mode=mode)  # as far as symmetric can go
        for image in images(rng, [(4, 4), (5, 7), (8, 3)]):
            for mode in modes:
                yield case(image, 0, mode=mode)
                yield case(image, 2, mode=mode)
                yield case(image, ((1, 0), (2, 1)), mode=mode)
                yield case(image, ((0, 2), (0, 0)), mode=mode)

    return cases


def _each_side(change):
    """The padding with another pair at each side."""
    return args(padding=lambda padding: tuple(change(*side) for side in _sides(padding)))


def _corners_left_empty(out, padding):
    (top, bottom), (left, right) = _sides(padding)
    inside = np.zeros(out.shape, dtype=bool)
    inside[top : out.shape[0] - bottom] = True
    inside[:, left : out.shape[1] - right] = True
    return out * inside


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


def _border_of(wrong_mode, value):
    """In this mode the border holds one value, computed from the image."""

    def change(out, image, padding, mode="constant"):
        return np.pad(image, padding, constant_values=value(image)) if mode == wrong_mode else out

    return result(change)


# fmt: off
_SUSPECTS = {
    "The pairs are swapped: ((top, bottom), (left, right)), rows first.":
        args(padding=lambda padding: _sides(padding)[::-1]),
    "Top and bottom, or left and right, are exchanged.":
        _each_side(lambda before, after: (after, before)),
    "Only the top and the left are padded.": _each_side(lambda before, after: (before, 0)),
    "Only the bottom and the right are padded.": _each_side(lambda before, after: (0, after)),
    "Only the first number of each pair is used, for both sides.":
        _each_side(lambda before, after: (before, before)),
    "The padding is 1, whatever the argument says.": args(padding=1),
    "The border is filled with zeros whatever the mode.": args(mode="constant"),
    "reflect leaves the border pixel out of the mirror image, symmetric repeats it: the two are "
    "exchanged.": args(mode=lambda mode: _OTHER.get(mode, mode)),
    "reflect does not repeat the border pixel.":
        args(mode=lambda mode: "symmetric" if mode == "reflect" else mode),
    "symmetric repeats the border pixel.":
        args(mode=lambda mode: "reflect" if mode == "symmetric" else mode),
    "At the bottom and the right the mirror is one pixel off: where does the last one go?":
        _far_side_off,
    "The corners stay empty: pad the rows first, then the columns of the result.":
        result(_corners_left_empty),
    **{f"{mode} is filled with {word}: it {does}.": _border_of(mode, value)
       for mode, does in [("symmetric", "mirrors the image, border pixel included"),
                          ("reflect", "mirrors the image at its border pixel"),
                          ("edge", "repeats the border pixel")]
       for word, value in [("zeros", lambda image: 0), ("the mean of the image", np.mean)]},
    "mean: each row and column is padded with its own mean, not with the mean of the whole image.":
        _border_of("mean", np.mean),
    "The padding holds ones, not zeros.": _border_of("constant", lambda image: 1),
    "Height and width of the result are exchanged.": result(transposed),
}
# fmt: on


check_pad2d = Check(
    "pad2d",
    oracle=_pad,
    tool="numpy.pad",
    parts={
        "constant": _paddings("constant"),
        "modes": _paddings("edge", "reflect", "symmetric", "mean"),
    },
    suspects=_SUSPECTS,
    rejects=[
        rejection("padding", np.ones((3, 3)), -1),
        *(
            rejection("padding", np.ones((3, 3)), sides)
            for sides in [
                ((-1, 0), (0, 1)),
                ((0, -1), (1, 0)),
                ((0, 1), (-1, 0)),
                ((1, 0), (0, -1)),
            ]
        ),
        rejection("mode", np.ones((3, 3)), 1, mode="mirror"),
        rejection("padding|reflect|large|small|image", np.ones((3, 5)), 3, mode="reflect"),
        rejection("padding|reflect|large|small|image", np.ones((5, 3)), 3, mode="reflect"),
        rejection("padding|symmetric|large|small|image", np.ones((3, 5)), 4, mode="symmetric"),
        *(  # too far at one side alone
            rejection(f"padding|{mode}|large|small|image", np.ones((3, 3)), sides, mode=mode)
            for mode, far in [("reflect", 3), ("symmetric", 4)]
            for sides in [((0, far), (0, 0)), ((far, 0), (0, 0))]
        ),
        rejection("image|two|2[- ]?d", np.ones(5), 1),
        rejection("image|two|2[- ]?d", np.ones((3, 3, 3)), 1),
    ],
)
