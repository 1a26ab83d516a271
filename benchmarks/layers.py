"""How fast the convolution of assignment a2 is: plain loops, the instructor's solution, PyTorch.

    python benchmarks/layers.py

All of them on one thread, in float32, forward and backward, on layers of LeNet, VGG and ResNet. The
plain loops are timed on a few stops and scaled by the number of multiplications, since a whole
layer would take them minutes. The picture goes to docs/pictures, the seconds to
course_utils/measured, where lecture 05 reads them.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402

import matplotlib.pyplot as plt  # noqa: E402
import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import plotting  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

SOLUTION = ROOT / "solutions/a2_backprop/a2_backprop.ipynb"
PICTURE = ROOT / "docs/pictures/layers.svg"
TABLE = ROOT / "course_utils/measured/layers.json"
ROUNDS = 7  # of which the median counts
LOOP_PRODUCTS = 60_000  # that the plain loops are timed on


@dataclass(frozen=True)
class Layer:
    """A convolutional layer and the images that come to it."""

    name: str
    images: tuple[int, int, int, int]
    filters: int
    kernel_size: int
    stride: int = 1
    padding: int = 0

    @property
    def options(self) -> dict[str, int]:
        """Stride and padding, as functions take them."""
        return {"stride": self.stride, "padding": self.padding}

    @property
    def out_pixels(self) -> int:
        """Pixels of one map of the output."""
        n = (self.images[2] + 2 * self.padding - self.kernel_size) // self.stride + 1
        return n * n

    @property
    def products(self) -> int:
        """Multiplications of one forward."""
        n, c = self.images[:2]
        return n * self.filters * self.out_pixels * c * self.kernel_size**2

    @property
    def column_bytes(self) -> int:
        """What im2col needs, in float32."""
        n, c = self.images[:2]
        return 4 * n * c * self.kernel_size**2 * self.out_pixels


LAYERS = [
    Layer("LeNet 1: 6 of 5×5", (64, 1, 28, 28), 6, 5),
    Layer("LeNet 2: 16 of 5×5", (64, 6, 12, 12), 16, 5),
    Layer("VGG 1.2: 64 of 3×3", (2, 64, 112, 112), 64, 3, padding=1),
    Layer("VGG 3.1: 256 of 3×3", (2, 128, 56, 56), 256, 3, padding=1),
    Layer("VGG 5.1: 512 of 3×3", (4, 512, 14, 14), 512, 3, padding=1),
    Layer("ResNet stem: 64 of 7×7, stride 2", (4, 3, 112, 112), 64, 7, stride=2, padding=3),
    Layer("ResNet 2: 64 of 3×3", (4, 64, 56, 56), 64, 3, padding=1),
    Layer("ResNet 3 down: 128 of 3×3, stride 2", (4, 64, 56, 56), 128, 3, stride=2, padding=1),
    Layer("ResNet 3 bottleneck: 128 of 1×1", (4, 512, 28, 28), 128, 1),
]


def solution() -> dict[str, Callable]:
    """The functions of the instructor's notebook."""
    names = {"np": np}
    for cell in nbformat.read(SOLUTION, as_version=4).cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in (
            "validators", "window-grid", "im2col", "col2im", "conv2d_forward", "conv2d_backward",
        ):  # fmt: skip
            exec(cell.source, names)
    return names


