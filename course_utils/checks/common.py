"""What can be said of any wrong result, where no suspect of a check explains it.

Three things, the nearest first: the right result, changed in a simple way; the right result of a
call with one argument changed; and where it is wrong, in the result or among the cases. All are
seen, not guessed: each sentence states what holds in the cases that it is said of.
"""

import inspect
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from course_utils.checks.changes import Change, args, flipped, transposed

CLOSE = 1e-4  # two numbers with less between them, measured by the largest, are one
EXACT = 1e-9
HERE = "In this case: "
PIXELS = 2  # axes at the end that are rows and columns


def seen(
    name: str,
    cases: Sequence[Any],
    given: Sequence[Any],
    wanted: Sequence[Any],
    wrong: set[int],
    looks: Sequence[Callable],
) -> str:
    """What wrong results, those of one name, have in common; empty if nothing is to be seen.

    Parameters
    ----------
    name
        The one of several results, or `""`.
    cases, given, wanted
        The calls, the values that came back, and the right ones; None where there was an error.
    wrong
        Which of them are wrong.
    looks
        `NUMBERS` or `PLACES`.
    """
    at = sorted(wrong, key=lambda i: (cases[i].effort, i))
    before = f"{name}: " if name else ""
    if at and (said := entries(given[at[0]], wanted[at[0]])):
        return before + said
    own, right = [_numbers(given[i]) for i in at], [_numbers(wanted[i]) for i in at]
    if not at or any(v is None for v in right) or own[0] is None:
        return ""
    known = [(a, b) for a, b in zip(own, right, strict=True) if a is not None]
    if looks is NUMBERS and all(a.size == b.size == 1 for a, b in known):
        own, right = (np.array([v.item() for v in some]) for some in zip(*known, strict=True))
        said = _of_all(own, right)
        return before + said if said else ""
    with np.errstate(all="ignore"):
        found = [[_said(say, a, b) for a, b in known] for say in looks]
    if len(known) == len(at) > 1:
        for sentences in found:
            if sentences[0] and len({*sentences}) == 1:
                return before + sentences[0]
    for sentences in found:
        if sentences[0]:
            alike = len({re.sub(r"[\d.e-]+", "#", s) for s in sentences}) == 1 < len({*sentences})
            alike = alike and len(known) == len(at)
            more = " So it is in each case, with another number." if alike else ""
            return f"{HERE}{before}{sentences[0]}{more}"
    return ""


def _alone(own: float, right: float) -> str:
    """How one number differs."""
    if right and own == 0:
        return "It is 0: is anything ever added up, or does what is counted never occur?"
    if right and abs(own + right) < 1e-6 * abs(right):
        return "In this case it has the wrong sign."
    if right and own and abs(own - 1 / right) < 1e-6 * abs(own) and abs(abs(right) - 1) > 0.01:
        return "In this case 1 is divided by the right number: are the two sides of / exchanged?"
    for factor, words in (
        (own / right if right else 0, "times"),
        (right / own if own else 0, "part"),
    ):
        whole = round(factor)
        if 2 <= whole <= 1000 and abs(factor - whole) < 1e-6 * whole:
            if words == "times":
                return f"In this case it is {whole} times as large as the right number."
            return f"In this case it is one part in {whole} of the right number."
    return ""


def from_elsewhere(
    name: str, cases: Sequence[Any], names: Sequence[str], given: Sequence[Any],
    wanted: Sequence[Any], wrong: set[int],
) -> str:  # fmt: skip
    """Whether a wrong result is another of the results, or an argument; all of them, not one."""
    own = {i: _numbers(given[i].get(name) if name and given[i] else given[i]) for i in wrong}
    if len(own) < 2 or any(v is None for v in own.values()):
        return ""
    others: dict[str, dict[int, Any]] = {}
    for i in wrong:
        call = dict(zip(names, cases[i].args, strict=False)) | cases[i].kwargs
        for other, value in call.items():
            others.setdefault(f"It is always {other}, as it was given.", {})[i] = value
        if name:
            for other, value in wanted[i].items():
                if other != name:
                    words = f"It is what {other} should be: are two results exchanged?"
                    others.setdefault(words, {})[i] = value
    found = []
    for words, values in others.items():
        right = [_numbers(values.get(i)) for i in own]
        if all(r is not None and _close(v, r) for v, r in zip(own.values(), right, strict=True)):
            differ = {str(v.round(6)) for v in own.values()}
            if len(differ) > 1:
                found.append(words)
    return f"{name}: {found[0]}" if found and name else found[0] if found else ""


