"""Right versions of a1 in odd styles. Each stands alone."""

import functools
import itertools
from collections import OrderedDict, namedtuple

import numpy as np

from graders.candidates import alternative

Layer = namedtuple("Layer", "n kernel_size stride padding dilation")


def demands(**least):
    """A decorator that looks at arguments by name."""

    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            given = {
                **(function.__kwdefaults__ or {}),
                **dict(zip(names, args, strict=False)),
                **kwargs,
            }
            for name, low in least.items():
                value = given.get(name, low)
                for each in value if isinstance(value, tuple) else (value,):
                    if each < low:
                        raise ValueError(f"{name} must be at least {low}, got {each}")
            return function(*args, **kwargs)

        return wrapped

    return decorate


@alternative("conv_output_size")
@demands(n=1, kernel_size=1, stride=1, padding=0, dilation=1)
def decorated_with_a_namedtuple(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    layer = Layer(n, kernel_size, stride, padding, dilation)
    way = layer.n + 2 * layer.padding - layer.dilation * (layer.kernel_size - 1) - 1
    if way < 0:
        raise ValueError("the kernel does not fit")
    if strict and way % layer.stride:
        raise ValueError("the stride does not divide the way")
    return np.int32(way // layer.stride + 1)


def _counts():
    """A closure over a table of names."""
    names = OrderedDict(in_channels=1, out_channels=1)

    def count(in_channels, out_channels, kernel_size, *, bias=True):
        for (name, least), value in zip(names.items(), (in_channels, out_channels), strict=True):
            if value < least:
                raise ValueError(f"{name} must be at least {least}")
        pair = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
        if min(pair) < 1:
            raise ValueError("kernel_size must be at least 1")
        return np.int64(np.prod([in_channels, out_channels, *pair]) + bool(bias) * out_channels)

    return count


@alternative("conv_param_count")
def numpy_scalars_from_a_closure(in_channels, out_channels, kernel_size, *, bias=True):
    return _counts()(in_channels, out_channels, kernel_size, bias=bias)


@alternative("correlate2d")
def a_generator_of_sums(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2:
        raise ValueError("image must have two axes")
    if kernel.ndim != 2:
        raise ValueError("kernel must have two axes")
    strides = stride if isinstance(stride, tuple) else (stride, stride)
    for name, value, least in [("stride", min(strides), 1), ("padding", padding, 0),
                               ("dilation", dilation, 1)]:  # fmt: skip
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    roomy = np.zeros([n + 2 * padding for n in image.shape], image.dtype)
    roomy[padding : padding + image.shape[0], padding : padding + image.shape[1]] = image
    sizes = [(n - dilation * (k - 1) - 1) // s + 1 for n, k, s in
             zip(roomy.shape, kernel.shape, strides, strict=True)]  # fmt: skip
    if min(sizes) < 1:
        raise ValueError("the kernel does not fit into the image")

    def sums():
        for r, c in itertools.product(*map(range, sizes)):
            yield sum(
                kernel[i, j] * roomy[r * strides[0] + i * dilation, c * strides[1] + j * dilation]
                for i, j in np.ndindex(kernel.shape)
            )

    return np.fromiter(sums(), image.dtype, np.prod(sizes)).reshape(sizes)


@alternative("mean_kernel")
class CalledLikeAFunction:
    """Calling the class gives the kernel."""

    def __new__(cls, k):
        if k < 1:
            raise ValueError("k must be at least 1")
        return np.full((k, k), np.float64(1) / np.int64(k) ** 2)


@functools.lru_cache
def _bell(k, sigma):
    along = np.arange(k) - k // 2
    weights = np.exp(-(along[:, None] ** 2 + along**2) / (2 * sigma**2))
    return weights / weights.sum()


@alternative("gaussian_kernel")
def remembered(k, sigma):
    if k < 1 or k % 2 == 0:
        raise ValueError("k must be odd")
    if not sigma > 0:
        raise ValueError("sigma must be above 0")
    return _bell(k, sigma).copy()