def plain_loops(layer: Layer) -> float:
    """Seconds for forward and backward in plain Python, scaled up from a few stops."""
    rng = np.random.default_rng(0)
    k, channels = layer.kernel_size, layer.images[1]
    x, w = rng.normal(size=(channels, k, k)).tolist(), rng.normal(size=(channels, k, k)).tolist()
    dx = dw = [[[0.0] * k for _ in range(k)] for _ in range(channels)]
    stops = max(1, LOOP_PRODUCTS // (channels * k * k))
    began = time.perf_counter()
    for _ in range(stops):
        total = 0.0
        for c in range(channels):
            for i in range(k):
                for j in range(k):
                    total += w[c][i][j] * x[c][i][j]
        for c in range(channels):
            for i in range(k):
                for j in range(k):
                    dw[c][i][j] += total * x[c][i][j]
                    dx[c][i][j] += total * w[c][i][j]
    return (time.perf_counter() - began) * layer.products / (stops * channels * k * k)


def median(function: Callable) -> float:
    """Seconds, the first round left out."""
    function()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def measure(layer: Layer, own: dict[str, Callable]) -> dict[str, float]:
    """Seconds of each, forward and backward, after the results were compared."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=layer.images).astype(np.float32)
    w = rng.normal(size=(layer.filters, x.shape[1], layer.kernel_size, layer.kernel_size))
    w, b = (w / np.sqrt(w[0].size)).astype(np.float32), np.zeros(layer.filters, np.float32)
    out, cache = own["conv2d_forward"](x, w, b, **layer.options)
    dout = rng.normal(size=out.shape).astype(np.float32)
    tensors = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    theirs, up = F.conv2d(*tensors, **layer.options), torch.from_numpy(dout)
    for ours, right in zip(
        (out, *own["conv2d_backward"](dout, cache)),
        (theirs, *torch.autograd.grad(theirs, tensors, up, retain_graph=True)),
        strict=True,
    ):
        scale = float(right.detach().abs().max())
        assert np.abs(ours - right.detach().numpy()).max() < 1e-4 * scale, layer.name
    with torch.no_grad():
        torch_forward = median(lambda: F.conv2d(*tensors, **layer.options))
    return {
        "forward": median(lambda: own["conv2d_forward"](x, w, b, **layer.options)),
        "backward": median(lambda: own["conv2d_backward"](dout, cache)),
        "torch forward": torch_forward,
        "torch backward": median(
            lambda: torch.autograd.grad(theirs, tensors, up, retain_graph=True)
        ),
        "loops": plain_loops(layer),
    }


def summed(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Seconds of forward and backward together, of each layer, to three digits."""
    parts = {
        "PyTorch": ("torch forward", "torch backward"),
        "solution of a2": ("forward", "backward"),
        "plain loops (scaled up)": ("loops",),
    }
    return {
        layer: {
            label: float(f"{sum(times[key] for key in keys):.3g}") for label, keys in parts.items()
        }
        for layer, times in found.items()
    }


def draw(seconds: dict[str, dict[str, float]]) -> None:
    """One row of dots for each layer."""
    fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
    rows, labels = range(len(seconds)), next(iter(seconds.values()))
    for label, marker, colour in zip(labels, "os^", plotting.CYCLE, strict=False):
        dots = [times[label] for times in seconds.values()]
        ax.plot(dots, rows, marker, label=label, color=colour, markersize=8)
    ax.set(yticks=rows, yticklabels=list(seconds), xscale="log")
    ax.set_xlabel("seconds for one forward and one backward pass, one thread")
    ax.invert_yaxis()
    ax.grid(axis="x", alpha=0.3)
    fig.legend(loc="outside upper center", ncols=3, frameon=False)
    fig.savefig(PICTURE)


def main() -> None:
    """Measure, print the table, and draw the picture."""
    torch.set_num_threads(1)
    own, found = solution(), {}
    head = (f"{'':<37} {'forward ms':>17} {'backward ms':>17} {'times':>7} {'loops':>8} "
            f"{'im2col':>8}")  # fmt: skip
    print(f"{head}\n{'':<37} {'own    torch':>17} {'own    torch':>17} {'torch':>7} {'times':>8} "
          f"{'MB':>8}\n{'─' * len(head)}")  # fmt: skip
    for layer in LAYERS:
        times = found[layer.name] = measure(layer, own)
        ours = times["forward"] + times["backward"]
        theirs = times["torch forward"] + times["torch backward"]
        print(
            f"{layer.name:<37} {1e3 * times['forward']:>8.1f} {1e3 * times['torch forward']:>8.1f} "
            f"{1e3 * times['backward']:>8.1f} {1e3 * times['torch backward']:>8.1f} "
            f"{ours / theirs:>7.2f} {times['loops'] / ours:>8.0f} {layer.column_bytes / 1e6:>8.1f}",
            flush=True,
        )
    ratios = [
        (t["forward"] + t["backward"]) / (t["torch forward"] + t["torch backward"])
        for t in found.values()
    ]
    slower = statistics.geometric_mean(ratios)
    print(f"\nThe solution takes {slower:.2f} times PyTorch's time (geometric mean), at most "
          f"{max(ratios):.2f} times.")  # fmt: skip
    seconds = summed(found)
    draw(seconds)
    table = {"made by": "benchmarks/layers.py", "seconds": seconds}
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
