"""a5's experiment: only a curve that the own functions give again supports a conclusion."""

import re

import numpy as np
import pytest

from course_utils.checks.a5_transfer import verdict
from course_utils.checks.engine import CheckFailed
from course_utils.course import notebooks
from course_utils.repository import ROOT

SIZES, SEEDS = [1, 5, 20], [3, 4, 5]


def strategy(number):
    return lambda size, seed: 0.5 + 0.05 * number + 0.001 * size + 0.005 * seed


STRATEGIES = {name: strategy(number) for number, name in enumerate(verdict.STRATEGIES)}


def sample_size_curve(strategies, sizes, seeds):
    return np.array([[[run(n, k) for k in seeds] for n in sizes] for run in strategies])


def results(change=lambda curve: curve, sizes=SIZES, seeds=SEEDS):
    curve = sample_size_curve(STRATEGIES.values(), sizes, seeds)
    return {"sizes": sizes, "seeds": seeds, "curve": change(curve).tolist()}


def points(made, **given):
    supported = {name: word for name, (word, _) in verdict.supported(made).items()}
    return verdict.experiment_points(
        made, sample_size_curve, STRATEGIES, seed=1, **supported | given
    )


@pytest.mark.parametrize(
    ("handed_in", "told"),
    [
        (None, "nothing is there yet"),
        ("0.8", "paste what the experiment printed"),
        (results(lambda curve: curve[:4]), "paste what the experiment printed"),
        (results(lambda curve: curve.mean(axis=2)), "paste what the experiment printed"),
        (results(lambda curve: 100 * curve), "shares from 0 to 1"),
        (results(lambda curve: curve * np.nan), "shares from 0 to 1"),
        (results(sizes=[1, 5, 10]), r"hold \[1, 5, 20\], each once"),
        (results(sizes=[1, 5, 20, 1]), r"hold \[1, 5, 20\], each once"),
        (results(seeds=[3, 4]), "at least 3 seeds"),
        (results(seeds=[3, 4, 4]), "all different"),
        (results(seeds=[3, 4, 5, 6]) | {"seeds": [3, 4, 5, 5]}, "all different"),
        (results(lambda curve: curve[..., [0, 1, 1]]), "each with its own runs"),
        (results(lambda curve: curve + 0.03), "they say 0.696, your functions say 0.666 now"),
    ],
)
def test_what_is_no_whole_curve_of_the_own_runs_is_told(handed_in, told):
    with pytest.raises(CheckFailed, match=told):
        verdict.check_results(handed_in, sample_size_curve, STRATEGIES)


def test_made_up_numbers_support_no_conclusion():
    """Which strategy and seed are run again depends on the numbers and on what is not told."""
    for move in (0.03, -0.05, 0.1):
        with pytest.raises(CheckFailed, match="Have they changed since"):
            points(results(lambda curve, move=move: curve + move))
    visible = results()
    visible["curve"][3][0][0] += 0.01  # within the tolerance
    verdict.check_results(visible, sample_size_curve, STRATEGIES)


def test_a_function_that_raises_is_quoted():
    def gives_up(strategies, sizes, seeds):
        raise KeyError("no luck")

    with pytest.raises(CheckFailed, match="sample_size_curve: it raised KeyError"):
        verdict.check_results(results(), gives_up, STRATEGIES)


def test_conclusions_follow_the_own_curve_and_saying_more_costs(capsys):
    mine = results()
    verdict.check_results(mine, sample_size_curve, STRATEGIES)
    assert "5 strategies, 3 sizes, 3 seeds" in capsys.readouterr().out
    assert points(mine) == 10
    assert points(mine, letters_at_20="higher", fading_at_5=None) == 6
    assert re.search(
        r"✗ letters_at_20: frozen body minus random body, 20 per class, your differences: -5 ± 0 "
        "points, which says 'lower'",
        capsys.readouterr().out,
    )


def test_each_claim_reads_its_own_place():
    """Sizes in another order; one pair at one size is changed, and only its claim says so."""
    for name, (first, _, size) in verdict.CLAIMS.items():
        alike = np.full((5, 3, 3), 0.5)
        alike[verdict.STRATEGIES.index(first), [20, 1, 5].index(size)] += [0.2, 0.21, 0.22]
        found = verdict.supported({"sizes": [20, 1, 5], "seeds": SEEDS, "curve": alike.tolist()})
        assert found[name][0] == "higher"
        same = {n for n, (*_, at) in verdict.CLAIMS.items() if at != size}
        assert {found[n][0] for n in same} == {"open"}


def test_what_is_demanded_stands_in_the_task():
    cells = notebooks.read(ROOT / "solutions/a5_transfer/a5_transfer.ipynb").cells
    by_id = {cell.id: cell.source for cell in cells}
    asked, drawn = by_id["strategies-text"], by_id["conclusions-task"]
    demands = ["1, 5 and 20 are among the sizes", "at least three seeds differ",
               "one run of the smallest size is done again", "two percentage points",
               "Paste what is printed as `results`, all of it"]  # fmt: skip
    assert [demand for demand in demands if demand not in asked] == []
    rows = re.findall(r"^\| `(\w+)` \| ([\w -]+) \| ([\w -]+) \| (\d+) \|$", drawn, re.M)
    assert {name: (one, other, int(size)) for name, one, other, size in rows} == verdict.CLAIMS
    assert list(verdict.STRATEGIES) == re.findall(r'^    "([\w -]+)": s', by_id["strategies"], re.M)


def test_the_solution_draws_conclusions_of_every_kind_from_its_own_table():
    cells = notebooks.read(ROOT / "solutions/a5_transfer/a5_transfer.ipynb").cells
    code = {cell.id: cell.source for cell in cells}
    made, said = {}, {}
    exec(code["results"], made)
    exec(code["conclusions"], said)
    found = {name: word for name, (word, _) in verdict.supported(made["results"]).items()}
    assert found == {name: said[name] for name in verdict.CLAIMS}
    assert {*found.values()} == {"higher", "lower", "open"}
