"""Same seed, same result: random numbers, threads and device."""

import operator
import random

import numpy as np
import torch


def seed_everything(seed: int = 0) -> np.random.Generator:
    """Seed Python, NumPy and PyTorch, on every device.

    Returns
    -------
    numpy.random.Generator
        Of the same seed, for code that takes its randomness as an argument.

    Raises
    ------
    ValueError
        If the seed is not between 0 and 2³² − 1, which is what NumPy takes.
    TypeError
        If it is no whole number.
    """
    seed = _whole_number("seed", seed)
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must lie between 0 and 2**32 - 1, got {seed}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that still use NumPy's global state
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def device() -> torch.device:
    """The fastest device that is there: a CUDA or Apple GPU, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def limit_threads(count: int) -> None:
    """Let PyTorch use at most `count` threads: sums come out the same on every machine with 1.

    Raises
    ------
    ValueError
        If `count` is below 1.
    TypeError
        If it is no whole number.
    """
    count = _whole_number("count", count)
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    torch.set_num_threads(count)


def _whole_number(name: str, value: int) -> int:
    """The value as Python's own int; NumPy's integers are whole numbers too."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None
