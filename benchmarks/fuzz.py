"""A million hostile messages for the examiner's reader: no crash, no hang, nothing but plain data.

    python benchmarks/fuzz.py                     # a million, by a seed
    python benchmarks/fuzz.py --count 20000 --seed 7

Half of them are valid messages with some bytes changed, cut out, doubled or joined; half are made
anew from the words of the protocol, with contents that do not belong to them. Each goes the way of
an answer: as bytes through `wire.Reader`, then `wire.unpack`. It must be refused with `WireError`,
or give exact plain types; what takes longest, and how much memory is gone, is printed.
"""

import argparse
import collections
import contextlib
import random
import resource
import socket
import struct
import sys
import time

import msgpack
import numpy as np
import torch

from course_utils.grading import kinds, wire

LIMIT = 1 << 20  # bytes of a message
SLOW = 1.0  # seconds that none may take
ROOM = 512 << 20  # bytes that the process may grow by
PLAIN = {type(None), bool, int, float, complex, str, bytes, tuple, list, dict, set, frozenset,
         slice, np.ndarray, torch.Tensor}  # fmt: skip
TAGS = ["int", "tuple", "set", "frozenset", "slice", "complex", "dict", "kind", "array", "scalar",
        "tensor", "other", "", "list", "pickled"]  # fmt: skip
ODD = [None, True, 0, -1, 2**63 - 1, -(2**63), 1e308, float("nan"), float("inf"), "", "a" * 300,
       b"", b"\0" * 64, "0x1", "-0xfff", "<f8", "|O", "|V8", "<U4", "float32", "C", "F", "S",
       "named", *kinds._JOIN]  # fmt: skip
SEEDS = [
    None, 1, -(2**70), 1.5, "text", b"bytes", [1, [2, (3, {"a": 1})]], {1, 2}, slice(1, None, 2),
    np.arange(6.0).reshape(2, 3), np.float32(2), np.array(True), torch.ones(2, 2), 1 + 2j,
    {"k": [np.zeros((0, 3)), torch.zeros(3, dtype=torch.int64)]}, range(3),
    collections.Counter("ab"),
]  # fmt: skip


def made_up(rng: random.Random, depth: int = 0) -> object:
    """A packed value from the protocol's words, most of them wrong."""
    roll = rng.random()
    if depth > 5 or roll < 0.35:
        return rng.choice(ODD)
    if roll < 0.6:
        return [made_up(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {rng.choice(TAGS): made_up(rng, depth + 1) for _ in range(rng.choice([1, 1, 1, 2]))}


def changed(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """A valid message with a few faults."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(data) + 1)
        roll = rng.randrange(5)
        if roll == 0 and data:
            data[at % len(data)] = rng.randrange(256)
        elif roll == 1:
            del data[at : at + rng.randrange(9)]
        elif roll == 2:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(9)))
        elif roll == 3:
            data[at:at] = other[rng.randrange(len(other)) :][: rng.randrange(33)]
        else:
            data[at:at] = data[: rng.randrange(33)]
    return bytes(data[:LIMIT])


def check(value: object) -> None:
    """Refuse what is no plain data, at any depth."""
    kind = type(value)
    if kind in PLAIN or isinstance(value, np.generic):
        parts = [*value, *value.values()] if kind is dict else value if kind in (
            list, tuple, set, frozenset) else ()  # fmt: skip
        for part in parts:
            check(part)
    elif kinds.split(value) is None:
        raise AssertionError(f"a {kind.__module__}.{kind.__name__} came out")


def run(count: int, seed: int) -> tuple[collections.Counter, tuple[float, bytes], int]:
    """Read so many messages.

    Returns
    -------
    outcomes, slowest, grown
        How many were refused and read; seconds and beginning of the slowest; bytes of memory more.

    Raises
    ------
    AssertionError
        If something that is no plain data comes out.
    Exception
        Whatever else the reader raises but `WireError`.
    """
    rng, outcomes = random.Random(seed), collections.Counter()
    valid = [msgpack.packb(wire.pack(v, lambda _: ["other"]), use_bin_type=True) for v in SEEDS]
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    before, slowest = _memory(), (0.0, b"")
    with ours, theirs:
        for number in range(count):
            if number % 2:
                data = changed(rng, rng.choice(valid), rng.choice(valid))
            else:
                data = msgpack.packb(made_up(rng), use_bin_type=True)
            start = time.perf_counter()
            try:
                outcomes[read(ours, theirs, data)] += 1
            except Exception as error:
                error.add_note(f"by {data[:400]!r}")
                raise
            slowest = max(slowest, (time.perf_counter() - start, data[:80]))
    return outcomes, slowest, _memory() - before


def main() -> None:
    """Make, send, read, and tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    began = time.perf_counter()
    outcomes, slowest, grown = run(arguments.count, arguments.seed)
    told = ", ".join(f"{n} {what}" for what, n in outcomes.most_common())
    print(f"{arguments.count} messages in {time.perf_counter() - began:.0f} s: {told}")
    print(f"slowest {1000 * slowest[0]:.1f} ms; memory grew by {grown / 2**20:.0f} MB")
    sys.exit(slowest[0] > SLOW or grown > ROOM)


def read(ours: socket.socket, theirs: socket.socket, data: bytes) -> str:
    """Read one message as the examiner does, and tell what became of it."""
    reader = wire.Reader(LIMIT)
    theirs.sendall(struct.pack("!Q", len(data)) + data)
    try:
        message = None
        while message is None:
            message = reader.feed(ours)
        value = wire.unpack(message, lambda name: "a name")
    except wire.WireError:
        with contextlib.suppress(BlockingIOError):
            ours.recv(1 << 20)  # what a refused message leaves
        return "refused"
    check(value)
    return "read as plain data"


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


if __name__ == "__main__":
    main()
