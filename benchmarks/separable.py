"""How much faster a depthwise and a pointwise convolution are than the whole one that they replace.

    python benchmarks/separable.py

One core, float32, channels last, forward only. The three layers take turns, and the fastest of many
rounds counts, which other work on the machine disturbs least. The seconds go to
course_utils/measured, where lecture 12 reads them.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402
import time  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402

from course_utils.experiment import FOLDER  # noqa: E402

SIZES = ((64, 56), (128, 28), (256, 14), (512, 7))  # channels, rows: the stages of a ResNet
IMAGES = 8
ROUNDS = 150


def seconds(channels: int, side: int) -> dict[str, float]:
    """The fastest round of each layer, 3×3 with padding 1."""
    same = {"padding": 1, "bias": False}
    layers = {
        "whole": nn.Conv2d(channels, channels, 3, **same),
        "depthwise": nn.Conv2d(channels, channels, 3, groups=channels, **same),
        "pointwise": nn.Conv2d(channels, channels, 1, bias=False),
    }
    x = torch.randn(IMAGES, channels, side, side).to(memory_format=torch.channels_last)
    best = {}
    for name, layer in layers.items():
        layers[name] = layer.to(memory_format=torch.channels_last)
        best[name] = float("inf")
    with torch.no_grad():
        for _ in range(ROUNDS):
            for name, layer in layers.items():
                start = time.perf_counter()
                layer(x)
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def main() -> None:
    """Time all sizes, print a line for each, and write the table."""
    torch.set_num_threads(1)
    made = {"made by": "benchmarks/separable.py", "torch": torch.__version__.split("+")[0]}
    table = {}
    for channels, side in SIZES:
        found = seconds(channels, side)
        faster = found["whole"] / (found["depthwise"] + found["pointwise"])
        table[f"{channels}, {side}×{side}"] = {k: float(f"{v:.3g}") for k, v in found.items()}
        print(f"{channels} channels, {side}×{side}: {faster:.1f} times faster", flush=True)
    text = json.dumps(made | {"images": IMAGES, "seconds": table}, indent=1)
    (FOLDER / "separable.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
