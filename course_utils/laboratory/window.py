"""One window of a convolution, drawn: what stands in the place of the laboratory's first mode."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from course_utils import plotting


@dataclass(frozen=True)
class Stop:
    """A kernel at one output position.

    Attributes
    ----------
    place
        `(row, column)` of the output.
    taps
        The rows and the columns of the padded input that meet the kernel: `(KH,)` and `(KW,)`.
    products, output
        `(KH, KW)`, and the whole output `(OH, OW)`, which holds their sum at `place`.
    """

    place: tuple[int, int]
    taps: tuple[np.ndarray, np.ndarray]
    products: np.ndarray
    output: np.ndarray


def stop_at(
    padded: np.ndarray, kernel: np.ndarray, stop: int, *, stride: int = 1, dilation: int = 1
) -> Stop | None:
    """Where a kernel stands at an output position, and what it finds there.

    Parameters
    ----------
    padded, kernel
        `(H, W)` and `(KH, KW)`; the kernel is not flipped.
    stop
        Which output position, in reading order, from 0; beyond the last one the last is taken.

    Returns
    -------
    Stop or None
        None where the kernel does not fit.
    """
    reach = _reach(kernel, dilation)
    if min(np.subtract(padded.shape, reach)) < 0:
        return None
    spread = np.zeros(reach)
    spread[::dilation, ::dilation] = kernel
    windows = np.lib.stride_tricks.sliding_window_view(padded, reach)[::stride, ::stride]
    output = np.tensordot(windows, spread, axes=2)
    place = np.unravel_index(min(stop, output.size - 1), output.shape)
    rows, columns = (
        at * stride + dilation * np.arange(size)
        for at, size in zip(place, kernel.shape, strict=True)
    )
    return Stop(place, (rows, columns), padded[np.ix_(rows, columns)] * kernel, output)


def window(
    image: np.ndarray,
    kernel: np.ndarray,
    stop: int = 0,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    flip: bool = False,
) -> Figure:
    """Draw a sliding kernel at one output position; where it does not fit, say so.

    Parameters
    ----------
    image, kernel
        `(H, W)` and `(KH, KW)`.
    stop
        As in `stop_at`.
    flip
        Rotate the kernel by half a turn first: true convolution.
    """
    kernel = kernel[::-1, ::-1] if flip else kernel
    padded = np.pad(image, padding)
    name = f"input {_size(image)}" + (f", padding {padding}" if padding else "")
    found = stop_at(padded, kernel, stop, stride=stride, dilation=dilation)
    if found is None:
        drawn = plotting.numbers([padded, kernel], [name, "kernel"], borders=[padding])
        reach = _reach(kernel, dilation)
        return _titled(drawn, f"No output position: the kernel reaches over {reach[0]}×{reach[1]}")
    row, column = found.place
    taps = [(r, c, 1, 1) for r in found.taps[0] for c in found.taps[1]]
    drawn = plotting.numbers(
        [padded, kernel, found.products, found.output],
        [
            name,
            "flipped kernel" if flip else "kernel",
            "products",
            f"output {_size(found.output)}",
        ],
        signs=["⊙", "=", "Σ"],
        marks=[taps, [], [], [(row, column, 1, 1)]],
        borders=[padding],
    )
    total = found.output[row, column]
    return _titled(drawn, f"output position [{row}, {column}]: the products sum to {total:g}")


def _reach(kernel: np.ndarray, dilation: int) -> list[int]:
    return [dilation * (k - 1) + 1 for k in kernel.shape]


def _size(array: np.ndarray) -> str:
    return "×".join(map(str, array.shape))


def _titled(figure: Figure, sentence: str) -> Figure:
    figure.suptitle(sentence, fontsize=14)
    return figure
