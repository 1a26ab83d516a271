"""Lecture 08's chains trained for long: is a deep plain chain stuck, slow, or only badly tuned?

    python benchmarks/depth.py

Chains of 8 and 32 layers, plain and residual, with He's start and with PyTorch's, with BatchNorm
and without, learn the digits for 40 epochs of Adam with a cosine schedule, ten times as long as in
the lecture, with three seeds at each rate. A kind of chain gets four rates first; as long as its
best one lies at the edge, the next rate beyond is tried too. The table goes to
course_utils/measured, where the lecture reads it.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402
from multiprocessing import Pool  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import reproducibility, training  # noqa: E402
from course_utils.data import load_digits  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

LECTURE = ROOT / "lectures/08_vgg_resnet.ipynb"
TABLE = ROOT / "course_utils/measured/depth.json"
RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
FIRST = slice(2, 6)  # of them are tried for every kind
SEEDS = range(3)
EPOCHS = 40
# start, norm, link, depth
KINDS = [
    ("He", True, False, 8),
    ("He", True, False, 32),
    ("He", True, True, 32),
    ("He", False, False, 32),
    ("PyTorch", False, False, 32),
]


def chain() -> type[nn.Module]:
    """The lecture's own, from its cell."""
    cells = {cell.id: cell.source for cell in nbformat.read(LECTURE, as_version=4).cells}
    names = {"nn": nn, "F": F}
    exec(cells["chain-class"], names)
    return names["Chain"]


def learn(start: str, norm: bool, link: bool, depth: int, rate: float, seed: int) -> list[float]:
    """Training loss of each epoch; up to the end or to a loss that is not finite."""
    reproducibility.seed_everything(seed)
    net = chain()(depth, link, norm, start)
    adam = torch.optim.Adam(net.parameters(), lr=rate, fused=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, EPOCHS)
    loader, _ = training.loaders(load_digits().as_split(), seed=seed)
    run = {"epochs": EPOCHS, "schedule": schedule, "seed": seed, "progress": False}
    return training.fit(net, loader, optimizer=adam, device="cpu", **run).train_loss


def name(start: str, norm: bool, link: bool, depth: int) -> str:
    """How the table calls a kind of chain."""
    words = f"{'residual' if link else 'plain'} {depth}", f"{'' if norm else 'no '}BatchNorm", start
    return ", ".join(words)


def main() -> None:
    """Train all, print the loss of the last epoch, write the table."""
    table = {}
    with Pool(initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for kind in KINDS:
            runs: dict[float, list[list[float]]] = {}
            wanted = list(RATES[FIRST])
            while wanted:
                asked = [(*kind, rate, seed) for rate in wanted for seed in SEEDS]
                found = np.round(pool.starmap(learn, asked, chunksize=1), 4).tolist()
                for rate in wanted:
                    runs[rate], found = found[: len(SEEDS)], found[len(SEEDS) :]
                best = min(runs, key=lambda rate: np.mean([run[-1] for run in runs[rate]]))
                near = RATES.index(best)
                wanted = [rate for rate in RATES[max(near - 1, 0) : near + 2] if rate not in runs]
            for rate, each in sorted(runs.items()):
                last = " ".join(f"{run[-1]:.4f}" for run in each)
                mark = " best" if rate == best else ""
                print(f"{name(*kind):32} rate {rate:<6g} last loss {last}{mark}", flush=True)
            table[name(*kind)] = {
                "last": {f"{rate:g}": [run[-1] for run in runs[rate]] for rate in sorted(runs)},
                "best": runs[best],  # all epochs, at the best rate
            }
    made = {"made by": "benchmarks/depth.py", "torch": torch.__version__.split("+")[0]}
    made |= {"epochs": EPOCHS, "seeds": list(SEEDS), "training loss": table}
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
