"""What an examiner tells is believed to be a result of this master, and nothing else."""

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_notebook, new_output

from course_utils.errors import CourseError
from course_utils.grading import outputs, rebuild, results
from course_utils.grading.verdicts import CellResult, ExamResult
from course_utils.repository import LANGUAGE
from grading import target

MASTER = target.master()
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def result():
    """One of each kind of output and verdict, as an examiner has it."""
    steps = rebuild.rebuild(
        rebuild.read(nbformat.writes(target.submission(target.RIGHT)).encode()), MASTER
    )
    cells = [step.cell for step in steps]
    shown = next(cell for cell in cells if cell.id == "scale")
    shown.outputs = [
        new_output("stream", name="stdout", text="é\n"),
        new_output("error", ename="E", evalue="why", traceback=["line"]),
        new_output("display_data", data={"image/png": PIXEL, "text/html": "<b>"},
                   metadata={"image/png": {"alt": "a dot"}}),
    ]  # fmt: skip
    shown.execution_count = 2
    doubted = next(cell for cell in cells if cell.id == "check-cases")
    doubted.outputs = [new_output("error", ename="failed", evalue="✗ no", traceback=["✗ no"])]
    earned = [
        CellResult("check-scale", 6.0, 6.0, "passed"),
        CellResult("check-cases", 4.0, 0, "failed", "✗ no", "line 1", "little"),
        CellResult("check-count", 5.0, None, "not graded", "later", "a slip"),
        CellResult("check-model", 5.0, 0, "no answer", "the kernel ended"),
        CellResult("check-answers", 3.0, 1.0, "partly"),
        CellResult("essay", 2.0, None, "by hand"),
    ]
    notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(LANGUAGE))
    about = {"missing": frozenset(["essay"]), "questions": 7, "used": {"processor": 0.5}}
    return ExamResult(earned, notebook, ["look"], {"all": 1.5}, **about)


def test_what_is_told_is_what_is_read():
    assert results.read(results.told(result()), MASTER) == result()


def test_a_long_reason_is_cut():
    long = result()
    long.cells[1] = CellResult("check-cases", 4.0, 0, "failed", "x" * 10**6)
    assert len(results.read(results.told(long), MASTER).cells[1].reason) == results.LONG


def test_half_of_a_character_stops_nothing():
    odd = result()
    odd.remarks = ["a \ud800"]
    assert results.read(results.told(odd), MASTER).remarks == ["a ?"]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [(CourseError("no room"), CourseError, "^no room$"),
     (KeyError("a"), results.Failed, "^KeyError: 'a'$"),
     (SystemExit(3), results.Failed, "^SystemExit: 3$")],
)  # fmt: skip
def test_a_fault_is_raised_again(error, kind, said):
    with pytest.raises(kind, match=said):
        results.read(results.fault(error), MASTER)


def _set(*path, value):
    def forge(lines):
        place = lines
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return forge


def _at(name):
    ids = [cell.id for cell in result().notebook.cells]
    return 1 + ids.index(name)


