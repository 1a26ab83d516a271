"""What a comparison of training runs owes its reader: rates that bracket the best, an interval.

`best_rate` picks a rate from a grid and refuses one at the edge, `at_best_rate` gives its runs too;
`interval` says how far the mean of a few runs, or of their differences, can be trusted (`intervals`
does so for a whole array, `tabulate` prints several), and `gains` prints what one way of training
gains over another; `measured` reads tables that took minutes; `repeated` trains from one start and
has the other starts kept, as long as the code is that which trained them, and `each` does so for
several ways of training. `compare` does a whole comparison: it tunes each way of training on images
that do not judge, trains all ways from the same seeds, and gives plain numbers, of which
`bracketed` and `paired` say what they are worth.
"""

import dis
import functools
import hashlib
import inspect
import itertools
import json
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

FOLDER = Path(__file__).with_name("measured")


def measured(name: str) -> dict[str, Any]:
    """Read what a script of `benchmarks` has measured and stored, since it takes minutes.

    Parameters
    ----------
    name
        Of a table in `course_utils/measured`.

    Returns
    -------
    dict
        The table; under `"made by"` stands the script, under `"torch"` its version of PyTorch.

    Raises
    ------
    ValueError
        If there is no such table, naming those that there are.

    Examples
    --------
    >>> measured("train_size")["made by"]
    'benchmarks/train_size.py'
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise ValueError(
            f"no table {name!r} was measured; there are "
            + ", ".join(sorted(each.stem for each in FOLDER.glob("*.json")))
        )
    return json.loads(path.read_text(encoding="utf-8"))


def best_rate(rates: Sequence[float], losses: ArrayLike) -> float:
    """Pick the rate with the lowest mean loss, if the grid shows that it gets worse on both sides.

    Parameters
    ----------
    rates
        Learning rates that were tried, ascending, at least three.
    losses
        `(..., len(rates))`, averaged over all axes but the last, such as seeds. A loss that is NaN
        or infinite makes its rate the worst.

    Returns
    -------
    float
        One of `rates`.

    Raises
    ------
    ValueError
        If no rate is better than both ends of the grid, so that a better one may lie beyond it;
        if `rates` do not ascend or are fewer than three, or `losses` do not fit them.

    Examples
    --------
    >>> best_rate([0.01, 0.1, 1.0], [[0.9, 0.3, 2.1], [0.8, 0.2, 2.4]])
    0.1
    """
    rates, losses = list(rates), np.asarray(losses, dtype=float)
    if len(rates) < 3 or any(low >= high for low, high in itertools.pairwise(rates)):
        raise ValueError(f"rates must be at least three, from small to large, got {rates}")
    if losses.ndim == 0 or losses.shape[-1] != len(rates):
        raise ValueError(f"losses must be (..., {len(rates)}), got {losses.shape}")
    mean = losses.reshape(-1, len(rates)).mean(axis=0)
    mean[~np.isfinite(mean)] = np.inf
    if mean.min() < min(mean[0], mean[-1]):
        return rates[int(mean.argmin())]
    if mean.min() == mean.max():
        raise ValueError(f"all rates from {rates[0]:g} to {rates[-1]:g} do equally well or badly")
    edge, beyond, end = (
        (rates[0], rates[0] / 3, "smallest")
        if mean[0] <= mean[-1]
        else (rates[-1], rates[-1] * 3, "largest")
    )
    raise ValueError(
        f"{edge:g} does best and is the {end} rate tried, so a better one may lie beyond: "
        f"go on to {beyond:.2g}"
    )


def at_best_rate(rates: Sequence[float], losses: ArrayLike) -> tuple[float, np.ndarray]:
    """The rate that `best_rate` picks, and the runs at it.

    Parameters
    ----------
    rates
        As for `best_rate`.
    losses
        Of N runs at each of R rates, `(N, R)`; or `(N, R, P)` at P times, of which the last counts.

    Returns
    -------
    rate, runs
        `runs` is `(N,)` or `(N, P)`.

    Raises
    ------
    ValueError
        As `best_rate` does.

    Examples
    --------
    >>> rate, runs = at_best_rate([0.01, 0.1, 1.0], [[0.9, 0.3, 2.1], [0.8, 0.2, 2.4]])
    >>> rate, runs.tolist()
    (0.1, [0.3, 0.2])
    """
    losses = np.asarray(losses, dtype=float)
    best = best_rate(rates, losses if losses.ndim == 2 else losses[..., -1])
    return best, losses[:, list(rates).index(best)]


def compare(
    run: Callable[[str, float, int, str], float],
    ways: Sequence[str],
    rates: Sequence[float],
    *,
    tuning_seeds: Sequence[int],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Compare ways of training fairly: each at its own best rate, all from the same seeds.

    The rate of each way is the best on the validation part, by the mean over `tuning_seeds`; only
    then is the test part looked at, once for each way and each of `seeds`.

    Parameters
    ----------
    run
        Takes a way, a rate, a seed and a part, `"validation"` or `"test"`; trains anew on what
        belongs to neither, and gives a score on that part, the larger the better.
    ways
        Their names; one of them is to be the control.
    rates
        The grid of learning rates, ascending, at least three, the same for all ways.
    tuning_seeds, seeds
        To tune with and to compare with; they share none.

    Returns
    -------
    dict
        `"rates"`; `"tuned"`, for each way the scores `(tuning seeds, rates)`; and `"scores"`, for
        each way one score for each seed. Lists and floats, so that it can be printed and kept.

    Raises
    ------
    ValueError
        If the best rate of a way lies at the edge of the grid, naming the way and where to go on;
        if a seed both tunes and compares.

    Examples
    --------
    >>> def run(way, rate, seed, part):
    ...     return 1 - abs(rate - 0.1) - (way == "plain") * 0.2 + seed / 100
    >>> found = compare(run, ["plain", "linked"], [0.01, 0.1, 1], tuning_seeds=[9], seeds=[0, 1])
    >>> bracketed(found), paired(found, "linked", "plain").round(2).tolist()
    ({'plain': 0.1, 'linked': 0.1}, [0.2, 0.2])
    """
    shared = {*tuning_seeds} & {*seeds}
    if shared:
        raise ValueError(f"seeds that tune cannot compare as well, got {sorted(shared)} in both")
    rates = [float(rate) for rate in rates]
    found: dict[str, Any] = {"rates": rates, "tuned": {}, "scores": {}}
    for way in ways:
        found["tuned"][way] = [
            [float(run(way, rate, seed, "validation")) for rate in rates] for seed in tuning_seeds
        ]
    best = bracketed(found)
    for way in ways:
        found["scores"][way] = [float(run(way, best[way], seed, "test")) for seed in seeds]
    return found