def moved(
    name: str,
    names: Sequence[str],
    cases: Sequence[Any],
    given: dict[int, Any],
    wanted: dict[int, Any],
) -> str:
    """Whether a result is right but for how far it is from an argument."""
    said = {}
    for i in given:
        own, right = _numbers(given[i]), _numbers(wanted[i])
        if own is None or right is None or own.shape != right.shape or own.size < 2:
            return ""
        if _close(own, right):
            continue
        for argument, value in zip(names, cases[i].args, strict=False):
            start = _numbers(value) if isinstance(value, np.ndarray) else None
            if start is None or start.shape != own.shape or not np.isfinite(own).all():
                continue
            mine, its = own - start, right - start
            power = float((its * its).sum())
            factor = float((mine * its).sum()) / power if power else 0.0
            if power and not mine.any():
                said.setdefault(f"it is still {argument}, nothing has moved it", set()).add(i)
            elif abs(factor) > CLOSE and _close(mine, factor * its):
                words = (
                    "it has moved as far as it should, but the other way"
                    if abs(factor + 1) < CLOSE
                    else f"its way from {argument} is {factor:.4g} times the right one"
                )
                said.setdefault(words, set()).add(i)
    for words, where in said.items():
        first = min(given, key=lambda i: (cases[i].effort, i))
        if first in where:
            sentence = f"{name}: {words}." if name else f"{words[0].upper()}{words[1:]}."
            return sentence if len(where) == len(given) > 1 else f"{HERE}{sentence}"
    return ""


def entries(own: Any, right: Any) -> str:
    """How a list of entries differs: which are missing, too many, or in which part they differ."""
    lists = all(isinstance(v, list | tuple) and v for v in (own, right))
    if not lists or not all(isinstance(e, tuple) and e for e in [*own, *right]):
        return ""
    mine, its = ([repr(e) for e in some] for some in (own, right))
    missing = [e[0] for e, word in zip(right, its, strict=True) if word not in mine]
    more = [e[0] for e, word in zip(own, mine, strict=True) if word not in its]
    if not missing and not more:
        return (
            "The entries are right, but in another order."
            if sorted(mine) == sorted(its)
            else "An entry stands there more or fewer times than it should."
        )
    if not more:
        return f"Entries are missing: {', '.join(map(str, missing[:4]))}."
    if not missing:
        return f"There are entries too many: {', '.join(map(str, more[:4]))}."
    if len(own) == len(right) and {len(e) for e in own} == {len(right[0])}:
        parts = [
            n for n in range(len(right[0]))
            if any(repr(a[n]) != repr(b[n]) for a, b in zip(own, right, strict=True))
        ]  # fmt: skip
        if len(parts) < len(right[0]):
            return (
                f"Of each entry only part {' and '.join(str(n) for n in parts)} is wrong, "
                "counted from 0."
            )
    return ""


def which_results(names: Sequence[str], wrong: Sequence[str]) -> str:
    """Which of several results are right, where some are."""
    right = [n for n in names if n not in wrong]
    if not right or not wrong:
        return ""
    last = max((names.index(n) for n in right), default=0)
    first = min(names.index(n) for n in wrong)
    if re.search(r"\d", names[first]) and last < first:
        return (
            f"It is right up to {names[last]}, and wrong from {names[first]} on: what is kept in "
            "between?"
        )
    if len(right) > 3:
        return (
            f"Only {_listed(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong, all others right."
        )
    if len(wrong) == 1:
        return f"Only {wrong[0]} is wrong; right: {_listed(right)}."
    return f"Only {_listed(right)} {'is' if len(right) == 1 else 'are'} right, all others wrong."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _said(say: Callable, own: np.ndarray, right: np.ndarray) -> str:
    if _close(own, right):  # too near for a relation of this roughness to say something
        return ""
    finite = np.isfinite(own).all() and np.isfinite(right).all()
    return say(own, right) if finite or say is _not_a_number else ""


