"""What lectures 07 and 09 to 12 find in one run, found for twenty seeds.

    python benchmarks/seeds.py [07] [09] [10] [11] [12]

Each lecture trains its networks for one seed, or a few, while one reads, and draws beside them the
means and intervals of the runs stored here. The experiments are the lecture's own: functions,
classes and constants are taken out of its cells, nothing is written twice. A table for each lecture
goes to course_utils/measured.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ["MPLBACKEND"] = "Agg"

import ast  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import warnings  # noqa: E402
from dataclasses import replace  # noqa: E402
from multiprocessing import Pool  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from course_utils import insight, training  # noqa: E402
from course_utils.experiment import FOLDER, best_rate  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

SEEDS = range(20)
CHOOSING = range(100, 105)  # other seeds, for choosing a learning rate
LRS = [0.0003, 0.001, 0.003, 0.01, 0.03]
DEFINES = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef


def lecture(number: str, whole: tuple[str, ...] = (), names: tuple[str, ...] = ()) -> Any:
    """What a lecture defines, with the values it gives to `names`, and the cells that run `whole`.

    Where these values come from five seeds in the lecture, here they come from all.
    """
    (path,) = ROOT.glob(f"lectures/{number}_*.ipynb")
    found: dict[str, Any] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for node in ast.parse(cell.source).body if cell.cell_type == "code" else []:
            code = ast.unparse(node)
            if _given(node) & {*names}:
                code = code.replace("range(5)", f"range({len(SEEDS)})")
            elif cell.id not in whole and not isinstance(node, DEFINES):
                continue
            exec(compile(code, cell.id, "exec"), found)
    return SimpleNamespace(**found)


def _given(node: ast.stmt) -> set[str]:
    """The names to which an assignment gives values, or parts of values."""
    more = [node.target] if isinstance(node, ast.AugAssign) else []  # such as names |= {...}
    targets = node.targets if isinstance(node, ast.Assign) else more
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def shifts() -> dict[str, Any]:
    """Lecture 07: recipes with and without shifted images, each at the rate that validation chose.

    The rate is chosen with five seeds of their own, on training digits that are held out; the test
    digits are asked once, at that rate. `rival` is the nearest training image where these are moved
    by up to so many pixels too.
    """
    names = ("digits", "test_images", "x_train", "x_test", "y_train", "moved")
    l07 = lecture("07", names=(*names, "ways"))
    images, labels = l07.digits.train_images, l07.digits.train_labels
    held_out = replace(l07.digits, train_images=images[:1000], train_labels=labels[:1000])
    held_out = replace(held_out, test_images=images[1000:], test_labels=labels[1000:])
    _, chooses = training.loaders(held_out)
    tried, lr, curves = {}, {}, {}
    for name, way in l07.ways.items():
        runs = [[l07.augmented(held_out, s, r, **way) for r in LRS] for s in CHOOSING]
        tried[name] = [[training.evaluate(net, chooses).accuracy for net in row] for row in runs]
        lr[name] = best_rate(LRS, -np.array(tried[name]))
        nets = [l07.augmented(l07.digits, s, lr[name], **way) for s in SEEDS]
        curves[name] = [l07.right_moved(net) for net in nets]
    rival = {}
    for most in (0, 1, 4):
        nearest = torch.full((len(l07.moved), len(l07.y_test), 10), torch.inf)
        frames = torch.nn.functional.pad(l07.x_train.view(-1, 28, 28), 4 * [most])
        for down, right in np.ndindex(2 * most + 1, 2 * most + 1):
            train = frames[:, down : down + 28, right : right + 28].flatten(1)  # (1347, 784)
            for i, x in enumerate(l07.moved):
                away = torch.cdist(x.flatten(1), train)
                of = [away[:, l07.y_train == c].amin(dim=1) for c in range(10)]
                nearest[i] = torch.minimum(nearest[i], torch.stack(of, dim=1))
        right = (nearest.argmin(dim=2) == l07.y_test).float().mean(dim=1)
        rival[str(most)] = right.tolist()
    return {"lr": LRS, "tried": tried, "chosen": lr, "right": curves, "rival": rival}


def fields() -> dict[str, Any]:
    """Lecture 09: shifts of LeNet's stages, and fields on digits."""
    names = ("written", "loader", "test_images", "stages", "digits", "stacks")
    l09 = lecture("09", names=names)
    return {
        "shift": [l09.learned(s) for s in SEEDS],
        "fields": [[l09.share_right(*stack, s) for stack in l09.stacks.items()] for s in SEEDS],
    }


def pointing() -> dict[str, Any]:
    """Lecture 10: all rounds of its game, for networks with either ending."""
    warnings.filterwarnings("ignore", "Setting .*backward hooks")  # captum tells of its hooks
    names = ("EPOCHS", "METHODS", "STEPS", "few", "mean", "images")
    l10 = lecture("10", whole=("cues-show", "two-build"), names=names)
    found: dict[str, Any] = {}

    def note(table: str, head: str, kind: str, values: list[float] | float) -> None:
        found.setdefault(table, {}).setdefault(head, {}).setdefault(kind, []).append(values)

    for head, choice in (("maximum", {}), ("mean", l10.mean)):
        for s in SEEDS:
            net, right, start = l10.knowing(s, **choice)
            note("right", head, "trained", right)
            note("start", head, "trained", start)
            note("adds up", head, "trained", l10.adds_up(net))
            survived, signed = l10.survives(net, s)
            note("signed", head, "all layers random", signed)
            for step, kept in survived.items():
                note("survived", head, step, kept)
            for kind, one in (("trained", net), ("random weights", l10.fresh(s, **choice))):
                asked, other = l10.asked_twice(one)
                maps = l10.explain(one, l10.images, l10.truth)
                note("rates", head, kind, insight.hits(maps, l10.where))
                note("asked for", head, kind, asked)
                note("other", head, kind, other)
    for tables in found.values():  # the seeds last
        for kinds in tables.values():
            kinds.update({kind: np.transpose(runs).tolist() for kind, runs in kinds.items()})
    return found


