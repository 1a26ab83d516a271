"""Interactive explorers for JupyterLab, each with a static picture where no widget runs."""

import base64
from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import publish_display_data
from matplotlib.figure import Figure
from scipy import signal

from course_utils import plotting

# In a narrow window what stands side by side moves below each other, and the picture, which has a
# margin of 2 pixels, shrinks: nothing is cut off, no slider loses its track.
ROW = {"flex_flow": "row wrap"}
SCREEN = {"max_width": "calc(100% - 4px)", "align_self": "flex-start"}


def explore_convolution(
    image: np.ndarray,
    kernels: dict[str, np.ndarray],
    *,
    stop: int = 0,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    flip: bool = False,
) -> None:
    """Slide a kernel over a small image and see the window, the products and their sum.

    Controls: the kernel, whether it is flipped, stride, padding, dilation, and the stop; *play*
    walks through all stops. The arguments set where the explorer starts, and thereby what its
    static picture shows.

    Parameters
    ----------
    image
        `(H, W)`, at most 9×9 so that the numbers stay readable.
    kernels
        Names and arrays `(KH, KW)` to choose from.

    Raises
    ------
    ValueError
        If the image is not a small `(H, W)` array or there is no kernel.
    """
    if image.ndim != 2 or max(image.shape) > 9:
        raise ValueError(f"image must be (H, W), at most 9×9 to stay readable, got {image.shape}")
    if not kernels:
        raise ValueError("expected at least one kernel to choose from, got none")
    controls = {
        "kernel": ipywidgets.Dropdown(options=list(kernels), description="kernel"),
        "flip": ipywidgets.Checkbox(value=flip, description="flip (true convolution)"),
        "stride": ipywidgets.IntSlider(stride, 1, 3, description="stride"),
        "padding": ipywidgets.IntSlider(padding, 0, 2, description="padding"),
        "dilation": ipywidgets.IntSlider(dilation, 1, 3, description="dilation"),
    }
    play = ipywidgets.Play(value=stop, max=99, interval=900)
    slider = ipywidgets.IntSlider(stop, 0, 99, description="stop")
    ipywidgets.jslink((play, "value"), (slider, "value"))

    def draw(stop: int, kernel: str, **geometry) -> Figure:
        figure, num_stops = convolution_stop(image, kernels[kernel], stop, **geometry)
        play.max = slider.max = max(num_stops - 1, 0)
        return figure

    _explore(
        draw,
        {"stop": slider, **controls},
        rows=[["kernel", "flip"], ["stride", "padding", "dilation"], [play, "stop"]],
        alt=f"One stop of a {'flipped ' if flip else ''}kernel: the padded image with the window "
        f"framed, the kernel, the element-wise products, and the output with their sum in it "
        f"(stride {stride}, padding {padding}, dilation {dilation}).",
    )


def convolution_stop(
    image: np.ndarray,
    kernel: np.ndarray,
    stop: int = 0,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    flip: bool = False,
) -> tuple[Figure, int]:
    """Draw one stop of a sliding kernel, and count the stops.

    Parameters
    ----------
    image, kernel
        `(H, W)` and `(KH, KW)`.
    stop
        Which one, in reading order, from 0; beyond the last one the last is drawn.
    flip
        Rotate the kernel by half a turn first: true convolution.

    Returns
    -------
    figure, int
        The picture and the number of stops; 0 where the kernel does not fit.
    """
    kernel = kernel[::-1, ::-1] if flip else kernel
    padded = np.pad(image, padding)
    name = f"input {_size(image)}" + (f", padding {padding}" if padding else "")
    reach = [dilation * (k - 1) + 1 for k in kernel.shape]
    if min(np.subtract(padded.shape, reach)) < 0:
        drawn = plotting.numbers([padded, kernel], [name, "kernel"], borders=[padding])
        return _titled(drawn, f"No stop: the kernel reaches over {reach[0]}×{reach[1]}"), 0
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
    sentence = f"stop {stop} of 0 to {output.size - 1}: the products sum to {output[row, column]:g}"
    return _titled(drawn, sentence), output.size


def _size(array: np.ndarray) -> str:
    return "×".join(map(str, array.shape))


def _titled(figure: Figure, sentence: str) -> Figure:
    figure.suptitle(sentence, fontsize=14)
    return figure


def _explore(
    draw: Callable[..., Figure],
    controls: dict[str, ipywidgets.Widget],
    rows: list[list],
    alt: str,
) -> None:
    """Show `draw(**values)` below its controls and draw again whenever one changes.

    The output carries the first picture too, which a page without a kernel shows instead. When
    a lecture is stored, only that picture is kept (see `notebooks.execute`).
    """
    screen = ipywidgets.Image(layout=SCREEN)

    def redraw(_=None, *, readable: bool = False) -> None:
        figure = draw(**{name: control.value for name, control in controls.items()})
        mime, screen.value = plotting.render(figure, readable=readable)
        screen.format = mime.removeprefix("image/")
        plt.close(figure)

    redraw(readable=True)
    still = base64.b64encode(screen.value).decode("ascii")
    for control in controls.values():
        control.observe(redraw, names="value")
    boxes = [
        ipywidgets.HBox([controls.get(w, w) if isinstance(w, str) else w for w in row], layout=ROW)
        for row in rows
    ]
    live = ipywidgets.VBox([*boxes, screen])._repr_mimebundle_()
    mime = f"image/{screen.format}"
    publish_display_data({**live, mime: still, "text/plain": alt}, metadata={mime: {"alt": alt}})
