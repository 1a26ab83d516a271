"""Objects of libraries that a test gives to the student's code: made once more over there."""

import io
import pickle
import types
from typing import Any

PLACED = type, types.FunctionType, types.BuiltinFunctionType
EXAMINERS = (
    "__examiner__",
    "__main__",
    "course_utils.checks",
    "course_utils.grading",
    "course_utils.course",
    "unittest",
)  # modules


class _Pickler(pickle.Pickler):
    """Takes libraries' objects, and nothing that belongs to the examiner."""

    def reducer_override(self, thing: Any) -> Any:
        place = getattr(thing, "__module__", None) if isinstance(thing, PLACED) else ""
        if place is None or place.startswith(EXAMINERS):
            raise pickle.PicklingError("this stays here")
        return NotImplemented


def apart_from_examiner(value: Any) -> bytes | None:
    """An object of a library, to be made once more in the candidate; None if that cannot be.

    What is read back are plain answers: nothing that comes from the candidate is unpickled.
    """
    if isinstance(value, types.FunctionType) and value.__module__ in ("__examiner__", None):
        return None
    written = io.BytesIO()
    try:
        _Pickler(written).dump(value)
    except Exception:  # a library may raise anything
        return None
    return written.getvalue()