def _of_all(own: np.ndarray, right: np.ndarray) -> str:
    """What holds for the numbers of all cases together."""
    if len(own) < 2 or len({*right}) < 2:
        return _not_a_number(own[:1], right[:1]) or _alone(float(own[0]), float(right[0]))
    looks = _not_a_number, _nothing, _simple
    said = next((s for say in looks if (s := _said(say, own, right))), "")
    if not said:
        return ""
    return said.replace("Every value", "Each wrong number").replace("All values", "All results")


def where_wrong(
    names: Sequence[str], cases: Sequence[Any], wrong: set[int], defaults: dict[str, Any]
) -> str:
    """What the cases that are wrong have in common, and few others have; empty if nothing has."""
    right = {*range(len(cases))} - wrong
    if len(wrong) < 2 or not right:
        return ""
    calls = [dict(zip(names, c.args, strict=False)) | c.kwargs for c in cases]
    best, told = (0.5, 0), ""
    for name in dict.fromkeys(n for c in calls for n in c):
        groups: list[tuple[str, set[int]]] = []
        if name in defaults:
            groups += [(f"{name} is not given", {i for i, c in enumerate(calls) if name not in c})]
        for what, feature in _features(name):
            values = [
                feature((defaults | c)[name]) if name in defaults | c else None for c in calls
            ]
            if any(v is None for v in values):
                continue
            for value in dict.fromkeys(map(repr, values)):
                chosen = {i for i, v in enumerate(values) if repr(v) == value}
                groups += [(f"{what} is {value}", chosen)]
        for words, some in groups:
            others = {*range(len(cases))} - some
            if some and others and not wrong & others:  # wrong only there
                share = len(wrong) / len(some), len(right)
                if share > best:
                    tail = "" if some == wrong else f", in {len(wrong)} of {len(some)} cases"
                    best, told = share, f"It is wrong only where {words}{tail}."
            if some and others and not wrong & some and len(some) > 1:  # right there
                share = len(wrong) / len(others), len(right)
                if share > best:
                    tail = "" if others == wrong else f" in {len(wrong)} of {len(others)} cases"
                    best = share
                    told = f"It is right wherever {words}, and wrong{tail} where that is not so."
    return told


def _features(name: str) -> Iterator[tuple[str, Callable]]:
    """Of an argument: what is looked at, in words, and how."""

    def plain(value: Any) -> Any:
        return value if isinstance(value, int | float | str | tuple | bool) else None

    def shape(value: Any) -> Any:
        return value.shape if isinstance(value, np.ndarray) and value.ndim else None

    yield name, plain
    yield f"the dtype of {name}", lambda v: v.dtype.name if isinstance(v, np.ndarray) else None
    yield f"the number of axes of {name}", lambda v: np.ndim(v) if shape(v) else None
    for axis, word in ((-1, "the width of {}"), (-2, "the height of {}"), (0, "the length of {}"),
                       (1, "the number of channels of {}")):  # fmt: skip
        fewest = {-2: 2, 1: 4}.get(axis, 1)

        def size(value: Any, axis: int = axis, fewest: int = fewest) -> Any:
            return value.shape[axis] if len(shape(value) or ()) >= fewest else None

        yield word.format(name), size


# a result, changed -------------------------------------------------------------------------------


def _numbers(value: Any) -> np.ndarray | None:
    """A result as numbers; None of what has none."""
    if isinstance(value, bool | str) or value is None:
        return None
    if isinstance(value, np.ndarray):
        return value.astype(float) if value.dtype.kind in "fiub" else None
    if isinstance(value, int | float | np.number):
        return np.array(float(value))
    if isinstance(value, tuple | list) and value and all(
        isinstance(v, int | float | np.number) for v in value
    ):  # fmt: skip
        return np.array([float(v) for v in value])
    return None


def _close(own: np.ndarray, other: np.ndarray) -> bool:
    """Whether two results agree: whole numbers exactly, as counts do."""
    if own.shape != other.shape or not np.isfinite(other).all():
        return False
    scale = float(np.abs(other).max(initial=0)) or 1.0
    whole = (own == np.round(own)).all() and own.ndim < 2
    return bool((np.abs(own - other) <= (EXACT if whole else CLOSE) * scale).all())


