import doctest

import numpy as np
import pytest
from scipy import stats

from course_utils import experiment
from course_utils.experiment import best_rate, interval, measured

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


def test_a_table_that_nobody_measured_is_named_with_those_there_are():
    with pytest.raises(ValueError, match=r"no table 'dept'.*depth, layers"):
        measured("dept")


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(experiment).failed == 0
