"""What is said of any wrong result, on checks that know no suspect."""

import linecache

import numpy as np
import pytest
import torch

from course_utils.checks.engine import Check, CheckFailed, case, rejection


def table(x, *, times=1, plus=0):
    return x * times + plus


def tables(rng):
    yield case(rng.normal(size=(3, 4)), times=2, plus=1)
    yield case(rng.normal(size=(4, 5)), times=3, plus=2)
    yield case(rng.normal(size=(5, 3)))


CHECK = Check("table", table, "numpy", {"all": tables})


def told(function, of=CHECK) -> str:
    with pytest.raises(CheckFailed) as failure:
        of(function)
    return str(failure.value)


def wrong(change):
    return lambda x, times=1, plus=0: change(table(x, times=times, plus=plus))


def one_number(out):
    out[0] = 9
    return out


def border(out):
    out[[0, -1]] += 1
    out[:, [0, -1]] += 1
    return out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda out: out * np.nan, "\n  All values are NaN, not a number"),
        (lambda out: out / 0, "infinite: something is divided by 0"),
        (lambda out: out * 0, "\n  All values are 0"),
        (lambda out: out * 1e-9, "\n  All values are almost 0"),
        (lambda out: out * 0 + 3, "\n  All values are the same number"),
        (np.negative, "\n  Every value has the wrong sign."),
        (lambda out: out * 2, "\n  Every value is 2 times the right one."),
        (lambda out: out + 4, "\n  Every value is too large by 4."),
        (np.abs, "\n  Every value has lost its sign"),
        (lambda out: np.maximum(out, 0), "\n  Values that should be negative are 0."),
        (np.round, "\n  Every value is rounded."),
        (lambda out: out[::-1].copy(), "\n  Each row is right, but their order is reversed."),
        (lambda out: out[:, ::-1].copy(), "\n  Each column is right, but their order is reversed."),
        (lambda out: out[::-1, ::-1].copy(), "turned by half a turn"),
        (
            lambda out: out.T.copy(),
            "\n  The result is right, but its rows and columns are exchanged.",
        ),
        (lambda out: np.roll(out, 1, 1), "\n  The result is right, but shifted: each column comes"),
        (lambda out: np.sort(out.ravel()).reshape(out.shape), "each stands at another place"),
        (lambda out: out.reshape(1, -1), "\n  The values are right, in another shape."),
        (lambda out: out[None], "\n  The values are right, in another shape."),
        (lambda out: out[1:], "\n  The result has rows 1 fewer than wanted."),
        (
            lambda out: out.sum(),
            "it returned a float64, but the result is a NumPy array\n  The type",
        ),
        (one_number, "\n  Only the first row is wrong."),
        (border, "\n  Only pixels at the border are wrong."),
    ],
)
def test_what_is_seen_in_a_result(change, sentence):
    assert sentence in told(wrong(change))


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x, times=1, plus=0: table(x, times=times), "\n  plus is ignored: the result is"),
        (lambda x, times=1, plus=0: table(x, times=times + 1, plus=plus), "right for times + 1"),
        (
            lambda x, times=1, plus=0: table(x, times=plus, plus=times),
            "times and plus are exchanged.",
        ),
        (lambda x, times=1, plus=0: x.copy(), "\n  It is always x, as it was given."),
    ],
)
def test_a_call_with_another_argument_is_found(function, sentence):
    assert sentence in told(function)


def test_what_the_wrong_cases_have_in_common():
    def cases(rng):
        for times in (1, 1, 2, 2):
            yield case(rng.normal(size=(2, 3)), times=times)

    def odd(x, times=1, plus=0):
        return x if times == 1 else np.cos(x)

    check = Check("table", table, "numpy", {"all": cases})
    assert "\n  It is right wherever times is 1, and wrong where that" in told(odd, check)


def test_a_default_that_differs_is_seen():
    def cases(rng):
        for options in ({}, {}, {"times": 2}, {"times": 1}):
            yield case(rng.normal(size=(2, 3)), **options)

    def odd(x, times=None, plus=0):
        return np.cos(x) if times is None else x * times

    check = Check("table", table, "numpy", {"all": cases})
    assert "\n  It is wrong only where times is not given.\n" in told(odd, check)


def sums(x):
    return {"rows": x.sum(1), "columns": x.sum(0), "last after step 3": x[-1] * 1}


SUMS = Check(
    "sums", sums, "numpy", {"all": lambda rng: (case(rng.normal(size=(4, 4))) for _ in "ab")}
)


def test_two_results_may_be_exchanged():
    text = told(lambda x: sums(x) | {"rows": x.sum(0), "columns": x.sum(1)}, SUMS)
    assert "\n  rows: It is what columns should be" in text
    assert "\n  columns: It is what rows should be" in text