def _not_a_number(own: np.ndarray, right: np.ndarray) -> str:
    some = "All values are" if own.size > 1 else "It is"
    if np.isnan(own).any():
        some = some if np.isnan(own).all() else "Some values are"
        return (f"{some} NaN, not a number: 0 is divided by 0, infinity taken from infinity, or a "
                "root or a logarithm taken of a negative number. Print what is made on the "
                "way.")  # fmt: skip
    if np.isinf(own).any():
        some = some if np.isinf(own).all() else "Some values are"
        return (f"{some} infinite: something is divided by 0, is the logarithm of 0, or grows too "
                "large, as np.exp of a large number does.")  # fmt: skip
    return ""


def _nothing(own: np.ndarray, right: np.ndarray) -> str:
    if not right.any():  # as of an image that is taken away altogether
        return ""
    if own.size > 1 and not own.any():
        return "All values are 0: is the result ever filled, or multiplied by 0?"
    if own.size > 1 and np.abs(own).max() < CLOSE * np.abs(right).max():
        return "All values are almost 0: something is divided by far too much, or hardly changes."
    if own.size > 1 and right.size > 1 and np.ptp(own) == 0 < np.ptp(right):
        return "All values are the same number: what each is made of does not differ."
    return ""


def _axis(axis: int, of: int) -> str:
    """The places along an axis in words."""
    if of == 1:
        return "value"
    if axis >= of - PIXELS:
        return ("row", "column")[axis - of + PIXELS]
    return {0: "entry of axis 0", 1: "channel" if of == 4 else "entry of axis 1"}.get(
        axis, f"entry of axis {axis}"
    )


def _changed(own: np.ndarray, right: np.ndarray) -> str:
    """The right result, changed in a simple way."""
    if own.size < 2 or own.size != right.size:
        return ""
    if own.shape == right.shape:
        for axis in reversed(range(own.ndim)):
            if _close(own, np.flip(right, axis)):
                return f"Each {_axis(axis, own.ndim)} is right, but their order is reversed."
        if own.ndim > 1 and _close(own, flipped(right)):
            return "The result is right, but turned by half a turn."
    for first, second in itertools.combinations(range(right.ndim), 2):
        if _close(own, right.swapaxes(first, second)):
            pair = first, second
            if pair == (right.ndim - 2, right.ndim - 1):
                return "The result is right, but its rows and columns are exchanged."
            return f"The result is right, but its axes {first} and {second} are exchanged."
    if own.shape != right.shape:
        return (
            "The values are right, in another shape." if _close(own.ravel(), right.ravel()) else ""
        )
    return _simple(own, right) or _elsewhere(own, right)


def _simple(own: np.ndarray, right: np.ndarray) -> str:
    """Each number changed by itself."""
    if _close(own, -right):
        return "Every value has the wrong sign."
    if _close(own, np.abs(right)):
        return "Every value has lost its sign: it is positive where it should be negative."
    if _close(own, np.maximum(right, 0)):
        return "Values that should be negative are 0."
    if _close(own, np.round(right)):
        return "Every value is rounded."
    if (right >= 0).all() and _close(own, right**2):
        return "Every value is squared."
    if (right >= 0).all() and (right.max() > 0) and _close(own, np.sqrt(right)):
        return "Every value is the root of the right one."
    power = float((right * right).sum())
    factor = float((own * right).sum()) / power if power else 0.0
    if abs(factor) > 10 * CLOSE and abs(factor - 1) > CLOSE and _close(own, factor * right):
        return f"Every value is {factor:.4g} times the right one."
    gap = float((own - right).mean())
    if abs(gap) > CLOSE and _close(own - right, np.full(own.shape, gap)) and np.ptp(right):
        return f"Every value is too {'large' if gap > 0 else 'small'} by {abs(gap):.7g}."
    return ""


