"""Right versions of a4 in odd styles. Each stands alone."""

import functools
import itertools
from collections import namedtuple

import numpy as np

from graders.candidates import alternative

Field = namedtuple("Field", "size stride start")
NAMES = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}


def _checked(layers):
    for layer in layers:
        if len(layer) != 4:
            raise ValueError("a layer is four numbers")
        for (name, least), value in zip(NAMES.items(), layer, strict=True):
            if value < least:
                raise ValueError(f"{name} must be at least {least}")
        yield layer


@alternative("receptive_field")
def a_namedtuple_by_reduce(layers):
    def grow(field, layer):
        k, s, p, d = layer
        return Field(
            field.size + d * (k - 1) * field.stride,
            field.stride * s,
            field.start - p * field.stride,
        )

    return functools.reduce(grow, _checked(layers), Field(1, 1, 0))


@alternative("receptive_field")
def numpy_scalars(layers):
    table = np.array(list(_checked(layers)), dtype=np.int64).reshape(-1, 4)
    jumps = np.cumprod(np.concatenate([[1], table[:, 1]]))
    size = 1 + (table[:, 3] * (table[:, 0] - 1) * jumps[:-1]).sum()
    return [size, jumps[-1], -(table[:, 2] * jumps[:-1]).sum()]


@alternative("receptive_field")
def accumulated(layers):
    layers = list(_checked(layers))
    jumps = list(itertools.accumulate((s for _, s, _, _ in layers), lambda a, b: a * b, initial=1))
    size = 1 + sum(d * (k - 1) * j for (k, _, _, d), j in zip(layers, jumps, strict=False))
    return size, jumps[-1], -sum(p * j for (_, _, p, _), j in zip(layers, jumps, strict=False))