def test_which_results_are_right_is_said():
    text = told(lambda x: sums(x) | {"last after step 3": np.cos(x[-1])}, SUMS)
    assert "It is right up to columns, and wrong from last after step 3 on" in text


def test_words_that_are_wrong_are_no_numbers():
    def right(x):
        return {"sum": x.sum(), "state": "right", "mean": x.mean()}

    check = Check("words", right, "numpy", {"all": tables_alone})
    text = told(lambda x: right(x) | {"state": "lost"}, check)
    assert "state: it is lost\n  Seen with" in text


def test_numbers_of_all_cases_are_seen_together():
    check = Check("total", lambda x: float(x.sum()), "numpy", {"all": tables_alone})
    assert "\n  Each wrong number is 3 times the right one." in told(lambda x: 3 * x.sum(), check)
    assert "\n  It is 0:" not in told(lambda x: float(np.cos(x.sum())), check)


def tables_alone(rng):
    for _ in range(3):
        yield case(rng.normal(size=4))


def test_how_far_something_has_moved():
    def cases(rng):
        yield from (case(rng.normal(size=3)) for _ in range(2))

    check = Check("step", lambda p: p - 0.1 * np.cos(p), "numpy", {"all": cases})
    other_way, far = (
        told(lambda p: p + 0.1 * np.cos(p), check),
        told(lambda p: p - np.cos(p), check),
    )
    assert "\n  It has moved as far as it should, but the other way." in other_way
    assert "\n  Its way from p is 10 times the right one." in far


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda out: out[1:], "Entries are missing: a."),
        (lambda out: [*out, ("c", 5)], "There are entries too many: c."),
        (lambda out: out[::-1], "The entries are right, but in another order."),
        (lambda out: [(n, size + 1) for n, size in out], "Of each entry only part 1 is wrong"),
    ],
)
def test_lists_of_entries(change, sentence):
    def right(x):
        return [("a", len(x)), ("b", 2)]

    check = Check("list", right, "len", {"all": tables_alone})
    assert sentence in told(lambda x: change(right(x)), check)


def test_the_own_check_that_refuses_a_possible_call_is_named():
    for number, name in enumerate(("ValueError('no')", "AssertionError")):
        line = f"def refuses(x, times=1, plus=0):\n    raise {name}\n"
        label = f"<cell of the test {number}>"
        linecache.cache[label] = len(line), None, line.splitlines(keepends=True), label
        space: dict = {}
        exec(compile(line, label, "exec"), space)
        assert "\n  Your own check refuses a call that is possible" in told(space["refuses"])


def test_nan_and_zeros_are_told_by_no_suspect():
    suspects = {"Times is infinite.": lambda x, *, times=1, plus=0: x * np.nan}
    check = Check("table", table, "numpy", {"all": tables}, suspects)
    assert "Times is infinite." not in told(wrong(lambda out: out * np.nan), check)


def test_zeros_are_no_sign_where_they_are_right():
    """A spike that a median takes away: what is wrong is the shape."""
    spike = np.zeros((5, 5))
    spike[2, 2] = 1
    check = Check("taken", lambda x: np.zeros((5, 5)), "numpy", {"all": lambda rng: [case(spike)]})
    shown = told(lambda x: np.zeros((3, 3)), check)
    assert "shape (3, 3), expected (5, 5)" in shown
    assert "values are 0" not in shown


def test_several_results_that_should_have_been_refused_are_not_printed():
    check = Check(
        "sums", sums, "numpy", {"all": lambda rng: [case(np.ones((2, 2)))]},
        rejects=[rejection("x", np.ones((3, 3)))],
    )  # fmt: skip
    assert "yet it returned a result. Raise ValueError." in told(sums, check)


def test_what_a_tool_has_not_written_is_no_gap_of_the_student():
    def counts(x, times=1, plus=0):
        return torch.nn.functional.cross_entropy(torch.ones(3, 2).long(), torch.zeros(3).long())

    text = told(counts)
    assert "not written yet" not in text
    assert "Whole numbers, or True and False, stand where floats are wanted" in text


def test_what_is_nearly_right_is_not_said_to_be_related():
    text = told(wrong(lambda out: out + 1e-7 * np.cos(out)))
    assert "another place" not in text
    assert "times the right one" not in text


def test_counts_are_compared_exactly():
    counts = {2: (272474, 272234), 3: (272539, 272299), 4: (272604, 272365)}

    def cases(rng):
        yield from (case(n) for n in counts)

    check = Check("count", lambda n: counts[n][0], "len", {"all": cases})
    assert "right one" not in told(lambda n: counts[n][1], check)
    assert "too small by 240." in told(lambda n: counts[n][0] - 240, check)