def bracketed(found: dict[str, Any]) -> dict[str, float]:
    """The best rate of each way in what `compare` gave, if the grid goes on past it.

    Raises
    ------
    ValueError
        As `best_rate` does, naming the way.
    """
    best = {}
    for way, scores in found["tuned"].items():
        try:
            best[way] = best_rate(found["rates"], -np.asarray(scores, dtype=float))
        except ValueError as error:
            raise ValueError(f"{way}: {error}") from None
    return best


def paired(found: dict[str, Any], first: str, second: str) -> np.ndarray:
    """Scores of one way minus those of another, seed by seed, in what `compare` gave: `(N,)`."""
    return np.subtract(found["scores"][first], found["scores"][second])


def interval(values: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Mean of independent values, and half the width of its confidence interval.

    For two ways of training, give the differences of runs with the same seed: what the seed does
    to both of them cancels. If the interval contains 0, the runs do not tell the two apart.

    Parameters
    ----------
    values
        One number for each run, `(N,)`, at least two.
    confidence
        Share of such intervals that contain the true mean, if the values are normal.

    Returns
    -------
    mean, half : float
        The interval is mean ± half, with Student's t for N − 1 degrees of freedom.

    Raises
    ------
    ValueError
        If there are fewer than two values, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> mean, half = interval([1.0, 2.0, 3.0])
    >>> round(mean, 2), round(half, 2)
    (2.0, 2.48)
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(f"an interval needs at least two values in a row, got {values.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    t = stdtrit(len(values) - 1, (1 + confidence) / 2)
    return float(values.mean()), float(t * values.std(ddof=1) / math.sqrt(len(values)))


def intervals(runs: ArrayLike, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """`interval` for each place of an array: runs `(N, ...)` to means and halves, both `(...)`.

    Raises
    ------
    ValueError
        As `interval` does.

    Examples
    --------
    >>> mean, half = intervals([[1.0, 10.0], [2.0, 10.0], [3.0, 10.0]])
    >>> mean.tolist(), half.round(2).tolist()
    ([2.0, 10.0], [2.48, 0.0])
    """
    runs = np.asarray(runs, dtype=float)
    columns = runs.reshape(len(runs), -1).T  # (places, N)
    mean, half = np.transpose([interval(column, confidence) for column in columns])
    return mean.reshape(runs.shape[1:]), half.reshape(runs.shape[1:])


def gains(
    runs: dict[str, ArrayLike],
    over: str | dict[str, str],
    *,
    what: str = "",
    form: str = ".1f",
    unit: str = "",
) -> dict[str, tuple[float, float]]:
    """Print each way's mean, and what it gains over another, with the interval of the pairs.

    Parameters
    ----------
    runs
        By name, `(N,)` each, paired: of the same seeds in the same order.
    over
        The way with which all others are compared, or for each way that has one its own.
    what, form, unit
        What stands above, how numbers are written, and what of; percents differ by points.

    Returns
    -------
    dict
        Of each way that is compared `interval` of its differences.

    Examples
    --------
    >>> found = gains({"plain": [1.0, 2.0, 3.0], "with": [2.0, 3.5, 4.0]}, "plain")
    plain    2.0
    with     3.2   over plain: +1.2 ± 0.7
    >>> round(found["with"][1], 2)
    0.72
    """
    if isinstance(over, str):
        over = {name: over for name in runs if name != over}
    width, found = max(map(len, runs)), {}
    unit = unit and f" {unit}"
    apart = " points" if unit == " %" else unit
    print(end=f"{what}\n" if what else "")
    for name, values in runs.items():
        line = f"{name:{width}} {np.mean(values):6{form}}{unit}"
        if name in over:
            base = over[name]
            found[name] = interval(np.subtract(values, runs[base]))
            line += "   over {}: {:+{f}} ± {:{f}}{}".format(base, *found[name], apart, f=form)
        print(line)
    return found


def tabulate(
    rows: Sequence[object], runs: dict[str, ArrayLike], *, digits: int | None = None
) -> None:
    """Print means of runs with their 95 % intervals: a row for each place, a column for each name.

    Parameters
    ----------
    rows
        What the places are called, `(P,)`.
    runs
        By name, `(N, P)` each.
    digits
        Decimals; by default two where all means lie within -2 and 2, else one.

    Examples
    --------
    >>> tabulate(["a", "b"], {"one": [[1, 4], [3, 4]], "a longer name": [[2, 9], [2, 11]]})
              one  a longer name
    a  2.0 ± 12.7      2.0 ± 0.0
    b   4.0 ± 0.0    10.0 ± 12.7
    """
    found = {name: intervals(values) for name, values in runs.items()}
    if digits is None:
        digits = 2 if all((abs(mean) <= 2).all() for mean, _ in found.values()) else 1
    columns = []
    for name, pairs in found.items():
        cells = [f"{m:z.{digits}f} ± {h:.{digits}f}" for m, h in np.transpose(pairs)]
        columns.append((textwrap.wrap(name, 13), cells))
    height = max(len(head) for head, _ in columns)
    columns = [[*[""] * (height - len(head)), *head, *cells] for head, cells in columns]
    columns.insert(0, [""] * height + [" ".join(str(row).split()) for row in rows])
    widths = [max(map(len, column)) for column in columns]
    for first, *cells in zip(*columns, strict=True):
        line = [f"{first:{widths[0]}}", *map("{:>{}}".format, cells, widths[1:])]
        print("  ".join(line).rstrip())


@dataclass(frozen=True)
class Repeat:
    """How `repeated` came to its results: the code and what it found, and what was kept of it."""

    code: str
    seeds: list[int]
    found: np.ndarray  # (seeds, ...)
    kept: np.ndarray | None  # the same shape; None if all starts were trained now

    @property
    def agrees(self) -> bool:
        """Whether the start that was trained now came out as it was kept, but for last digits."""
        if self.kept is None:
            return False
        apart = np.nanmedian(abs(self.found[0] - self.kept[0]))  # NaN is what is not measured
        return bool(apart < 0.2 * np.nanmedian(abs(self.kept[0])) + 1e-9)


repeats: dict[str, Repeat] = {}  # by name: what `repeated` has done since the start


def repeated(
    name: str,
    run: Callable[[int], ArrayLike],
    seeds: Sequence[int],
    *,
    live: bool = False,
    code: str = "",
) -> np.ndarray:
    """Results of an experiment from several starts: the first is run now, the others were kept.

    Those others lie in `course_utils/measured/starts.json`, where `benchmarks/starts.py` put them
    by running the same notebook. They are used only while the code is the same: `run`, and the
    functions, classes and plain values of the notebook that it uses. Change anything, and all
    starts are run.

    Parameters
    ----------
    name
        Of the experiment, as the table has it.
    run
        Takes a seed, gives numbers: an array, or nested lists, of the same shape for each seed.
    seeds
        The first of them is run now.
    live
        Run all of them now, whatever was kept.
    code
        What says whether the code is the same; by default a fingerprint of `run`.

    Returns
    -------
    numpy.ndarray
        `(len(seeds), ...)`.
    """
    seeds, code = list(seeds), code or _code(run)
    stored = {} if live else _starts().get(name, {})
    same = stored.get("code") == code and stored.get("seeds") == seeds
    kept = np.array(stored["found"]) if same else None
    found = [np.asarray(run(seed), dtype=float) for seed in (seeds[:1] if same else seeds)]
    results = np.stack([*found, *(kept[1:] if same else ())])
    repeats[name] = Repeat(code, seeds, results.copy(), kept)
    return results


def each(
    name: str, run: Callable[..., ArrayLike], ways: dict[Any, Any] | Sequence, seeds: Sequence[int]
) -> dict[Any, np.ndarray]:
    """Results of several ways of training from several starts, as `repeated` has them.

    Parameters
    ----------
    name, seeds
        As for `repeated`.
    run
        Takes a seed and what a way gives; for all ways and seeds its results have one shape.
    ways
        By name, what `run` takes besides the seed: a value, or a tuple of them; a list of names, if
        they are that themselves.

    Returns
    -------
    dict
        For each way, by name, `(len(seeds), ...)`.

    Examples
    --------
    >>> found = each("sums", lambda seed, a, b: seed + a * b, {"x": (1, 2), "y": (3, 4)}, [10, 20])
    >>> {way: results.tolist() for way, results in found.items()}
    {'x': [12.0, 22.0], 'y': [22.0, 32.0]}
    """
    given = ways if isinstance(ways, dict) else {way: way for way in ways}
    arguments = [each if isinstance(each, tuple) else (each,) for each in given.values()]
    code = _code(run, given)
    found = repeated(name, lambda seed: [run(seed, *a) for a in arguments], seeds, code=code)
    return {way: found[:, i] for i, way in enumerate(given)}


@functools.cache
def _starts() -> dict[str, dict]:
    return measured("starts")["runs"]


def _code(run: Callable, *arguments: object) -> str:
    """A fingerprint of a function and of all that it uses of the place where it was written."""
    seen: set[object] = set()
    parts = [part for thing in (run, *arguments) for part in _parts(thing, run.__module__, seen)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _parts(thing: object, home: str, seen: set[object]) -> Iterator[str]:
    if isinstance(thing, str | int | float | bool | range | None):
        yield repr(thing)
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from _parts(part, home, seen)
    elif isinstance(thing, dict):
        yield from _parts(list(thing.items()), home, seen)
    elif isinstance(thing, FunctionType | type) and thing.__module__ != home:
        yield f"{thing.__module__}.{thing.__qualname__}"
    elif isinstance(thing, FunctionType) and thing not in seen:
        seen.add(thing)
        yield inspect.getsource(thing).strip()
        names = sorted(_names(thing.__code__) & thing.__globals__.keys())
        used = {name: thing.__globals__[name] for name in names}
        yield from _parts(used | dict(inspect.getclosurevars(thing).nonlocals), home, seen)
        yield from _parts([thing.__defaults__, thing.__kwdefaults__], home, seen)
    elif isinstance(thing, type) and thing not in seen:  # its own source cannot be found
        seen.add(thing)
        yield from _parts([v for v in vars(thing).values() if callable(v)], home, seen)


def _names(code: CodeType) -> set[str]:
    """Names that some code takes from outside, that of functions inside it too."""
    own = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return own.union(*map(_names, inner))
