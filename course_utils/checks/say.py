"""Say it: the sentences and numbers that a student reads when a check fails."""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from course_utils.checks.compare import SHOWN_ELEMENTS, difference, show_value
from course_utils.checks.find import Cause
from course_utils.checks.outcome import Outcome

HEDGES = ("In this case: ", "By its shape: ", "Perhaps: ", "Either: ", "or: ")
JOINTS = ("Two things at once: ", "and: ")
IMPOSSIBLE = 12  # an impossible call shows lists and tables of so many numbers


def sentences(causes: list[Cause]) -> list[str]:
    """What is said of causes: for certain, of this case, or one of several."""
    told = {}  # what explains several results in the same way is said once, of all
    for cause in causes:
        same = str(replace(cause, name=""))
        told[same] = replace(cause, name="") if same in told else cause
    return [line for cause in told.values() for line in _of_cause(cause)]


def _of_cause(cause: Cause) -> list[str]:
    name = f"{cause.name}: " if cause.name else ""
    told = []
    for number, together in enumerate(cause.alternatives):
        first, *second = (s if s.startswith(name) else name + s for s in together)
        if len(cause.alternatives) > 1:  # nothing here tells them apart
            first = f"{'or' if number else 'Either' if cause.exact else 'Perhaps'}: {first}"
        elif second:
            first = f"Two things at once: {first}"
        told += [first, *(f"and: {s}" for s in second)]
    if cause.by_shape:
        return [f"By its shape: {told[0]}", *told[1:]]
    perhaps = len(cause.alternatives) > 1 and not cause.exact
    return told if cause.certain or perhaps else [f"In this case: {told[0]}", *told[1:]]


def case_in_words(names: list[str], args: tuple, kwargs: dict) -> str:
    """`5×9 image, 3×2 kernel, stride=2`."""
    words = [_word(n, v) for n, v in zip(names, args, strict=False)]
    return ", ".join(words + [f"{n}={v!r}" for n, v in kwargs.items()])


def _word(name: str, value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return f"{name}={value!r}"
    kind = "" if value.dtype == np.float64 else f" of {value.dtype}"
    layout = "" if value.flags.c_contiguous else ", not contiguous"
    return f"{'×'.join(map(str, value.shape))} {name}{kind}{layout}"


def arrays(names: list[str], args: tuple) -> dict[str, np.ndarray]:
    """The arrays of a call by their names."""
    return {n: v for n, v in zip(names, args, strict=False) if isinstance(v, np.ndarray)}


def values(
    shown: dict[str, Any], outcome: Outcome, wanted: Any, tolerance: dict[str, float]
) -> list[str]:
    """Arguments, what came back and what was expected, below one another."""
    own, kind = outcome.value, ""
    if isinstance(wanted, dict):  # several results: show the first that differs
        own = own or {}
        kind = next(
            (n for n in wanted if difference(own.get(n), wanted[n], tolerance)), next(iter(wanted))
        )
        own, wanted = own.get(kind), wanted[kind]
    if outcome.error is None and _kind(own) != _kind(wanted):
        return []  # the numbers are not what differs
    results = {f"your {kind}" if kind else "yours": own} if outcome.error is None else {}
    results[f"expected {kind}".strip()] = wanted
    alike = getattr(own, "shape", ()) == getattr(wanted, "shape", ())  # else axes are the point
    compact = {n: _without_ones(v) for n, v in shown.items()}
    compact |= {n: _without_ones(v) if alike else v for n, v in results.items()}
    width = max(map(len, compact))
    lines = [line for n, v in compact.items() for line in show_value(n.ljust(width), v)]
    if outcome.error is None and _look_alike(own, wanted):
        gap = np.array2string(own - wanted, precision=1, prefix=" " * (width + 3))
        lines += f"{'gap'.ljust(width)} = {gap}".splitlines()
    if any(v is not compact[n] for n, v in (shown | results).items()):
        lines.append("(Axes of length 1 in front are left out.)")
    return [line for line in lines if line.strip()]


def _kind(value: Any) -> str:
    """The dtype of an array; all other values are of one kind."""
    return str(value.dtype) if isinstance(value, np.ndarray) else ""


def _without_ones(value: Any) -> Any:
    """Without axes of length 1 in front, as a matrix at least: images are then read more easily."""
    if isinstance(value, np.ndarray) and value.size <= SHOWN_ELEMENTS:
        while value.ndim > 2 and len(value) == 1:
            value = value[0]
    return value


def _look_alike(own: Any, wanted: Any) -> bool:
    """Whether two arrays print alike, though they differ."""
    if not isinstance(own, np.ndarray) or not isinstance(wanted, np.ndarray):
        return False
    small = own.shape == wanted.shape and own.size <= SHOWN_ELEMENTS
    return small and show_value("", own) == show_value("", wanted)


def why_not_rejected(outcome: Outcome, words: str) -> str | None:
    """Why an impossible call is not refused as it is to be; None where it is."""
    if outcome.error is None:
        text = " ".join(" ".join(show_value("", outcome.value)).split())
        if isinstance(outcome.value, dict):
            text = "a result"
        return f"this call cannot work, yet it returned {text}. Raise ValueError."
    if outcome.kind != "ValueError":
        return f"expected ValueError with a sentence, but {outcome.error}"
    if re.search(rf"\b(?:{words})", outcome.message, re.IGNORECASE):
        return None
    name = re.match(r"[\w.]+", words).group()
    if not outcome.message:
        return f"ValueError is right, but its message is empty: say what is wrong with {name}."
    return (
        f"ValueError is right, but {outcome.message!r} does not say what is wrong: check {name} "
        "yourself, and name it."
    )


def explanations(message: str) -> list[str]:
    """The sentences of a message: what stands between its headline and the case."""
    lines = []
    for line in message.splitlines()[1:]:
        if line.startswith(("  Seen with ", "  Called with ")):
            break
        if re.match(r"  \S.*[.!?]$", line) and not line.startswith("  At line "):
            lines.append(line.strip())
    return lines


def without_hedge(sentence: str) -> tuple[str, bool]:
    """A sentence without the words before it, and whether it was said for certain."""
    certain = True
    while before := next((b for b in HEDGES + JOINTS if sentence.startswith(b)), ""):
        sentence, certain = sentence.removeprefix(before), certain and before in JOINTS
    return sentence, certain
