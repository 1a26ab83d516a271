"""Each claim about training in lectures 06 to 12 and a3 to a5, and the run that carries it.

The list is claims.toml; nothing is trained here.
"""

import ast
import functools
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from course_utils.course import notebooks, statements
from course_utils.experiment import FOLDER, interval, measured
from course_utils.repository import ROOT

CLAIMS = tomllib.loads(Path(__file__).with_name("claims.toml").read_text(encoding="utf-8"))["claim"]
NUMBERS = ("06", "07", "08", "09", "10", "11", "12", "a3", "a4", "a5")


@functools.cache
def path_of(number: str) -> Path:
    (path,) = [
        *ROOT.glob(f"lectures/{number}_*.ipynb"),
        *ROOT.glob(f"solutions/{number}_*/*.ipynb"),
    ]
    return path


@functools.cache
def cells(number: str) -> dict[str, Any]:
    return {cell.id: cell for cell in notebooks.read(path_of(number)).cells}


def printed(cell) -> str:
    return "".join(o.text for o in cell.outputs if o.output_type == "stream")


# What claims are written with ------------------------------------------------------------------


def above(values) -> bool:
    """Whether the 95 % interval of the mean lies above 0."""
    mean, half = interval(values)
    return mean > half


def below(values) -> bool:
    return above(-np.asarray(values))


def undecided(values) -> bool:
    return not above(values) and not below(values)


def word(mean: str, half: str) -> str:
    """What may be concluded from an interval that was printed."""
    return (
        "higher" if float(mean) > float(half) else "lower" if -float(mean) > float(half) else "open"
    )


def pm(values, form: str = ".1f") -> str:
    """Mean and half of the interval, as texts write it."""
    mean, half = interval(values)
    return f"{mean:{form}} ± {half:{form.strip('+')}}"


def best(losses) -> np.ndarray:
    """Of runs `(N, rates)` or `(N, rates, P)` those at the rate with the lowest (last) loss."""
    losses = np.asarray(losses)
    last = losses if losses.ndim == 2 else losses[..., -1]
    return losses[:, last.mean(axis=0).argmin()]


def inside(losses) -> bool:
    """Whether the rate with the lowest mean loss, `(N, rates)`, is not at the edge."""
    mean = np.mean(losses, axis=0)
    return bool(mean.min() < min(mean[0], mean[-1]))


def middle(table: dict, recipe: str) -> np.ndarray:
    """Of lecture 07's recipes: test digits right where they are not moved, in %, `(20,)`."""
    return 100 * np.array(table["right"][recipe])[:, 8]


def names_for(claim: dict) -> dict[str, Any]:
    """What `fill` and `holds` of a claim can use.

    Raises
    ------
    AssertionError
        If the run that should carry the claim is missing, or asserts nothing.
    """
    tools = (above, below, undecided, word, pm, best, inside, middle, measured)
    names: dict[str, Any] = {tool.__name__: tool for tool in tools} | {"np": np}
    kind, name = claim["run"].split(" ", 1)
    if kind == "starts":
        runs = json.loads((FOLDER / "starts.json").read_text())["runs"]
        assert name in runs, f"no experiment {name!r} was kept"
        names["x"] = np.array(runs[name]["found"])
    elif kind == "measured":
        names["x"] = measured(name)
    elif kind == "output":
        assert name in cells(claim["notebook"]), f"no cell {name}"
        out = printed(cells(claim["notebook"])[name])
        assert out, f"{name} has printed nothing"
        names["every"] = lambda pattern: re.findall(pattern, out, re.MULTILINE)
        names |= {"got": functools.partial(got, out), "pairs": functools.partial(pairs, out)}
    else:
        assert kind == "live", f"nothing is called {kind}"
        assert asserts(claim["notebook"], name), f"tests/lectures asserts nothing about {name}"
    return names


def got(out: str, pattern: str) -> str | tuple[str, ...]:
    found = re.search(pattern, out, re.MULTILINE)
    assert found, f"nothing printed fits {pattern}"
    return found[1] if len(found.groups()) == 1 else found.groups()


def pairs(out: str, heading: str) -> list[tuple[str, str]]:
    """Mean and half of the intervals of the three lines below a heading, as a5 prints them."""
    below_it = out.split(heading)[1]
    return re.findall(r"([-+][\d.]+) ± ([\d.]+)", below_it)[:3]


def asserts(number: str, cell_id: str) -> bool:
    path = statements.FOLDER / f"{path_of(number).stem}.py"
    assert cell_id in cells(number), f"no cell {cell_id}"
    return any(
        node.name == cell_id.replace("-", "_")
        and any(isinstance(part, ast.Assert) for part in ast.walk(node))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    )


def broken(claim: dict) -> str:
    """What is wrong with a claim; empty if nothing is."""
    try:
        names = names_for(claim)
        fill = eval(claim["fill"], names) if "fill" in claim else ()
    except (AssertionError, ValueError) as error:
        return str(error)
    given = fill if isinstance(fill, list | tuple | np.ndarray) else (fill,)
    words = claim["says"].format(*given) if "fill" in claim else claim["says"]
    if words not in cells(claim["notebook"])[claim["cell"]].source:
        return f"{claim['cell']} does not say: {words}"
    if "holds" in claim and not eval(claim["holds"], names | {"fill": fill}):
        return f"does not hold: {claim['holds']}"
    return ""


# The list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_each_claim_is_said_and_carried(number):
    mine = [claim for claim in CLAIMS if claim["notebook"] == number]
    wrong = {f"{c['cell']}: {c['says'][:60]}": text for c in mine if (text := broken(c))}
    assert mine, "no claim is listed"
    assert not wrong, "\n".join(f"{claim}\n    {text}" for claim, text in wrong.items())


def test_each_claim_has_a_relation_or_a_statement_or_a_number():
    for claim in CLAIMS:
        assert claim["notebook"] in NUMBERS
        kind = claim["run"].split()[0]
        assert kind == "live" or "holds" in claim or "fill" in claim, claim


def test_each_experiment_with_kept_starts_carries_a_claim():
    kept = set(json.loads((FOLDER / "starts.json").read_text())["runs"])
    carried = {c["run"].removeprefix("starts ") for c in CLAIMS if c["run"].startswith("starts ")}
    assert carried == kept


SAID = {"notebook": "06", "cell": "gallery", "says": "**Label smoothing** gains"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"says": "Label smoothing loses"}, "does not say"),
        ({"says": "gains {}", "fill": "pm(x[:, 5, 0])"}, "does not say"),
        ({"run": "starts held forth"}, "no experiment"),
        ({"run": "measured nothing"}, "no table"),
        ({"run": "live gallery-run"}, "asserts nothing"),
        ({"run": "output gallery-run"}, "has printed nothing"),
        ({"holds": "below(x[:, 5, 0] - x[:, 0, 0])"}, "does not hold"),
        ({"holds": "undecided(x[:, 5, 0] - x[:, 0, 0])"}, "does not hold"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_claim_that_fails_is_noticed(change, sentence):
    claim = SAID | {"run": "starts held back", "holds": "above(x[:, 5, 0] - x[:, 0, 0])"}
    assert broken(claim) == ""
    assert sentence in broken(claim | change)
