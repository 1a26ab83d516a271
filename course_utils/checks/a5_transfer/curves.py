"""Check of sample_size_curve: each strategy, size and seed once, each in its place."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF
from course_utils.checks.changes import result
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import transfer

MANY = 1000  # calls


def _read(seen: dict[str, Any], count: int, sizes: Any, seeds: Any) -> dict[str, Any]:
    calls = _judged(seen["calls"], count * len(sizes) * len(seeds))
    return {"curve": seen["curve"], "calls": calls}


def _judged(calls: list, wanted: int) -> str:
    if len(calls) > MANY:  # which a right function never makes
        return "not one for each strategy, size and seed"
    kinds = {
        type(value).__name__ for _, *given in calls for value in given if type(value) is not int
    }
    if kinds:
        return f"with {min(kinds)}: give the strategies plain ints"
    if len(set(calls)) < len(calls):
        return "more than one for the same strategy, size and seed"
    return "right" if len(calls) == wanted else "not one for each strategy, size and seed"


_arrange = Look(transfer.sample_size_curve, _read)


def _table(strategies, sizes, seeds) -> np.ndarray:
    rows = [[[s(int(n), int(k)) for k in seeds] for n in sizes] for s in strategies]
    return np.array(rows, dtype=np.float64)


def _curving(
    change: Callable[[np.ndarray], Any] = lambda curve: curve,
    *,
    call: Callable = lambda strategy: strategy,
    sizes_of: Callable = lambda sizes: sizes,
    seeds_of: Callable = lambda seeds: seeds,
) -> Callable:
    """A curve that is changed afterwards, or calls its strategies in another way."""

    def sample_size_curve(strategies, sizes, seeds):
        called = [call(strategy) for strategy in strategies]
        return change(_table(called, sizes_of(sizes), seeds_of(seeds)))

    return _arrange(sample_size_curve)


def _sample_size_curve(count, sizes, seeds):
    return _curving()(count, sizes, seeds)


def _exchanged(strategy: Callable) -> Callable:
    return lambda size, seed: strategy(seed, size)


def _twice(strategy: Callable) -> Callable:
    def asks_again(size: int, seed: int) -> float:
        strategy(size, seed)
        return strategy(size, seed)

    return asks_again


def _as_numpy(strategy: Callable) -> Callable:
    return lambda size, seed: strategy(np.int64(size), np.int64(seed))


def _all_first(strategies, sizes, seeds):
    return _table([strategies[0]] * len(strategies), sizes, seeds)


def _places(strategies, sizes, seeds):
    return _table(strategies, range(len(sizes)), seeds)


def _cut_in_another_order(curve: np.ndarray) -> np.ndarray:
    """As if a flat list with the strategies innermost were cut into rows."""
    return curve.transpose(1, 2, 0).reshape(curve.shape)


def _by_seed(curve: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(curve.transpose(0, 2, 1))


def _by_size(curve: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(curve.transpose(1, 0, 2))


def _lists(rng) -> Iterator[Case]:
    yield case(2, [10, 30, 100], [0, 1])
    yield case(3, [int(n) for n in rng.integers(5, 200, 2)], [4, 3, 2, 1])
    yield case(1, [20], [7])


def _other_sequences(rng) -> Iterator[Case]:
    yield case(2, (50, 20), tuple(int(n) for n in rng.permutation(5)))
    yield case(int(rng.integers(2, 5)), np.array([40, 10, 80]), np.arange(2))
    yield case(2, [int(n) for n in rng.integers(5, 200, 4)], np.array([3]))


# fmt: off
_SUSPECTS = {
    "Sizes and seeds are exchanged in the result: its axes are strategies, sizes, seeds.":
        result(_by_seed, "curve"),
    "Strategies and sizes are exchanged in the result: the strategies are its first axis.":
        result(_by_size, "curve"),
    "The mean over the seeds is taken: keep each run, their spread is the evidence.":
        result(lambda curve: curve.mean(axis=2), "curve"),
    "The strategies are called as (seed, size): it is (size, seed).": {"call": _exchanged},
    "The strategies are called more than once: each call is a training run.": {"call": _twice},
    "The strategies are called with NumPy's numbers: make each an int.": {"call": _as_numpy},
    "Every row is the first strategy's.": _arrange(_all_first),
    "All seeds are the first one: then there is no spread at all.":
        {"seeds_of": lambda seeds: [seeds[0]] * len(seeds)},
    "The seeds are counted from 0: use those that are given.":
        {"seeds_of": lambda seeds: range(len(seeds))},
    "The strategies get the place of a size, not the size.": _arrange(_places),
    "Runs are in one another's places: was a list cut into rows in another order?":
        result(_cut_in_another_order, "curve"),
    "The seeds are sorted: keep the order in which they are given.": {"seeds_of": sorted},
    "The sizes are sorted: keep the order in which they are given.": {"sizes_of": sorted},
    "The result is of float32: make it float64.":
        {"change": lambda curve: curve.astype(np.float32)},
    "These are percent: keep the accuracies as the strategies give them.":
        result(lambda curve: 100 * curve, "curve"),
}
# fmt: on


check_sample_size_curve = Check(
    "sample_size_curve",
    oracle=_sample_size_curve,
    tool="the strategies asked by hand",
    parts={"lists": _lists, "other sequences": _other_sequences},
    suspects=_SUSPECTS,
    recipe=_curving,
    rejects=[
        rejection("strateg", 0, [10], [0]),
        rejection("size", 2, [], [0]),
        rejection("seed", 2, [10], []),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        "truth value of an array": "`not sizes` works for lists alone: ask for len(sizes) == 0."
    },
)
