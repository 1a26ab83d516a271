"""What a student concludes from an experiment, held against the student's own intervals."""

from collections.abc import Mapping

from numpy.typing import ArrayLike

from course_utils import experiment
from course_utils.checks.engine import CheckFailed

WORDS = ("higher", "lower", "open")


def says(differences: ArrayLike) -> tuple[str, str]:
    """What the interval of paired differences says: one of `WORDS`, and the interval in words.

    Parameters
    ----------
    differences
        Of shares in 0 to 1, the first minus the second, one for each seed.

    Examples
    --------
    >>> says([0.10, 0.12, 0.11]), says([0.1, -0.1, 0.1])
    (('higher', '+11 ± 2 points'), ('open', '+3 ± 29 points'))
    """
    middle, half = experiment.interval(differences)
    word = "higher" if middle > half else "lower" if middle < -half else "open"
    return word, f"{100 * middle:+z.0f} ± {100 * half:.0f} points"


def answered(possible: Mapping[str, tuple], **given: object) -> None:
    """Say which conclusions are missing or cannot be one; right or wrong is not told.

    Parameters
    ----------
    possible
        What may be concluded, for each name.

    Raises
    ------
    CheckFailed
        If none is given.
    """
    _same_names(possible, given)
    missing = [name for name, word in given.items() if word is None]
    if len(missing) == len(given):
        raise CheckFailed(f"✗ conclusions: none of {', '.join(given)} is given yet")
    usable = 0
    for name, word in given.items():
        if word is not None and _word(word) not in possible[name]:
            print(f"✗ {name} = {word!r} cannot be a conclusion: expected one of {possible[name]}")
        else:
            usable += word is not None
    rest = f"; still open: {', '.join(missing)}" if missing else ""
    print(f"✓ conclusions: {usable} of {len(given)} given{rest}")


def conclusions_points(expected: Mapping[str, tuple[object, str]], **given: object) -> int:
    """How many conclusions are what the student's own runs say; tells of the others why.

    Parameters
    ----------
    expected
        For each name what can be concluded, and what it is concluded from.
    """
    _same_names(expected, given)
    right = 0
    for name, word in given.items():
        supported, because = expected[name]
        if _word(word) == supported:
            print(f"✓ {name}: {because}")
            right += 1
        else:
            print(f"✗ {name}: {because}, which says {supported!r}")
    return right


def _same_names(known: Mapping[str, object], given: Mapping[str, object]) -> None:
    if given.keys() != known.keys():
        raise ValueError(f"expected the conclusions {list(known)}, got {list(given)}")


def _word(value: object) -> object:
    if isinstance(value, str):
        return value.strip().strip(".!").lower()
    return None if isinstance(value, bool) else value
