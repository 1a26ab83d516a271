"""Register versions of graded functions: mutants with what they must be told, alternatives."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn


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
