"""What lectures 08 to 12 and assignments a4 and a5 say, held against what was measured."""

import ast
import copy
import functools
import io
import itertools
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
from course_utils.experiment import interval, measured
from course_utils.repository import ROOT


def cells(name: str) -> dict[str, nbformat.NotebookNode]:
    (path,) = [*ROOT.glob(f"lectures/{name}_*.ipynb"), *ROOT.glob(f"solutions/{name}_*/*.ipynb")]
    return {cell.id: cell for cell in notebooks.read(path).cells}


def printed(*found: nbformat.NotebookNode) -> str:
    return "".join(o.text for cell in found for o in cell.outputs if o.output_type == "stream")


def table(cell: nbformat.NotebookNode, number: int = 0) -> dict[str, list[str]]:
    """The cells of a table of `experiment.tabulate` by the names of its rows: "mean ± half"."""
    lines = printed(cell).splitlines()
    rows = [re.match(r"(\S.*?) {2,}(.+ ± .+)$", line) for line in lines]
    parts = [list(part) for there, part in itertools.groupby(rows, bool) if there]
    return {row[1]: re.split(" {2,}", row[2]) for row in parts[number]}


# Numbers of a text are those of the stored output ------------------------------------------------


def test_lecture_08_says_what_its_stacks_did():
    found = cells("08")
    text, (gap,) = (
        found["stack-explain"].source,
        re.findall(r"three.*test -(.+) points", printed(found["stack-gaps"])),
    )
    behind, half = (f"{float(number):.1f}" for number in gap.split(" ± "))
    assert f"{behind} ± {half} points *behind* one 7×7" in text
    assert float(behind) > float(half), "the interval holds 0"
    sizes = [
        int(n.replace(",", "")) for n in re.findall(r"([\d,]+) param", printed(found["stack-plot"]))
    ]
    assert f"{sizes[1] / sizes[0]:.0%} and {sizes[4] / sizes[3]:.0%}".replace("%", " %") in text


def test_lecture_09_says_what_twenty_runs_gave():
    found = cells("09")
    text, output = found["trained-explain"].source, printed(found["trained-draw"])
    rows = [re.findall(r"([-\d.]+) ± ([\d.]+)", line) for line in output.splitlines()]
    rows = [row for row in rows if row]
    assert len(rows) == 9
    (random, _), (trained, _), (change, half) = rows[4]
    assert f"after stage 4 by {change.strip('-')} ± {half} pixels" in text
    assert f"({trained} against {random})" in text
    assert f"of which σ = {trained} is left" in text
    assert round(float(rows[8][0][0])) == 52  # "stop at 52"
    size = printed(found["trained-run"]).split()[2:][4]
    assert f"{size} pixels after stage 4" in text
    moved = re.findall(r"([\d.]+) ± ", printed(found["learned-check"]))
    assert len(moved) == 10
    moved = moved[::2] + moved[1::2]  # fresh from stage to stage, then trained
    for words in (
        f"as far ({moved[4]})",
        f"the pixels did ({moved[0]})",
        f"half as far ({moved[9]};",
    ):
        assert words in found["border"].source
    right = [f"{float(n):.0f}" for n in re.findall(r"([\d.]+) ±", printed(found["sweep-run"]))]
    text = found["sweep-explain"].source
    for words in ("gets {0} %", "to {4} and {5} %", "field 3, gives {1} %"):
        assert words.format(*right) in text


def test_lecture_10_says_what_its_game_gave():
    found = cells("10")
    text, game = found["game-explain"].source, table(found["game-run"])
    for column, beginning in ((0, "With the maximum: "), (2, "turns round**: ")):
        said = re.findall(r"([\w-]+) (\d+) %", text.split(beginning)[1].split(". ")[0])
        rates = [(name.lower(), row[column].split()[0]) for name, row in game.items()]
        assert len(said) == 4
        assert sorted((name.lower(), rate) for name, rate in said) == sorted(rates)
    turned = re.search(r"mean − maximum: \+(.+)", printed(found["game-draw"]))[1]
    assert f"gains {turned} points on the deconvnet" in text
    assert float(turned.split(" ± ")[0]) > float(turned.split(" ± ")[1]), "the interval holds 0"
    changes = {name: row[4] for name, row in game.items()}
    for words in ("deconvnet loses {deconvnet} points", "saliency {saliency};"):
        assert words.format_map({k: v.strip("-") for k, v in changes.items()}) in text


def test_lecture_10_says_what_its_table_gave():
    found = cells("10")
    rows = {
        tuple(name.split(", ")): [number.split()[0] for number in row]
        for name, row in table(found["two-draw"]).items()
    }
    assert len(rows) == 8
    random = {key: numbers[1] for key, numbers in rows.items()}
    for name, words in (("saliency", "saliency "), ("deconvnet", "the deconvnet ")):
        both = f"{random[name, 'maximum']} % and {random[name, 'mean']} %"
        assert words + both in found["game-reason"].source
    verdict = found["verdict"].source
    for ending in ("maximum", "mean"):
        asked, other = rows["deconvnet", ending][3:]
        assert f"{asked} % to {other} %" in verdict
    wrong = [
        int(rows[name, e][4]) for name in ("occlusion", "Grad-CAM") for e in ("maximum", "mean")
    ]
    assert f"in at most {max(wrong)} % of the cases" in verdict
    apart = [gap.split(" ± ") for gap in table(found["two-run"])["saliency, asked − other, points"]]
    assert abs(int(apart[0][0])) < int(apart[0][1])  # "no difference behind a maximum"
    assert "{} ± {} points behind a mean".format(*apart[1]) in verdict


