"""The real network of lectures 09 and 11 over many draws, and its twin with random weights.

    python benchmarks/real_network.py [09] [11]

Lecture 09: the effective field of a unit after each part of EfficientNet-Lite0, on each photo.
Lecture 11: what its body is worth for patches of photos, and for digits, with every control. Where
to cut and with which rate to learn are chosen first, by other draws, which are judged by tiles (or
digits) that neither train nor test. The functions are the lectures' own, taken out of their cells.
The tables go to course_utils/measured; on two cores lecture 11 takes more than an hour, on a GPU
minutes.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import json  # noqa: E402
import multiprocessing  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import cache  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import torch  # noqa: E402
from seeds import SEEDS, lecture, rounded  # noqa: E402

from course_utils import data, insight  # noqa: E402
from course_utils.experiment import FOLDER, best_rate  # noqa: E402

TUNING = range(100, 105)
HEAD_RATES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
NET_RATES = (0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
BODY_RATES = (0.000001, 0.000003, 0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003)
DIGIT_SIZES = (1, 2, 5, 10, 50)
DEPTHS = 9
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@cache
def l11() -> Any:
    """What lecture 11 defines, in this process."""
    torch.set_num_threads(1)
    names = ("STEPS", "OPENS", "SURFACE_SIZES", "digits", "x_all", "x_test")
    return lecture("11", names=names)


@cache
def l09() -> Any:
    """What lecture 09 defines, in this process."""
    torch.set_num_threads(1)
    return lecture("09")


@cache
def bodies(target: str, seed: int) -> dict[str, Any]:
    """The trained body and the random one of a seed, its statistics from images of the target."""
    x = images(target, seed)[0]
    return {"ImageNet": data.efficientnet_lite0(), "random": l11().random_twin(seed, x)}


@cache
def images(target: str, seed: int) -> tuple[torch.Tensor, ...]:
    """Prepared images and labels to draw from, and those that judge."""
    x, y, x_test, y_test = plain(target, seed)
    return l11().prepared(x), y, l11().prepared(x_test), y_test


@cache
def plain(target: str, seed: int) -> tuple[torch.Tensor, ...]:
    """The same as grey images; tuning seeds are judged by images that are not tested."""
    tuning = seed in TUNING
    if target == "surfaces":
        options = {"per_class": 50, "test_per_class": 50, "seed": seed, "validation": tuning}
        cut = data.load_patches(32, **options)
        arrays = cut.train_images, cut.train_labels, cut.test_images, cut.test_labels
        return tuple(map(torch.tensor, arrays))
    x, y, x_test, y_test = l11().x_all, l11().y_all, l11().x_test, l11().y_test
    if tuning:  # the digits that the largest draw leaves
        left = np.setdiff1d(np.arange(len(y)), data.few(y, max(DIGIT_SIZES), seed))[:400]
        return x, y, x[left], y[left]
    return x, y, x_test, y_test


def sizes(target: str) -> tuple[int, ...]:
    """Images of each class that are drawn."""
    return l11().SURFACE_SIZES if target == "surfaces" else DIGIT_SIZES


@cache
def features(target: str, kind: str, seed: int) -> tuple[list, list]:
    """After each part of the body, for images to draw from and those that judge."""
    x, y, x_test, _ = images(target, seed)
    if kind == "pixels":
        return [plain(target, seed)[0].flatten(1)], [plain(target, seed)[2].flatten(1)]
    rows = np.unique(np.concatenate([data.few(y, n, seed) for n in sizes(target)]))
    body, found = bodies(target, seed)[kind].to(DEVICE), []
    for part in (x[rows], x_test):
        chunks = [l11().by_depth(body, chunk.to(DEVICE)) for chunk in part.split(200)]
        found.append([torch.cat(depth).cpu() for depth in zip(*chunks, strict=True)])
    whole = [f.new_full((len(x), f.shape[1]), np.nan) for f in found[0]]  # rows as those of x
    for empty, f in zip(whole, found[0], strict=True):
        empty[rows] = f
    return whole, found[1]


def probes(target: str, kind: str, seed: int, depth: int, rate: float) -> list[float]:
    """Right by a linear head after so many parts, for each size of the draw."""
    train, test = features(target, kind, seed)
    _, y, _, y_test = images(target, seed)
    found = []
    for n in sizes(target):
        rows = data.few(y, n, seed)
        f, f_test = train[depth - 1][rows], test[depth - 1]
        found.append(l11().probe(f, y[rows], f_test, y_test, seed, rate))
    return found


def from_nothing(seed: int, rate: float) -> list[float]:
    """Right by the small network that learns on the drawn patches alone, for each size."""
    x, y, x_test, y_test = plain("surfaces", seed)
    found = []
    for n in sizes("surfaces"):
        rows = data.few(y, n, seed)
        found.append(l11().from_nothing(x[rows], y[rows], x_test, y_test, seed, rate))
    return found


def fine_tuned(seed: int, depth: int, head_rate: float, rate: float) -> list[float]:
    """Right by the body that goes on learning with the probe's head, for each size."""
    x, y, x_test, y_test = images("surfaces", seed)
    body, found = bodies("surfaces", seed)["ImageNet"].features[:depth], []
    for n in sizes("surfaces"):
        rows = data.few(y, n, seed)
        f = features("surfaces", "ImageNet", seed)[0][depth - 1][rows]
        head = insight.head_on(f, y[rows], seed, head_rate)
        near = x[rows].to(DEVICE), y[rows].to(DEVICE)
        net = l11().fine_tuned(body.to(DEVICE), head, *near, seed, rate)
        found.append(l11().accuracy(net, x_test.to(DEVICE), y_test.to(DEVICE)))
    return found


