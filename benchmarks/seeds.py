"""What lectures 09 to 11 find in one run, found for twenty seeds.

    python benchmarks/seeds.py [09] [10] [11]

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
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

import nbformat  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from course_utils import insight  # noqa: E402
from course_utils.experiment import FOLDER  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

SEEDS = range(20)
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
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def fields() -> dict[str, Any]:
    """Lecture 09: widths of the effective field, shifts of LeNet's stages, fields on digits."""
    names = ("conv", "written", "loader", "test_images", "stages", "digits", "stacks")
    l09 = lecture("09", whole=("pairs",), names=names)
    return {
        "widths": {kind: [l09.widths(kind, s)[:3] for s in SEEDS] for kind in l09.sets},
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
    """Lecture 11: rates, the six competitors, faces, and sources that do not fit."""
    names = ("letters", "digits", "x_all", "x_test", "bodies", "STEPS", "OPENS", "HEAD_RATES")
    names += ("sizes", "seeds", "draws", "random_bodies", "faces", "x_face", "judge", "FACE_SIZES")
    l11 = lecture("11", names=names)
    curves = [[l11.compete(n, s) for n in l11.sizes] for s in SEEDS]
    misfits = ("photo patches", "pixels shuffled", "labels shuffled")
    rates = [(head, body) for head in l11.HEAD_RATES for body in l11.BODY_RATES]
    grid = [[l11.tuned(s, *pair) for pair in rates] for s in SEEDS]
    return {
        "rates": np.reshape(grid, (len(SEEDS), len(l11.HEAD_RATES), -1)),
        "curves": {name: [[one[name] for one in run] for run in curves] for name in curves[0][0]},
        "faces": [l11.face_runs(s) for s in SEEDS],
        "misfits": {kind: [l11.worth(kind, s) for s in SEEDS] for kind in misfits},
    }


def rounded(values: Any) -> Any:
    """The same with four decimals, in lists."""
    if isinstance(values, dict):
        return {key: rounded(value) for key, value in values.items()}
    return np.round(np.array(values, dtype=float), 4).tolist()


def main() -> None:
    """Run the experiments of the lectures named, or of all, and write a table for each."""
    torch.set_num_threads(1)
    experiments = {"09": fields, "10": pointing, "11": transfer}
    for number in sys.argv[1:] or experiments:
        start = time.perf_counter()
        table = {"made by": "benchmarks/seeds.py", "torch": torch.__version__.split("+")[0]}
        table |= {"seeds": list(SEEDS)} | rounded(experiments[number]())
        (FOLDER / f"seeds_{number}.json").write_text(json.dumps(table) + "\n")
        print(f"lecture {number}: {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
