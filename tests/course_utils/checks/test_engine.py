"""The engine, on a small check of its own: doubling an array."""

import sys
import warnings

import numpy as np
import pytest
from cells import run_cell

from course_utils.checks.compare import agree, difference, show_value
from course_utils.checks.engine import Check, CheckFailed, case, grid, rejection
from course_utils.checks.outcome import NotWritten, Unusable, call

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def cases(rng):
    yield case(np.array([1.0, 2]))
    yield case(rng.normal(size=(3, 4)).astype(np.float32))
    yield case(rng.normal(size=(6, 4))[:, ::2], times=3)


def times(x, *, times=2):
    return x * x.dtype.type(times)


check = Check(
    "scale",
    oracle=times,
    tool="numpy",
    parts={"arrays": cases},
    suspects={"It is added, not multiplied.": lambda x, *, times=2: x + x.dtype.type(times),
              "times is ignored.": lambda x, *, times=2: x * x.dtype.type(2)},
    rejects=[rejection("times|factor", np.ones(2), times=-1)],
)  # fmt: skip


def told(function, *parts, seed=None) -> str:
    with pytest.raises(CheckFailed) as failure:
        check(function, *(parts or ["arrays"]), seed=seed)
    return str(failure.value)


def test_a_right_function_is_confirmed(capsys):
    check(times, "arrays")
    assert "3 cases agree with numpy" in capsys.readouterr().out


def test_the_suspect_that_fits_all_cases_speaks():
    assert "times is ignored." in told(lambda x, times=2: x * x.dtype.type(2))


def test_a_suspect_that_fits_one_case_speaks_with_reserve():
    def two_mistakes(x, times=2):
        return x + 2 if x.ndim == 1 else x * x.dtype.type(5)

    assert "In this case: It is added" in told(two_mistakes)


def test_a_mistake_that_nobody_foresaw_is_shown_with_its_values():
    text = told(lambda x, times=2: x * x.dtype.type(7))
    assert "yours" in text
    assert "[ 7. 14.]" in text
    assert "[2. 4.]" in text


def test_the_smallest_wrong_case_is_shown():
    assert "Seen with 2 x." in told(lambda x, times=2: -x)


def test_a_hidden_test_shows_no_value():
    text = told(lambda x, times=2: -x, seed=5)
    assert "expected =" not in text
    assert "yours" not in text


def test_hidden_tests_use_other_numbers_and_more_of_them():
    seen = {None: [], 7: []}
    for seed, values in seen.items():
        check(lambda x, times=2, v=values: (v.append(x.copy()), x * x.dtype.type(times))[1],
              "arrays", seed=seed)  # fmt: skip
    assert len(seen[7]) > len(seen[None])
    assert not any(np.array_equal(a, seen[None][1]) for a in seen[7])


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x, times=2: None, "returned None"),
        (lambda x, times=2: x[0], "a float64, but the result is a NumPy array"),
        (lambda x, times=2: np.ma.array(x * 2), "a MaskedArray, but"),
        (lambda x, times=2: (x * 2)[None], "has shape (1, 2), expected (2,)"),
        (lambda x, times=2: (x * 2).astype(int), "has dtype int64, expected float64"),
        (lambda x, times=2: x * np.inf, "NaN or infinity"),
        (lambda x, times=2: x.__imul__(2), "changes its argument number 1 (x)"),
        (lambda x, times=2: {}["key"], "it raised KeyError: 'key'"),
        (lambda: 0, "it raised TypeError"),
    ],
)
def test_results_of_the_wrong_kind_are_named(function, sentence):
    assert sentence in told(function)


def test_the_line_that_raised_is_quoted():
    cell = run_cell("def divides(x, times=2):\n    return 1 // 0")
    assert "return 1 // 0" in told(cell["divides"])


def test_what_is_not_written_is_told_kindly():
    def stub(x, times=2):
        raise NotImplementedError

    assert "it is not written yet" in told(stub)
    assert "it is not written yet" in told(stub, "invalid")


@pytest.mark.parametrize("error", [Unusable, NotWritten])
def test_an_error_without_words_is_an_error(error):
    """A student can raise a probe's own, and say nothing."""

    def silent(x, *, times=2):
        raise error("")

    assert told(silent).splitlines()[0].partition(": ")[2]
    assert told(silent, seed=3)


def test_arguments_are_shared_with_nobody():
    def spoils(x, times=2):
        result = times_before(x, times=times)
        x[...] = 0
        return result

    times_before = times
    assert "changes its argument" in told(spoils)
    assert "ignored" not in told(spoils)  # its values are right: no suspect is asked
    check(times, "arrays")  # the cases of the next call are whole again


