"""What a3 leaves out, and how it asks for what is no case of a check."""

from collections.abc import Callable
from typing import Any

from course_utils.checks.engine import CheckFailed
from course_utils.checks.outcome import Look

# With these, a network or a loop would not be built but fetched.
BUILD_IT_YOURSELF = (
    "torchvision",
    "course_utils.models",
    "course_utils.tracing",
    "course_utils.training",
)


def asked(name: str, probe: Callable, student: Any, *args: Any) -> Any:
    """What a probe finds of something that a student has made.

    Raises
    ------
    CheckFailed
        If it raised, with the student's line, or is not what can be looked at.
    """
    (outcome,) = Look(probe).outcomes([student], [(args, {})])
    if outcome.error:
        lines = [f"✗ {name}: {outcome.error}", outcome.where]
        raise CheckFailed("\n  ".join(filter(None, lines)))
    return outcome.value
