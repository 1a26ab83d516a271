"""Experiments of lectures 08 to 12 and assignments a4 and a5 are what their texts say they are.

What they claim, and which run carries it, is listed in claims.toml.
"""

import ast
import copy
import functools
import io
import re
from collections import OrderedDict

import nbformat
import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from course_utils import tracing
from course_utils.checks.a4_inside.verdict import CLAIMS
from course_utils.course import notebooks
from course_utils.data.caltech import CALTECH
from course_utils.experiment import measured
from course_utils.repository import ROOT


def cells(name: str) -> dict[str, nbformat.NotebookNode]:
    (path,) = [*ROOT.glob(f"lectures/{name}_*.ipynb"), *ROOT.glob(f"solutions/{name}_*/*.ipynb")]
    return {cell.id: cell for cell in notebooks.read(path).cells}


def printed(*found: nbformat.NotebookNode) -> str:
    return "".join(o.text for cell in found for o in cell.outputs if o.output_type == "stream")


def test_a_body_of_lecture_11_was_tuned_without_test_tiles():
    table = measured("surfaces")
    assert not set(table["tuned on"]) & set(table["seeds"])
    assert len(table["seeds"]) == 20
    for name, choice in table["chosen"]["surfaces"].items():
        rates = table["rates"].get(name, table["rates"]["head"])
        assert min(rates) < choice["lr"] < max(rates), name


def test_a4_draws_conclusions_of_every_kind_from_its_own_table():
    found = cells("a4")
    rows = re.findall(r"^(\w+) +([+-]\d+) ± (\d+) points", printed(found["the-game"]), re.M)
    said = dict(re.findall(r'^(\w+) = "(\w+)"', found["verdict"].source, re.M))
    words = {
        name: "higher" if int(m) > int(h) else "lower" if -int(m) > int(h) else "open"
        for name, m, h in rows
    }
    assert words == said
    compared = found["the-game"].source.split("COMPARED = ")[1].split("\n\n\n")[0]
    assert ast.literal_eval(compared) == CLAIMS
    assert {*words.values()} == {"higher", "lower", "open"}
    there = measured("seeds_10")["rates"]["maximum"]["trained"]
    assert np.mean(there[2]) < np.mean(there[3])  # "Grad-CAM came after the deconvnet"


def test_the_model_answer_of_a5_cites_its_own_output():
    found = cells("a5")
    answer = found["recommendation"].source.split("---\n")[0]
    cited = re.findall(r"\d+\.\d", answer)
    names = ("pretrain", "probes", "your-curve", "your-verdicts")
    output = printed(*(found[name] for name in names))
    assert len(cited) > 10
    assert not [number for number in cited if not re.search(rf"[ +-]{number}\b", output)]


def test_lecture_11_says_what_welch_gives():
    (_, right, error), text = CALTECH["Caltech-101, SVM"], cells("11")["caltech-explain"].source
    shares = np.array(error[4:]) ** 2 / 5  # of the variance of the gap, if ± is of five folds
    t = (right[4] - right[5]) / shares.sum() ** 0.5
    freedom = shares.sum() ** 2 / (shares**2 / 4).sum()  # Welch's degrees of freedom
    needed = stats.t.ppf(0.975, freedom)
    assert f"*t* = {t:.2f} times" in text
    assert f"{freedom:.1f} degrees of freedom, for which {needed:.2f} is needed" in text
    assert t < needed  # "still too little"


def test_a_network_that_a5s_solution_froze_can_be_saved_and_copied():
    names = {"nn": nn, "functools": functools}
    exec(cells("a5")["freeze"].source, names)
    model = nn.Sequential(OrderedDict(body=nn.BatchNorm1d(2), head=nn.Linear(2, 2)))
    # A function is saved by the name of its module, so this one needs the place of a notebook's.
    names["stays"].__module__ = __name__
    globals()["stays"] = names["stays"]
    names["freeze"](model, "body")
    with io.BytesIO() as file:
        torch.save(model, file)
        file.seek(0)
        again = torch.load(file, weights_only=False)
    for other in (again, copy.deepcopy(model)):
        other.train()
        assert not other.body.training
        assert other.body.train(True) is other.body  # its own layer, not the one it was made of


