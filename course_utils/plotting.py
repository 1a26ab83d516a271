"""The course's pictures: one style, each function returns its Figure, `show` adds the alt text."""

import base64
import difflib
import functools
import io
import string
import tomllib
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import publish_display_data
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from course_utils.readable import check_text, text_colour

# Distinct for colour-blind readers too, and at least 3:1 on white; the first two also carry text.
BLUE, ORANGE, GREEN, PURPLE = "#0062CC", "#B54F00", "#2BA187", "#743F60"
SKY, AMBER = "#5A98CC", "#C98400"
INK, GREY = "#222222", "#707070"  # grey is the lightest that can be read as text
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, AMBER)
MARKERS = "osD^vP"
# Without its ends, where dark red and dark blue look the same to some readers.
SIGNED = ListedColormap(plt.get_cmap("RdBu_r")(np.linspace(0.1, 0.9, 257)), "signed")

HATCH = "///"  # what is not there: padding, pixels that nobody reads

FOLDER = Path(__file__).with_name("alternatives")
DPI = 100  # 8 inches make 800 pixels: the width of a notebook cell
PNG_COLOURS, JPEG_QUALITY = 256, 80  # small files; the eye sees no difference
PNG_LEVEL = 8  # 1 % larger than at 9, in a third of the time
SHADES = 33  # of enlarged pixels, for the same reason; odd, so that 0 has its own
STYLE = {
    "axes.prop_cycle": plt.cycler(color=CYCLE),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 13,
    "axes.labelsize": 13,
    "font.size": 13,
    "figure.facecolor": "white",
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "lines.linewidth": 2,
}


def show(fig: Figure, name: str = "", *, alt: str = "", **values: object) -> None:
    """Display a figure with a description for readers who cannot see it.

    Parameters
    ----------
    fig
        The figure; it is closed afterwards, so that no frontend draws it twice.
    name
        Of the picture: its description is found under it in `course_utils/alternatives/`, so
        that no line of a cell says what the picture will show.
    alt
        The description itself, in one sentence of at least 20 characters, for a picture of one's
        own, which has no name. It is stored with the picture, and it is what a text-only reader
        gets.
    values
        What the description has in braces, such as `{place}`.

    Raises
    ------
    ValueError
        If there is no description or two, if it is too short to describe anything or needs other
        values, or if some text is too small on a page.
    """
    if bool(name) == bool(alt):
        raise ValueError("show(fig, name) takes the picture's name, or alt=, which describes it")
    alt = alternative(name, **values) if name else alt
    if len(alt) < 20:
        raise ValueError(f"alt must describe the picture in a sentence, got {alt!r}")
    mime, picture = render(fig, readable=True)
    publish_display_data(
        {mime: base64.b64encode(picture).decode("ascii"), "text/plain": alt},
        metadata={mime: {"alt": alt}},
    )
    plt.close(fig)


@functools.cache
def alternatives() -> dict[str, str]:
    """The descriptions of the course's pictures by name, from one file for each notebook.

    Raises
    ------
    ValueError
        If two pictures share a name.
    """
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for name, text in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"the picture {name!r} of {path.name} is described twice")
            found[name] = text
    return found


def alternative(name: str, **values: object) -> str:
    """The description of a picture, with the values that it has in braces.

    Raises
    ------
    ValueError
        For an unknown name, naming similar ones, or for values that do not fit.
    """
    texts = alternatives()
    if name not in texts:
        alike = difflib.get_close_matches(name, texts) or ["none"]
        raise ValueError(
            f"no picture is called {name!r}; similar: {', '.join(alike)}. Describe it in "
            "course_utils/alternatives/, or a picture of your own with show(fig, alt=...)"
        )
    needed = {field for _, field, *_ in string.Formatter().parse(texts[name]) if field is not None}
    if needed != set(values):
        raise ValueError(
            f"the picture {name!r} needs the values {sorted(needed)}, got {sorted(values)}"
        )
    return texts[name].format(**values)


def render(fig: Figure, *, readable: bool = False) -> tuple[str, bytes]:
    """Draw a figure and return its MIME type and bytes: PNG or JPEG, whichever is smaller.

    Drawings are smaller as PNG, photos by far as JPEG.

    Parameters
    ----------
    fig
        The figure.
    readable
        Insist on text that can be read on a page.

    Raises
    ------
    ValueError
        If `readable` and some text is too small.
    """
    for ax in fig.axes:
        if not ax.axison and not _shares_ticks(ax):
            ax.set(
                xticks=[], yticks=[]
            )  # not drawn, but measured for every title, half of the time
    raw = io.BytesIO()
    uncompressed = {"compress_level": 0}  # it is read again at once
    fig.savefig(raw, format="png", bbox_inches="tight", facecolor="white", pil_kwargs=uncompressed)
    picture = Image.open(raw).convert("RGB")
    if readable:
        check_text(fig, picture.width / fig.dpi)
    png, jpeg = io.BytesIO(), io.BytesIO()
    picture.quantize(PNG_COLOURS, dither=Image.Dither.NONE).save(
        png, "png", compress_level=PNG_LEVEL
    )
    picture.save(jpeg, "jpeg", quality=JPEG_QUALITY, optimize=True)
    if len(png.getvalue()) <= len(jpeg.getvalue()):
        return "image/png", png.getvalue()
    return "image/jpeg", jpeg.getvalue()


