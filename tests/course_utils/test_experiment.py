import doctest
from collections import deque

import numpy as np
import pytest
from scipy import stats

from course_utils import experiment
from course_utils.experiment import best_rate, interval, intervals, measured

RATES = [0.01, 0.1, 1.0]


def test_the_best_rate_is_the_lowest_mean_over_seeds():
    assert best_rate(RATES, [3.0, 1.0, 2.0]) == 0.1
    by_seed = [[2.0, 0.1, 5.0], [1.0, 2.0, 5.0]]  # the second seed alone prefers the edge
    assert best_rate(RATES, by_seed) == 0.1


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ([1.0, 2.0, 3.0], r"0\.01 does best and is the smallest .* go on to 0\.0033"),
        ([3.0, 2.0, 1.0], r"1 does best and is the largest .* go on to 3"),
        ([1.0, 1.0, 2.0], "0.01 does best"),  # as good at the edge: nothing is bracketed
        ([2.0, 1.0, 1.0], "1 does best"),
        ([2.3, 2.3, 2.3], "equally well or badly"),
        ([np.inf, np.nan, np.inf], "equally well or badly"),
    ],
)
def test_an_optimum_at_the_edge_is_refused(losses, said):
    with pytest.raises(ValueError, match=said):
        best_rate(RATES, losses)


def test_a_run_that_diverged_makes_its_rate_the_worst():
    assert best_rate(RATES, [[2.0, 1.0, np.nan], [2.0, 1.0, 0.1]]) == 0.1
    with pytest.raises(ValueError, match="smallest"):
        best_rate(RATES, [[2.0, 1.0, 3.0], [2.0, np.inf, 3.0]])


@pytest.mark.parametrize(
    ("rates", "losses", "said"),
    [
        ([0.1, 1.0], [1.0, 2.0], "at least three"),
        ([1.0, 0.1, 0.01], [2.0, 1.0, 2.0], "from small to large"),
        ([0.1, 0.1, 1.0], [2.0, 1.0, 2.0], "from small to large"),
        (RATES, [[2.0, 1.0]], r"losses must be \(\.\.\., 3\), got \(1, 2\)"),
        (RATES, 1.0, "losses must be"),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(rates, losses, said):
    with pytest.raises(ValueError, match=said):
        best_rate(rates, losses)


@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_the_interval_is_that_of_the_t_test(confidence):
    values = np.random.default_rng(0).normal(3, 2, size=5)
    mean, half = interval(values, confidence)
    expected = stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert np.allclose((mean - half, mean + half), expected)


@pytest.mark.parametrize(
    ("values", "confidence", "said"),
    [([1.0], 0.95, "two values"), ([[1.0, 2.0]], 0.95, "in a row"), ([1.0, 2.0], 95, "between")],
)
def test_an_interval_that_cannot_be_is_refused(values, confidence, said):
    with pytest.raises(ValueError, match=said):
        interval(values, confidence)


def test_intervals_are_those_of_each_place():
    runs = np.random.default_rng(1).normal(size=(4, 2, 3))
    mean, half = intervals(runs, 0.9)
    assert mean.shape == half.shape == (2, 3)
    assert (mean[1, 2], half[1, 2]) == interval(runs[:, 1, 2], 0.9)


def test_a_table_that_nobody_measured_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"no table 'dept'.*depth, effective, layers"):
        measured("dept")


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(experiment).failed == 0


# Starts that are kept ---------------------------------------------------------------------------

GRID = [1, 2]
RAN = deque()  # the seeds that were run


def double(x):
    return 2 * x


class Net:
    def size(self):
        return len(GRID)


def go(seed):
    RAN.append(seed)
    return [double(seed) * rate for rate in GRID] + [(lambda: Net().size())()]


@pytest.fixture
def kept(monkeypatch):
    """As if seeds 4, 5 and 6 of `go` had been measured, and one number lay a little apart."""
    RAN.clear()
    found = [[2 * seed + 0.25, 4 * seed, 2] for seed in (4, 5, 6)]
    table = {"go": {"code": experiment._code(go), "seeds": [4, 5, 6], "found": found}}
    monkeypatch.setattr(experiment, "_starts", lambda: table)
    return found


def test_the_first_start_is_run_and_the_others_were_kept(kept):
    found = experiment.repeated("go", go, range(4, 7))
    assert list(RAN) == [4]
    assert found.tolist() == [[8, 16, 2], *kept[1:]]
    found[:] = np.nan  # what a notebook does with it later is its own affair
    assert experiment.repeats["go"].agrees  # the median of 0.25, 0 and 0 is 0


def test_what_was_kept_is_not_what_is_found(kept):
    kept[0][1:] = [10, 0]
    experiment.repeated("go", go, range(4, 7))
    assert not experiment.repeats["go"].agrees


@pytest.mark.parametrize(("there", "agrees"), [([8, np.nan, 2], True), ([1, np.nan, 9], False)])
def test_what_is_not_measured_decides_nothing(there, agrees):
    now, kept = np.array([[8, np.nan, 2]]), np.array([there])
    assert experiment.Repeat("", [4], now, kept).agrees == agrees


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("GRID", [1, 3]),
        ("double", lambda x: x + x),
        ("Net", type("Net", (), {"size": lambda self: 2})),
        ("go", lambda seed: [RAN.append(seed) or 1, 2, 3]),
    ],
)
def test_whatever_is_changed_all_starts_are_run(kept, monkeypatch, name, change):
    monkeypatch.setitem(globals(), name, change)
    if isinstance(change, type):
        monkeypatch.setattr(change, "__module__", __name__)
    experiment.repeated("go", globals()["go"], [4, 5, 6])
    assert list(RAN) == [4, 5, 6]
    assert not experiment.repeats["go"].agrees


