"""What crosses comes back the same and of the exact type; what is made up is refused."""

import collections
import datetime
import socket
import threading
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from benchmarks import fuzz
from course_utils.grading import wire

Point = collections.namedtuple("Point", "x y")


class Pair(NamedTuple):
    x: int
    y: int = 2


class Methodical(NamedTuple):
    x: int

    def twice(self):
        return 2 * self.x


GRID = np.arange(24.0).reshape(4, 6)
VALUES = {
    "none": None,
    "bool": True,
    "int": -7,
    "long": 2**200,
    "longest": -(2 ** (wire.MAX_BITS - 1)),
    "float": 2.5,
    "infinity": float("-inf"),
    "complex": 1 - 2j,
    "str": "größe\n",
    "bytes": b"\x00\xff",
    "list": [1, [2.0, "x"]],
    "tuple": (1, (2,), []),
    "dict": {"a": 1, (1, 2): [3], 4: None},
    "set": {1, "b"},
    "frozenset": frozenset([2]),
    "slice": slice(1, None, 2),
}
ARRAYS = {
    "C": GRID,
    "F": np.asfortranarray(GRID),
    "strided": GRID[:, ::2],
    "reversed": GRID[::-1],
    "broadcast": np.broadcast_to(1.0, (2, 3)),
    "zero-dimensional": np.array(3.0),
    "empty": np.zeros((2, 0, 3)),
    "read-only": np.frombuffer(b"12345678", np.float64),
    "big-endian": np.array([1, 2], ">i4"),
    "strings": np.array(["a", "bcd"]),
    "dates": np.array(["2026-11-21"], "M8[D]"),
    **{str(t): GRID.astype(t) for t in ("?", "u1", "i2", "i8", "f2", "f4", "c8", "c16")},
}
TENSOR = torch.arange(12.0).reshape(3, 4)
TENSORS = {
    "plain": TENSOR,
    "strided": TENSOR.T,
    "zero-dimensional": torch.tensor(3),
    "empty": torch.zeros(2, 0),
    "empty, from an array": torch.from_numpy(np.zeros(0, int)),
    "wants gradient": torch.ones(2, requires_grad=True),
    "parameter": torch.nn.Parameter(torch.ones(3)),
    **{str(t): TENSOR.to(t) for t in (torch.bool, torch.uint8, torch.int64, torch.float16,
                                      torch.bfloat16, torch.float64, torch.complex64)},
}  # fmt: skip


def refuse(value):
    raise TypeError(f"cannot cross: {value!r}")


def there(value, refer=refuse, resolve=refuse):
    packed = msgpack.unpackb(msgpack.packb(wire.pack(value, refer)))
    return wire.unpack(packed, resolve)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_plain_data_comes_back_the_same(value):
    arrived = there(value)
    assert arrived == value
    assert type(arrived) is type(value)


