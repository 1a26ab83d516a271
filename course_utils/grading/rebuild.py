"""Make the notebook to run: the student's code in the student's order, the rest from the master.

Of a submission only the sources of cells are used. What a cell is for, and what its points are, is
read from the master alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import nbformat
from nbformat import NotebookNode

from course_utils.errors import CourseError

MAX_BYTES = 100_000_000  # of a file: outputs make them large, and are not used
MAX_CELLS = 2000  # that are not empty
MAX_SOURCE = 2_000_000  # characters, all cells together


class Unreadable(CourseError):
    """A submitted file that is no notebook; the text says why."""


@dataclass(frozen=True)
class Source:
    """A cell of a submission: whether it holds code, its text, and what it claims to be."""

    is_code: bool
    text: str
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A cell to show and, if it holds code, to run.

    Attributes
    ----------
    cell
        Source from the student or the master, metadata from the master.
    role
        `"student"` (code or text of theirs), `"given"` (read-only), `"test"` or `"by hand"`.
    missing
        Whether it is the place of an answer that the submission does not have.
    """

    cell: NotebookNode
    role: str
    missing: bool = False

    @property
    def name(self) -> str:
        """The grade id; empty for a cell that the master does not know."""
        return grade_id(self.cell)


def grade_id(cell: NotebookNode) -> str:
    """The id under which nbgrader knows a cell; empty if it does not."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def role(cell: NotebookNode) -> str:
    """What a cell of the master is for: `"solution"`, or a role of `Step`; empty for a free one."""
    about = cell.metadata.get("nbgrader", {})
    if about.get("task") or (about.get("grade") and about.get("solution")):
        return "by hand"
    if about.get("solution"):
        return "solution"
    if about.get("grade"):
        return "test" if cell.cell_type == "code" else "by hand"
    return "given" if about.get("locked") else ""


def read(data: bytes | str) -> list[Source]:
    """The cells of a submitted file of any notebook format that has been.

    Parameters
    ----------
    data
        The file, or, as a text, why there is none.

    Raises
    ------
    Unreadable
        If it is no notebook, or a size is over its limit.
    """
    if isinstance(data, str):
        raise Unreadable(data)
    if len(data) > MAX_BYTES:
        size = f"{len(data) / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB are read"
        raise Unreadable(f"the file is too large: {size}; clear its outputs")
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("the file is not a notebook: it is not text") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the file is not a notebook: {str(error)[:100]}") from None
    if not isinstance(content, dict) or not {"cells", "worksheets"} & content.keys():
        raise Unreadable("the file is not a notebook: it has no cells")
    sources = [s for s in _sources(content) if s.text.strip() or s.claims]
    count = sum(bool(s.text.strip()) for s in sources)
    if count > MAX_CELLS:
        raise Unreadable(f"too much text: {count} cells, at most {MAX_CELLS} are read")
    if (length := sum(len(s.text) for s in sources)) > MAX_SOURCE:
        limit = f"at most {MAX_SOURCE} characters are read, without outputs"
        raise Unreadable(f"too much text: {length} characters, {limit}")
    return sources


def claims(data: bytes, ids: Iterable[str]) -> set[str]:
    """Those ids that a file may claim for its cells.

    It is not parsed, which is done where that can take no more memory than there is.
    """
    return {name for name in ids if json.dumps(name).encode() in data}


def ids(master: NotebookNode) -> frozenset[str]:
    """Those of the cells that nbgrader knows."""
    return frozenset(grade_id(cell) for cell in master.cells if role(cell))


def _sources(content: Mapping) -> Iterator[Source]:
    sheets = content["worksheets"] if "cells" not in content else [content]  # before format 4
    for sheet in sheets if isinstance(sheets, list) else []:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else []:
            if isinstance(cell, dict):
                is_code = cell.get("cell_type") == "code"
                text = cell.get("source", cell.get("input", ""))
                yield Source(is_code, _text(text), tuple(_claims(cell)))


def _text(value: Any) -> str:
    lines = value if isinstance(value, list) else [value]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be stored


def _claims(cell: Mapping) -> Iterator[str]:
    metadata = cell.get("metadata")
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    for claim in (about.get("grade_id") if isinstance(about, dict) else None, cell.get("id")):
        if isinstance(claim, str):
            yield claim


def rebuild(sources: list[Source], master: NotebookNode) -> list[Step]:
    """Put the student's cells and the master's together.

    The student's cells keep their order. A test comes where the student has it, but never before
    an answer that stands before it in the master, so that moving, copying, splitting or deleting
    cells neither gains nor loses a mark. A cell that is missing is put back, an answer as an empty
    one. The last copy of an answer is the one that is marked by hand.
    """
    known = {grade_id(cell): i for i, cell in enumerate(master.cells) if role(cell)}
    kept, place = _tell_apart(sources, master, known)
    answers = {i: at for at, (_, i) in enumerate(kept) if i is not None}  # the last copy of each
    insertions = _places(master, place, answers, len(kept))
    steps = []
    for at, (source, i) in enumerate([*kept, (None, None)]):
        steps += [_given(master.cells[j]) for j in insertions.get(at, [])]
        if source is not None:
            steps.append(_own(source, master.cells[i] if answers.get(i) == at else None, i, master))
    for number, step in enumerate(steps):
        step.cell.id = step.name or f"student-{number}"
    return steps


def _tell_apart(
    sources: list[Source], master: NotebookNode, known: Mapping[str, int]
) -> tuple[list[tuple[Source, int | None]], dict[int, int]]:
    """The cells that are the student's, each with its place in the master if it is an answer.

    Also where the student has the master's own cells: before which of the kept ones.
    """
    released = {_visible(master.cells[i].source): i for i in known.values()}
    released.pop("", None)
    kept, place = [], {}
    for source in sources:
        i = next((known[claim] for claim in source.claims if claim in known), None)
        if i is None:
            i = released.get(_visible(source.text))
        if i is None or _is_answer(master.cells[i]):
            kept.append((source, i))
        else:
            place[i] = len(kept)
    return kept, place


def _visible(source: str) -> str:
    """A test as it was released."""
    lines, hidden = hidden_lines(source), source.splitlines()
    return "\n".join(line for n, line in enumerate(hidden, 1) if n not in lines).strip()


def hidden_lines(source: str) -> set[int]:
    """Numbers of the lines of hidden tests, from 1, with the marks around them."""
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = inside or "BEGIN HIDDEN TESTS" in line
        if inside:
            found.add(number)
        inside = inside and "END HIDDEN TESTS" not in line
    return found


def _places(
    master: NotebookNode, place: Mapping[int, int], answers: Mapping[int, int], end: int
) -> dict[int, list[int]]:
    """Before which of the student's cells each of the master's own is put."""
    insertions, floor = {}, 0
    indices = [i for i, cell in enumerate(master.cells) if role(cell)]
    for n, i in enumerate(indices):
        if i in answers:
            floor = max(floor, answers[i] + 1)
            continue
        later = [p for j in indices[n + 1 :] if (p := answers.get(j, place.get(j))) is not None]
        following = min((p for p in later if p >= floor), default=end)
        if role(master.cells[i]) == "given":
            at = max(floor, min(place.get(i, floor), following))
        else:
            at = max(floor, place.get(i, following))
        insertions.setdefault(at, []).append(i)
        floor = at
    return insertions


def _is_answer(master: NotebookNode) -> bool:
    return bool(master.metadata.nbgrader.get("solution"))


def _given(master: NotebookNode) -> Step:
    """A cell of the master; of an answer that is missing, the empty place."""
    kind = role(master)
    cell = _cell(master.cell_type, "" if _is_answer(master) else master.source, master)
    return Step(cell, "student" if kind == "solution" else kind, _is_answer(master))


def _own(
    source: Source, answered: NotebookNode | None, i: int | None, master: NotebookNode
) -> Step:
    """A cell of the student, who may have changed its type; copies are no answers."""
    if answered is not None:
        kind = role(answered)
        cell = _cell(answered.cell_type, source.text, answered)
        return Step(cell, "student" if kind == "solution" else kind)
    is_code = source.is_code if i is None else master.cells[i].cell_type == "code"
    return Step(_cell("code" if is_code else "markdown", source.text, None), "student")


def _cell(kind: str, source: str, master: NotebookNode | None) -> NotebookNode:
    """A cell as nbformat makes it, but not validated by itself: the whole notebook is."""
    own = {"execution_count": None, "outputs": []} if kind == "code" else {}
    cell = nbformat.from_dict(
        {"id": uuid4().hex[:8], "cell_type": kind, "metadata": {}, "source": source, **own}
    )
    if master is not None:
        cell.metadata["nbgrader"] = nbformat.from_dict(dict(master.metadata.nbgrader))
    return cell
