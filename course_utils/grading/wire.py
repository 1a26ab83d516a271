"""What may cross between examiner and candidate: plain data and arrays by value, the rest by name.

Both sides use this module. The examiner reads what hostile code may have written: msgpack is parsed
without pickle, every array is measured before it is made, and what arrives has an exact type.
"""

import itertools
import re
import socket
import struct
from collections.abc import Callable, Iterable
from typing import Any

import msgpack
import numpy as np

from course_utils.grading import kinds

MAX_DEPTH = 40  # of lists in lists
MAX_PARTS = 1_000_000  # of all lists of a message together; an array is one part
MAX_HASHED = 10_000  # of one hash: keys can be chosen so that each finds all others
MAX_BITS = 14_000  # of a whole number: Python prints no longer ones
_LENGTH = struct.Struct("!Q")


class WireError(Exception):
    """A message that is none: torn, too large, too deep, or made up."""


def pack(value: Any, refer: Callable[[Any], list], depth: int = 0) -> Any:
    """Turn a value into what msgpack can write.

    Parameters
    ----------
    value
        Anything. None, bool, int, float, complex, str, bytes, tuple, list, dict, set, slice,
        NumPy arrays and scalars, torch tensors and the types of `kinds` go by value; only exact
        types, since a subclass may behave in any way.
    refer
        Called with everything else; returns the list of plain data that names it.
    depth
        Of the lists that it will stand in.
    """
    return _pack(value, refer, depth)


def unpack(
    packed: Any,
    resolve: Callable[[list], Any],
    named: Callable[[str, tuple], type] = kinds.named_tuple,
) -> Any:
    """Turn back what `pack` made.

    Parameters
    ----------
    packed
        As read from msgpack.
    resolve
        Called with what `refer` returned on the other side, which may be anything.
    named
        Called with the name and the fields of a named tuple; returns its class.

    Raises
    ------
    WireError
        If this is nothing that `pack` makes.
    """
    try:
        return _Unpacker(resolve, named).unpack(packed, 0)
    except (
        TypeError,
        ValueError,
        AttributeError,
        LookupError,
        ArithmeticError,
        MemoryError,
        RuntimeError,
        SystemError,
    ) as error:  # what NumPy and torch raise about nonsense
        raise WireError(f"{type(error).__name__}: {error}") from None


