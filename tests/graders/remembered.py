"""Checks that remember what their oracles and suspects answered.

A wrong version is compared with every suspect of its check, so the tests of all wrong versions ask
the same questions over and over: without a memory most of their time goes into that.
"""

import functools
import hashlib
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from course_utils.checks.engine import Check

ROOM = 20_000  # answers, of some kilobytes each; when they are full all are forgotten
_known: dict[tuple[Callable, bytes], bytes] = {}


def remembered(check: Check) -> Check:
    """The same check, whose oracle and suspects compute each answer once."""
    return replace(check, oracle=_asked_once(check.oracle), kept=_asked_once)


def _asked_once(function: Callable) -> Callable:
    """With a memory; what changes its arguments is asked each time, since a check sees that."""

    @functools.wraps(function)
    def ask(*args: Any, **kwargs: Any) -> Any:
        try:
            question = pickle.dumps((args, kwargs))
        except (pickle.PicklingError, AttributeError, TypeError):  # it holds a function
            return function(*args, **kwargs)
        key = function, hashlib.sha256(question).digest()
        if key in _known:
            return pickle.loads(_known[key])
        value = function(*args, **kwargs)
        if pickle.dumps((args, kwargs)) == question:
            if len(_known) > ROOM:
                _known.clear()
            _known[key] = pickle.dumps(value)
        return value

    return ask
