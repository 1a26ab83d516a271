"""What the candidate can be asked to do, beside telling what it has and trying cases.

This runs in the sandbox, with the student's code: see `inside`.
"""

import copy
import importlib
import inspect
import operator
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ipykernel.kernelapp import IPKernelApp

from course_utils.grading.kinds import PLAIN

MAX_FILE = 5_000_000  # bytes of one that the student's code has written
_MISSING = object()
_before: dict[str, Any] = {}  # names of the notebook that a test has set
_patched: list[tuple[Any, str, Any]] = []  # what a test has replaced
_stamps: dict[str, tuple] = {}  # files as they were told


def origin(value: Any) -> str:
    """What to call a thing whose type is a library's, or derives from plain data; else empty."""
    kind = type(value)
    if kind.__module__ in ("builtins", "types", "typing"):
        return ""
    if kind.__module__ != "__main__":
        return f"{kind.__module__}.{kind.__qualname__}"
    numpy = sys.modules.get("numpy")
    plain = (*PLAIN, numpy.ndarray) if numpy else PLAIN
    base = next((base for base in kind.__mro__ if base in plain), None)
    return f"{kind.__qualname__}, a kind of {base.__name__}" if base else ""


def _next(iterator: Iterator) -> list:
    """The next item in a list; an empty list at the end, since StopIteration means other things."""
    return [item for _, item in zip(range(1), iterator, strict=False)]


def _change(thing: Callable, *args: Any, **kwargs: Any) -> list:
    """What a call gives, and its arguments as they are afterwards."""
    return [thing(*args, **kwargs), list(args), kwargs]


def _define(_: None, name: str, value: Any) -> None:
    """Set a global name of the notebook, until `_restore`."""
    names = IPKernelApp.instance().shell.user_ns
    _before.setdefault(name, names.get(name, _MISSING))
    names[name] = value


def _undefine(_: None, name: str) -> None:
    names = IPKernelApp.instance().shell.user_ns
    _before.setdefault(name, names.get(name, _MISSING))
    names.pop(name, None)


def _restore(_: None) -> None:
    """Have the names again that the notebook had before the test."""
    names = IPKernelApp.instance().shell.user_ns
    while _before:
        name, value = _before.popitem()
        names.pop(name, None)
        if value is not _MISSING:
            names[name] = value
    while _patched:
        _unpatch(None)


def _patch(_: None, where: str, attribute: str, value: Any) -> None:
    place = sys.modules.get(where) or importlib.import_module(where)
    _patched.append((place, attribute, getattr(place, attribute, _MISSING)))
    setattr(place, attribute, value)


def _unpatch(_: None) -> None:
    place, attribute, value = _patched.pop()
    if value is _MISSING:
        delattr(place, attribute)
    else:
        setattr(place, attribute, value)


def _seed(_: None, where: str, attribute: str, *args: Any, **kwargs: Any) -> None:
    """Seed a library's generator of random numbers, if the notebook uses it."""
    if where.partition(".")[0] in sys.modules:
        getattr(importlib.import_module(where), attribute)(*args, **kwargs)


def _parameters(thing: Callable) -> list:
    """Of each parameter its name, its kind, and its default value in a list."""
    return [
        [p.name, p.kind.name, [] if p.default is p.empty else [p.default]]
        for p in inspect.signature(thing).parameters.values()
    ]


def _bases(thing: Any) -> list:
    """Names of what a class of errors derives from, itself first; none of anything else."""
    is_error = isinstance(thing, type) and issubclass(thing, BaseException)
    return [base.__name__ for base in thing.__mro__] if is_error else []


def _read_file(_: None, name: str) -> bytes | None:
    """A file that is new, or changed since it was last asked for."""
    path = Path(name)
    if not path.is_file() or path.stat().st_size > MAX_FILE:
        return None
    about = path.stat().st_mtime_ns, path.stat().st_size
    if _stamps.get(name) == about:
        return None
    _stamps[name] = about
    return path.read_bytes()


def _write_file(_: None, name: str, data: bytes) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    _stamps[name] = path.stat().st_mtime_ns, path.stat().st_size


DEEDS = {
    "call": lambda thing, *args, **kwargs: thing(*args, **kwargs),
    "change": _change,
    "get": getattr,
    "set": setattr,
    "delete": delattr,
    "get item": lambda thing, key: thing[key],
    "set item": lambda thing, key, value: thing.__setitem__(key, value),
    "delete item": lambda thing, key: thing.__delitem__(key),
    "has item": lambda thing, key: key in thing,
    "length": len,
    "truth": bool,
    "hash": hash,
    "repr": repr,
    "str": str,
    "iterate": iter,
    "next": _next,
    "enter": lambda thing: type(thing).__enter__(thing),
    "exit": lambda thing: type(thing).__exit__(thing, None, None, None),
    "operate": lambda thing, name, *others: getattr(operator, name)(thing, *others),
    "operate on": lambda thing, name, other: getattr(operator, name)(other, thing),
    "instance": lambda _, thing, kinds: isinstance(thing, kinds),
    "subclass": lambda _, kind, of: issubclass(kind, of),
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "parameters": _parameters,
    "bases": _bases,
    "define": _define,
    "undefine": _undefine,
    "restore": _restore,
    "patch": _patch,
    "unpatch": _unpatch,
    "seed": _seed,
    "read file": _read_file,
    "write file": _write_file,
}