def _pack(value: Any, refer: Callable, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if depth > MAX_DEPTH:
        raise WireError(f"lists within lists, more than {MAX_DEPTH} deep")
    if kind is int and -(2**63) <= value < 2**63:
        return value
    if kind is int and value.bit_length() <= MAX_BITS:
        return {"int": hex(value)}

    def parts(items: Iterable) -> list:
        return [_pack(item, refer, depth + 1) for item in items]

    if kind is list:
        return parts(value)
    if kind is tuple:
        return {"tuple": parts(value)}
    if kind is dict:
        return {"dict": [parts(pair) for pair in dict.items(value)]}
    if kind in (set, frozenset):
        return {kind.__name__: parts(value)}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    if kind is slice:
        return {"slice": parts((value.start, value.stop, value.step))}
    if kind is np.ndarray and kinds.DTYPE.fullmatch(value.dtype.str):
        return {"array": _pack_array(value)}
    if isinstance(value, np.generic) and kinds.DTYPE.fullmatch(value.dtype.str):
        return {"scalar": [value.dtype.str, value.tobytes()]}
    if kind.__module__.startswith("torch") and (tensor := _pack_tensor(value)) is not None:
        return {"tensor": tensor}
    if (apart := kinds.split(value)) is not None:
        name, made_of = apart
        return {"kind": [name, *parts(made_of)]}
    return {"other": refer(value)}


def _pack_array(array: np.ndarray) -> list:
    """Dtype, shape, bytes, layout (C, F or S for neither) and whether it may be written."""
    layout = "C" if array.flags.c_contiguous else "F" if array.flags.f_contiguous else "S"
    data = array.tobytes("F" if layout == "F" else "C")
    return [array.dtype.str, list(array.shape), data, layout, bool(array.flags.writeable)]


def _pack_tensor(tensor: Any) -> list | None:
    import torch

    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.layout != torch.strided:
        return None
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in kinds.TORCH_DTYPES or tensor.device.type == "meta":
        return None
    plain = tensor.detach().cpu().resolve_conj().resolve_neg()
    flat = plain.contiguous().reshape(-1)
    data = flat.view(torch.uint8).numpy().tobytes() if len(flat) else b""  # its stride may be 0
    return [dtype, list(tensor.shape), data, plain.is_contiguous(), tensor.requires_grad]


class _Unpacker:
    """Turns back one message, and counts its parts: hostile ones can have very many."""

    def __init__(self, resolve: Callable[[list], Any], named: Callable) -> None:
        self.resolve, self.named = resolve, named
        self.left, self.hashed = MAX_PARTS, MAX_HASHED**2

    def unpack(self, packed: Any, depth: int) -> Any:
        kind = type(packed)
        if packed is None or kind in (bool, int, float, str, bytes):
            return packed
        if depth > MAX_DEPTH:
            raise WireError(f"lists within lists, more than {MAX_DEPTH} deep")
        if kind is list:
            return self._parts(packed, depth)
        if kind is not dict or len(packed) != 1:
            raise WireError(f"unexpected {kind.__name__}")
        ((tag, content),) = packed.items()
        if tag == "int":
            if not re.fullmatch(r"-?0x[0-9a-f]{1,3500}", content):
                raise WireError("no whole number")
            return int(content, 16)
        if tag in _CONTAINERS:
            parts = self._parts(content, depth)
            if "set" in tag:
                self._hash(parts)
            return _CONTAINERS[tag](parts)
        if tag == "dict":
            pairs = [self._parts(pair, depth) for pair in content]
            self._hash(key for key, _ in pairs)
            return dict(pairs)
        if tag == "kind":
            name, *parts = self._parts(content, depth)
            return kinds.join(name, parts, self.named)
        if tag == "array":
            return _unpack_array(*content)
        if tag == "scalar":
            dtype, data = content
            return np.frombuffer(_checked(data, (), dtype), kinds.dtype(dtype))[0]
        if tag == "tensor":
            return _unpack_tensor(*content)
        if tag == "other":
            return self.resolve(content)
        raise WireError(f"unknown kind {str(tag)[:40]!r}")

    def _hash(self, keys: Iterable) -> None:
        """Refuse keys that would be compared each with each, since they share a hash.

        Of different hashes that begin alike a dict finds a free place after a few looks.
        """
        keys, sized = (
            list(keys),
            (tuple, frozenset),
        )  # to compare two of them takes as long as they are
        longest = max((len(key) for key in keys if isinstance(key, sized)), default=1)
        for _, same in itertools.groupby(sorted(map(hash, keys))):
            count = len(list(same))
            self.hashed -= count**2 * longest if count > 1 else 0
        if self.hashed < 0:
            raise WireError(f"dicts and sets with more than {MAX_HASHED} items of one hash")

    def _parts(self, items: Any, depth: int) -> list:
        if type(items) is not list:
            raise WireError("expected a list")
        self.left -= len(items) + 1
        if self.left < 0:
            raise WireError(f"more than {MAX_PARTS} parts")
        return [self.unpack(item, depth + 1) for item in items]


_CONTAINERS = {
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "slice": lambda parts: slice(*parts),
    "complex": lambda parts: complex(*map(float, parts)),
}


def _checked(data: Any, shape: Any, dtype: Any) -> bytes:
    """The bytes, if they are as many as shape and dtype need."""
    count = 1
    for size in shape:
        if type(size) is not int or not 0 <= size < 2**62:
            raise WireError("no shape")
        count *= size
    if (
        type(data) is not bytes
        or count * kinds.dtype(dtype).itemsize != len(data)
        or len(shape) > 32
    ):
        raise WireError("an array with the wrong number of bytes")
    return data


def _unpack_array(dtype: Any, shape: Any, data: Any, layout: Any, writeable: Any) -> np.ndarray:
    flat = np.frombuffer(_checked(data, shape, dtype), kinds.dtype(dtype))
    array = flat.reshape(shape[::-1]).T if layout == "F" else flat.reshape(shape)
    array = array.copy("K")
    if layout == "S" and shape:
        roomy = np.zeros((*shape[:-1], 2 * shape[-1]), array.dtype)
        roomy[..., ::2] = array
        array = roomy[..., ::2]
    array.flags.writeable = writeable is True
    return array


def _unpack_tensor(dtype: Any, shape: Any, data: Any, contiguous: Any, grad: Any) -> Any:
    import torch

    kind = kinds.torch_dtype(dtype)
    _checked(data, [*shape, kind.itemsize], "|u1")
    flat = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0).byte()
    tensor = flat.view(kind).reshape(shape)
    if contiguous is False and shape:
        roomy = torch.zeros(*shape[:-1], 2 * shape[-1], dtype=kind)
        roomy[..., ::2] = tensor
        tensor = roomy[..., ::2]
    return tensor.requires_grad_(grad is True and (kind.is_floating_point or kind.is_complex))


def write(message: Any) -> bytes:
    """A message as bytes, with its length in front."""
    data = msgpack.packb(message, use_bin_type=True)
    return _LENGTH.pack(len(data)) + data


class Reader:
    """Collects bytes until a whole message is there.

    Parameters
    ----------
    limit
        The largest message that is accepted, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0  # bytes of all messages
        self.buffer = bytearray()
        self.wanted = None  # bytes of the message under way

    def feed(self, connection: socket.socket) -> Any | None:
        """Read what is there; the message once it is whole, else None.

        Never waits if the socket does not.

        Raises
        ------
        WireError
            If the other side has closed, announces a message over the limit, or sends none.
        BlockingIOError
            If nothing is there.
        """
        missing = _LENGTH.size if self.wanted is None else self.wanted
        data = connection.recv(min(missing - len(self.buffer), 1 << 20))
        if not data:
            raise WireError("the connection is closed")
        self.buffer += data
        self.total += len(data)
        if self.wanted is None:
            if len(self.buffer) < _LENGTH.size:
                return None
            (self.wanted,) = _LENGTH.unpack(self.buffer)
            self.buffer = bytearray()
            if not 0 < self.wanted <= self.limit:
                raise WireError(
                    f"a message of {self.wanted / 1e6:.0f} MB, at most {self.limit / 1e6:.0f} fit"
                )
        if len(self.buffer) < self.wanted:
            return None
        data, self.buffer, self.wanted = bytes(self.buffer), bytearray(), None
        try:
            message = msgpack.unpackb(data, max_array_len=MAX_PARTS, max_map_len=100)
        except (ValueError, msgpack.exceptions.UnpackException, MemoryError) as error:
            raise WireError(f"no message: {type(error).__name__}") from None
        if message is None:
            raise WireError("no message: nothing")
        return message
