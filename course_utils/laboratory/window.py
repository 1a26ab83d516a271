"""One window of a convolution, drawn: what stands in the place of the laboratory's first mode."""

import numpy as np
from matplotlib.figure import Figure
from scipy import signal

from course_utils import plotting


def window(
    image: np.ndarray,
    kernel: np.ndarray,
    stop: int = 0,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    flip: bool = False,
) -> tuple[Figure, int]:
    """Draw a sliding kernel at one output position, and count the positions.

    Parameters
    ----------
    image, kernel
        `(H, W)` and `(KH, KW)`.
    stop
        Which output position, in reading order, from 0; beyond the last one the last is drawn.
    flip
        Rotate the kernel by half a turn first: true convolution.

    Returns
    -------
    figure, int
        The picture and the number of output positions; 0 where the kernel does not fit.
    """
    kernel = kernel[::-1, ::-1] if flip else kernel
    padded = np.pad(image, padding)
    name = f"input {_size(image)}" + (f", padding {padding}" if padding else "")
    reach = [dilation * (k - 1) + 1 for k in kernel.shape]
    if min(np.subtract(padded.shape, reach)) < 0:
        drawn = plotting.numbers([padded, kernel], [name, "kernel"], borders=[padding])
        sentence = f"No output position: the kernel reaches over {reach[0]}×{reach[1]}"
        return _titled(drawn, sentence), 0
    spread = np.zeros(reach)
    spread[::dilation, ::dilation] = kernel
    output = signal.correlate2d(padded, spread, mode="valid")[::stride, ::stride]
    stop = min(stop, output.size - 1)
    row, column = np.unravel_index(stop, output.shape)
    tap_rows = row * stride + dilation * np.arange(kernel.shape[0])
    tap_columns = column * stride + dilation * np.arange(kernel.shape[1])
    products = padded[np.ix_(tap_rows, tap_columns)] * kernel
    taps = [(r, c, 1, 1) for r in tap_rows for c in tap_columns]
    drawn = plotting.numbers(
        [padded, kernel, products, output],
        [
            name,
            "flipped kernel" if flip else "kernel",
            "products",
            f"output {_size(output)}",
        ],
        signs=["⊙", "=", "Σ"],
        marks=[taps, [], [], [(row, column, 1, 1)]],
        borders=[padding],
    )
    sentence = f"output position [{row}, {column}]: the products sum to {output[row, column]:g}"
    return _titled(drawn, sentence), output.size


def _size(array: np.ndarray) -> str:
    return "×".join(map(str, array.shape))


def _titled(figure: Figure, sentence: str) -> Figure:
    figure.suptitle(sentence, fontsize=14)
    return figure
