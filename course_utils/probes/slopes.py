"""Functions whose gradients a student's numeric_gradient is asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

FUNCTIONS: dict[str, Callable] = {
    "square": lambda x: x**2,
    "sine of a sum": lambda x: np.sin(x.sum()),
    "product of neighbours": lambda x: x.reshape(-1)[1:] * x.reshape(-1)[:-1],
    "mean": lambda x: x.mean(),
    "cube": lambda x: x**3,
    "itself": lambda x: x,  # these two give the very memory of x
    "itself in a row": lambda x: x.reshape(-1),
}


class Named(str):
    """The name of a function; called, it is the function, so that it needs not cross."""

    __slots__ = ()

    def __call__(self, x: Any) -> Any:
        """Value for an array."""
        value = FUNCTIONS[self](np.asarray(x))
        return np.asarray(value, dtype=np.float64)[()]

    def __repr__(self) -> str:
        return f"<{self}>"


def numeric_gradient(function: Callable, f: str, *args: Any, **options: Any) -> Any:
    """What a student's numeric_gradient gives for a function of that name."""
    return function(Named(f), *args, **options)