def test_non_contiguous_arguments_arrive_so():
    layouts = []
    check(lambda x, times=2: (layouts.append(x.flags.c_contiguous), x * x.dtype.type(times))[1],
          "arrays")  # fmt: skip
    assert layouts == [True, True, False]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (None, "this call cannot work, yet it returned"),
        (IndexError("x"), "expected ValueError with a sentence, but it raised IndexError"),
        (ValueError(), "its message is empty: say what is wrong with times"),
        (ValueError("nonsense"), "does not say what is wrong: check times yourself"),
        (ValueError("sometimes"), "does not say what is wrong: check times yourself"),
    ],
)
def test_rejections_need_the_right_error_with_the_right_words(error, sentence):
    def function(x, times=2):
        if error is not None:
            raise error
        return x

    assert sentence in told(function, "invalid")


def test_a_rejection_in_own_words_is_accepted(capsys):
    def function(x, times=2):
        if times < 0:
            raise ValueError("the FACTOR must not be negative")

    check(function, "invalid")
    assert "1 impossible call raises" in capsys.readouterr().out


def test_who_refuses_every_call_has_rejected_nothing():
    def function(x, times=2):
        raise ValueError("times must not be negative")

    assert "this call is possible, yet it raised ValueError" in told(function, "invalid")


def test_warnings_and_words_on_stderr_cost_nothing(capsys):
    def noisy(x, times=2):
        warnings.warn("careful", stacklevel=1)
        print("working", file=sys.stderr)
        np.log(np.zeros(1))
        return x * x.dtype.type(times)

    check(noisy, "arrays")
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "working" in printed.out


def test_two_errors_are_no_likeness():
    suspects = {"It stumbles.": lambda x, times=2: x["no index"]}
    raising = Check("scale", times, "numpy", {"arrays": cases}, suspects)
    with pytest.raises(CheckFailed) as failure:
        raising(lambda x, times=2: undefined_name)  # noqa: F821 - that is the mistake
    assert "It stumbles" not in str(failure.value)


def test_a_wrong_dtype_shows_no_numbers():
    assert "yours" not in told(lambda x, times=2: (x * times).astype(np.float16))


def test_a_kind_of_value_error_is_one(capsys):
    class TooSmall(ValueError):
        pass

    def function(x, times=2):
        if times < 0:
            raise TooSmall("times must not be negative")

    check(function, "invalid")


def test_the_line_of_somebody_elses_error_is_quoted():
    cell = run_cell("import numpy as np\ndef function(x, times=2):\n    return np.zeros(times)")
    assert "return np.zeros(times)" in told(cell["function"], "invalid")


def test_the_suspect_that_fits_most_cases_speaks_first():
    def nearly(x, times=2):  # as the second suspect but for one case, where the first fits too
        return x * x.dtype.type(2) if x.ndim == 2 else x + x.dtype.type(2)

    suspects = {
        "first": lambda x, times=2: x + x.dtype.type(2),
        "second": lambda x, times=2: x + 2 if x.ndim == 1 else x * x.dtype.type(2),
    }
    three = Check("scale", times, "numpy", {"arrays": cases}, suspects)
    with pytest.raises(CheckFailed, match="second"):
        three(nearly)


def numbers(suspects, *answers):
    """What is told of a function with these answers, where the right ones are 0, 1, 2 and 3."""
    check = Check("count", lambda x: x, "numpy",
                  {"all": lambda rng: [case(i) for i in range(4)]}, suspects)  # fmt: skip
    with pytest.raises(CheckFailed) as failure:
        check(lambda x: answers[x])
    return str(failure.value)


def test_one_agreement_is_no_evidence():
    assert "It is the square" not in numbers({"It is the square.": lambda x: x * x}, 0, 1, 4, 5)
    four = {"It is 4.": lambda x: 4 if x == 2 else x}
    assert "In this case: It is 4." in numbers(four, 0, 1, 4, 3)
    assert "\n  It is the square." in numbers({"It is the square.": lambda x: x * x}, 0, 1, 4, 9)


def test_a_suspect_that_is_wrong_where_the_student_is_right_is_none():
    assert "One too many" not in numbers({"One too many.": lambda x: x + 1}, 0, 1, 2, 4)


def test_numbers_of_an_array_are_stronger_evidence():
    twins = {"first": lambda x, times=2: x + x.dtype.type(9), "second": lambda x, times=2: x + 9}
    twice = Check("scale", times, "numpy", {"arrays": cases}, twins)
    with pytest.raises(CheckFailed, match="Either: first\n  or: second"):
        twice(lambda x, times=2: x + x.dtype.type(9))


def test_suspects_that_nothing_tells_apart_are_all_named():
    two = {"One too many.": lambda x: x + 1, "The next one.": lambda x: x + 1}
    assert "\n  Perhaps: One too many.\n  or: The next one.\n" in numbers(two, 1, 2, 3, 4)
    many = {f"Sentence {i}.": lambda x: x + 1 for i in range(4)}
    assert "Sentence" not in numbers(many, 1, 2, 3, 4)


def test_a_suspect_that_is_right_here_explains_no_wrong_type():
    def loss(x):
        return float(x.sum())

    sums = Check("loss", loss, "numpy", {"sums": lambda rng: [case(np.ones(3)), case(np.ones(1))]},
                 {"It is the mean.": lambda x: float(x.mean())})  # fmt: skip
    with pytest.raises(CheckFailed, match="a ndarray, but the result is one number") as failure:
        sums(lambda x: np.array(x.sum()))
    assert "mean" not in str(failure.value)


