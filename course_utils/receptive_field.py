"""Which inputs one unit reads: a stack of layers in one dimension, drawn as a cone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils import plotting

if TYPE_CHECKING:
    from torch import nn

MAX_LAYERS, MAX_ROW = 6, 41  # what stays readable: rows, and pixels in the row of the input
_UNIT, _OTHER = plotting.ORANGE, plotting.BLUE


@dataclass(frozen=True)
class Step:
    """One layer along one axis; a pooling is a layer whose weights are given."""

    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    name: str = "CONV"

    def __post_init__(self) -> None:
        if min(self.kernel_size, self.stride, self.dilation) < 1 or self.padding < 0:
            raise ValueError(
                f"kernel_size, stride and dilation must be >= 1 and padding >= 0, got {self}"
            )


def reads(steps: Sequence[Step], unit: int = 0) -> list[list[int]]:
    """Follow one unit of the last layer down to the input, window by window.

    Nothing is computed here but the places of the windows: each level is the union of what the
    units above read. Negative places, and places behind the end, lie in the padding.

    Parameters
    ----------
    steps
        From the input upwards.
    unit
        Index in the row of the last layer.

    Returns
    -------
    list of list of int
        `len(steps) + 1` rows of sorted places, the input first, `[unit]` last.

    Raises
    ------
    ValueError
        If there is no layer.

    Examples
    --------
    >>> reads([Step(3), Step(2, stride=2)])
    [[0, 1, 2, 3], [0, 1], [0]]
    """
    if not steps:
        raise ValueError("expected at least one layer, got none")
    rows = [[unit]]
    for step in reversed(steps):
        taps = [step.dilation * tap - step.padding for tap in range(step.kernel_size)]
        rows.append(sorted({step.stride * place + tap for place in rows[-1] for tap in taps}))
    return rows[::-1]


def steps_of(model: "nn.Module") -> list[Step]:
    """The windows of a network from torchvision: its square convolutions and max poolings in order.

    ResNet's 1×1 convolutions beside its blocks (`downsample`) are left out: the longest path
    decides what a unit sees.
    """
    from torch import nn  # what draws cones needs no PyTorch

    found = []
    for name, part in model.named_modules():
        if isinstance(part, nn.Conv2d | nn.MaxPool2d) and "downsample" not in name:
            given = part.kernel_size, part.stride, part.padding, part.dilation
            numbers = [n[0] if isinstance(n, tuple) else n for n in given]
            found.append(Step(*numbers, "CONV" if isinstance(part, nn.Conv2d) else "POOL"))
    return found


def table(steps: Sequence[Step]) -> str:
    """After each layer: size, stride and start of a unit's view, and how much of it is read."""
    lines = [f"{'layer':16}{'size':>6}{'stride':>8}{'start':>7}{'read':>6}"]
    for count, step in enumerate(steps, start=1):
        size, stride, start, read = _view(steps[:count])
        lines.append(f"{_describe(step):16}{size:6}{stride:8}{start:7}{read:6}")
    return "\n".join(lines)


def _view(steps: Sequence[Step]) -> tuple[int, int, int, int]:
    first, second = (reads(steps, unit)[0] for unit in (0, 1))
    return first[-1] - first[0] + 1, second[0] - first[0], first[0], len(first)


def _describe(step: Step) -> str:
    extras = {"s": step.stride, "d": step.dilation}
    words = [f"{key}{value}" for key, value in extras.items() if value > 1]
    return " ".join(
        [step.name, f"k{step.kernel_size}", *words, *([f"p{step.padding}"] * (step.padding > 0))]
    )


def cones(stacks: dict[str, Sequence[Step]]) -> Figure:
    """Draw, for each stack, what one unit of the last layer reads at every level.

    Filled dots are read, rings are skipped; the squares belong to the next unit. A dotted line
    is the edge between image and padding.

    Parameters
    ----------
    stacks
        A title for each stack of layers, from the input upwards.

    Raises
    ------
    ValueError
        If a stack is empty, or too deep or too wide to be drawn.
    """
    for steps in stacks.values():
        if len(steps) > MAX_LAYERS:
            raise ValueError(f"{len(steps)} layers, at most {MAX_LAYERS} stay readable")
        size, stride, *_ = _view(steps)
        if size + stride > MAX_ROW:
            raise ValueError(
                f"two neighbours see {size + stride} pixels, at most {MAX_ROW} stay readable: "
                "take a layer away, or smaller kernels, strides or dilations"
            )
    deepest = max(map(len, stacks.values()))
    columns = min(2, len(stacks))
    rows = -(-len(stacks) // columns)
    fig, axes = plotting.figure(rows, columns, width=8.5, height=rows * (1.5 + 0.55 * deepest))
    for ax in axes.flat:
        ax.axis("off")
    for ax, (title, steps) in zip(axes.flat, stacks.items(), strict=False):
        _cone(ax, title, steps)
    return fig


def _cone(ax: Axes, title: str, steps: Sequence[Step]) -> None:
    size, stride, start, read = _view(steps)
    unit, neighbour = reads(steps), reads(steps, 1)
    views = [_view(steps[:count]) for count in range(1, len(steps) + 1)]
    middles = [(1, 0.0), *((jump, first + (width - 1) / 2) for width, jump, first, _ in views)]
    left, right = unit[0][0], neighbour[0][-1]
    for level, (jump, middle) in enumerate(middles):
        if level:
            step, (below, offset) = steps[level - 1], middles[level - 1]
            for rows_, colour in ((neighbour, plotting.GREY), (unit, _UNIT)):
                for place in rows_[level]:
                    for tap in range(step.kernel_size):
                        source = step.stride * place + step.dilation * tap - step.padding
                        ax.plot(
                            [place * jump + middle, source * below + offset],
                            [level, level - 1],
                            color=colour,
                            lw=1.4 if colour == _UNIT else 0.8,
                            zorder=1 if colour == _UNIT else 0,
                        )
        row = range(unit[level][0], neighbour[level][-1] + 1)
        x = {place: place * jump + middle for place in row}
        other = set(neighbour[level]) - set(unit[level])
        skipped = set(row) - set(unit[level]) - other
        ax.plot(
            [x[p] for p in skipped],
            [level] * len(skipped),
            "o",
            mfc="white",
            mec=plotting.GREY,
            ms=6,
        )
        ax.plot([x[p] for p in other], [level] * len(other), "s", color=_OTHER, ms=5)
        ax.plot([x[p] for p in unit[level]], [level] * len(unit[level]), "o", color=_UNIT, ms=7)
        words = "input" if level == 0 else _describe(steps[level - 1])
        ax.text(right + 1.5, level, words, va="center", fontsize=11)
    if start < 0:
        ax.plot([-0.5, -0.5], [-0.4, 0.4], ":", color=plotting.INK, lw=2)
        ax.text(-0.7, -0.75, "padding", ha="right", va="center", fontsize=11)
    gaps = "" if read == size else f", {read} of them read"
    ax.set_title(
        f"{title}\nsize {size}{gaps}, stride {stride}, start {plotting.number_text(start)}".strip(),
        fontsize=12,
    )
    room = max(6.0, 0.32 * (right - left))
    ax.set(xlim=(left - 1, right + 1.5 + room), ylim=(-1.0, len(steps) + 0.4))
