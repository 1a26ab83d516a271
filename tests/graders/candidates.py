"""Versions of graded functions: mutants with what they must be told, alternatives.

They register themselves. Checks and candidates are found here, so that whoever adds an assignment
need not say so anywhere.
"""

import functools
import importlib
import importlib.util
import itertools
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from course_utils import checks

ASSIGNMENTS = [m.name for m in pkgutil.iter_modules(checks.__path__) if m.ispkg]
ROOMS = "", ".forms", ".styles"  # of candidates, each may have a module for an assignment


@dataclass(frozen=True)
class Candidate:
    """A version of a graded function; `says` is part of the message it must get, None if right.

    Where a check takes several functions, such as a forward and its backward, `function` is a class
    that holds them in order. A class of networks is itself what is checked.
    """

    check: str
    function: Callable | type
    says: str | None

    @property
    def is_holder(self) -> bool:
        if not isinstance(self.function, type) or issubclass(self.function, nn.Module):
            return False
        return "__new__" not in vars(self.function)  # calling it gives what is asked for

    @property
    def functions(self) -> list[Callable]:
        if not self.is_holder:
            return [self.function]
        return [f for name, f in vars(self.function).items() if not name.startswith("_")]

    @property
    def key(self) -> tuple[str, str]:
        """Assignment and function: a later assignment may grade a function of the same name."""
        return self.function.__module__.rpartition(".")[2], self.check

    @property
    def label(self) -> str:
        return "-".join([*self.key, self.function.__name__])


REGISTERED: list[Candidate] = []


def found(assignment: str, kind: type) -> dict[str, Any]:
    """What there is of a kind, such as checks, in the checks of an assignment, by variable."""
    module = importlib.import_module(f"{checks.__name__}.{assignment}")
    return {name: value for name, value in vars(module).items() if isinstance(value, kind)}


@functools.cache
def registered() -> list[Candidate]:
    """The candidates of all assignments, those of one function beside each other."""
    for assignment, room in itertools.product(ASSIGNMENTS, ROOMS):
        if importlib.util.find_spec(f"graders{room}.{assignment}") is not None:
            importlib.import_module(f"graders{room}.{assignment}")
    first = {key: number for number, key in reversed([*enumerate(c.key for c in REGISTERED)])}
    return sorted(REGISTERED, key=lambda c: first[c.key])


def mutant(check: str, says: str) -> Callable:
    """Register a wrong version of what `check` (a function's name) checks."""
    return _register(check, says)


def alternative(check: str) -> Callable:
    """Register a right version in another style."""
    return _register(check, None)


def _register(check: str, says: str | None) -> Callable:
    def register(function: Callable) -> Callable:
        REGISTERED.append(Candidate(check, function, says))
        return function

    return register
