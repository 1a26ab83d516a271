"""What makes a picture readable: text that is large enough, colours that stand out."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

PAGE, SMALLEST = 7.0, 8.0  # a printed page in inches, and the smallest text on it in points


def check_text(fig: Figure, width: float) -> None:
    """Refuse text that is too small once a picture is scaled down to the width of a page.

    Parameters
    ----------
    fig
        A figure that has been drawn.
    width
        Of its picture, in inches.

    Raises
    ------
    ValueError
        If some visible text is smaller than `SMALLEST` points there.
    """
    hidden = set()
    for ax in fig.axes:
        for part in (ax.xaxis, ax.yaxis) if ax.get_visible() else (ax,):
            if not (ax.axison and ax.get_visible()):
                hidden |= set(part.findobj(Text))
    shown = [t for t in fig.findobj(Text) if t.get_visible() and t.get_text().strip()]
    smallest = min((t for t in shown if t not in hidden), key=Text.get_fontsize, default=None)
    scale = min(1.0, PAGE / width)
    if smallest is not None and smallest.get_fontsize() * scale < SMALLEST:
        size = smallest.get_fontsize() * scale
        raise ValueError(
            f"the text {smallest.get_text()!r} has {size:.1f} points where this figure, "
            f"{width:.1f} inches wide, fits a page of {PAGE:g} inches; at least {SMALLEST:g} can "
            "be read: take a larger fontsize, a narrower figure, or show less"
        )


def contrast(one, other="white") -> float:
    """How far apart two colours are in brightness, from 1 (equal) to 21 (black on white).

    Text needs 4.5, a line or a marker 3. Source: WCAG 2.2, success criteria 1.4.3 and 1.4.11.
    """
    channels = np.array([to_rgb(one), to_rgb(other)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ (0.2126, 0.7152, 0.0722) + 0.05)
    return float(light / dark)


def text_colour(face) -> str:
    """Black or white, whichever is easier to read on a background."""
    return max(("black", "white"), key=lambda colour: contrast(colour, face))