def transfer() -> dict[str, Any]:
    """Lecture 11: rates, the six competitors, and sources that do not fit."""
    names = ("letters", "digits", "x_all", "x_test", "bodies", "STEPS", "OPENS", "HEAD_RATES")
    names += ("sizes", "seeds", "draws", "random_bodies")
    l11 = lecture("11", names=names)
    curves = [[l11.compete(n, s) for n in l11.sizes] for s in SEEDS]
    misfits = ("photo patches", "pixels shuffled", "labels shuffled")
    rates = [(head, body) for head in l11.HEAD_RATES for body in l11.BODY_RATES]
    grid = [[l11.tuned(s, *pair) for pair in rates] for s in SEEDS]
    return {
        "rates": np.reshape(grid, (len(SEEDS), len(l11.HEAD_RATES), -1)),
        "curves": {name: [[one[name] for one in run] for run in curves] for name in curves[0][0]},
        "misfits": {kind: [l11.worth(kind, s) for s in SEEDS] for kind in misfits},
    }


TEN = SEEDS[:10]  # of lecture 12, whose networks take longer
RATES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
TUNING = range(100, 102)  # starts and drawings that the table's runs do not use
BY_NAME: dict[str, Any] = {}  # of lecture 12: a pool's processes have a copy


def contest(run: tuple) -> float:
    """One training of lecture 12: share right in the test, or of the validation's drawings."""
    name, lr, seed, validate = run
    make, recipe, _ = BY_NAME["contestants"][name]
    return BY_NAME["trial"](make, lr, seed, validate=validate, **recipe)


def tuned(pool: Any, name: str) -> tuple[float, dict[str, list[float]]]:
    """The rate with the fewest errors in validation; the grid goes on until it brackets it."""
    tried, errors = [3, 4, 5], {}  # places in RATES
    while True:
        runs = [(name, RATES[i], seed, True) for i in tried for seed in TUNING]
        wrong = 1 - np.array(pool.map(contest, runs, chunksize=1)).reshape(len(tried), -1)
        errors |= dict(zip(tried, wrong, strict=True))
        means = {i: runs.mean() for i, runs in sorted(errors.items())}
        low, high = min(means), max(means)
        if min(means.values()) < min(means[low], means[high]):
            rates = [RATES[i] for i in means]
            lr = best_rate(rates, np.transpose([errors[i] for i in means]))
            return lr, {f"{RATES[i]:g}": errors[i] for i in means}
        tried = [low - 1 if means[low] <= means[high] else high + 1]
        if tried[0] not in range(len(RATES)):
            raise ValueError(f"{name}: no rate of {RATES} is better than its neighbours")


def recipes() -> dict[str, Any]:
    """Lecture 12: the ladder from LeNet-5 to a network of today, and a transformer beside it.

    What is trained three times as long has half as many seeds; the transformer's rate is tuned for
    it again, the convnets keep theirs.
    """
    l12 = lecture("12", names=("FIRST", "MAKE", "RUNGS"))
    conv, block, long = l12.MAKE["shortcuts"], "ConvNeXt's block", {"steps": 960}
    more = long | {"per_class": 200}
    chosen = {name: (l12.MAKE[net], recipe, "") for name, (net, recipe) in l12.RUNGS.items()}
    chosen |= {"ViT": (l12.ViT, {}, ""), "ViT, long": (l12.ViT, long, "")}
    chosen |= {"shortcuts, long": (conv, long, "shortcuts")}
    chosen |= {f"{block}, long": (l12.MAKE[block], long, block)}
    chosen |= {"shortcuts, 200 each": (conv, more, "shortcuts")}
    chosen |= {"ViT, 200 each": (l12.ViT, more, "ViT, long")}
    BY_NAME.update(trial=l12.trial, contestants=chosen)
    found: dict[str, Any] = {"right": {}, "rates": {}, "errors in validation": {}}
    with Pool(3) as pool:
        for name, (_, recipe, rate_of) in chosen.items():
            lr = found["rates"].get(rate_of)
            if not rate_of:
                lr, found["errors in validation"][name] = tuned(pool, name)
            seeds = TEN[:5] if "steps" in recipe else TEN
            runs = pool.map(contest, [(name, lr, seed, False) for seed in seeds], chunksize=1)
            found["right"][name], found["rates"][name] = runs, lr
            print(f"{name:26} lr {lr:<6g} right {np.mean(runs):.3f}", flush=True)
    return found


def rounded(values: Any) -> Any:
    """The same with four decimals, in lists."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    return np.round(np.array(values, dtype=float), 4).tolist()


def main() -> None:
    """Run the experiments of the lectures named, or of all, and write a table for each."""
    torch.set_num_threads(1)
    experiments = {"07": shifts, "09": fields, "10": pointing, "11": transfer, "12": recipes}
    for number in sys.argv[1:] or experiments:
        start = time.perf_counter()
        table = {"made by": "benchmarks/seeds.py", "torch": torch.__version__.split("+")[0]}
        table |= {"seeds": list(TEN if number == "12" else SEEDS)} | rounded(experiments[number]())
        (FOLDER / f"seeds_{number}.json").write_text(json.dumps(table) + "\n")
        print(f"lecture {number}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