def test_not_a_number_comes_back():
    assert np.isnan(there(float("nan")))


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_arrays_come_back_with_dtype_layout_and_flags(array):
    arrived = there(array)
    assert type(arrived) is np.ndarray
    assert (arrived.dtype, arrived.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(arrived, array)
    assert arrived.flags.c_contiguous == array.flags.c_contiguous
    assert arrived.flags.writeable == array.flags.writeable


SHAPES = arrays_of.array_shapes(max_dims=4, min_side=0)


@given(arrays_of.arrays(st.sampled_from(["f8", "i4", "?", "c16"]), SHAPES))
def test_any_array_comes_back(array):
    np.testing.assert_array_equal(there(array.T), array.T)


@pytest.mark.parametrize("scalar", [np.float32(0.1), np.int64(3), np.bool_(True), np.complex64(1j)])
def test_scalars_keep_their_type(scalar):
    assert there(scalar) == scalar
    assert type(there(scalar)) is type(scalar)


@pytest.mark.parametrize("tensor", TENSORS.values(), ids=TENSORS)
def test_tensors_come_back_as_plain_tensors(tensor):
    arrived = there(tensor)
    assert type(arrived) is torch.Tensor
    assert arrived.dtype == tensor.dtype
    assert arrived.requires_grad == tensor.requires_grad
    assert arrived.is_contiguous() == tensor.is_contiguous()
    assert torch.equal(arrived, tensor)


def test_hundred_megabytes_arrive_whole():
    array = np.arange(100 * 2**20 // 8, dtype=np.float64)
    ours, theirs = socket.socketpair()
    data = wire.write(wire.pack(array, refuse))
    sender = threading.Thread(target=ours.sendall, args=(data,))
    sender.start()
    reader, packed = wire.Reader(1 << 28), None
    while packed is None:
        packed = reader.feed(theirs)
    sender.join()
    np.testing.assert_array_equal(wire.unpack(packed, refuse), array)


class Liar(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class OwnArray(np.ndarray):
    pass


@pytest.mark.parametrize(
    "value",
    [Liar(3), GRID.view(OwnArray), np.ma.masked_array([1.0], [True]), len,
     np.array([object()]), np.zeros(2, dtype=[("a", "i4")]), 2 ** (wire.MAX_BITS + 1),
     torch.zeros(2).to_sparse(), Methodical(2)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_everything_else_is_only_named(value):
    named = []
    there([value], lambda v: named.append(v) or ["a name"], lambda reference: tuple(reference))
    assert named[0] is value


WORDS = {"a": 1, "b": 2}
RELATED = {
    "Counter": collections.Counter("abba"),
    "OrderedDict": collections.OrderedDict(b=1, a=2),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "deque": collections.deque([1, 2], 3),
    "keys": WORDS.keys(),
    "items": WORDS.items(),
    "range": range(3, 30, 4),
    "bytearray": bytearray(b"ab"),
    "Fraction": Fraction(-2, 6),
    "Decimal": Decimal("0.10"),
    "date": datetime.date(2026, 11, 26),
    "time": datetime.time(1, 2, 3, 4),
    "datetime": datetime.datetime(2026, 11, 26, 1, tzinfo=datetime.UTC),
    "timedelta": datetime.timedelta(days=-1, microseconds=3),
    "type": int,
    "error": KeyError,
    "scalar type": np.float32,
    "dtype": np.dtype("<f4"),
    "Ellipsis": ...,
    "size": torch.zeros(2, 3).shape,
    "torch dtype": torch.float16,
    "device": torch.device("cpu"),
}


@pytest.mark.parametrize("value", RELATED.values(), ids=RELATED)
def test_relatives_of_plain_data_come_back_the_same(value):
    arrived = there(value)
    assert arrived == value
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_and_values_of_a_dict_come_back():
    arrived = there(np.matrix([[1, 2], [3, 4]]))
    assert type(arrived) is np.matrix
    assert (arrived * arrived).tolist() == [[7, 10], [15, 22]]
    assert list(there(WORDS.values())) == [1, 2]


@pytest.mark.parametrize("point", [Point(1, [2]), Pair(1)])
def test_a_named_tuple_is_made_anew_with_its_names(point):
    arrived = there(point)
    assert arrived == point
    assert (arrived.x, arrived.y) == (point.x, point.y)
    assert repr(arrived) == repr(point)
    assert type(arrived) is not type(point)
    asked = []
    back = wire.unpack(wire.pack(point, refuse), refuse, lambda *a: asked.append(a) or type(point))
    assert asked == [(type(point).__name__, ("x", "y"))]
    assert type(back) is type(point)


def test_large_dicts_and_sets_come_back():
    table = {(n, -n): n for n in range(20_000)}
    assert there(table) == table
    assert there(set(range(20_000))) == set(range(20_000))


FORGED = {
    "unknown kind": {"pickle": b"cos\nsystem\n"},
    "two kinds": {"tuple": [], "list": []},
    "too few bytes": {"array": ["<f8", [3], b"12345678", "C", True]},
    "negative shape": {"array": ["<f8", [-1], b"", "C", True]},
    "overflowing shape": {"array": ["<f8", [2**61, 2**61], b"", "C", True]},
    "true for a size": {"array": ["|u1", [True], b"1", "C", True]},
    "objects": {"array": ["|O", [1], b"12345678", "C", True]},
    "fields": {"array": ["<f8,<f8", [1], b"1" * 16, "C", True]},
    "shape is text": {"array": ["<f8", "11", b"", "C", True]},
    "no list": {"tuple": "abc"},
    "unhashable key": {"dict": [[[], 1]]},
    "no pair": {"dict": [[1]]},
    "unhashable item": {"set": [[1]]},
    "no number": {"int": "7"},
    "endless number": {"int": "0x" + "f" * 5000},
    "scalar too long": {"scalar": ["<f8", b"1" * 16]},
    "wrong tensor": {"tensor": ["float32", [2], b"1234", True, False]},
    "tensor of code": {"tensor": ["load", [1], b"1", True, False]},
    "endless decimal": {"kind": ["decimal", "1E+999999"]},
    "long fraction": {"kind": ["fraction", {"int": hex(2**5000)}, 1]},
    "division by zero": {"kind": ["fraction", 1, 0]},
    "zeros by the number": {"kind": ["bytearray", 10**12]},
    "class of another kind": {"kind": ["type", "memoryview"]},
    "import": {"kind": ["type", "os.system"]},
    "code for a name": {"kind": ["named", "P", ["x): pass"], [1]]},
    "keyword": {"kind": ["named", "P", ["def"], [1]]},
    "too few values": {"kind": ["named", "P", ["x", "y"], [1]]},
    "counter of no dict": {"kind": ["Counter", 7]},
    "factory of text": {"kind": ["defaultdict", "list", {"dict": []}]},
    "matrix of numbers": {"kind": ["matrix", 7]},
    "another device": {"kind": ["device", "cpu; import os"]},
    "private of a dict": {"kind": ["view", "clear", {"dict": []}]},
    "no kind": {"kind": []},
    "kind of a number": {"kind": [7, 7]},
    "many axes": {"array": ["|u1", [1] * 65, b"1", "C", True]},
    "timestamp": msgpack.Timestamp(1),
}


@pytest.mark.parametrize("packed", FORGED.values(), ids=FORGED)
def test_what_is_made_up_is_refused(packed):
    with pytest.raises(wire.WireError):
        wire.unpack(packed, refuse)


def test_depth_is_limited_both_ways():
    deep = []
    for _ in range(wire.MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(wire.WireError, match="deep"):
        wire.pack(deep, refuse)
    with pytest.raises(wire.WireError, match="deep"):
        wire.unpack(deep, refuse)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xff" * 8, "MB"),
        (b"\x00" * 8, "MB"),
        (b"\x00" * 7 + b"\x01\xc1", "no message"),
        (b"\x00" * 7 + b"\x02\x91\x91", "no message"),
        (b"\x00" * 7 + b"\x04" + b"\x81\x90\x90\x90", "no message"),
        (b"\x00" * 7, "closed"),
        (b"\x00" * 7 + b"\x01\xc0", "nothing"),
    ],
)
def test_a_message_that_is_none_is_refused(data, says):
    ours, theirs = socket.socketpair()
    ours.sendall(data)
    ours.close()
    reader = wire.Reader(1000)
    with pytest.raises(wire.WireError, match=says):
        [None for _ in iter(lambda: reader.feed(theirs), "never")]


def test_many_small_dicts_cross_and_one_that_collides_does_not():
    small = wire.pack([dict.fromkeys(range(300), 0)] * 200, refuse)
    assert len(wire.unpack(small, refuse)) == 200
    large = {"dict": [[{"int": hex(n * (2**61 - 1))}, 0] for n in range(wire.MAX_HASHED + 1)]}
    with pytest.raises(wire.WireError, match="items"):
        wire.unpack(large, refuse)


def test_room_is_kept_for_the_lists_that_a_value_will_stand_in():
    deep = []
    for _ in range(wire.MAX_DEPTH):
        deep = [deep]
    wire.unpack(wire.pack(deep, refuse), refuse)
    with pytest.raises(wire.WireError, match="deep"):
        wire.pack(deep, refuse, 2)


def test_of_many_hostile_messages_each_is_refused_or_plain_data():
    """`python benchmarks/fuzz.py` sends a million."""
    outcomes, _, grown = fuzz.run(20_000, seed=1)
    assert min(outcomes["refused"], outcomes["read as plain data"]) > 1000
    assert grown < fuzz.ROOM