def _shares_ticks(ax: Axes) -> bool:
    """Whether ticks that are taken from these axes are missing in others, which may be drawn."""
    shared = ax.get_shared_x_axes(), ax.get_shared_y_axes()
    return any(len(axes.get_siblings(ax)) > 1 for axes in shared)


def figure(
    rows: int = 1, columns: int = 1, *, width: float = 8.0, height: float = 3.0, **grid
) -> tuple[Figure, np.ndarray]:
    """Make a figure in the course's style: `(fig, axes)`, axes always `(rows, columns)`.

    `width` and `height` are in inches; a notebook shows about 8 of them side by side. Further
    arguments go to `matplotlib.pyplot.subplots`.
    """
    with plt.rc_context(STYLE), plt.ioff():
        fig, axes = plt.subplots(
            rows,
            columns,
            figsize=(width, height),
            dpi=DPI,
            squeeze=False,
            layout="constrained",
            **grid,
        )
    return fig, axes


def images(
    pictures: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    *,
    columns: int = 4,
    rows: Sequence[str] = (),
    marks: Sequence[tuple] = (),
    signed: bool = False,
    same_scale: bool = False,
    width: float = 8.0,
    height: float | None = None,
) -> Figure:
    """Show photos or maps side by side.

    Parameters
    ----------
    pictures
        Arrays `(H, W)`, drawn in greys, or `(H, W, 3)` with values in 0 to 1.
    titles
        One per picture.
    columns
        Pictures in one row.
    rows
        A name at the left of each row.
    marks
        For each picture a frame `(row, column, height, width)`, or with a colour as fifth entry.
    signed
        Blue below zero, white at zero, red above: for responses of edge kernels. The strongest
        half percent of the pixels is drawn saturated, so that one of them cannot pale the rest.
    same_scale
        One brightness scale for all of them, to compare; else each uses its own full range.
        A grey picture within 0 to 1 is always drawn on that range.
    width
        Of the figure, in inches: less makes its words larger beside the pictures.
    height
        Of one row, in inches; by default what fits the first picture's shape.

    Raises
    ------
    ValueError
        If there is no picture, one has the wrong number of axes, or titles do not match.
    """
    if len(pictures) == 0:
        raise ValueError("expected at least one picture, got none")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures need as many titles, got {len(titles)}")
    count = -(-len(pictures) // columns)
    if height is None:
        height = width / columns * pictures[0].shape[0] / pictures[0].shape[1]
        height += 0.05 if titles is None else 0.35
    fig, axes = figure(count, columns, width=width, height=count * height)
    largest = max(float(np.abs(p).max()) for p in pictures)
    for i, ax in enumerate(axes.flat):
        ax.axis("off")
        if i < len(pictures):
            _image(ax, np.asarray(pictures[i]), signed, largest if same_scale else None)
            if titles is not None:
                ax.set_title(titles[i], color=INK)
        if i < len(marks):
            frame(ax, marks[i], lw=1.5)
    for ax, name in zip(axes[:, 0], rows, strict=False):
        ax.axis("on")
        ax.set(xticks=[], yticks=[], ylabel=name)
        ax.spines[:].set_visible(False)
    return fig


def frame(ax: Axes, mark: Sequence, *, lw: float = 3) -> None:
    """Frame a part of a picture with white around, which is seen on all.

    `mark` is `(row, column, height, width)`, or with a colour as fifth entry.
    """
    top, left, height, width, *own = mark
    colour = own[0] if own else ORANGE
    for wide, edge, zorder in ((2 * lw, "white", 1.5), (lw, colour, 2)):
        corner = left - 0.5, top - 0.5  # a pixel's middle lies at whole numbers
        ax.add_artist(Rectangle(corner, width, height, fill=False, lw=wide, ec=edge, zorder=zorder))


def heat(
    ax: Axes,
    values: np.ndarray,
    *,
    mark: Sequence[int] = (),
    label: str = "",
    **axes: object,
) -> None:
    """Draw a map `(H, W)` of amounts from dark to bright; what is NaN stays white.

    `mark` frames a part of it, `(row, column, height, width)`; `label` says at a bar of the colours
    what they mean; `axes` are properties of the axes. Without axis labels there are no ticks.
    """
    drawn = ax.imshow(np.asarray(values), cmap="viridis")
    if len(mark):
        frame(ax, mark)
    if label:
        ax.figure.colorbar(drawn, label=label)
    if "xlabel" not in axes:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    ax.set(**axes)


def _image(ax: Axes, picture: np.ndarray, signed: bool, largest: float | None) -> None:
    if picture.ndim == 3 and picture.shape[2] == 3:
        ax.imshow(np.clip(picture, 0, 1))
        return
    if picture.ndim != 2:
        raise ValueError(f"a picture must be (H, W) or (H, W, 3), got shape {picture.shape}")
    top = float(np.abs(picture).max()) or 1.0
    if signed:
        top = largest or float(np.percentile(np.abs(picture), 99.5)) or top
        ax.imshow(picture, cmap=SIGNED, vmin=-top, vmax=top)
    elif largest is not None:
        ax.imshow(picture, cmap="gray", vmin=0, vmax=largest)
    elif picture.min() >= 0 and top <= 1:
        ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
    else:
        ax.imshow(picture, cmap="gray")


def image_rows(
    rows: dict[str, Sequence[np.ndarray]],
    *,
    signed: bool = False,
    top: float | None = None,
    height: float | None = None,
) -> Figure:
    """Show rows of maps or kernels, each row with its name at the left and with one scale.

    Parameters
    ----------
    rows
        By name, arrays `(H, W)`; rows need not be equally long. The names are written as given,
        `\\n` for a new line.
    signed
        Blue below zero, white at zero, red above; else from black at 0 to white.
    top
        What is drawn strongest; by default the largest absolute value of each row.
    height
        Of the whole, in inches; by default 0.9 for each row.

    Raises
    ------
    ValueError
        If there is no row, or one without a map.
    """
    if not rows or any(len(maps) == 0 for maps in rows.values()):
        raise ValueError("expected at least one row, and in each row at least one map")
    columns = max(len(maps) for maps in rows.values())
    fig, axes = figure(len(rows), columns, height=height or 0.9 * len(rows))
    for line, (name, maps) in zip(axes, rows.items(), strict=True):
        most = top or max(float(np.abs(m).max()) for m in maps) or 1.0
        look = {"cmap": SIGNED, "vmin": -most} if signed else {"cmap": "gray", "vmin": 0}
        for ax in line:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for ax, picture in zip(line, maps, strict=False):
            ax.imshow(picture, vmax=most, **look)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=12)
    return fig