def tuning(seed: int, task: str) -> tuple[str, int, np.ndarray]:
    """All rates (and depths) of one competitor and one seed: (depths, rates, sizes)."""
    if task == "nothing":
        return task, seed, np.array([[from_nothing(seed, rate) for rate in NET_RATES]])
    target, kind = task.split(": ")
    depths = range(1, 2 if kind == "pixels" else DEPTHS + 1)
    tried = [[probes(target, kind, seed, d, r) for r in HEAD_RATES] for d in depths]
    return task, seed, np.array(tried)


def tuning_fine(seed: int, depth: int, head_rate: float) -> np.ndarray:
    """Fine-tuning with all rates, for one seed: (rates, sizes)."""
    return np.array([fine_tuned(seed, depth, head_rate, rate) for rate in BODY_RATES])


def choose(runs: np.ndarray, rates: tuple[float, ...]) -> dict[str, float]:
    """Depth and rate that are right most often, over seeds and sizes; no rate at the edge."""
    mean = runs.mean(axis=(0, 3))  # (depths, rates)
    depth = int(mean.max(axis=1).argmax())
    wrong = 1 - np.moveaxis(runs[:, depth], 1, 2)  # (seeds, sizes, rates)
    return {"depth": depth + 1, "lr": best_rate(rates, wrong)}


def tested(seed: int, chosen: dict[str, Any]) -> dict[str, Any]:
    """All competitors with what was chosen for them, for one seed."""
    found: dict[str, Any] = {"surfaces": {}, "digits": {}, "depth": {}}
    for name, choice in chosen["surfaces"].items():
        depth, rate = int(choice["depth"]), choice["lr"]
        if name == "from nothing":
            runs = from_nothing(seed, rate)
        elif name == "fine-tuned":
            runs = fine_tuned(seed, depth, choice["head lr"], rate)
        else:
            runs = probes("surfaces", KINDS[name], seed, depth, rate)
        found["surfaces"][name] = runs
    for name, choice in chosen["digits"].items():
        found["digits"][name] = probes(
            "digits", KINDS[name], seed, int(choice["depth"]), choice["lr"]
        )
    for kind in ("ImageNet", "random"):
        at = {"depth": 0, "lr": chosen["surfaces"][f"{kind} body"]["lr"]}
        found["depth"][kind] = [
            probes("surfaces", kind, seed, depth + 1, at["lr"]) for depth in range(DEPTHS)
        ]
    return found