def test_an_infinite_number_of_any_precision_finds_its_suspect():
    logs = Check("log", lambda x: float(x.sum()), "numpy", {"sums": lambda rng: [case(np.ones(1))]},
                 {"It overflows.": lambda x: float("inf")})  # fmt: skip
    for precision in (np.float32, np.float64):
        with pytest.raises(CheckFailed, match="It overflows"):
            logs(lambda x, precision=precision: precision(np.nan))


def images(rng):
    yield case(np.arange(8.0).reshape(1, 2, 2, 2))


def test_images_are_printed_without_blank_lines_and_axes_of_length_one():
    wide = Check("scale", times, "numpy", {"images": images})
    with pytest.raises(CheckFailed) as failure:
        wide(lambda x: x)
    text = str(failure.value)
    assert not any(line.strip() == "" for line in text.splitlines())
    assert "yours    = [[[0. 1.]\n" in text
    assert "Axes of length 1 in front are left out" in text


def test_a_wrong_shape_is_printed_as_it_is():
    wide = Check("scale", times, "numpy", {"images": images})
    with pytest.raises(CheckFailed) as failure:
        wide(lambda x: (2 * x)[0])
    assert "yours    = [[[ 0." in str(failure.value)
    assert "expected = [[[[ 0." in str(failure.value)


def test_values_that_print_alike_are_told_apart():
    text = told(lambda x, times=2: x * x.dtype.type(times) + x.dtype.type(1e-6))
    assert "gap      = [1.e-06 1.e-06]" in text
    assert "gap" not in told(lambda x, times=2: -x)


def test_what_agrees_besides_is_said(capsys):
    one = Check("scale", times, "numpy", {"images": images}, also={"images": " and with itself"})
    one(times)
    assert "✓ scale, images: 1 case agrees with numpy and with itself\n" in capsys.readouterr().out


def test_a_few_numbers_of_an_impossible_call_are_shown():
    assert "returned [1. 1.]. Raise" in told(lambda x, times=2: x, "invalid")
    assert "x = [1. 1.]" in told(lambda x, times=2: x, "invalid")


def test_an_unknown_part_is_a_slip_of_the_notebook():
    with pytest.raises(ValueError, match="no part 'array'"):
        check(times, "array")


def test_students_see_no_traceback_of_the_engine():
    assert CheckFailed("✗ text")._render_traceback_() == ["✗ text"]


def test_integers_are_compared_exactly():
    assert difference(3, 3, TOLERANCE) is None
    assert difference(np.int64(3), 3, TOLERANCE) is None
    assert "returned 4" in difference(4, 3, TOLERANCE)
    assert "a float" in difference(3.0, 3, TOLERANCE)
    assert "a bool" in difference(True, 1, TOLERANCE)


def test_tolerance_grows_with_the_values_and_shrinks_with_precision():
    wanted = np.array([1e6, 1.0])
    assert difference(wanted + 1e-4, wanted, TOLERANCE) is None
    assert difference(wanted + 1e-2, wanted, TOLERANCE) is not None
    single = wanted.astype(np.float32)
    assert difference(single + np.float32(1), single, TOLERANCE) is None


def test_large_arrays_are_told_by_their_shape():
    assert show_value("x", np.ones((9, 9))) == ["x = an array of shape (9, 9)"]
    assert len(show_value("x", np.ones((2, 2)))) == 2


def test_grid_varies_the_last_name_fastest():
    assert list(grid(a=[1, 2], b=[3, 4]))[1] == {"a": 1, "b": 4}


def test_a_call_reports_and_never_raises():
    assert call(lambda: 3, (), {}).value == 3
    assert call(lambda: [][0], (), {}).kind == "IndexError"


def test_an_error_that_is_known_gets_its_hint():
    hinted = Check(
        "scale",
        oracle=times,
        tool="numpy",
        parts={"arrays": cases},
        hints={"no room": "Make more room first.", "room": "Never reached."},
    )

    def fails(x, *, times=2):
        raise RuntimeError("there is no room")

    with pytest.raises(CheckFailed) as failure:
        hinted(fails, "arrays")
    assert "no room" in str(failure.value)
    assert "Make more room first." in str(failure.value)
    assert "Never reached." not in str(failure.value)


def test_to_agree_is_to_have_no_difference():
    x = np.array([1.0, 2.0])
    values = [x, x + 1e-12, x + 1, x[:1], x.astype(np.float32), x * np.nan, x * np.inf,
              x.view(np.matrix), [*x], None, 1, 1.0, True]  # fmt: skip
    pairs = [(value, wanted) for value in values for wanted in (x, 1, 1.0, [*x])]
    pairs += [({"a": value}, {"a": x}) for value in values] + [(None, {"a": x})]
    found = [agree(given, wanted, TOLERANCE) for given, wanted in pairs]
    assert found == [difference(given, wanted, TOLERANCE) is None for given, wanted in pairs]
    assert {*found} == {True, False}