def _elsewhere(own: np.ndarray, right: np.ndarray) -> str:
    """The right numbers at other places."""
    for axis in reversed(range(own.ndim)):
        a, b = (np.moveaxis(v, axis, 0) for v in (own, right))
        if len(a) > 2 and np.ptp(b):
            for mine, its, word in ((a[1:], b[:-1], "late"), (a[:-1], b[1:], "early")):
                if np.ptp(mine) and _close(mine, its):
                    return (
                        f"The result is right, but shifted: each {_axis(axis, own.ndim)} "
                        f"comes one too {word}."
                    )
    a, b = np.sort(own.ravel()), np.sort(right.ravel())
    if np.unique(b).size > max(2, b.size // 2) and _close(a, b):
        return "The values are right, but each stands at another place."
    return ""


def _of_another_shape(own: np.ndarray, right: np.ndarray) -> str:
    if own.shape == right.shape:
        return ""
    if own.ndim != right.ndim:
        kept = [n for n in right.shape if n != 1] == [n for n in own.shape if n != 1]
        what = "only axes of length 1 are lost or added" if kept else (
            "is one lost by a sum or an index, or added by None?")  # fmt: skip
        return f"The result has {own.ndim} axes, and {right.ndim} are wanted: {what}."
    if sorted(own.shape) == sorted(right.shape):
        return "The sizes are right, but two axes are exchanged."
    told = []
    for axis, (mine, its) in enumerate(zip(own.shape, right.shape, strict=True)):
        if mine != its:
            gap = mine - its
            times = "twice as many as" if mine == 2 * its else (
                f"{abs(gap)} {'more' if gap > 0 else 'fewer'} than")  # fmt: skip
            place = _axis(axis, own.ndim).replace("entry of axis", "place along axis")
            if place in ("row", "column", "value", "channel"):
                told.append(f"{place}s {times} wanted")
            else:
                told.append(f"places along axis {axis} {times} wanted")
    block = tuple(slice(0, min(m, i)) for m, i in zip(own.shape, right.shape, strict=True))
    last = tuple(
        slice(max(0, m - min(m, i)), None) for m, i in zip(own.shape, right.shape, strict=True)
    )
    last_right = tuple(
        slice(max(0, i - min(m, i)), None) for m, i in zip(own.shape, right.shape, strict=True)
    )
    more = ""
    if own[block].size > 1 and _close(own[block], right[block]):
        more = " What the first places hold is right."
    elif own[last].size > 1 and _close(own[last], right[last_right]):
        more = " What the last places hold is right."
    return f"The result has {' and '.join(told)}.{more}"


def _places(own: np.ndarray, right: np.ndarray) -> str:
    """Where a result is wrong, if not everywhere."""
    if own.shape != right.shape or own.size < 4:
        return ""
    scale = float(np.abs(right).max(initial=0)) or 1.0
    wrong = np.abs(own - right) > CLOSE * scale
    if wrong.all() or not wrong.any():
        return ""
    for axis in reversed(range(own.ndim)):
        count, word = own.shape[axis], _axis(axis, own.ndim)
        others = tuple(a for a in range(own.ndim) if a != axis)
        places = set(np.flatnonzero(wrong.any(axis=others)))
        if count < 2 or len(places) == count:
            continue
        for chosen, words in (({0}, "the first"), ({count - 1}, "the last")):
            if places == chosen:
                return f"Only {words} {word} is wrong."
        if places == {*range(1, count)}:
            return f"Only the first {word} is right."
        if places == {*range(count - 1)}:
            return f"Only the last {word} is right."
        if places == {0, count - 1}:
            return f"Only the first and the last {word} are wrong."
        if places == {*range(1, count - 1)}:
            return f"Only the first and the last {word} are right."
        for parity in (0, 1):
            if count > 3 and places == {*range(parity, count, 2)}:
                return f"Only every second {word} is wrong, from number {parity} on."
    if own.ndim > 1 and min(own.shape[-2:]) > 2:
        inner = wrong[..., 1:-1, 1:-1]
        if not inner.any():
            return "Only pixels at the border are wrong."
        border = wrong.copy()
        border[..., 1:-1, 1:-1] = False
        if not border.any():
            return "Pixels at the border are right, those inside are wrong."
    signs = right[wrong]
    if (signs < 0).all() and not wrong[right > 0].any() and (right > 0).any():
        return "Values that are to be negative are wrong, all others right."
    if (signs > 0).all() and not wrong[right < 0].any() and (right < 0).any():
        return "Values that are to be positive are wrong, all others right."
    if (right[wrong] == 0).all():
        return "Wrong are only values that are to be 0."
    if (own[wrong] == 0).all():
        return "Values that are wrong are 0: something is not filled, or written over."
    return ""


NUMBERS = _not_a_number, _nothing, _changed
PLACES = _of_another_shape, _places

# a call, changed ---------------------------------------------------------------------------------


def other_calls(
    names: Sequence[str], cases: Sequence[Any], defaults: dict[str, Any]
) -> dict[str, Change]:
    """Suspects for any function: one argument is another, or two are exchanged."""
    calls = [dict(zip(names, c.args, strict=False)) | c.kwargs for c in cases]
    found: dict[str, Change] = {}
    kinds: dict[str, set] = {}
    for call in calls:
        for name, value in call.items():
            kinds.setdefault(name, set()).add(_kind(value))
    whole = [n for n, kind in kinds.items() if kind <= {"int", "pair"} and kind]
    for name in whole:
        for words, new in (
            (f"{name} + 1", lambda v: v + 1), (f"{name} - 1", lambda v: v - 1),
            (f"2 * {name}", lambda v: v * 2), (f"{name} // 2", lambda v: v // 2),
        ):  # fmt: skip
            found[_would_be(words, name)] = args(**{name: _each(new)})
    for name in (n for n, kind in kinds.items() if "pair" in kind):
        turned = args(**{name: lambda v: v[::-1] if isinstance(v, tuple) else v})
        found[f"The two numbers of {name} are exchanged."] = turned
    for name in (n for n, kind in kinds.items() if kind == {"float"}):
        for words, new in (
            (f"1 - {name}", lambda v: 1 - v), (f"2 * {name}", lambda v: v * 2),
            (f"{name} / 2", lambda v: v / 2), (f"{name}²", lambda v: v * v),
            (f"1 / {name}", lambda v: 1 / v), (f"-{name}", lambda v: -v),
        ):  # fmt: skip
            found[_would_be(words, name)] = args(**{name: new})
    for name in (n for n, kind in kinds.items() if kind == {"bool"}):
        found[f"{name} is turned round: True is taken for False."] = args(**{name: lambda v: not v})
    for name, default in defaults.items():
        if kinds.get(name, set()) <= {"int", "float", "bool", "pair", "text"} and name in kinds:
            found[f"{name} is ignored: the result is always that of {name}={default!r}."] = args(
                **{name: default}
            )
    arrays = [n for n, kind in kinds.items() if kind == {"array"}]
    for name in arrays:
        found[f"{name} is turned by half a turn, or read from its end."] = args(**{name: _turned})
        found[f"Rows and columns of {name} are exchanged."] = args(**{name: _exchanged})
        found[_would_be(f"-{name}", name)] = args(**{name: lambda v: -v})
        found[_would_be(f"2 * {name}", name)] = args(**{name: lambda v: 2 * v})
    for group in (whole, arrays, [n for n, kind in kinds.items() if kind == {"float"}]):
        for one, other in itertools.combinations(group, 2):
            found[f"{one} and {other} are exchanged."] = _swap(one, other)
        for one, other in itertools.permutations(group, 2):
            found[_would_be(other, one)] = _instead(one, other)
    return found


def _would_be(words: str, name: str) -> str:
    return f"The result is right for {words} in place of {name}."


def _kind(value: Any) -> str:
    for kind, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "text")):
        if isinstance(value, kind):
            return name
    if isinstance(value, np.ndarray):
        return "array" if value.dtype.kind == "f" else "other"
    pair = isinstance(value, tuple) and value and all(type(v) is int for v in value)
    return "pair" if pair else "other"


def _each(new: Callable) -> Callable:
    return lambda v: tuple(map(new, v)) if isinstance(v, tuple) else new(v)


def _turned(array: np.ndarray) -> np.ndarray:
    return flipped(array) if array.ndim > 1 else array[::-1]


def _exchanged(array: np.ndarray) -> np.ndarray:
    return transposed(array) if array.ndim > 1 else array


def _swap(one: str, other: str) -> Change:
    return args(**{one: _named(other), other: _named(one)})


def _instead(one: str, other: str) -> Change:
    return args(**{one: _named(other)})


def _named(name: str) -> Callable:
    """The argument of this name, whatever it is called on."""

    def taken(value: Any, **others: Any) -> Any:
        return others.get(name, value)

    kinds = inspect.Parameter
    taken.__signature__ = inspect.Signature(
        [kinds("value", kinds.POSITIONAL_ONLY), kinds(name, kinds.KEYWORD_ONLY)]
    )
    return taken
