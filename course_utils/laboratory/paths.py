"""The backward pass of a convolution: a pixel or a weight, and every output that it reached."""

import string
import textwrap
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_utils import plotting

_CHOSEN, _PARTNER, _REACHED = plotting.ORANGE, "#F6D9A0", "#BFE0F5"
_GAP, _LINE = 0.9, 60  # cells between two tables; characters in a line of the sum


@dataclass(frozen=True)
class Place:
    """One number of a layer: `of` is `"pixel"` or `"weight"`, at `[row, column]`."""

    of: str
    row: int
    column: int


@dataclass(frozen=True)
class Path:
    """One product of the forward pass: `pixel` times `weight` was added to `output`."""

    output: tuple[int, int]
    pixel: tuple[int, int]
    weight: tuple[int, int]


def paths(
    image_shape: tuple[int, int],
    kernel_shape: tuple[int, int],
    place: Place,
    *,
    flip: bool = False,
) -> list[Path]:
    """List the products of a valid convolution, stride 1, in which one number took part.

    Parameters
    ----------
    image_shape, kernel_shape
        `(H, W)` and `(KH, KW)`.
    place
        The pixel or the weight that is followed.
    flip
        True convolution; else cross-correlation.

    Returns
    -------
    list of Path
        In reading order of the outputs.

    Raises
    ------
    ValueError
        If the kernel does not fit, or `place` names no pixel and no weight.

    Examples
    --------
    >>> len(paths((5, 5), (3, 3), Place("pixel", 0, 0)))
    1
    >>> len(paths((5, 5), (3, 3), Place("pixel", 2, 2)))
    9
    """
    rows, columns = (n - k + 1 for n, k in zip(image_shape, kernel_shape, strict=True))
    if min(rows, columns) < 1:
        raise ValueError(f"a {kernel_shape} kernel does not fit a {image_shape} image")
    sizes = {"pixel": image_shape, "weight": kernel_shape}
    if place.of not in sizes:
        raise ValueError(f"can follow a 'pixel' or a 'weight', got {place.of!r}")
    height, width = sizes[place.of]
    if not (0 <= place.row < height and 0 <= place.column < width):
        raise ValueError(f"no {place.of} [{place.row}, {place.column}] in {height}×{width}")
    last = kernel_shape[0] - 1, kernel_shape[1] - 1
    found = []
    for r, c in np.ndindex(rows, columns):
        for i, j in np.ndindex(*kernel_shape):
            pixel = (r + last[0] - i, c + last[1] - j) if flip else (r + i, c + j)
            if (place.row, place.column) == (pixel if place.of == "pixel" else (i, j)):
                found.append(Path((r, c), pixel, (i, j)))
    return found


def gradient_paths(
    image: np.ndarray, kernel: np.ndarray, dout: np.ndarray, place: Place, *, flip: bool = False
) -> Figure:
    """Draw the outputs that one number reached, and the sum that is its gradient.

    The chosen number is orange; equal letters mark an output and what the chosen number was
    multiplied with on the way there.

    Parameters
    ----------
    image, kernel, dout
        `(H, W)`, `(KH, KW)`, and ∂L/∂a as it arrives at the outputs, `(H-KH+1, W-KW+1)`.
    place
        The pixel or the weight that is followed.
    flip
        True convolution; else cross-correlation.

    Raises
    ------
    ValueError
        If `dout` has not the shape of the output.
    """
    expected = tuple(n - k + 1 for n, k in zip(image.shape, kernel.shape, strict=True))
    if dout.shape != expected:
        raise ValueError(f"dout must have the shape of the output, {expected}, got {dout.shape}")
    fig, axes = plotting.figure(width=7.5, height=3.4)
    _panel(axes[0, 0], image, kernel, dout, place, flip)
    return fig


def _panel(ax: Axes, image, kernel, dout, place: Place, flip: bool) -> None:
    found = paths(image.shape, kernel.shape, place, flip=flip)
    letters = string.ascii_lowercase
    reached = {path.output: letters[n % 26] for n, path in enumerate(found)}
    of_pixel = place.of == "pixel"
    partner = {(p.weight if of_pixel else p.pixel): reached[p.output] for p in found}
    chosen, other, name = {(place.row, place.column): ""}, (image, kernel)[of_pixel], "wx"[of_pixel]
    terms = [(dout[p.output], other[p.weight if of_pixel else p.pixel]) for p in found]
    gradient = float(sum(error * factor for error, factor in terms))
    tables = [
        ("x", image, chosen if of_pixel else partner, _CHOSEN if of_pixel else _PARTNER),
        ("w", kernel, partner if of_pixel else chosen, _PARTNER if of_pixel else _CHOSEN),
        ("∂L/∂a", dout, reached, _REACHED),
    ]
    tallest, left = max(table[1].shape[0] for table in tables), 0.0
    for title, array, lit, colour in tables:
        top = (tallest - array.shape[0]) / 2
        _table(ax, array, left, top, lit, colour)
        ax.text(left + array.shape[1] / 2, top - 0.2, title, ha="center", fontsize=12)
        left += array.shape[1] + _GAP
    outputs = "1 output" if len(found) == 1 else f"{len(found)} outputs"
    ax.set_title(f"{place.of} [{place.row}, {place.column}] reached {outputs}", pad=10)
    where = f"∂L/∂{name}[{place.row}, {place.column}]"
    products = " + ".join(f"{_factor(e)}·{_factor(f)}" for e, f in terms)
    total = textwrap.fill(f"= {products}", _LINE) + f" = {plotting.number_text(gradient)}"
    lines = f"{where} = {' + '.join(reached.values())}\n{total}"
    width = left - _GAP
    ax.text(width / 2, tallest + 0.3, lines, ha="center", va="top", fontsize=11)
    ax.set(xlim=(-0.2, width + 0.2), ylim=(tallest + 1.3, -0.7))
    ax.set_aspect("equal")
    ax.axis("off")


def _table(ax: Axes, array: np.ndarray, left: float, top: float, lit: dict, colour: str) -> None:
    for r, c in np.ndindex(*array.shape):
        on = (r, c) in lit
        face = colour if on else "white"
        ax.add_patch(Rectangle((left + c, top + r), 1, 1, fc=face, ec=plotting.GREY, lw=1))
        ax.text(
            left + c + (0.58 if on and lit[r, c] else 0.5),  # beside its letter
            top + r + (0.62 if on and lit[r, c] else 0.55),
            plotting.number_text(array[r, c]),
            ha="center",
            va="center",
            fontsize=12,
            weight="bold" if on else "normal",
            color=plotting.text_colour(face) if on else plotting.GREY,
        )
        if on and lit[r, c]:
            corner = left + c + 0.07, top + r + 0.05
            ax.text(*corner, lit[r, c], va="top", fontsize=10.5, style="italic", color=plotting.INK)


def _factor(value: float) -> str:
    text = plotting.number_text(value)
    return f"({text})" if value < 0 else text
