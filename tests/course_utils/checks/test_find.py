"""Mistakes that compose, on a small check: a table, its sums over rows, and over columns."""

import numpy as np
import pytest

from course_utils.checks.changes import (
    Change,
    Memory,
    apply,
    args,
    can_be_two,
    fitted,
    result,
    transposed,
    where,
)
from course_utils.checks.engine import PAIRS, Check, CheckFailed, case


def table(x, *, times=1, plus=0):
    return x * times + plus


def tables(rng):
    yield case(np.arange(6.0).reshape(2, 3), times=2, plus=1)
    yield case(rng.normal(size=(3, 5)), times=3, plus=0)
    yield case(rng.normal(size=(4, 2)), times=1, plus=4)


SUSPECTS = {
    "times is ignored.": args(times=1),
    "plus is ignored.": args(plus=0),
    "Height and width are exchanged.": result(transposed),
    "The last row is missing.": result(lambda out: out[:-1]),
    "It is squared.": lambda x, *, times=1, plus=0: (x * times + plus) ** 2,
    "It is averaged.": result(lambda out, x: out / x.size),
}
check = Check("table", table, "numpy", {"all": tables}, SUSPECTS)


def told(function, of=check, *parts) -> str:
    with pytest.raises(CheckFailed) as failure:
        of(function, *parts)
    return str(failure.value)


def test_one_mistake_is_said_alone():
    assert "\n  plus is ignored.\n" in told(lambda x, times=1, plus=0: x * times)


def test_two_mistakes_at_once_are_both_said():
    text = told(lambda x, times=1, plus=0: (x * times).T)
    assert (
        "\n  Two things at once: plus is ignored.\n  and: Height and width are exchanged." in text
    )


def test_a_function_and_a_change_may_be_two():
    text = told(lambda x, times=1, plus=0: (x * times) ** 2)
    assert "plus is ignored." in text
    assert "and: It is squared." in text


def test_two_need_at_least_two_telling_cases():
    def once(x, times=1, plus=0):
        return (x * times).T.copy() if x.shape == (2, 3) else 7 * x

    assert "Two things" not in told(once)


def test_shapes_are_explained_by_shapes():
    text = told(lambda x, times=1, plus=0: np.zeros(x.shape[::-1]))
    assert "By its shape: Height and width are exchanged." in text
    assert "By its shape: The last row is missing." in told(lambda x, times=1, plus=0: x[1:] - 8)


def test_one_shape_alone_explains_nothing():
    def once(x, times=1, plus=0):
        return np.zeros((3, 2)) if x.shape == (2, 3) else x * times + plus

    assert "By its shape" not in told(once)


def sums(x, *, scale=1.0):
    return {"rows": scale * x.sum(axis=1), "columns": scale * x.sum(axis=0)}


def two_results(rng):
    for shape in [(2, 3), (4, 5), (3, 2)]:
        yield case(rng.normal(size=shape), scale=3.0)


PARTS = Check(
    "sums",
    sums,
    "numpy",
    {"all": two_results},
    {
        "scale is ignored.": args(scale=1.0),
        "rows: they are averaged.": result(lambda rows, x: rows / x.shape[1], "rows"),
        "columns: the last is missing.": result(lambda columns: columns[:-1], "columns"),
        "The sign is wrong.": result(lambda both: {name: -value for name, value in both.items()}),
        "columns: only the last row counts.": args(only="columns", x=lambda x: x[-1:]),
    },
)


def test_each_of_several_results_is_explained_by_itself():
    def both(x, scale=1.0):
        return {"rows": scale * x.mean(axis=1), "columns": scale * x.sum(axis=0)[:-1]}

    text = told(both, PARTS)
    assert "\n  rows: they are averaged.\n  columns: the last is missing.\n" in text


def test_a_sentence_for_all_is_said_of_the_one_that_has_the_mistake():
    def one(x, scale=1.0):
        return {"rows": x.sum(axis=1), "columns": scale * x.sum(axis=0)}

    assert "\n  rows: scale is ignored.\n" in told(one, PARTS)


