"""The rates of assignment a5's strategies, each chosen on digits that are neither drawn nor tested.

    python benchmarks/transfer_rates.py

Every strategy of the assignment's experiment runs with each rate of its head, for the sizes of the
experiment and with seeds that the experiment does not use, and is judged by the training digits
that were not drawn. As long as the best rate lies at the edge of those tried, the next one beyond
is tried too. The table goes to course_utils/measured, and a test holds the rates against it.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import copy  # noqa: E402
import functools  # noqa: E402
import json  # noqa: E402
from multiprocessing import Pool  # noqa: E402
from typing import Any  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils.data import load_digits, load_glyphs  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

SOLUTION = ROOT / "solutions/a5_transfer/a5_transfer.ipynb"
TABLE = ROOT / "course_utils/measured/transfer_rates.json"
CELLS = (
    "replace_head", "freeze", "param_groups", "unfreeze_schedule", "probe_layers",
    "network-and-loop", "pretrain", "draws", "strategies",
)  # fmt: skip
STRATEGIES = ("from scratch", "train all", "fade-out", "frozen body", "random body")
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)  # of the head
FIRST = slice(2, 6)  # of them are tried for every strategy
SIZES = (1, 5, 20)
SEEDS = range(100, 105)
EXPERIMENT: dict[str, Any] = {}


def experiment() -> None:
    """The names of the assignment's cells, the source network trained once, in this process."""
    torch.set_num_threads(1)
    cells = {cell.id: cell.source for cell in nbformat.read(SOLUTION, as_version=4).cells}
    EXPERIMENT.update(copy=copy, functools=functools, np=np, torch=torch, nn=nn, F=F)
    EXPERIMENT.update(load_digits=load_digits, load_glyphs=load_glyphs, print=lambda *_: None)
    for name in CELLS:
        exec(cells[name], EXPERIMENT)


def validated(name: str, rate: float, size: int, seed: int) -> float:
    """Accuracy of a strategy on the training digits that its draw has left."""
    names = EXPERIMENT
    rng = np.random.default_rng(seed)  # as `draw` does
    where = [rng.permutation(np.flatnonzero(names["labels"] == d))[:size] for d in range(10)]
    rest = np.setdiff1d(np.arange(len(names["labels"])), np.concatenate(where))
    names["test_images"], names["test_labels"] = names["images"][rest], names["labels"][rest]
    learning = {"fade-out": names["unfreeze_schedule"], "train all": lambda _: names["everything"]}
    learning["from scratch"] = learning["train all"]
    rates = (rate / 2 if name == "fade-out" else rate, rate)
    start = {"from scratch": "nothing", "random body": "random body"}.get(name, "letters")
    return names["strategy"](learning.get(name, lambda _: ["head"]), rates, start)(size, seed)


def main() -> None:
    """Try the rates, print a line for each, and write the table."""
    table = {}
    with Pool(initializer=experiment) as pool:
        for name in STRATEGIES:
            found: dict[float, np.ndarray] = {}
            wanted = list(RATES[FIRST])
            while wanted:
                asked = [(name, r, size, seed) for r in wanted for size in SIZES for seed in SEEDS]
                runs = np.reshape(pool.starmap(validated, asked), (len(wanted), len(SIZES), -1))
                found.update(zip(wanted, runs, strict=True))
                best = max(found, key=lambda rate: found[rate].mean())
                near = RATES.index(best)
                wanted = [r for r in RATES[max(near - 1, 0) : near + 2] if r not in found]
            for rate, runs in sorted(found.items()):
                means = " ".join(f"{mean:.3f}" for mean in runs.mean(axis=1))
                mark = " best" if rate == best else ""
                print(
                    f"{name:13} rate {rate:<6g} {means}  mean {runs.mean():.4f}{mark}", flush=True
                )
            table[name] = {f"{rate:g}": found[rate].round(4).tolist() for rate in sorted(found)}
    made = {"made by": "benchmarks/transfer_rates.py", "torch": torch.__version__.split("+")[0]}
    made |= {"sizes": list(SIZES), "seeds": list(SEEDS), "accuracy": table}
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