def test_lecture_10_says_what_deleting_gave():
    found = cells("10")
    gaps = table(found["deletion-draw"])
    assert len(gaps) == 12
    text = found["cues"].source
    for name, column in (
        ("integrated, expert", 0),
        ("Grad-CAM, expert", 0),
        ("integrated, novice", 0),
        ("edges", 0),
        ("Grad-CAM, expert", 1),
    ):
        words = gaps[name][column]
        assert (words if words[0] == "-" else "+" + words).replace("-", "−") in text, name
    numbers = {name: [tuple(map(int, n.split(" ± "))) for n in row] for name, row in gaps.items()}
    ahead = [n for n, ((m, h), _) in numbers.items() if "expert" in n and m < -h]
    assert ahead == ["integrated, expert"]  # "the only one of the five"
    assert not [n for n, (_, (m, h)) in numbers.items() if abs(m) > h]
    areas = np.array(measured("starts")["runs"]["deletion"]["found"]).mean(axis=3)
    middle, half = interval(100 * (areas[:, 0, 7] - areas[:, 0, 2]))
    assert f"ahead of them by {middle:.0f} ± {half:.0f}, so not even this" in text
    assert middle < half


def test_lecture_11_says_what_welch_gives():
    (_, right, error), text = CALTECH["Caltech-101, SVM"], cells("11")["caltech-explain"].source
    shares = np.array(error[4:]) ** 2 / 5  # of the variance of the gap, if ± is of five folds
    t = (right[4] - right[5]) / shares.sum() ** 0.5
    freedom = shares.sum() ** 2 / (shares**2 / 4).sum()  # Welch's degrees of freedom
    needed = stats.t.ppf(0.975, freedom)
    assert f"*t* = {t:.2f} times" in text
    assert f"{freedom:.1f} degrees of freedom, for which {needed:.2f} is needed" in text
    assert t < needed  # "still too little"


def test_lecture_11_says_what_twenty_draws_gave():
    found, text = cells("11"), cells("11")["surfaces-explain"].source
    shares, gains = (table(found["surfaces-draw"], number) for number in (0, 1))
    nothing, imagenet, _, _, _, pixels = zip(*shares.values(), strict=True)  # sizes 1 to 50
    lead, _, _, tuned = zip(*gains.values(), strict=True)
    assert f"leads by {lead[0]} with one patch per class, and by {lead[5]} with fifty" in text
    assert f"as often ({imagenet[1].split()[0]} %) as fifty make the small network" in text
    assert f"network ({nothing[5].split()[0]} %): pair by pair the gap lies within" in text
    kept = {name: 100 * np.array(runs) for name, runs in measured("surfaces")["surfaces"].items()}
    middle, half = interval(kept["ImageNet body"][:, 1] - kept["from nothing"][:, 5])
    assert abs(middle) < half
    assert f"adds {tuned[2]} at five patches and {tuned[5]} at fifty" in text
    text = found["imagenet-explain"].source
    (on_digits, *_), *_ = table(found["surfaces-digits"]).values()
    assert f"ImageNet gives the digits {on_digits} points with one" in text
    few, many = (float(pixels[i].split()[0]) for i in (0, 5))
    assert f"with {few:.0f} to {many:.0f} % right" in text
    trained, random = (float(v.split()[0]) for v in table(found["surfaces-depth"])["stem"])
    said = f"({random:.0f} % against {trained:.0f} % at the stem)"
    assert said in found["surfaces-depth-explain"].source


def test_a_body_of_lecture_11_was_tuned_without_test_tiles():
    table = measured("surfaces")
    assert not set(table["tuned on"]) & set(table["seeds"])
    assert len(table["seeds"]) == 20
    for name, choice in table["chosen"]["surfaces"].items():
        rates = table["rates"].get(name, table["rates"]["head"])
        assert min(rates) < choice["lr"] < max(rates), name


def test_lecture_12_says_what_its_ladder_gave():
    found = cells("12")
    row = r"^(.+?) +[\d,]+ +[\d.]+ +([\d.]+) ± [\d.]+ +([-+][\d.]+ ± [\d.]+)$"
    changes = {n: c for n, _, c in re.findall(row, printed(found["ladder-table"]), re.M)}
    said = re.findall(
        r"^\| (.+?) \| ([-+−][\d.]+ ± [\d.]+) \|", found["ladder-explain"].source, re.M
    )
    assert {name: change.replace("−", "-") for name, change in said} == changes
    assert len(said) == 9
    right = {name: 100 * np.array(runs) for name, runs in measured("seeds_12")["right"].items()}
    longer, block = right["shortcuts, long"], right["ConvNeXt's block, long"]
    text = found["ladder-explain"].source
    assert f"reaches {block.mean():.0f} %" in text
    assert "{:.1f} ± {:.1f} points behind".format(*interval(longer - block)) in text
    assert "(+{:.1f} ± {:.1f})".format(*interval(longer - right["shortcuts"][:5])) in text
    means = [right[name].mean() for name in ("LeNet-5 as in 07", "bent images")]
    assert "from {:.0f} to {:.0f} %".format(*means) in text


def test_lecture_12_says_how_far_its_transformer_was_behind():
    found = cells("12")
    text = found["vit-explain"].source
    for ahead in re.findall(r"ahead ([-+].+)$", printed(found["vit-draw"]), re.M):
        assert ahead.strip("+").replace("-", "−") in text


def test_lecture_12_says_how_much_faster_a_separable_layer_was():
    found = cells("12")
    factors = re.findall(r"^\d.* ([\d.]+) times faster", printed(found["separable-time"]), re.M)
    text = found["separable-explain"].source
    assert f"{min(factors, key=float)} to {max(factors, key=float)} times faster" in text
    assert "more than a quarter of the whole convolution's" in text
    for took in measured("separable")["seconds"].values():
        assert took["pointwise"] > max(took["whole"] / 4, 5 * took["depthwise"])


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