def test_one_mistake_for_all_results_is_nearer_than_one_for_each():
    assert "\n  scale is ignored.\n" in told(lambda x, scale=1.0: sums(x), PARTS)


def test_what_is_wrong_with_several_results_in_the_same_way_is_said_once():
    three = Check(
        "sums",
        lambda x, *, scale=1.0: sums(x, scale=scale) | {"all": x.sum() * np.ones(2)},
        "numpy",
        {"all": two_results},
        {"scale is ignored.": args(scale=1.0)},
    )
    text = told(lambda x, scale=1.0: sums(x) | {"all": np.full(2, -4.0)}, three)
    assert text.count("scale is ignored.") == 1
    assert "\n  scale is ignored.\n" in text


def test_what_has_no_explanation_silences_no_other_result():
    def one_is_wild(x, scale=1.0):
        return {"rows": np.full(len(x), 77.0), "columns": scale * x[-1]}

    text = told(one_is_wild, PARTS)
    assert "columns: only the last row counts." in text


def test_a_word_that_agrees_in_one_case_explains_nothing():
    def words(x):
        return {"size": "right", "last": "right" if x[-1] < 9 else "large"}

    def cases(rng):
        yield from (case(np.array([n, n])) for n in (1.0, 2.0, 3.0))

    suspects = {
        "last: all are large.": result(lambda value: "large", "last"),
        "last: twos are odd.": result(lambda v, x: "odd" if x[0] == 2 else v, "last"),
    }
    other = Check("words", words, "numpy", {"all": cases}, suspects)
    odd = {1.0: "odd", 2.0: "odd", 3.0: "right"}
    assert "twos" not in told(lambda x: {"size": "wrong", "last": odd[x[0]]}, other)
    text = told(lambda x: {"size": "wrong", "last": "large"}, other)
    assert "last: all are large." in text


def test_results_may_have_other_names_in_each_case():
    def named(x):
        return {f"size {x.size}": x.sum(), "last": x[-1:]}

    def cases(rng):
        yield case(np.arange(1.0, 3))
        yield case(np.arange(1.0, 5))

    last = {"last: it is the first.": result(lambda value, x: x[:1], "last")}
    other = Check("named", named, "numpy", {"all": cases}, last)
    assert "last: it is the first." in told(lambda x: named(x) | {"last": x[:1]}, other)


def recipe(*, power=1, sign=1):
    return lambda x, *, times=1, plus=0: sign * (x * times + plus) ** power


COOKED = Check(
    "table", table, "numpy", {"all": tables}, {"It is squared.": {"power": 2},
    "The sign is wrong.": {"sign": -1}, "It is cubed.": {"power": 3}}, recipe=recipe,
)  # fmt: skip


def test_options_of_a_recipe_compose():
    text = told(lambda x, times=1, plus=0: -((x * times + plus) ** 2), COOKED)
    assert "Two things at once: It is squared.\n  and: The sign is wrong." in text


def test_one_thing_is_not_two_at_once():
    squared, cubed = Change(options={"power": 2}), Change(options={"power": 3})
    assert not can_be_two(squared, cubed)
    assert not can_be_two(args(x=1), args(x=2))
    assert can_be_two(args(x=1), args(y=2))
    assert can_be_two(args(x=1, only="dx"), args(x=2, only="dw"))
    assert not can_be_two(Change(function=sums), Change(function=table))
    assert not can_be_two(Change(function=sums), squared)


def test_a_change_may_ask_for_other_arguments_and_for_some_calls_alone():
    def odd(call):
        return call["times"] % 2 == 1

    (only_odd,) = where(odd, {"": result(lambda out, plus=0: out + 10 * plus)}).values()
    wrong = apply([only_odd], table, None)
    x = np.ones((1, 2))
    assert np.array_equal(wrong(x, times=2, plus=1), table(x, times=2, plus=1))
    assert np.array_equal(wrong(x, times=1, plus=1), table(x, plus=1) + 10)