def kernels(
    tables: Sequence[np.ndarray],
    responses: Sequence[np.ndarray],
    titles: Sequence[str],
    *,
    signed: bool = False,
    columns: int = 2,
    height: float = 1.75,
) -> Figure:
    """Show kernels as coloured numbers, each beside what it makes of a photo.

    Parameters
    ----------
    tables
        Kernels `(KH, KW)`, shaded like `numbers`: blue below zero, red above.
    responses
        As many maps `(H, W)`.
    titles
        One per kernel, above its map.
    signed
        Draw the maps blue below zero and red above, like `images`; else in greys.
    columns
        Pairs in one row.
    height
        Of one row, in inches.

    Raises
    ------
    ValueError
        If there is not one map and one title for each kernel.
    """
    if not len(tables) == len(responses) == len(titles):
        raise ValueError(
            f"expected a map and a title for each kernel, got {len(tables)} kernels, "
            f"{len(responses)} maps and {len(titles)} titles"
        )
    rows = -(-len(tables) // columns)
    widths = [1, 1.7] * columns
    fig, axes = figure(rows, 2 * columns, height=rows * height, width_ratios=widths)
    pairs = axes.reshape(-1, 2)
    for ax in axes.flat:
        ax.axis("off")
    drawn = zip(pairs, tables, responses, titles, strict=False)
    for (left, right), table, response, title in drawn:
        table = np.asarray(table, dtype=float)
        KH, KW = table.shape
        cell = (height - 0.5) / KH
        _table(left, table, 0, 0, _shades(table, "signed"), cell, np.zeros(table.shape))
        left.set(xlim=(-0.1, KW + 0.1), ylim=(KH + 0.1, -0.1), aspect="equal")
        _image(right, np.asarray(response), signed, None)
        shown = right.images[0]
        shown.set_cmap(shown.cmap.resampled(SHADES))
        right.set_title(title, color=INK, fontsize=12)
    return fig


def numbers(
    arrays: Sequence[np.ndarray] | np.ndarray,
    titles: Sequence[str] | None = None,
    *,
    signs: Sequence[str] = (),
    marks: Sequence[Sequence[tuple]] = (),
    cmap: str = "signed",
    cell: float = 0.42,
    same_scale: bool = False,
    borders: Sequence[int] = (),
) -> Figure:
    """Draw small arrays as tables of coloured cells with their numbers.

    Parameters
    ----------
    arrays
        One array `(H, W)` or several; NaN makes an empty cell.
    titles
        One above each array.
    signs
        What stands between neighbours, such as `("∗", "=")`.
    marks
        For each array a list of frames `(row, column, height, width)`, or with a colour as
        fifth entry.
    cmap
        `"signed"`: diverging, centred at 0. `"grey"`: from black (lowest) to white (highest).
        `"none"`: no shading. `"heat"`: for counts; a count of 0 is white and hatched.
    cell
        Width of a cell in inches, before the figure is fitted to the page.
    same_scale
        One scale of shades for all arrays, to compare; else each uses its own full range.
    borders
        For each array how many of its outermost rows and columns are padding: drawn hatched.

    Raises
    ------
    ValueError
        If an array is not two-dimensional.
    """
    arrays = [arrays] if isinstance(arrays, np.ndarray) and arrays.ndim == 2 else list(arrays)
    arrays = [np.asarray(a) for a in arrays]
    for array in arrays:
        if array.ndim != 2:
            raise ValueError(f"can only draw (H, W) arrays, got shape {array.shape}")
    widths = [a.shape[1] for a in arrays]
    gap = 1.2
    total = sum(widths) + gap * (len(arrays) - 1)
    tallest = max(a.shape[0] for a in arrays)
    cell = min(cell, 8 / total)
    fig, axes = figure(width=total * cell, height=tallest * cell + 0.4)
    ax = axes[0, 0]
    left = 0.0
    every = np.concatenate([a.ravel() for a in arrays]) if same_scale else None
    for i, array in enumerate(arrays):
        top = (tallest - array.shape[0]) / 2
        border = borders[i] if i < len(borders) else 0
        hatched = np.pad(np.zeros(np.subtract(array.shape, 2 * border)), border, constant_values=1)
        if cmap == "heat":
            hatched = array == 0
        _table(ax, array, left, top, _shades(array, cmap, every), cell, hatched)
        for row, column, *rest in marks[i] if i < len(marks) else ():
            frame(ax, (top + row + 0.5, left + column + 0.5, *rest))  # a cell begins at 0
        if titles is not None:
            ax.text(left + array.shape[1] / 2, top - 0.25, titles[i], ha="center", fontsize=12)
        left += array.shape[1]
        if i < len(signs):
            ax.text(left + gap / 2, tallest / 2, signs[i], ha="center", va="center", fontsize=18)
        left += gap
    ax.set(xlim=(-0.1, total + 0.1), ylim=(tallest + 0.1, -0.9 if titles else -0.1))
    ax.set_aspect("equal")
    ax.axis("off")
    return fig


def _table(
    ax: Axes,
    array: np.ndarray,
    left: float,
    top: float,
    colours: np.ndarray,
    cell: float,
    hatched: np.ndarray,
) -> None:
    height, width = array.shape
    texts = [[number_text(v) for v in row] for row in array]
    longest = max(len(t) for row in texts for t in row)
    size = min(13.0, cell * 72 / max(longest * 0.72, 1.5))
    for r in range(height):
        for c in range(width):
            face = colours[r, c]
            hatch = HATCH if hatched[r, c] else None
            ax.add_artist(  # add_patch would also ask for limits, and `numbers` sets them itself
                Rectangle((left + c, top + r), 1, 1, fc=face, ec=GREY, lw=0.8, hatch=hatch)
            )
            ax.text(
                left + c + 0.5,
                top + r + 0.5,
                texts[r][c],
                ha="center",
                va="center",
                fontsize=size,
                color=text_colour(face),
                bbox={"fc": face, "ec": "none", "pad": 1} if hatch else None,  # no line through it
            )


def _shades(array: np.ndarray, cmap: str, every: np.ndarray | None = None) -> np.ndarray:
    """Colours of the cells; `every` has the numbers of all arrays that share the scale."""
    if cmap == "none":
        return np.ones((*array.shape, 3))
    values, scale = (
        np.nan_to_num(np.asarray(a, dtype=float))
        for a in (array, array if every is None else every)
    )
    if cmap == "signed":
        top = np.abs(scale).max() or 1.0
        return _lighten(SIGNED(0.5 + values / top * 0.5))
    low, high = scale.min(), scale.max()
    scaled = (values - low) / ((high - low) or 1.0)
    if cmap == "grey":
        return plt.get_cmap("gray")(scaled)
    if cmap == "heat":
        colours = plt.get_cmap("viridis")(scaled)
        colours[values == 0] = 1  # nothing at all is not merely little
        return colours
    raise ValueError(f"cmap must be signed, grey, heat or none, got {cmap!r}")


def _lighten(colours: np.ndarray, share: float = 0.35) -> np.ndarray:
    """Mix with white, so that the numbers on top stay readable."""
    return colours * (1 - share) + share


def number_text(value: float) -> str:
    """A number as pictures show it: two decimals at most, a real minus sign; empty for NaN."""
    if isinstance(value, str | np.str_):
        return str(value)
    if np.isnan(value):
        return ""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "\N{MINUS SIGN}")


