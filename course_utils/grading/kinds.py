"""The types beside the plainest ones that cross by value: of each, the data that it is made of.

All are exact types of Python's, NumPy's or torch's own library, made anew on arrival. A named
tuple arrives as one of the same names that is made here; the student's own class never crosses.
"""

import builtins
import collections
import datetime
import functools
import re
import types
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

PLAIN = bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset
MAX_FRACTION = 4000  # bits of its two numbers: making one looks for common divisors
MAX_DECIMAL = 4000  # digits, and the exponent: a larger one is soon an endless whole number
MAX_FIELDS = 100  # of a named tuple
DTYPE = re.compile(r"[<>|=][biufcSU]\d{1,9}|[<>]?[mM]8(\[\w{1,8}\])?")
TORCH_DTYPES = {"bool", "uint8", "int8", "int16", "int32", "int64", "complex64", "complex128"}
TORCH_DTYPES |= {"float16", "bfloat16", "float32", "float64"}
_DEVICE = re.compile(r"[a-z]{2,8}(:\d{1,3})?")
_EMPTY: dict = {}
_TYPES = {kind.__name__: kind for kind in (
    bool, int, float, complex, str, bytes, bytearray, tuple, list, dict, set, frozenset, range,
    slice, object, type, Fraction, Decimal, collections.Counter, collections.OrderedDict,
    collections.defaultdict, collections.deque, np.ndarray)}  # fmt: skip
_TYPES |= {kind.__name__: kind for kind in vars(builtins).values()
           if isinstance(kind, type) and issubclass(kind, BaseException)}  # fmt: skip
_TYPES["NoneType"] = type(None)
_SINGLE = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}
_ISO = {"date": datetime.date, "time": datetime.time, "datetime": datetime.datetime}
_INHERITED = {*dir(collections.namedtuple("Any", "")), "__annotations__", "__orig_bases__",
              "__dict__", "__weakref__"}  # fmt: skip


def dtype(text: Any) -> np.dtype:
    """A dtype of NumPy that holds no objects.

    Raises
    ------
    ValueError
        For anything else.
    """
    if type(text) is not str or not DTYPE.fullmatch(text):
        raise ValueError(f"no dtype: {str(text)[:40]!r}")
    return np.dtype(text)


def torch_dtype(name: Any) -> Any:
    """A dtype of torch, by its name.

    Raises
    ------
    ValueError
        For anything else.
    """
    import torch

    if type(name) is not str or name not in TORCH_DTYPES:
        raise ValueError("no dtype of torch")
    return getattr(torch, name)


def split(value: Any) -> tuple[str, list] | None:
    """The name of a type and the data that a value of it is made of; None for any other type."""
    kind = type(value)
    if kind in _SPLIT:
        name, parts = _SPLIT[kind]
        told = parts(value)
        return None if told is None else (name, told)
    if isinstance(value, tuple) and is_named_tuple(kind):
        return "named", [kind.__name__, kind._fields, list(tuple.__iter__(value))]
    if isinstance(value, np.dtype) and DTYPE.fullmatch(value.str):
        return "dtype", [value.str]
    if kind is type:
        return _split_type(value)
    if kind.__module__.startswith("torch"):
        return _split_of_torch(value)
    return None


def join(name: Any, parts: list, named: Callable[[str, tuple], type]) -> Any:
    """The value that `split` took apart.

    Raises
    ------
    Exception
        Of many types, for what `split` does not give.
    """
    if name == "named":
        title, fields, values = parts
        if len(fields) > MAX_FIELDS or any(type(f) is not str or len(f) > 80 for f in fields):
            raise ValueError("no named tuple")
        kind = named(title, tuple(fields))
        if type(values) is not list or len(values) != len(fields):
            raise ValueError("no named tuple")
        return tuple.__new__(kind, values)
    return _JOIN[name](*parts)


def is_named_tuple(kind: type) -> bool:
    """Whether it is made of names alone: methods of its own would be lost."""
    fields = getattr(kind, "_fields", None)
    if type(fields) is not tuple or kind.__mro__[-2:] != (tuple, object):
        return False
    own = set().union(*(vars(each) for each in kind.__mro__[:-2]))
    return not own - _INHERITED - set(fields)


@functools.lru_cache(maxsize=1000)
def named_tuple(title: str, fields: tuple[str, ...]) -> type:
    """A class of named tuples, made here.

    Raises
    ------
    ValueError
        For what is no name.
    """
    if type(title) is not str or len(title) > 80:
        raise ValueError("no name")
    return collections.namedtuple(title, fields)


def _split_type(value: type) -> tuple[str, list] | None:
    if _TYPES.get(value.__name__) is value:
        return "type", [value.__name__]
    if issubclass(value, np.generic):
        try:
            text = np.dtype(value).str
        except TypeError:  # an abstract one, such as np.floating
            return None
        if DTYPE.fullmatch(text) and np.dtype(text).type is value:
            return "scalar type", [text]
    return None