# Experiments are what the text says they are ---------------------------------------------------


def best(by_rate: dict[str, list]) -> list[float]:
    """Rates, the best first, by the mean over all runs."""
    return sorted((float(rate) for rate in by_rate), key=lambda r: -np.mean(by_rate[f"{r:g}"]))


def test_rates_of_a5_are_the_best_that_were_found_without_test_digits():
    table, code = measured("transfer_rates")["accuracy"], cells("a5")["strategies"].source
    taken = re.findall(r'"([\w -]+)": strategy\(.*\(([\d.]+), ([\d.]+)\)', code)
    assert [name for name, *_ in taken] == list(table)
    for name, body, head in taken:
        assert float(head) == best(table[name])[0], name
        assert float(body) == float(head) / (2 if name == "fade-out" else 1)


@pytest.mark.parametrize("name", ["depth", "transfer_rates"])
def test_no_best_rate_lies_at_the_edge(name):
    """But where no rate teaches anything."""
    table = measured(name)
    runs = table.get("accuracy") or {
        kind: {rate: [-loss for loss in last] for rate, last in found["last"].items()}
        for kind, found in table["training loss"].items()
        if not kind.endswith("PyTorch")
    }
    for kind, by_rate in runs.items():
        first = best(by_rate)[0]
        assert min(map(float, by_rate)) < first < max(map(float, by_rate)), kind


def test_no_kernel_of_lecture_08s_stacks_is_larger_than_its_map():
    found, names = cells("08"), {"nn": nn, "np": np}
    names["load_digits"] = None
    for cell_id, until in (("stack-functions", "def stack"), ("stack-train", "def stacked_net")):
        code = found[cell_id].source
        exec(until + code.split(until)[1].split("\n\n\n")[0], names)
    for kind in ((5, 1, True), (7, 1, True), (3, 3, True)):
        for layer in tracing.trace(names["stacked_net"](*kind), (1, 1, 8, 8)):
            if layer.kind == "Conv2d":
                assert min(layer.output_shape[2:]) >= kind[0]


@pytest.mark.parametrize("number", ["07", "09", "10", "11", "12"])
def test_a_stored_run_takes_what_the_lecture_defines(number):
    taken = set()
    for script in ("seeds", "real_network"):
        for node in ast.walk(ast.parse((ROOT / f"benchmarks/{script}.py").read_text())):
            if isinstance(node, ast.Attribute):
                of = node.value.func if isinstance(node.value, ast.Call) else node.value
                if isinstance(of, ast.Name) and of.id == f"l{number}":
                    taken.add(node.attr)
    assert len(taken) > 2
    for cell in cells(number).values():
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                name = node.id if stored else getattr(node, "name", None)
                taken.discard(name)
    assert not taken
    assert measured(f"seeds_{number}")["seeds"] == list(range(10 if number == "12" else 20))


@pytest.mark.parametrize(("size", "middle"), [(4, 3.5), (8, 1.5)])
def test_a4_enlarges_a_value_to_the_middle_of_its_window(size, middle):
    """Occlusion's 4 windows of 8 pixels start at 0, 8, …; Grad-CAM's 8 places are 4 pixels wide."""
    names = {"F": F, "torch": torch}
    source = cells("a4")["the-networks"].source
    exec("def enlarged" + source.split("def enlarged")[1].split("\n\n\n")[0], names)
    for i in range(1, size - 1):
        maps = torch.zeros(1, size, size)
        maps[0, i, 2] = 1
        rows = names["enlarged"](maps)[0].sum(dim=1)
        assert rows.shape == (32,)
        place = (rows @ torch.arange(32.0) / rows.sum()).item()
        assert place == pytest.approx(32 // size * i + middle)