def stops(
    n: int, kernel_size: int, *, stride: int = 1, padding: int = 0, dilation: int = 1
) -> Figure:
    """Draw one row of an image as boxes and each stop of a kernel as a bracket below it.

    Filled dots are pixels that the kernel reads there; padding is hatched; pixels that no stop
    reads are crossed out in orange. Drawn after Dumoulin and Visin, 2018.

    Raises
    ------
    ValueError
        If the kernel does not fit even once.
    """
    reach = dilation * (kernel_size - 1) + 1
    starts = range(-padding, n + padding - reach + 1, stride)
    if len(starts) == 0:
        raise ValueError(f"a kernel that reaches over {reach} pixels does not fit {n} + {padding}")
    read = {s + dilation * i for s in starts for i in range(kernel_size)}
    fig, axes = figure(width=min(8, (n + 2 * padding) * 0.6), height=0.9 + 0.28 * len(starts))
    ax = axes[0, 0]
    for i in range(-padding, n + padding):
        inside = 0 <= i < n
        hatch = None if inside else HATCH
        ax.add_patch(
            Rectangle((i, -1), 1, 0.9, fc="#EAF3FA" if inside else "white", hatch=hatch, ec=GREY)
        )
        ax.text(
            *(i + 0.5, -0.55, str(i) if inside else "pad"),
            ha="center",
            va="center",
            bbox=None if inside else {"fc": "white", "ec": "none", "pad": 1},
        )
        if inside and i not in read:
            ax.plot([i + 0.1, i + 0.9], [-0.15, -0.95], color=ORANGE, lw=3)
    for row, start in enumerate(starts):
        colour, y = CYCLE[row % 2], 0.25 + 0.45 * row
        ax.plot([start + 0.08, start + reach - 0.08], [y, y], color=colour, lw=2.5)
        taps = [start + dilation * i + 0.5 for i in range(kernel_size)]
        ax.plot(taps, [y] * kernel_size, "o", color=colour, ms=7)
        ax.text(start + reach + 0.1, y, f"stop {row}", va="center", color=colour, fontsize=11)
    ax.set(xlim=(-padding - 0.1, n + padding + 1.2), ylim=(0.25 + 0.45 * len(starts), -1.1))
    ax.axis("off")
    return fig