def _split_of_torch(value: Any) -> tuple[str, list] | None:
    import torch

    if isinstance(value, torch.dtype):
        name = str(value).removeprefix("torch.")
        return ("torch dtype", [name]) if name in TORCH_DTYPES else None
    if isinstance(value, torch.device):
        return "device", [str(value)]
    if isinstance(value, torch.Size):
        return "size", list(tuple.__iter__(value))
    return None


def _naive(value: Any) -> list | None:
    zone = getattr(value, "tzinfo", None)
    return [value.isoformat()] if zone is None or type(zone) is datetime.timezone else None


def _join_fraction(above: int, below: int) -> Fraction:
    if not all(type(n) is int and n.bit_length() <= MAX_FRACTION for n in (above, below)):
        raise ValueError("no fraction")
    return Fraction(above, below)


def _join_decimal(text: str) -> Decimal:
    if type(text) is not str or len(text) > MAX_DECIMAL + 20:
        raise ValueError("no decimal number")
    made = Decimal(text)
    if made.is_finite() and abs(made.adjusted()) > MAX_DECIMAL:
        raise ValueError("an endless decimal number")
    return made


def _join_range(*parts: int) -> range:
    if not all(type(part) is int for part in parts):
        raise ValueError("no range")
    return range(*parts)


def _join_bytearray(data: bytes) -> bytearray:
    if type(data) is not bytes:  # of a number it would make as many zeros
        raise ValueError("no bytes")
    return bytearray(data)


def _join_deque(items: list, longest: int | None) -> collections.deque:
    return collections.deque(items, longest)


def _join_device(text: str) -> Any:
    import torch

    if type(text) is not str or not _DEVICE.fullmatch(text):
        raise ValueError("no device")
    return torch.device(text)


def _join_size(*parts: int) -> Any:
    import torch

    if not all(type(part) is int for part in parts):
        raise ValueError("no size")
    return torch.Size(parts)


def _join_iso(kind: str, text: str) -> Any:
    return _ISO[kind].fromisoformat(text)


def _join_view(kind: str, of: dict) -> Any:
    if type(of) is not dict:
        raise ValueError("no dict")
    return {"keys": of.keys, "values": of.values, "items": of.items}[kind]()


def _join_counter(of: dict) -> collections.Counter:
    if type(of) is not dict:
        raise ValueError("no dict")
    made = collections.Counter()
    dict.update(made, of)
    return made


def _join_default(factory: Any, of: dict) -> collections.defaultdict:
    if type(of) is not dict:
        raise ValueError("no dict")
    return collections.defaultdict(factory, of)


def _join_ordered(of: dict) -> collections.OrderedDict:
    if type(of) is not dict:
        raise ValueError("no dict")
    return collections.OrderedDict(of)


def _join_matrix(of: np.ndarray) -> np.matrix:
    if type(of) is not np.ndarray or of.ndim != 2:
        raise ValueError("no matrix")
    return of.view(np.matrix)


def _join_type(name: str) -> type:
    return _TYPES[name]


def _plain(value: Any) -> dict:
    return dict(dict.items(value))


_SPLIT: dict[type, tuple[str, Callable[[Any], list | None]]] = {
    range: ("range", lambda v: [v.start, v.stop, v.step]),
    bytearray: ("bytearray", lambda v: [bytes(v)]),
    Fraction: ("fraction", lambda v: [v.numerator, v.denominator]),
    Decimal: ("decimal", lambda v: [str(v)]),
    datetime.date: ("date", _naive),
    datetime.time: ("time", _naive),
    datetime.datetime: ("datetime", _naive),
    datetime.timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds]),
    collections.deque: ("deque", lambda v: [list(v), v.maxlen]),
    collections.Counter: ("Counter", lambda v: [_plain(v)]),
    collections.OrderedDict: ("OrderedDict", lambda v: [_plain(v)]),
    collections.defaultdict: ("defaultdict", lambda v: [v.default_factory, _plain(v)]),
    np.matrix: ("matrix", lambda v: [np.asarray(v)]),
    types.EllipsisType: ("single", lambda v: ["Ellipsis"]),
    types.NotImplementedType: ("single", lambda v: ["NotImplemented"]),
    type(_EMPTY.keys()): ("view", lambda v: ["keys", dict.fromkeys(v)]),
    type(_EMPTY.values()): ("view", lambda v: ["values", dict(enumerate(v))]),
    type(_EMPTY.items()): ("view", lambda v: ["items", dict(v)]),
}

_JOIN: dict[str, Callable] = {
    "range": _join_range,
    "bytearray": _join_bytearray,
    "fraction": _join_fraction,
    "decimal": _join_decimal,
    "date": functools.partial(_join_iso, "date"),
    "time": functools.partial(_join_iso, "time"),
    "datetime": functools.partial(_join_iso, "datetime"),
    "timedelta": datetime.timedelta,
    "deque": _join_deque,
    "Counter": _join_counter,
    "OrderedDict": _join_ordered,
    "defaultdict": _join_default,
    "matrix": _join_matrix,
    "single": _SINGLE.__getitem__,
    "view": _join_view,
    "dtype": dtype,
    "type": _join_type,
    "scalar type": lambda text: dtype(text).type,
    "torch dtype": torch_dtype,
    "device": _join_device,
    "size": _join_size,
}
