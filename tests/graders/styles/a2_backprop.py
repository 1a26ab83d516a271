"""Right versions of a2 whose cache is something odd. Each stands alone."""

import collections
import dataclasses
import functools
from typing import Any, NamedTuple

import numpy as np

from graders.candidates import alternative


class Cache(NamedTuple):
    positive: Any
    dtype: Any


def _floats(x):
    if x.dtype.kind != "f":
        raise ValueError("x must hold floats")


def _like(dout, shape):
    if dout.shape != tuple(shape):
        raise ValueError(f"dout must have the shape {shape}")


@alternative("relu")
class NamedCache:
    def forward(x):
        _floats(x)
        return np.maximum(x, x.dtype.type(0)), Cache(x > 0, x.dtype)

    def backward(dout, cache):
        _like(dout, cache.positive.shape)
        return (dout * cache.positive).astype(cache.dtype)


@dataclasses.dataclass
class Kept:
    positive: np.ndarray


@alternative("relu")
class DataclassCache:
    def forward(x):
        _floats(x)
        return np.where(x > 0, x, 0).astype(x.dtype), Kept(positive=x > 0)

    def backward(dout, cache):
        _like(dout, cache.positive.shape)
        return np.where(cache.positive, dout, 0).astype(dout.dtype)


@alternative("relu")
class ClosureCache:
    """The cache is the way back itself."""

    def forward(x):
        _floats(x)
        gate = x > 0

        def back(dout):
            _like(dout, gate.shape)
            return dout * gate

        return x * gate, back

    def backward(dout, cache):
        return cache(dout)


def _gate(gate, dout):
    _like(dout, gate.shape)
    return dout * gate


@alternative("relu")
class PartialCache:
    def forward(x):
        _floats(x)
        return x * (x > 0), functools.partial(_gate, x > 0)

    def backward(dout, cache):
        return cache(dout)


@alternative("relu")
class OrderedCache:
    def forward(x):
        _floats(x)
        return x.clip(min=0), collections.OrderedDict(gate=np.sign(x.clip(min=0)))

    def backward(dout, cache):
        _like(dout, cache["gate"].shape)
        return dout * cache["gate"]


@alternative("relu")
class IteratorCache:
    """The cache can be read as often as asked, though it is made by a generator each time."""

    def forward(x):
        _floats(x)
        gate = x > 0

        class Again:
            def __iter__(self):
                yield gate

        return x * gate, Again()

    def backward(dout, cache):
        (gate,) = cache
        _like(dout, gate.shape)
        return dout * gate


@alternative("global_avg_pool")
class ListOfTwo:
    """Results as a list, sizes as NumPy's numbers."""

    def forward(x):
        if x.ndim != 4 or len(x) == 0:
            raise ValueError("x must be a batch (N, C, H, W)")
        _floats(x)
        return [x.mean(axis=(2, 3)), np.array(x.shape)]

    def backward(dout, cache):
        _like(dout, cache[:2])
        share = dout / dout.dtype.type(np.prod(cache[2:]))
        return np.broadcast_to(share[:, :, None, None], tuple(cache)).copy()
