"""What lectures 08 to 11 and assignments a4 and a5 say, held against what was measured."""

import ast
import re

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils import tracing
from course_utils.checks.a4_inside.verdict import CLAIMS
from course_utils.course import notebooks
from course_utils.experiment import interval, measured
from course_utils.repository import ROOT


def cells(name: str) -> dict[str, nbformat.NotebookNode]:
    (path,) = [*ROOT.glob(f"lectures/{name}_*.ipynb"), *ROOT.glob(f"solutions/{name}_*/*.ipynb")]
    return {cell.id: cell for cell in notebooks.read(path).cells}


def printed(*found: nbformat.NotebookNode) -> str:
    return "".join(o.text for cell in found for o in cell.outputs if o.output_type == "stream")


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
    text, change = found["trained-explain"].source, printed(found["trained-run"])
    start, near, half = re.search(
        r"near +([\d.]+), changes by -(.+) ± (.+), narrower in 20", change
    ).groups()
    assert (
        f"narrowed the field** in each of the twenty runs, by {near} ± {half} pixels of {start}"
        in text
    )
    far = re.search(r"far .*changes by \+(.+), narrower in [1-9]", change)[1]
    assert f"**widened** it, by {far}, though not in every run" in text
    middle, half = re.search(r"digits .*changes by (.+) ± (.+), narrower", change).groups()
    assert abs(float(middle)) < float(half)  # "no change shows"
    moved = re.findall(r"([\d.]+) ± ", printed(found["learned-check"]))
    assert len(moved) == 10
    for words in (
        f"as far ({moved[4]})",
        f"the pixels did ({moved[0]})",
        f"half as far ({moved[9]};",
    ):
        assert words in found["border"].source
    right = re.findall(r": (\d+) ±", printed(found["sweep-run"]))
    text = found["sweep-explain"].source
    for words in ("gets {0} %", "to {4} and {5} %", "field 3, gives {1} %"):
        assert words.format(*right) in text


def test_lecture_10_says_what_its_game_gave():
    found = cells("10")
    text, game = found["game-explain"].source, printed(found["game-run"])
    for ending, beginning in (("maximum", "With the maximum: "), ("mean", "turns round**: ")):
        said = re.findall(r"([\w-]+) (\d+) %", text.split(beginning)[1].split(". ")[0])
        rates = re.findall(r"([\w-]+) (\d+)%", re.search(f"{ending} +trained +(.+)", game)[1])
        assert len(said) == 4
        assert sorted((name.lower(), rate) for name, rate in said) == sorted(
            (name.lower(), rate) for name, rate in rates
        )
    turned = re.search(r"mean minus maximum: \+(.+) points", printed(found["game-draw"]))[1]
    assert f"gains {turned} points on the deconvnet" in text
    assert float(turned.split(" ± ")[0]) > float(turned.split(" ± ")[1]), "the interval holds 0"
    changes = dict(re.findall(r"([\w-]+) ([-+]\d+ ± \d+)", printed(found["game-draw"])))
    for words in ("deconvnet loses {deconvnet} points", "saliency {saliency};"):
        assert words.format_map({k: v.strip("-") for k, v in changes.items()}) in text


def test_lecture_10_says_what_its_table_gave():
    found = cells("10")
    row = r"^([\w-]+) +(maximum|mean) +(\d+), +(\d+) +(-?[\d.]+) +(\d+), +(\d+)$"
    rows = re.findall(row, printed(found["two-draw"]), re.M)
    table = {(name, ending): numbers for name, ending, *numbers in rows}
    assert len(table) == 8
    random = {key: numbers[1] for key, numbers in table.items()}
    for name, words in (("saliency", "saliency "), ("deconvnet", "the deconvnet ")):
        both = f"{random[name, 'maximum']} % and {random[name, 'mean']} %"
        assert words + both in found["game-reason"].source
    verdict = found["verdict"].source
    for ending in ("maximum", "mean"):
        asked, other = table["deconvnet", ending][3:]
        assert f"{asked} % to {other} %" in verdict
    wrong = [
        int(table[name, e][4]) for name in ("occlusion", "Grad-CAM") for e in ("maximum", "mean")
    ]
    assert f"in at most {max(wrong)} % of the cases" in verdict
    apart = re.findall(r"saliency (\S+) ± (\d+)", printed(found["two-run"]))
    assert abs(int(apart[0][0])) < int(apart[0][1])  # "no difference behind a maximum"
    assert f"{int(apart[1][0])} ± {apart[1][1]} points behind a mean" in verdict


def test_lecture_10_says_what_deleting_gave():
    found = cells("10")
    row = r"^(squares|single) (?:of 16×16|pixels) +(\S.*?) +([+-]\d+) ± (\d+)$"
    rows = re.findall(row, printed(found["deletion-draw"]), re.M)
    gaps = {(kind, name): (int(m), int(h)) for kind, name, m, h in rows}
    text = found["cues"].source
    for kind, name in (
        ("squares", "integrated, expert"),
        ("squares", "Grad-CAM, expert"),
        ("squares", "integrated, novice"),
        ("squares", "edges"),
        ("single", "Grad-CAM, expert"),
    ):
        middle, half = gaps[kind, name]
        assert f"{middle:+d} ± {half}".replace("-", "−") in text, name
    ahead = [n for (kind, n), (m, h) in gaps.items() if "expert" in n and m < -h and kind[1] == "q"]
    assert ahead == ["integrated, expert"]  # "the only one of the five"
    assert not [n for (kind, n), (m, h) in gaps.items() if kind == "single" and abs(m) > h]
    areas = np.array(measured("starts")["runs"]["deletion"]["found"]).mean(axis=3)
    middle, half = interval(100 * (areas[:, 0, 7] - areas[:, 0, 2]))
    assert f"ahead of them by {middle:.0f} ± {half:.0f}, so not even this" in text
    assert middle < half


def test_lecture_11_says_what_welch_gives():
    found = cells("11")
    t, needed, freedom = re.search(
        r"t (.+), needed (.+) \((.+) degrees", printed(found["caltech-gaps"])
    ).groups()
    text = found["caltech-explain"].source
    assert f"*t* = {t} times" in text
    assert f"{freedom} degrees of freedom, for which {needed} is needed" in text


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
    output = printed(found["pretrain"], found["your-curve"])
    assert len(cited) > 10
    assert not [number for number in cited if f"{number}%" not in output]


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


@pytest.mark.parametrize("number", ["09", "10", "11"])
def test_a_stored_run_takes_what_the_lecture_defines(number):
    tree = ast.parse((ROOT / "benchmarks/seeds.py").read_text())
    taken = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == f"l{number}"
    }
    assert len(taken) > 4
    for cell in cells(number).values():
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                stored = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                name = node.id if stored else getattr(node, "name", None)
                taken.discard(name)
    assert not taken
    assert measured(f"seeds_{number}")["seeds"] == list(range(20))


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
