"""What a student concludes from a curve of strategies, held against intervals of that curve."""

import zlib
from typing import Any

import numpy as np

from course_utils.checks import conclusions, outcome
from course_utils.checks.engine import CheckFailed

STRATEGIES = ("from scratch", "train all", "fade-out", "frozen body", "random body")
LEAST = 3  # seeds
NEAR = 0.02  # share of the test digits that a run may differ by on another machine
# Each claim compares two strategies at one size, in images per class.
CLAIMS = {
    "letters_at_1": ("frozen body", "random body", 1),
    "letters_at_20": ("frozen body", "random body", 20),
    "borrowing_at_1": ("train all", "from scratch", 1),
    "freezing_at_20": ("frozen body", "from scratch", 20),
    "fading_at_5": ("fade-out", "train all", 5),
}
SIZES = {size for *_, size in CLAIMS.values()}
POSSIBLE = dict.fromkeys(CLAIMS, conclusions.WORDS)


def check_results(results: Any, sample_size_curve: Any, strategies: Any) -> None:
    """Whether what was handed in is a whole curve; its cheapest run is done again.

    Raises
    ------
    CheckFailed
        If something is missing, is no share, stands for the same seed twice, or if the run gives
        another number now.
    """
    curve = _whole(results)
    _done_again(results, sample_size_curve, strategies, "frozen body", 0)
    print(f"✓ results: {curve.shape[0]} strategies, {curve.shape[1]} sizes, {curve.shape[2]} seeds")


def _whole(results: Any) -> np.ndarray:
    """The curve, (strategies, sizes, seeds)."""
    if results is None:
        raise CheckFailed(
            "✗ results: nothing is there yet. Run the experiment, paste what it gives"
        )
    try:
        curve = np.array(results["curve"], dtype=float)
        sizes, seeds = ([int(n) for n in results[key]] for key in ("sizes", "seeds"))
        usable = bool(((curve >= 0) & (curve <= 1)).all())
    except (TypeError, KeyError, ValueError):
        usable, curve, sizes, seeds = False, np.empty(0), [], []
    if not usable or curve.shape != (len(STRATEGIES), len(sizes), len(seeds)):
        raise CheckFailed(
            "✗ results: paste what the experiment printed, all of it, unchanged: shares from 0 to "
            f"1 for {len(STRATEGIES)} strategies, for each size and each seed"
        )
    if len({*sizes}) < len(sizes) or not {*sizes} >= SIZES:
        raise CheckFailed(f"✗ results: the sizes are to hold {sorted(SIZES)}, each once")
    runs = {tuple(curve[:, :, place].ravel()) for place in range(len(seeds))}
    if len({*seeds}) < LEAST or not len({*seeds}) == len(runs) == len(seeds):
        raise CheckFailed(
            f"✗ results: expected at least {LEAST} seeds, all different, each with its own runs"
        )
    return curve


def _done_again(
    results: Any, sample_size_curve: Any, strategies: Any, name: str, place: int
) -> None:
    """Ask for one run of the smallest size once more."""
    sizes, seed = [int(n) for n in results["sizes"]], int(results["seeds"][place])
    told = results["curve"][STRATEGIES.index(name)][sizes.index(min(sizes))][place]
    asked = outcome.call(sample_size_curve, ([strategies[name]], [min(sizes)], [seed]), {})
    if asked.error:
        lines = [f"✗ sample_size_curve: {asked.error}", asked.where]
        raise CheckFailed("\n  ".join(filter(None, lines)))
    found = np.ravel(asked.value)
    if found.shape != (1,) or not abs(found[0] - told) <= NEAR:
        says = f"{found[0]:.3f}" if found.shape == (1,) else "no single number"
        raise CheckFailed(
            f"✗ results: for {name!r}, {min(sizes)} per class, seed {seed} they say {told:.3f}, "
            f"your functions say {says} now. Have they changed since? Then set results = None, "
            "run the experiment again, and look at your conclusions again"
        )


def supported(results: Any) -> dict[str, tuple[object, str]]:
    """What may be concluded from these results, and from which intervals."""
    curve, found = np.array(results["curve"], dtype=float), {}
    for name, (first, second, size) in CLAIMS.items():
        at = [int(n) for n in results["sizes"]].index(size)
        one, other = (curve[STRATEGIES.index(strategy), at] for strategy in (first, second))
        word, told = conclusions.says(one - other)
        found[name] = word, f"{first} minus {second}, {size} per class, your differences: {told}"
    return found


def experiment_points(
    results: Any, sample_size_curve: Any, strategies: Any, *, seed: int, **given: object
) -> int:
    """Two points for each right conclusion, from results that the strategies give again.

    Which run is done again depends on `seed` and on the results. Whoever has other numbers than
    those of a run has nothing to conclude from.
    """
    curve = _whole(results)
    drawn = zlib.crc32(repr(curve.tolist()).encode()) + seed
    name, place = STRATEGIES[drawn % len(STRATEGIES)], drawn // 7 % curve.shape[2]
    _done_again(results, sample_size_curve, strategies, name, place)
    print(f"✓ results: {name!r} was run again, the number is the same")
    return 2 * conclusions.conclusions_points(supported(results), **given)


def answered(**given: object) -> None:
    """Say which conclusions are missing or cannot be one; right or wrong is not told."""
    conclusions.answered(POSSIBLE, **given)