def test_arrays_keep_their_precision():
    wrong = apply([result(lambda out: out / np.float64(3))], table, None)
    assert wrong(np.ones((1, 2), np.float32), times=1, plus=0).dtype == np.float32


def test_what_does_not_fit_is_cut_or_filled():
    cut = fitted(np.arange(6.0).reshape(2, 3), 3, 2)
    assert np.array_equal(cut, [[0, 1], [3, 4], [0, 0]])


def test_no_two_mistakes_ask_for_the_same_call():
    """Those of results need the right one, and two at once often come to a call that was made."""
    asked = []

    def counted(x, *, times=1, plus=0):
        asked.append((x.tobytes(), times, plus))
        return table(x, times=times, plus=plus)

    of = Check("table", counted, "numpy", {"all": tables}, SUSPECTS)
    assert "plus is ignored." in told(lambda x, times=1, plus=0: (x * times).T, of)
    answers = len(list(tables(np.random.default_rng(0))))  # asked before, as what is right
    assert len({*asked[answers:]}) == len(asked[answers:])


@pytest.mark.parametrize(
    "again",
    [
        (np.ones(2), {"plus": -0.0}),
        (np.ones(2, np.float32), {"plus": 0.0}),
        (np.ones((2, 1)), {"plus": 0.0}),
        (np.ones(4)[::2], {"plus": 0.0}),
        (np.ones(2), {"plus": 0}),
        (np.ones(2), {"plus": False}),
    ],
)
def test_a_memory_takes_no_call_for_another(again):
    memory, asked = Memory(), []

    def ask(x, **options):
        return memory.ask("f", lambda *a, **k: asked.append(1) or len(asked), [x], options)

    assert [ask(np.ones(2), plus=0.0), ask(np.ones(2), plus=0.0)] == [1, 1]
    assert ask(again[0], **again[1]) == 2
    assert memory.ask("g", lambda *_, **__: 77, [np.ones(2)], {"plus": 0.0}) == 77


def test_a_memory_gives_copies_and_calls_again_what_changes_its_arguments():
    memory = Memory()
    first = memory.ask("f", lambda x: {"y": x + 1}, [np.ones(2)], {})
    first["y"][:] = 9
    second = memory.ask("f", None, [np.ones(2)], {})
    second["y"][:] = 9
    assert np.array_equal(memory.ask("f", None, [np.ones(2)], {})["y"], [2, 2])
    for _ in range(2):
        x = np.ones(2)
        memory.ask("g", lambda x: x.__imul__(3), [x], {})
        assert np.array_equal(x, [3, 3])
    asked = []
    for _ in range(2):  # two functions may be anything
        memory.ask("h", asked.append, [print], {})
    assert asked == [print, print]


def test_who_checks_many_asks_each_suspect_once():
    asked = []

    def wrong(x, *, times=1, plus=0):
        asked.append(1)
        return table(x, times=times, plus=plus) + 1

    of = Check("table", table, "numpy", {"all": tables}, {"It is one too large.": wrong})
    of.remember(["all"], None)
    first = told(lambda x, times=1, plus=0: x * times + plus + 1, of)
    count = len(asked)
    assert told(lambda x, times=1, plus=0: x * times + plus + 1, of) == first
    assert len(asked) == count == 3


def test_pairs_are_bounded():
    asked = []

    def costly(x, *, times=1, plus=0, **numbers):
        asked.append(1)
        return table(x, times=times, plus=plus) + sum(numbers.values())

    many = {f"Number {i}.": args(**{f"n{i}": float(i + 1)}) for i in range(60)}
    crowd = Check("table", costly, "numpy", {"all": tables}, many, most_pairs={"": 50})
    assert "Two things" not in told(lambda x, times=1, plus=0: x * 0.5 - 3, crowd)
    assert len(asked) < 60 + 50 + 50  # pairs, and what explains any function
    assert PAIRS >= 50


def test_nothing_is_asked_where_all_agree(monkeypatch):
    def never(self):
        raise AssertionError("a cause was looked for")

    monkeypatch.setattr("course_utils.checks.find.Search.causes", never)
    check(table)