def curves(
    x: Sequence[float],
    lines: dict[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    log: str = "",
    height: float = 3.4,
) -> Figure:
    """Draw labelled lines; each has its own colour and marker.

    `log` names the axes with a logarithmic scale: `""`, `"x"`, `"y"` or `"xy"`.
    """
    fig, ((ax,),) = figure(height=height)
    draw_lines(ax, {label: (x, y) for label, y in lines.items()}, xlabel=xlabel, ylabel=ylabel)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    if len(lines) > 1:
        fig.legend(loc="outside right upper", frameon=False)
    return fig


def draw_lines(ax: Axes, lines: dict[str, tuple[Sequence, Sequence]], **axes: object) -> None:
    """Draw named lines `(x, y)`, each with its own colour and marker.

    `axes` are properties of the axes, such as `xlabel` or `ylim`.
    """
    for i, (label, (x, y)) in enumerate(lines.items()):
        look = {"color": CYCLE[i % len(CYCLE)], "marker": MARKERS[i % len(MARKERS)]}
        ax.plot(x, y, label=label, markevery=max(1, len(y) // 10), **look)
    ax.set(**axes)


def spread(ax: Axes, x: Sequence[float], runs: np.ndarray, label: str, i: int = 0) -> None:
    """Draw runs `(runs, len(x))` as a line, their mean, in a band between their extremes.

    `i` is the place of the line among those of the picture: of its colour and its marker.
    """
    look = {"color": CYCLE[i], "marker": MARKERS[i], "markevery": max(1, len(x) // 8)}
    ax.plot(x, np.mean(runs, axis=0), label=label, ms=7, **look)
    low, high = np.min(runs, axis=0), np.max(runs, axis=0)
    ax.fill_between(x, low, high, color=look["color"], alpha=0.15, lw=0)


def bands(
    x: Sequence[float] | dict[str, Sequence[float]],
    groups: dict[str, np.ndarray] | dict[str, dict[str, np.ndarray]],
    *,
    columns: int = 0,
    width: float = 5.6,
    height: float = 2.6,
    legend: str = "right center",
    ncols: int = 1,
    sharey: bool = False,
    lowest: str = "",
    level: float | None = None,
    each: dict[str, dict[str, object]] | None = None,
    **axes: object,
) -> Figure:
    """Draw named groups of runs, each as `spread` does, in one panel or in several.

    Parameters
    ----------
    x
        Places `(P,)`, of all panels or of each by its title.
    groups
        By name, `(runs, P)` each, or `(P,)` for a single run; or for each panel, by its title,
        such a dict. A name has the same colour in all panels.
    columns
        Panels in one row; by default all.
    width, height, sharey
        As `figure` takes them.
    legend, ncols
        Where outside the panels, and in how many columns, the names stand.
    lowest
        Of the group by this name each run has a star where it is lowest.
    level
        Of a dotted line across all panels, such as the loss of who guesses.
    each
        Properties of single panels, by title.
    axes
        Properties of all panels, such as `xlabel`, `xscale` or `ylim`. `xticks` of a logarithmic
        axis are its only ticks, written as they are.
    """
    several = isinstance(next(iter(groups.values())), dict)
    panels = groups if several else {"": groups}
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    columns = columns or len(panels)
    rows = -(-len(panels) // columns)
    fig, grid = figure(rows, columns, width=width, height=height, sharey=sharey)
    handles = {}
    for ax, (title, lines) in zip(grid.flat, panels.items(), strict=False):
        places = x[title] if isinstance(x, dict) else x
        for name, runs in lines.items():
            spread(ax, places, np.atleast_2d(runs), name, names.index(name))
            handles.setdefault(name, ax.lines[-1])
            if name == lowest:
                best = np.argmin(runs, axis=1)
                ax.plot(
                    np.array(places)[best], np.min(runs, axis=1), "*", ms=15, color=INK, zorder=3
                )
        if level is not None:
            ax.axhline(level, color=GREY, lw=1, ls=":")
        wanted = {"title": title} | axes | (each or {}).get(title, {})
        ticks = wanted.pop("xticks", None)
        ax.set(**wanted)
        if ticks is not None:
            ax.set_xticks(ticks, ticks)
            ax.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    if sharey:
        for ax in grid[:, 1:].flat:
            ax.set_ylabel("")
    fig.legend(
        [handles[name] for name in names],
        names,
        loc=f"outside {legend}",
        ncols=ncols,
        frameon=False,
    )
    return fig


def strips(
    panels: dict[str, dict[str, Sequence[float]]],
    *,
    width: float = 6.0,
    height: float = 2.6,
    sharex: bool = False,
    levels: Sequence[float] = (),
    each: dict[str, dict[str, object]] | None = None,
) -> Figure:
    """Draw panels of `dots` side by side; what is measured stands below each.

    Parameters
    ----------
    panels
        For each panel, by what it measures, its groups of values by name; the same names in all.
    width, height, sharex
        As `figure` takes them.
    levels
        Of a dotted line in each panel, such as what chance gives.
    each
        Properties of single panels, by what they measure, such as `xlim`.
    """
    fig, axes = figure(1, len(panels), width=width, height=height, sharex=sharex, sharey=True)
    for ax, (measure, groups) in zip(axes[0], panels.items(), strict=True):
        dots(ax, groups)
        ax.set(xlabel=measure, **(each or {}).get(measure, {}))
    for ax, level in zip(axes[0], levels, strict=False):
        ax.axvline(level, color=GREY, lw=1, ls=":")
    return fig


def dots(ax: Axes, groups: dict[str, Sequence[float]]) -> None:
    """Draw a row for each named group: a dot for each of its values, a bar for their mean."""
    for i, values in enumerate(groups.values()):
        ax.plot(values, np.full(len(values), i), MARKERS[i], ms=9, mfc="none", color=CYCLE[i])
        ax.plot([np.mean(values)] * 2, [i - 0.3, i + 0.3], color=INK, lw=3)
    ax.set_yticks(range(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)


def intervals(
    ax: Axes,
    x: Sequence[float],
    runs: dict[str, np.ndarray],
    *,
    one: dict[str, Sequence[float]] | None = None,
    also: dict[str, np.ndarray] | None = None,
    ticks: Sequence[str] | None = None,
    log: bool = False,
    first: int = 0,
    joined: bool = True,
    **axes: object,
) -> None:
    """Draw means of repeated runs with their 95 % intervals, and print them as a table.

    Parameters
    ----------
    ax
        To draw in.
    x
        Places `(P,)`; what is drawn is moved aside a little, so that no bar hides another.
    runs
        By name, `(N, P)` each: a line with its own colour and marker, dashed from the fourth on.
    one
        A single run for some of the names, `(P,)`: small hollow marks; NaN where there is none.
    also
        Further runs, which the table has, not the drawing.
    ticks
        Names of the places; by default they are called by their numbers.
    log
        Whether the axis of `x` is logarithmic, with ticks at `x` alone.
    first
        Number of the first colour and marker.
    joined
        Whether a line joins the places of one name.
    axes
        Properties of the axes, such as `xlabel`, `yscale` or `ylim`.
    """
    from course_utils import experiment  # and SciPy with it, which some assignments forbid

    for i, (name, values) in enumerate(runs.items()):
        mean, half = experiment.intervals(values)
        aside = i - (len(runs) - 1) / 2
        places = np.array(x) * 1.035**aside if log else np.array(x) + 0.05 * aside
        look = {"color": CYCLE[(first + i) % 6], "marker": MARKERS[(first + i) % 6]}
        line = ("-" if i < 3 else "--") if joined else ""
        ax.errorbar(places, mean, half, label=name, capsize=3, ls=line, **look)
        if one and name in one:
            ax.plot(places, one[name], ls="", mfc="none", ms=9, **look)
    if min(np.mean(values, axis=0).min() for values in runs.values()) < 0:
        ax.axhline(0, color=GREY, lw=1)
    if log:
        ax.set_xscale("log")
        ax.minorticks_off()
    if log or ticks is not None:
        ax.set_xticks(x, x if ticks is None else ticks)
    ax.set(**axes)
    experiment.tabulate(x if ticks is None else ticks, runs | (also or {}))


def errors(
    ax: Axes, groups: dict[str, tuple[Sequence, Sequence, Sequence]], **axes: object
) -> None:
    """Draw named lines of values with their ±, `(x, values, half widths)`; `axes` as in `bands`."""
    for i, (name, (x, values, half)) in enumerate(groups.items()):
        places = np.array(x) + 0.06 * (i - (len(groups) - 1) / 2)
        look = {"color": CYCLE[i], "marker": MARKERS[i], "ls": "-" if i < 2 else ":"}
        ax.errorbar(places, values, half, label=name, capsize=4, **look)
    ax.set(**axes)


def bars(
    values: dict[str, float], *, xlabel: str, log: bool = False, form: str = "{:,.0f}"
) -> Figure:
    """Draw named quantities as horizontal bars with their numbers beside them."""
    fig, axes = figure(height=0.5 * len(values) + 0.8)
    ax = axes[0, 0]
    names = list(values)
    drawn = ax.barh(names, list(values.values()), color=(CYCLE * 2)[: len(names)])
    ax.bar_label(drawn, labels=[form.format(v) for v in values.values()], padding=4)
    ax.invert_yaxis()
    ax.set_xlabel(xlabel)
    if log:
        ax.set_xscale("log")
    ax.margins(x=0.2)
    return fig


def labelled(
    groups: dict[str, dict[str, tuple[float, float]]],
    *,
    left: Sequence[str] = (),
    lines: bool = False,
    **axes: object,
) -> Figure:
    """Draw points with their names beside them.

    Parameters
    ----------
    groups
        By name, the places `(x, y)` of its points by theirs; a group has its own colour and marker.
    left
        Groups whose names stand left of their points, right-aligned; else they stand at the right.
    lines
        Join the points of a group, in their order.
    axes
        Properties of the axes, such as `xlabel` or `xscale`; `xticks` are written as they are.
    """
    fig, ((ax,),) = figure(height=4.2)
    ticks = axes.pop("xticks", None)
    ax.set(**axes)
    if ticks is not None:
        ax.set_xticks(ticks, ticks)
    for i, (group, points) in enumerate(groups.items()):
        look = {"color": CYCLE[i], "marker": MARKERS[i], "ms": 9, "lw": 1}
        ax.plot(*np.transpose(list(points.values())), ls="--" if lines else "", label=group, **look)
        for name, place in points.items():
            aside, side = (-9, "right") if group in left else (9, "left")
            ax.annotate(
                name,
                place,
                (aside, 0),
                textcoords="offset points",
                ha=side,
                va="center",
                fontsize=11,
            )
    if len(groups) > 1:
        ax.legend(loc="lower right")
    return fig


def confusion(counts: np.ndarray, classes: Sequence[object], *, label: str) -> Figure:
    """Draw a confusion matrix: each count as a number, all but the diagonal shaded too.

    Parameters
    ----------
    counts
        `(C, C)`, rows for the true classes, columns for what was said.
    classes
        Their C names.
    label
        What the shades count.
    """
    fig, ((ax,),) = figure(width=6.2, height=4.6)
    wrong = counts - np.diag(np.diag(counts))
    shades = ax.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(1.4 * wrong.max(), 1))
    for r, c in np.argwhere(counts > 0):
        weight = "normal" if r == c else "bold"
        ax.text(c, r, f"{counts[r, c]:.0f}", ha="center", va="center", fontsize=11, weight=weight)
    places = range(len(classes))
    ax.set(xlabel="said", ylabel="true")
    ax.set_xticks(places, classes)
    ax.set_yticks(places, classes)
    fig.colorbar(shades, label=label)
    return fig


def volumes(shapes: Sequence[tuple[int, int]], widths: Sequence[int] = ()) -> Figure:
    """Draw a network as LeCun and others drew LeNet-5: maps as sheets, dense layers as bars.

    Parameters
    ----------
    shapes
        Of each volume `(rows, channels)`; maps are square. The first is the image.
    widths
        Units of the dense layers behind them; four have the height of a pixel.
    """
    fig, ((ax,),) = figure(height=3.3)
    left, below = 0.0, max(n for n, _ in shapes) / 2 + 5
    for i, (n, channels) in enumerate(shapes):
        for c in range(channels):  # from back to front
            corner, face = (left + 1.1 * c, -n / 2 - 0.35 * c), SKY if i else AMBER
            ax.add_patch(Rectangle(corner, n, n, fc=face, ec=INK, lw=0.6))
        middle = left + (n + channels) / 2
        ax.text(middle, below, f"{n}×{n}×{channels}", ha="center", fontsize=11)
        left += n + 1.1 * channels + 6
    for units in widths:
        ax.add_patch(Rectangle((left, -units / 8), 2, units / 4, fc=GREEN, ec=INK, lw=0.6))
        ax.text(left + 1, below, str(units), ha="center", fontsize=11)
        left += 12
    ax.set(xlim=(-3, left), ylim=(below + 4, -below - 2), aspect="equal")
    ax.axis("off")
    return fig


def columns(
    panels: dict[str, dict[str, Sequence[float]]],
    *,
    columns: int,
    height: float,
    by_column: bool = False,
    **axes: object,
) -> Figure:
    """Draw panels of upright bars, numbered from 1; the kinds of a panel stand on one another.

    Parameters
    ----------
    panels
        By title, for each kind of bar by name as many heights as there are bars.
    columns, height
        Panels in one row, and inches of the whole.
    by_column
        Fill the figure column by column.
    axes
        Properties of all panels, but for `xlabel` and `ylabel`, which stand once.
    """
    rows = -(-len(panels) // columns)
    fig, grid = figure(rows, columns, height=height)
    fig.supxlabel(axes.pop("xlabel", ""), fontsize=13)
    fig.supylabel(axes.pop("ylabel", ""), fontsize=13)
    places = (grid.T if by_column else grid).flat
    for ax, (title, kinds) in zip(places, panels.items(), strict=False):
        below = 0.0
        for i, (name, heights) in enumerate(kinds.items()):
            x = np.arange(1, len(heights) + 1)
            ax.bar(x, heights, bottom=below, color=CYCLE[i], hatch="//" if i else None, label=name)
            below = below + np.asarray(heights)
        every = max(1, len(x) // 4)
        ax.set_title(title, fontsize=12)
        ax.set(xticks=[1, *x[every:-every:every], len(x)], **axes)
    fig.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=len(kinds))
    return fig


def runs(
    panels: dict[str, dict[str, np.ndarray]],
    ticks: Sequence[str],
    *,
    ylabel: str,
    here: dict[str, dict[str, Sequence[float]]] | None = None,
    levels: dict[str, float] | None = None,
) -> Figure:
    """Draw many runs of a few competitors: a dot for each run, the mean with its 95 % interval.

    Parameters
    ----------
    panels
        For each panel its kinds by name, each `(competitors, runs)`, at least two runs.
    ticks
        The competitors' names.
    ylabel
        What is measured.
    here
        A run of one's own for each kind, `(competitors,)`, drawn as a star.
    levels
        Horizontal lines: what who competes out of turn has reached.
    """
    from course_utils import experiment  # as above

    fig, axes = figure(1, len(panels), height=3.5, sharey=True)
    for ax, (title, kinds) in zip(axes[0], panels.items(), strict=True):
        for k, (name, table) in enumerate(kinds.items()):
            x, colour = np.arange(len(ticks)) + 0.25 * (k - (len(kinds) - 1) / 2), CYCLE[k]
            ax.plot(x + 0.09, table, ".", color=colour, ms=4, alpha=0.5)
            if here is not None:
                ax.plot(x - 0.09, here[title][name], "*", color=colour)
            middle, half = zip(*map(experiment.interval, np.asarray(table)), strict=True)
            ax.errorbar(x, middle, half, fmt=MARKERS[k], color=colour, capsize=4, label=name)
        for (name, level), line in zip((levels or {}).items(), (":", "--", "-."), strict=False):
            ax.axhline(level, label=f"{name} {level:.0%}", color="#666666", lw=1.2, ls=line)
        if ax.dataLim.y0 < 0:
            ax.axhline(0, color="#666666", lw=1)
        ax.set_xticks(range(len(ticks)), ticks, rotation=25)
        ax.set_title(title)
    axes[0, 0].set_ylabel(ylabel)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return fig
