"""A result as bytes: what an examiner tells, and how strictly it is read by who keeps the grades.

Whoever takes over the examiner of a submission can claim any mark for that submission. They can
claim nothing else: names, points, tests and read-only cells are the master's, a score and its
verdict have to agree, and what is shown is of the kinds and sizes that a kernel may show.

Told are lines of JSON: the result, then each cell of the notebook, so that none of them can make
more objects than memory has room for.
"""

import json
import math
import re
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_notebook, new_output

from course_utils.errors import CourseError
from course_utils.grading import outputs, rebuild
from course_utils.grading.verdicts import LONGEST, CellResult, ExamResult
from course_utils.repository import LANGUAGE

MAX_BYTES = 64_000_000  # of a result
MAX_LINE = 16_000_000  # of one of its lines
MAX_REMARKS, MAX_CELLS = 5000, 20_000  # those that are empty count here
MOST_OUTPUTS = outputs.MAX_OUTPUTS + 10  # with what the examiner itself has to say
OWN_ID = re.compile(r"student-\d{1,5}|cannot-be-graded")
VERDICTS = {"test": ("passed", "partly", "failed", "no answer", "not graded"),
            "by hand": ("by hand", "missing", "no answer")}  # fmt: skip
UNDECIDED = ("by hand", "missing", "not graded")
SECONDS, USED = {"start", "cells", "tests", "all"}, {"processor", "memory"}
LONG = 2 * LONGEST  # characters of a reason or remark


class Forged(Exception):
    """Bytes that are no result of an examination of this master."""


class Failed(Exception):
    """The examination raised; the text says what."""


def told(result: ExamResult) -> bytes:
    """A result as bytes."""
    about = {
        "cells": [
            [c.name, c.score, c.verdict, c.reason[:LONG], c.detail[:LONG], c.doubt]
            for c in result.cells
        ],
        "remarks": [remark[:LONG] for remark in result.remarks[:MAX_REMARKS]],
        "seconds": result.seconds,
        "missing": sorted(result.missing),
        "questions": result.questions,
        "used": result.used,
        "hurried": result.hurried,
    }
    shown = [
        [c.id, rebuild.grade_id(c), c.cell_type, c.source, c.get("execution_count"),
         c.get("outputs", [])]
        for c in result.notebook.cells
    ]  # fmt: skip
    lines = (json.dumps(line, ensure_ascii=False, allow_nan=False) for line in (about, *shown))
    return "\n".join(lines).encode(errors="replace")


def fault(error: BaseException) -> bytes:
    """What an examination has raised, as bytes."""
    said = str(error) if isinstance(error, CourseError) else f"{type(error).__name__}: {error}"
    about = {"fault": said[:LONG], "ours": isinstance(error, CourseError)}
    return json.dumps(about).encode()


def read(data: bytes, master: NotebookNode) -> ExamResult:
    """The result that bytes tell of.

    Raises
    ------
    Forged
        If they tell of none.
    Failed, CourseError
        If they tell that the examination has failed.
    """
    _demand(len(data) <= MAX_BYTES, "it is too large")
    first, *lines = data.split(b"\n")
    about = _parsed(first)
    _demand(type(about) is dict, "it has no head")
    if about.keys() == {"fault", "ours"}:
        _demand(_is_text(about["fault"], LONG) and type(about["ours"]) is bool, "no fault")
        raise (CourseError if about["ours"] else Failed)(about["fault"])
    wanted = "cells", "remarks", "seconds", "missing", "questions", "used", "hurried"
    _demand(about.keys() == {*wanted}, "its head is another")
    known = {rebuild.grade_id(cell): cell for cell in master.cells if rebuild.role(cell)}
    cells, remarks, seconds, missing, questions, used, hurried = (about[name] for name in wanted)
    _demand(all(type(each) is list for each in (cells, remarks, missing)), "no lists")
    _demand(len(remarks) <= MAX_REMARKS and all(_is_text(r, LONG) for r in remarks), "no remarks")
    _demand(all(type(m) is str for m in missing) and {*missing} <= known.keys(), "no names")
    _demand(type(questions) is int and 0 <= questions < 1 << 40, "no count")
    _demand(type(hurried) is bool and _are_numbers(seconds, SECONDS), "no times")
    _demand(_are_numbers(used, USED), "no use")
    earned = [_cell(cell, known) for cell in cells]
    asked = sorted(n for n, cell in known.items() if rebuild.role(cell) in VERDICTS)
    _demand(sorted(cell.name for cell in earned) == asked, "other cells are graded")
    notebook = _notebook([_parsed(line) for line in lines], known)
    for cell in filter(lambda cell: cell.doubt, earned):  # which may be told otherwise there
        shown = next(c for c in notebook.cells if c.id == cell.name).get("outputs")
        _demand(shown and shown[-1].output_type == "error", "a doubt about nothing")
    return ExamResult(
        earned, notebook, remarks, seconds, frozenset(missing), questions, used, hurried
    )