SCALE, CHECK, TEXT = _at("scale"), _at("check-scale"), _at("essay")
DOUBTED = _at("check-cases")
FORGERIES = {
    "more than the points": _set(0, "cells", 0, 1, value=7),
    "less than nothing": _set(0, "cells", 0, 1, value=-1),
    "a score that is none": _set(0, "cells", 0, 1, value="6"),
    "a score that is true": _set(0, "cells", 4, 1, value=True),
    "passed without the points": _set(0, "cells", 0, 1, value=3),
    "failed with points": _set(0, "cells", 1, 1, value=4),
    "an essay that is marked": _set(0, "cells", 5, value=["essay", 2, "passed", "", "", ""]),
    "a score that nobody gave": _set(0, "cells", 5, 1, value=2),
    "an unknown verdict": _set(0, "cells", 0, 2, value="perfect"),
    "a cell of another assignment": _set(0, "cells", 0, 0, value="check-other"),
    "a cell that is no test": _set(0, "cells", 0, 0, value="scale"),
    "a cell twice": lambda lines: lines[0]["cells"].append(lines[0]["cells"][0]),
    "a cell too few": lambda lines: lines[0]["cells"].pop(),
    "a reason that is a list": _set(0, "cells", 0, 3, value=["x"]),
    "a giant reason": _set(0, "cells", 0, 3, value="x" * 10**5),
    "half of a character": _set(0, "cells", 0, 3, value="\ud800"),
    "a remark that is a number": _set(0, "remarks", 0, value=1),
    "many remarks": _set(0, "remarks", value=["x"] * 10**4),
    "an answer that is not missing": _set(0, "missing", value=["ben"]),
    "endless seconds": _set(0, "seconds", "all", value=float("inf")),
    "seconds of other things": _set(0, "seconds", value={"later": 1}),
    "seconds that are a text": _set(0, "seconds", value={"all": "x" * 999}),
    "many questions": _set(0, "questions", value=10**30),
    "maybe hurried": _set(0, "hurried", value=1),
    "another head": _set(0, "more", value=1),
    "a script": _set(SCALE, 5, 2, "data", value={"application/javascript": "evil()"}),
    "a drawing with scripts": _set(SCALE, 5, 2, "data", value={"image/svg+xml": "<svg>"}),
    "a picture that is none": _set(SCALE, 5, 2, "data", "image/png", value="AAAA"),
    "other metadata": _set(SCALE, 5, 2, "metadata", value={"image/png": {"onload": "x"}}),
    "an output of another kind": _set(SCALE, 5, 0, "output_type", value="update_display_data"),
    "a stream of another name": _set(SCALE, 5, 0, "name", value="stdin"),
    "an error with a number": _set(SCALE, 5, 1, "traceback", value=[1]),
    "very many outputs": lambda lines: lines[SCALE].__setitem__(5, lines[SCALE][5] * 1000),
    "a doubt that nothing shows": _set(DOUBTED, 5, value=[]),
    "outputs of a text": lambda lines: lines[TEXT].__setitem__(5, lines[SCALE][5]),
    "a kind of cell that nobody knows": lambda lines: lines.append(
        ["student-99", "", "heading", "", None, []]
    ),
    "an id with a tag": lambda lines: lines.append(["<b>", "", "markdown", "", None, []]),
    "another id for a test": _set(CHECK, 0, value="student-0"),
    "a test left out": lambda lines: lines.pop(CHECK),
    "a test twice": lambda lines: lines.append(lines[CHECK]),
    "a cell that is no list": lambda lines: lines.append({"cell_type": "code"}),
    "very many cells": lambda lines: lines.extend(
        [f"student-{n}", "", "markdown", "", None, []] for n in range(100, 30_000)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_result_is_refused(name):
    lines = [json.loads(line) for line in results.told(result()).split(b"\n")]
    FORGERIES[name](lines)
    data = b"\n".join(json.dumps(line).encode() for line in lines)
    with pytest.raises(results.Forged):
        results.read(data, MASTER)


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"\xff", b"null", b"[]", b"[" * 10**5, b"1" * 10**5, b"{}",
     b'{"fault": 1, "ours": true}', b'{"fault": "", "ours": 1}',
     pytest.param(b" " * (results.MAX_LINE + 1), id="a long line"),
     pytest.param(b"\n" * (results.MAX_BYTES + 1), id="long")],
)  # fmt: skip
def test_what_is_no_result_is_refused(data):
    with pytest.raises(results.Forged):
        results.read(data, MASTER)


def test_a_test_shows_what_the_master_has_whatever_is_told():
    lines = [json.loads(line) for line in results.told(result()).split(b"\n")]
    before = copy.deepcopy(lines)
    lines[CHECK][2:4] = ["markdown", "<script>evil()</script>"]
    assert lines != before
    read = results.read(b"\n".join(json.dumps(line).encode() for line in lines), MASTER)
    assert read == result()


def test_a_picture_is_looked_at_as_a_kernel_s_is():
    assert outputs.is_image(PIXEL)
    assert not outputs.is_image("A" * (outputs.MAX_IMAGES + 1))
