"""Lecture 01's two networks by the number of digits they learn from: the lead and the fall.

    python benchmarks/train_size.py

Each network of the lecture learns from 50 to 1 347 digits, as they are and shuffled, always for
the same number of steps: with the same number of epochs, few digits would also mean few steps.
A seed draws the digits, the shuffle and the weights, and both networks get the same draw, so their
difference is paired. The table goes to course_utils/measured, where the lecture reads it.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402
from collections.abc import Callable  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402

from course_utils.data import load_digits  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402
from course_utils.reproducibility import seed_everything  # noqa: E402

LECTURE = ROOT / "lectures/01_images_as_arrays.ipynb"
TABLE = ROOT / "course_utils/measured/train_size.json"
SIZES = (50, 100, 300, 1347)
SEEDS = range(20)
STEPS = 660  # 30 epochs of all 1 347 digits in batches of 64
KINDS = ("as it is", "shuffled")


def networks() -> dict[str, Callable[[], nn.Module]]:
    """The lecture's own, from its cell."""
    cells = {cell.id: cell.source for cell in nbformat.read(LECTURE, as_version=4).cells}
    names = {"nn": nn}
    exec(cells["permute-networks"], names)
    return {name: names[name] for name in ("dense", "convolutional")}


def right(make: Callable[[], nn.Module], size: int, kind: str, seed: int) -> int:
    """How many of the test digits a network knows after it has learned from `size` others."""
    digits, rng = load_digits(), np.random.default_rng(seed)
    chosen = rng.permutation(len(digits.train_labels))[:size]
    order = rng.permutation(64) if kind == "shuffled" else np.arange(64)
    seed_everything(seed)
    x, t = (
        torch.tensor(i.reshape(-1, 64)[:, order].reshape(-1, 1, 8, 8), dtype=torch.float32)
        for i in (digits.train_images[chosen], digits.test_images)
    )
    y = torch.tensor(digits.train_labels[chosen])
    net = make()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)  # the lecture's, as is the loop
    for _ in range(STEPS // -(-size // 64)):  # epochs
        for i in torch.randperm(size).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x[i]), y[i]).backward()
            optimizer.step()
    with torch.no_grad():
        return int((net(t).argmax(dim=1).numpy() == digits.test_labels).sum())


def main() -> None:
    """Measure, print a line for each size, and write the table."""
    torch.set_num_threads(1)
    made, found = networks(), {}
    for size in SIZES:
        found[str(size)] = {
            name: {kind: [right(make, size, kind, seed) for seed in SEEDS] for kind in KINDS}
            for name, make in made.items()
        }
        means = {
            f"{name} {kind}": np.mean(counts)
            for name, kinds in found[str(size)].items()
            for kind, counts in kinds.items()
        }
        print(size, ", ".join(f"{name} {mean:.1f}" for name, mean in means.items()), flush=True)
    table = {
        "made by": "benchmarks/train_size.py",
        "torch": torch.__version__.split("+")[0],
        "seeds": list(SEEDS),
        "steps": STEPS,
        "test digits": len(load_digits().test_labels),
        "right": found,
    }
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
