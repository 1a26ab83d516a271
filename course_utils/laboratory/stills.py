"""What stands in the laboratory's place where no script runs: one picture for each mode.

PyTorch is imported by the modes that compute with it: that takes longer than all else in the first
cell of a notebook that needs none.
"""

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from course_utils import plotting
from course_utils.laboratory.paths import Place, gradient_paths
from course_utils.laboratory.window import window
from course_utils.receptive_field import Step, cones

if TYPE_CHECKING:
    from torch import Tensor

Start = Mapping[str, Any]


def _geometry(given: Start) -> dict[str, int]:
    names = {"stride": 1, "padding": 0, "dilation": 1}
    return {name: given.get(name, usual) for name, usual in names.items()}


def _tensor(value: Any) -> "Tensor":
    import torch

    return torch.tensor(np.asarray(value, dtype=float))


def _kernel(given: Start) -> "Tensor":
    """`(…, KH, KW)`, turned by 180° for a true convolution."""
    kernel = _tensor(given["weight"] if "weight" in given else given["kernel"])
    return kernel.flip(-2, -1) if given.get("flip") else kernel


def _window(given: Start) -> tuple[Figure, str]:
    image, kernel = (np.asarray(given[key]) for key in ("input", "kernel"))
    flip = given.get("flip", False)
    figure = window(image, kernel, given.get("stop", 0), flip=flip, **_geometry(given))
    return figure, (
        "A kernel at one output position: the input with the window framed, the kernel, the "
        "element-wise products, and the output with their sum in it."
    )


def _photo(given: Start) -> tuple[Figure, str]:
    from torch.nn import functional as F

    photo = _tensor(_grey(given["picture"]))
    kernel = _kernel(given)
    out = F.conv2d(photo[None, None], kernel[None, None], **_geometry(given))[0, 0]
    width = 4.6  # inches: it stands in for something larger, and pages hold it as text
    high = width / 2 * photo.shape[0] / photo.shape[1]
    figure, axes = plotting.figure(1, 2, width=width, height=high + 0.4)
    top = float(out.abs().max()) or 1.0
    axes[0, 0].imshow(photo, cmap="gray", vmin=0, vmax=1)
    axes[0, 1].imshow(out, cmap=plotting.SIGNED, vmin=-top, vmax=top)
    for ax, title in zip(axes[0], ("photo", "result"), strict=True):
        ax.set_title(title)
        ax.axis("off")
    return figure, "A photo, and beside it what a kernel makes of it: blue below zero, red above."


def _grey(address: str) -> np.ndarray:
    raw = base64.b64decode(address.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(raw)), dtype=float) / 255


def _channels(given: Start) -> tuple[Figure, str]:
    from torch.nn import functional as F

    x, weight, bias = (_tensor(given[key]) for key in ("input", "weight", "bias"))
    out = F.conv2d(x[None], _kernel(given), bias, **_geometry(given))[0]
    first = [*x, *weight[0], out[0]]
    titles = [*(f"channel {i}" for i in range(len(x))), *["filter 0"] * len(x), "output 0"]
    figure = plotting.numbers([a.numpy() for a in first], titles)
    return figure, "The channels of an input, the planes of its first filter, and their output."


def _transposed(given: Start) -> tuple[Figure, str]:
    from torch.nn import functional as F

    x, kernel = (_tensor(given[key]) for key in ("input", "kernel"))
    out = F.conv_transpose2d(x[None, None], kernel[None, None], **_geometry(given))[0, 0]
    arrays = [x.numpy(), kernel.numpy(), out.numpy()]
    figure = plotting.numbers(arrays, ["input", "kernel", "output"], signs=["", "="])
    return figure, (
        "A small input, a kernel, and the larger output on which each input stamped the kernel."
    )


def _backward(given: Start) -> tuple[Figure, str]:
    x, w, dout = (np.asarray(given[key], dtype=float) for key in ("input", "kernel", "dout"))
    flip, plain = given.get("flip", False), _geometry(given).values()
    if list(plain) == [1, 0, 1] and given.get("of", "input") != "bias":
        of = {"input": "pixel", "weight": "weight"}[given.get("of", "input")]
        place = Place(of, *given.get("at", (0, 0)))
        figure = gradient_paths(x, w, dout, place, flip=flip)
    else:
        figure = plotting.numbers([x, w, dout], ["x", "w", "∂L/∂a"])
    return figure, (
        "An input, a kernel and the upstream gradient, and which outputs one number reached."
    )


def _network(given: Start) -> tuple[Figure, str]:
    from torch.nn import functional as F

    x, named = _tensor(given["input"]), given["parameters"]
    w, b, v, c = (_tensor(named[key]) for key in "wbvc")
    z = F.conv2d(x[None, None], w, b)
    pooled = F.max_pool2d(z.relu(), 2)
    q = F.linear(pooled.flatten(1), v, c).softmax(dim=1)
    arrays = [x, z[0, 0].relu(), pooled[0, 0], q.T]
    figure = plotting.numbers(
        [a.numpy().round(1) for a in arrays], ["input", "conv, ReLU", "max pool", "softmax"]
    )
    return figure, (
        "A small digit, its first map after convolution and ReLU, then after max pooling, and "
        "the probabilities of the classes."
    )


def _receptive(given: Start) -> tuple[Figure, str]:
    stacks = given.get("stacks") or {"": given["layers"]}
    figure = cones({title: [_step(**layer) for layer in ls] for title, ls in stacks.items()})
    return figure, "Cones from one unit of the last layer down to the input pixels that it reads."


def _step(k: int, s: int = 1, p: int = 0, d: int = 1, name: str = "CONV") -> Step:
    return Step(k, s, p, d, name)


def _optimisers(given: Start) -> tuple[Figure, str]:
    from course_utils.bowl import Run, bowl_paths

    bowl = {key: given[key] for key in ("conditioning", "angle", "steps") if key in given}
    figure = bowl_paths([Run(**run) for run in given["runs"]], **bowl)
    return figure, (
        "Paths of optimisers on the contour lines of a long narrow bowl, and their losses over "
        "the steps."
    )


STILLS = {
    "window": _window,
    "photo": _photo,
    "channels": _channels,
    "transposed": _transposed,
    "backward": _backward,
    "network": _network,
    "receptive": _receptive,
    "optimisers": _optimisers,
}