@pytest.mark.parametrize(
    ("name", "seeds", "live"), [("go", [4, 5], False), ("go", [4, 5, 6], True), ("new", [4], False)]
)
def test_other_starts_are_run(kept, name, seeds, live):
    assert len(experiment.repeated(name, go, seeds, live=live)) == len(seeds)
    assert list(RAN) == seeds


def way(seed, factor):
    RAN.append(seed)
    return [double(seed) * factor, factor]


def test_each_way_is_run_from_the_first_start_while_ways_and_code_are_the_same(kept, monkeypatch):
    ways, seeds = {"once": 1, "thrice": 3}, [4, 5]
    found = [[[2 * seed * factor, factor] for factor in ways.values()] for seed in seeds]
    table = {"ways": {"code": experiment._code(way, ways), "seeds": seeds, "found": found}}
    monkeypatch.setattr(experiment, "_starts", lambda: table)
    same = experiment.each("ways", way, ways, seeds)
    assert list(RAN) == [4, 4]
    assert same["thrice"].tolist() == [[24, 3], [30, 3]]
    other = experiment.each("ways", way, ways | {"thrice": 4}, seeds)
    assert list(RAN)[2:] == [4, 4, 5, 5]
    assert other["thrice"].tolist() == [[32, 4], [40, 4]]
    assert experiment.each("names", way, [2, 5], [1])[5].tolist() == [[10, 5]]


def test_runs_at_the_best_rate_are_judged_at_their_end():
    losses = [[[9, 5], [1, 2], [0, 7]], [[9, 6], [1, 3], [0, 8]]]  # (2 runs, 3 rates, 2 epochs)
    rate, runs = experiment.at_best_rate([1, 2, 3], losses)
    assert (rate, runs.tolist()) == (2, [[1, 2], [1, 3]])


def test_gains_are_paired_and_percents_differ_by_points(capsys):
    runs = {"a": [50.0, 60.0], "b": [51.0, 63.0], "c": [0.0, 1.0]}
    found = experiment.gains(runs, {"b": "a"}, what="right", unit="%")
    assert found == {"b": experiment.interval([1, 3])}
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "right"
    assert lines[2] == "b   57.0 %   over a: +2.0 ± 12.7 points"
    assert lines[3] == "c    0.5 %"


def asked(best):
    """A run that notes what it is asked for; each way does best at its rate of `best`."""
    calls = []

    def run(way, rate, seed, part):
        calls.append((way, rate, seed, part))
        return -abs(rate - best[way]) + seed / 100

    return run, calls


def test_a_comparison_tunes_each_way_before_the_test_part_is_seen():
    run, calls = asked({"plain": 1, "linked": 10})
    found = experiment.compare(
        run, ["plain", "linked"], [0.1, 1, 10, 100], tuning_seeds=[8, 9], seeds=range(3)
    )
    parts = [part for *_, part in calls]
    assert parts == ["validation"] * 16 + ["test"] * 6
    judged = [call for call in calls if call[-1] == "test"]
    assert judged == [(way, rate, seed, "test") for way, rate in (("plain", 1), ("linked", 10))
                      for seed in range(3)]  # fmt: skip
    assert found["tuned"]["plain"][1] == pytest.approx([-0.81, 0.09, -8.91, -98.91])
    assert experiment.paired(found, "linked", "plain").tolist() == [0, 0, 0]


def test_a_comparison_refuses_the_edge_and_shared_seeds():
    run, calls = asked({"plain": 1, "linked": 10})
    with pytest.raises(ValueError, match=r"linked: 10 does best .* go on to 30"):
        experiment.compare(run, ["plain", "linked"], [0.1, 1, 10], tuning_seeds=[9], seeds=[0, 1])
    assert {part for *_, part in calls} == {"validation"}
    with pytest.raises(ValueError, match=r"\[1\] in both"):
        experiment.compare(run, ["plain"], [0.1, 1, 10], tuning_seeds=[1], seeds=[0, 1])
