"""What a second softmax costs lecture 04's small network: its third exercise, for five seeds.

    python benchmarks/softmax_twice.py

The network with one map per class is trained as in the lecture, by the source of its cell, with max
or mean pooling inside, and with the loss on its logits or on their softmax; for two epochs and for
all twelve. The table goes to course_utils/measured; a test holds the exercise's solution to it.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import reproducibility  # noqa: E402
from course_utils.data import load_digits  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

LECTURE = ROOT / "lectures/04_layers_of_a_convnet.ipynb"
TABLE = ROOT / "course_utils/measured/softmax_twice.json"
SEEDS = range(5)
POOLINGS = {"max": "nn.MaxPool2d(2)", "mean": "nn.AvgPool2d(2)"}
ENDINGS = {"once": "F.cross_entropy(net(x[i])", "twice": "F.cross_entropy(net(x[i]).softmax(1)"}
EPOCHS = (2, 12)


def right(source: str, pooling: str, ending: str, epochs: int, seed: int) -> int:
    """How many of the test digits the lecture's network knows, with these changes to its cell."""
    changes = {
        POOLINGS["max"]: POOLINGS[pooling],
        ENDINGS["once"]: ENDINGS[ending],
        "range(12)": f"range({epochs})",
        "seed_everything(0)": f"seed_everything({seed})",
    }
    for old, new in changes.items():
        if source.count(old) != 1:
            raise ValueError(f"the cell no longer has {old!r} once")
        source = source.replace(old, new)
    names = {"F": F, "load_digits": load_digits, "nn": nn, "np": np, "torch": torch}
    exec(source, found := names | {"reproducibility": reproducibility})
    return int((found["net"](found["t"]).argmax(dim=1).numpy() == found["data"].test_labels).sum())


def main() -> None:
    """Measure, print a line for each way, and write the table."""
    torch.set_num_threads(1)
    cells = {cell.id: cell.source for cell in nbformat.read(LECTURE, as_version=4).cells}
    found = {}
    for pooling in POOLINGS:
        for ending in ENDINGS:
            for epochs in EPOCHS:
                way = f"{pooling}, softmax {ending}, {epochs} epochs"
                found[way] = [
                    right(cells["gap-train"], pooling, ending, epochs, seed) for seed in SEEDS
                ]
                print(way, found[way], flush=True)
    table = {
        "made by": "benchmarks/softmax_twice.py",
        "torch": torch.__version__.split("+")[0],
        "seeds": list(SEEDS),
        "test digits": len(load_digits().test_labels),
        "right": found,
    }
    TABLE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
