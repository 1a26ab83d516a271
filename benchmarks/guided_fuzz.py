"""A coverage-guided fuzzer against whatever grading reads of a submission's making.

    pip install atheris
    python benchmarks/guided_fuzz.py wire --count 1000000
    python benchmarks/guided_fuzz.py notebook --seconds 600
    python benchmarks/guided_fuzz.py result

Atheris (https://github.com/google/atheris, which has wheels for Python 3.11 on Linux) keeps each
input that reaches a new branch of the reader, and changes those further. `wire` are answers of a
kernel, `notebook` is a submitted file, and `result` is what an examiner that was taken over tells.
Whatever is not refused must be plain data, or a result of this master; a crash, a hang of more than
ten seconds, or 2 GB of memory ends the run with the input that did it.
"""

import argparse
import contextlib
import copy
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

READERS = ["wire", "kinds", "rebuild", "results", "outputs"]
with atheris.instrument_imports(include=[f"course_utils.grading.{name}" for name in READERS]):
    from course_utils.grading import kinds, outputs, rebuild, results, wire  # noqa: F401

import msgpack  # noqa: E402
import nbformat  # noqa: E402
from grading import target  # noqa: E402

from benchmarks import fuzz  # noqa: E402

MASTER = target.master()


def of_wire(data: bytes) -> None:
    """An answer of a kernel."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        fuzz.read(ours, theirs, data)


def of_notebook(data: bytes) -> None:
    """A submitted file, which is read, rebuilt and may be shown."""
    with contextlib.suppress(rebuild.Unreadable):
        steps = rebuild.rebuild(rebuild.read(data), MASTER)
        cells = [step.cell for step in steps]
        nbformat.validate(nbformat.v4.new_notebook(cells=cells))
        tests = {step.name for step in steps if step.role == "test"}
        assert tests == {rebuild.grade_id(c) for c in MASTER.cells if rebuild.role(c) == "test"}


def of_result(data: bytes) -> None:
    """What an examiner tells."""
    with contextlib.suppress(results.Forged, results.Failed):
        found = results.read(data, MASTER)
        most = {rebuild.grade_id(c): c.metadata.nbgrader.points for c in MASTER.cells
                if rebuild.role(c) in ("test", "by hand")}  # fmt: skip
        assert {cell.name for cell in found.cells} == set(most)
        assert all(cell.score is None or 0 <= cell.score <= most[cell.name] for cell in found.cells)


def seeds(kind: str) -> list[bytes]:
    """Valid inputs to begin with."""
    right = target.submission(target.RIGHT, MASTER)
    if kind == "wire":
        packed = [wire.pack(value, lambda _: ["other"]) for value in fuzz.SEEDS]
        return [msgpack.packb(value, use_bin_type=True) for value in packed]
    if kind == "notebook":
        return [
            nbformat.writes(right).encode(),
            nbformat.writes(copy.deepcopy(MASTER), version=3).encode(),
        ]
    from course_utils.grading.examine import examine
    from course_utils.grading.sandbox import Limits

    found = examine(nbformat.writes(right).encode(), MASTER, Limits())
    return [results.told(found), results.fault(ValueError("no"))]


def main() -> None:
    """Fuzz until the count or the time is over; libFuzzer tells how it goes."""
    targets: dict[str, Callable] = {
        "wire": of_wire, "notebook": of_notebook, "result": of_result
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=targets)
    parser.add_argument("--count", type=int, default=-1, help="inputs, without an end by default")
    parser.add_argument("--seconds", type=int, default=600)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds(arguments.target)):
            Path(folder, str(number)).write_bytes(data)
        options = [f"-runs={arguments.count}", f"-max_total_time={arguments.seconds}",
                   f"-max_len={1 << 16}", "-timeout=10", "-rss_limit_mb=2048"]  # fmt: skip
        atheris.Setup([sys.argv[0], *options, folder], targets[arguments.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