def _cell(told: Any, known: dict[str, NotebookNode]) -> CellResult:
    _demand(type(told) is list and len(told) == 6, "no graded cell")
    name, score, verdict, reason, detail, doubt = told
    _demand(type(name) is str and name in known, "an unknown cell")
    master = known[name]
    points = float(master.metadata.nbgrader.get("points", 0))
    _demand(verdict in VERDICTS.get(rebuild.role(master), ()), "no verdict")
    if verdict in UNDECIDED:
        _demand(score is None, "a score without a verdict")
    else:
        _demand(type(score) in (int, float) and 0 <= score <= points, "no score")
        right = {"passed": score == points, "partly": 0 < score < points}.get(verdict, score == 0)
        _demand(right, "a score against its verdict")
    _demand(all(_is_text(text, LONG) for text in (reason, detail)), "no reason")
    _demand(doubt in ("", "little", "much"), "no doubt")
    return CellResult(name, points, score, verdict, reason, detail, doubt)


def _notebook(told: list, known: dict[str, NotebookNode]) -> NotebookNode:
    """The notebook, made anew: the master's own cells are the master's, whatever is told."""
    _demand(len(told) <= MAX_CELLS, "too many cells")
    cells = [_shown(cell, known) for cell in told]
    names = sorted(filter(None, map(rebuild.grade_id, cells)))
    _demand(names == sorted(known), "other cells than the master's")
    _demand(len({cell.id for cell in cells}) == len(cells), "cells of one name")
    return new_notebook(cells=cells, metadata=nbformat.from_dict(LANGUAGE))


def _shown(told: Any, known: dict[str, NotebookNode]) -> NotebookNode:
    _demand(type(told) is list and len(told) == 6, "no cell")
    id_, name, kind, source, count, all_ = told
    _demand(_is_text(source, rebuild.MAX_SOURCE) and type(name) is str, "no text")
    metadata: dict = {}
    if name:
        _demand(name in known and id_ == name, "an unknown cell")
        master = known[name]
        kind, metadata = master.cell_type, {"nbgrader": dict(master.metadata.nbgrader)}
        if rebuild.role(master) in ("test", "given"):
            source = master.source
    _demand(name or (type(id_) is str and OWN_ID.fullmatch(id_)), "a cell of another name")
    _demand(kind in ("code", "markdown", "raw"), "another kind of cell")
    cell = {"id": id_, "cell_type": kind, "metadata": metadata, "source": source}
    _demand(type(all_) is list and len(all_) <= MOST_OUTPUTS, "too many outputs")
    if kind == "code":
        _demand(count is None or (type(count) is int and 0 <= count < 1 << 20), "no number")
        cell |= {"execution_count": count, "outputs": [_output(output) for output in all_]}
    else:
        _demand(not all_ and count is None, "outputs of a text")
    return nbformat.from_dict(cell)


def _output(told: Any) -> NotebookNode:
    """An output of the kinds that `outputs` lets through."""
    match told:
        case {"output_type": "stream", "name": "stdout" | "stderr" as name, "text": text}:
            _demand(_is_text(text), "no text")
            return new_output("stream", name=name, text=text)
        case {"output_type": "error", "ename": name, "evalue": said, "traceback": list(lines)}:
            _demand(all(map(_is_text, (name, said, *lines))), "no error")
            return new_output("error", ename=name, evalue=said, traceback=lines)
        case {"output_type": "display_data", "data": dict(data), "metadata": dict(metadata)}:
            for kind, content in data.items():
                _demand(kind in outputs.TEXTS + outputs.IMAGES and _is_text(content), "no data")
                fits = kind in outputs.TEXTS or outputs.is_image(content)
                _demand(fits, "no picture")
            for kind, about in metadata.items():
                alone = kind in outputs.IMAGES and type(about) is dict and about.keys() == {"alt"}
                _demand(alone and _is_text(about["alt"], 500), "no description")
            return new_output("display_data", data=data, metadata=metadata)
    raise Forged("no output")


def _parsed(line: bytes) -> Any:
    _demand(len(line) <= MAX_LINE, "a line is too long")
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise Forged("it is no JSON") from None


def _are_numbers(told: Any, names: set[str]) -> bool:
    return type(told) is dict and told.keys() <= names and all(map(_is_number, told.values()))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value < 1 << 60


def _is_text(value: Any, most: int = MAX_LINE) -> bool:
    """Whether this is a text that can be stored."""
    if type(value) is not str or len(value) > most:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _demand(condition: Any, why: str) -> None:
    if not condition:
        raise Forged(f"the examiner told no result: {why}")