KINDS = {
    "ImageNet body": "ImageNet",
    "random body": "random",
    "random body, cut at the same place": "random",
    "raw pixels": "pixels",
}


def surfaces(pool: Any) -> dict[str, Any]:
    """Lecture 11: what was tried, what was chosen, and what the choices give."""
    tasks = ["nothing"]
    tasks += [f"{t}: {k}" for t in ("surfaces", "digits") for k in ("ImageNet", "random", "pixels")]
    asked = [(seed, task) for task in tasks for seed in TUNING]
    tried: dict[str, list] = {task: [] for task in tasks}
    for task, _, runs in pool.starmap(tuning, asked, chunksize=1):
        tried[task].append(runs)
    chosen: dict[str, Any] = {"surfaces": {}, "digits": {}}
    for target, of in chosen.items():
        for name in ("ImageNet body", "random body", "raw pixels"):
            of[name] = choose(np.array(tried[f"{target}: {KINDS[name]}"]), HEAD_RATES)
    of, runs = chosen["surfaces"], np.array(tried["surfaces: random"])
    depth = of["ImageNet body"]["depth"]
    same = choose(runs[:, depth - 1 : depth], HEAD_RATES) | {"depth": depth}
    of["random body, cut at the same place"] = same
    of["from nothing"] = choose(np.array(tried["nothing"]), NET_RATES)
    print(chosen, flush=True)
    asked = [(seed, depth, of["ImageNet body"]["lr"]) for seed in TUNING]
    fine = np.array(pool.starmap(tuning_fine, asked, chunksize=1))[:, None]
    of["fine-tuned"] = choose(fine, BODY_RATES) | {"depth": depth}
    of["fine-tuned"]["head lr"] = of["ImageNet body"]["lr"]
    print(of["fine-tuned"], flush=True)
    runs = pool.starmap(tested, [(seed, chosen) for seed in SEEDS], chunksize=1)
    table = {part: joined([run[part] for run in runs]) for part in runs[0]}
    means = {task: np.mean(found, axis=(0, 3)) for task, found in tried.items()}
    means["surfaces: fine-tuned"] = fine.mean(axis=(0, 3))
    rates = {"head": HEAD_RATES, "from nothing": NET_RATES, "fine-tuned": BODY_RATES}
    return (
        {"seeds": [*SEEDS], "tuned on": [*TUNING], "chosen": chosen}
        | rounded({"rates": rates} | table)
        | {"validation": rounded(means)}
    )


def joined(runs: list[dict[str, Any]]) -> dict[str, list]:
    """For each name what all seeds gave, the seeds first."""
    return {name: [run[name] for run in runs] for name in runs[0]}


def fields(pool: Any) -> dict[str, Any]:
    """Lecture 09: widths of the effective field by photo and depth, trained and for each seed."""
    trained, *random = pool.map(widths, [None, *SEEDS], chunksize=1)
    return {"seeds": [*SEEDS], "trained": rounded(trained), "random": rounded(random)}


def widths(seed: int | None) -> list[list[float]]:
    """After each part on each photo: of the trained network, or of a random one."""
    photos = l09().real_photos()
    net = data.efficientnet_lite0() if seed is None else l09().untrained(seed, photos)
    return [l09().real_widths(net, photos, depth) for depth in range(1, DEPTHS + 1)]


def main() -> None:
    """Write the tables of the lectures named, or of both."""
    experiments: dict[str, tuple[str, Callable]] = {
        "09": ("effective", fields),
        "11": ("surfaces", surfaces),
    }
    with multiprocessing.get_context("spawn").Pool() as pool:
        for number in sys.argv[1:] or experiments:
            start, (name, run) = time.perf_counter(), experiments[number]
            table = {"made by": "benchmarks/real_network.py"}
            table |= {"torch": torch.__version__.split("+")[0]} | run(pool)
            (FOLDER / f"{name}.json").write_text(json.dumps(table) + "\n")
            print(f"lecture {number}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
