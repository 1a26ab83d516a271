"""What every notebook keeps: run and store it the same way everywhere, and check its structure."""

import itertools
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.warnings import DuplicateCellId

from course_utils.course import predictions, statements
from course_utils.errors import CourseError
from course_utils.repository import LANGUAGE

TAGS = {
    "nbval-ignore-output",
    "hide-output",
}  # anything else is a typing mistake, or a hole in a test
WIDGET = "application/vnd.jupyter.widget-view+json"

MAX_CELLS = 60
MAX_LINES = 20
MAX_WORDS = 120
MAX_QUESTIONS = 3
MAX_FIRST_CODE_LINES = 8
MAX_CODE = 300  # lines of code in a lecture
# Lectures that may have more, how many, and why; a test fails when one no longer needs it.
MORE_CODE = {
    "04_layers_of_a_convnet": (344, "of the first half, for which the limit was not made"),
}
MAX_BYTES = 500_000
TIMEOUT = 200  # seconds for a cell, ten times what a lecture's cell may take
ENDING = ["In short", "Exercises", "Sources"]

_ID = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?")  # as editors give
_BREATH = re.compile(  # what ends a wall of text; a question is no mere "right?"
    r"```.*?```|\$\$.*?\$\$|\$[^$\n]+\$|`[^`]+`|^\|[^\n]*|!\[[^]]*\]\([^)]*\)|<img[^>]*>"
    r"|[^.!?]{15}\?|\*\*Predict",
    re.DOTALL | re.MULTILINE,
)
_FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
_MARKUP = re.compile(r"</?[a-z][^>\n]*>|\]\([^)]*\)")  # tags, addresses of links
_WORD = re.compile(r"\w[\w'’-]*")
_SPEAKS = re.compile(r"^\s*(print\(|plotting\.show\(|quiz\.|laboratory\.show\()", re.MULTILINE)


def read(path: Path) -> nbformat.NotebookNode:
    """Read a notebook of format 4.5 or newer.

    Raises
    ------
    CourseError
        If the file is missing, is no notebook, or its cells have no ids of their own.
    """
    try:
        with warnings.catch_warnings():  # nbformat would only warn, and give a random id
            warnings.simplefilter("error", DuplicateCellId)
            notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    except FileNotFoundError:
        raise CourseError(f"{path} does not exist") from None
    except (nbformat.reader.NotJSONError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} is not a notebook: {str(error)[:120]}") from None
    except DuplicateCellId as error:
        raise CourseError(f"{path}: {str(error).split('detected')[0]}is used twice") from None
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        raise CourseError(f"{path} has no cell ids: save it once in JupyterLab 4 (format 4.5)")
    return notebook


def execute(path: Path) -> float:
    """Run a notebook from the top, store its outputs in place, and return the seconds it took.

    Widgets are stored as their static picture, and nothing that differs from run to run
    (timestamps, versions) is stored, so that a second run gives the same file.

    Raises
    ------
    CourseError
        If a cell fails, naming it, or the result breaks a rule of `problems`; the file is only
        written when every cell ran.
    """
    notebook = read(path)
    if kind_of(path) == "assignment":
        raise CourseError(
            f"{path} is made from solutions/ and stored without outputs: make release"
        )
    client = _Stated(
        notebook,
        path.stem,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        coalesce_streams=True,
    )
    began = time.perf_counter()
    try:
        client.execute(env=os.environ | {"TQDM_DISABLE": "1"})  # no bar in what is stored
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise CourseError(f"{path} did not run, nothing was stored:\n{error}") from None
    seconds = time.perf_counter() - began
    store(notebook, path)
    found = problems(path)
    if found:
        raise CourseError(
            "\n".join([*found, f"{path} is stored all the same: mend and run again."])
        )
    return seconds


class _Stated(NotebookClient):
    """Runs what `statements` says of a cell right after it."""

    def __init__(self, notebook: nbformat.NotebookNode, name: str, **options):
        super().__init__(notebook, **options)
        self._name = name

    async def async_execute_cell(self, cell, cell_index, *arguments, **more):
        ran = await super().async_execute_cell(cell, cell_index, *arguments, **more)
        code, broken = statements.after(self._name, cell.id), ""
        if code:
            asked, broken = statements.ask(self.kc, code), None
        while broken is None:
            broken = statements.answer(await self.kc.get_shell_msg(timeout=TIMEOUT), asked)
        if broken:
            raise CourseError(
                f"{self._name} did not run, nothing was stored: what tests/lectures states about "
                f"{cell.id} does not hold:\n{broken}"
            )
        return ran


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook without what differs from run to run."""
    own = {"convnet": notebook.metadata["convnet"]} if "convnet" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict(LANGUAGE | own)  # such as what grading leaves out
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                output.data.pop(WIDGET, None)
    nbformat.write(notebook, path)


def kind_of(path: Path) -> str:
    """`lecture`, `solution` or `assignment`, by the folder it stands in.

    Raises
    ------
    CourseError
        If the notebook stands in none of the course's folders.
    """
    kinds = {"lectures": "lecture", "solutions": "solution", "assignments": "assignment"}
    for part in reversed(path.resolve().parent.parts):
        if part in kinds:
            return kinds[part]
    raise CourseError(f"{path} stands in none of: {', '.join(kinds)}")


def problems(path: Path) -> list[str]:
    """Every rule of the house style that a notebook breaks, one sentence each."""
    notebook, kind = read(path), kind_of(path)
    found = [*_common(notebook, path)]
    if kind != "assignment":
        found += _executed(notebook)
    if kind == "lecture":
        found += [*_lecture(notebook), *_code_in_all(notebook, path.stem)]
    if kind == "assignment":
        found += _assignment(notebook)
    if kind != "lecture":
        found += _points(notebook)
    return [f"{path}: {sentence}" for sentence in found]


def _common(notebook: nbformat.NotebookNode, path: Path) -> Iterator[str]:
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not valid: {str(error).splitlines()[0]}"
    if path.stat().st_size > MAX_BYTES:
        sizes = sorted(((len(str(cell)), cell.id) for cell in notebook.cells), reverse=True)
        largest = ", ".join(f"{id_} {size / 1000:.0f} kB" for size, id_ in sizes[:3])
        size = path.stat().st_size / 1000
        yield f"{size:.0f} kB, at most {MAX_BYTES // 1000}; largest: {largest}"
    for id_ in (cell.id for cell in notebook.cells):
        if not _ID.fullmatch(id_) or _RANDOM_ID.fullmatch(id_):
            yield (
                f'cell id {id_} says nothing: in a text editor, change its "id" to words, '
                "such as stride-question"
            )
    for cell in notebook.cells:
        for tag in cell.metadata.get("tags", []):
            if tag not in TAGS:
                yield f"{cell.id}: tag {tag} is not in the closed list {sorted(TAGS)}"
        if "nbval-ignore-output" in cell.metadata.get("tags", []) and (
            "# output varies:" not in cell.source.lower()
        ):
            yield f"{cell.id}: an ignored output needs its reason, '# Output varies: ...'"
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(|<img(?![^>]*alt=)", cell.source):
            yield f"{cell.id}: a picture without alt text"
    yield from _headings(notebook)
    yield from _walls(notebook)


def _headings(notebook: nbformat.NotebookNode) -> Iterator[str]:
    levels = [(len(hashes), id_) for hashes, _, id_ in headings(notebook)]
    if [level for level, _ in levels].count(1) != 1:
        yield "needs exactly one title (# ...)"
    for (above, _), (level, id_) in itertools.pairwise(levels):
        if level > above + 1:
            yield f"{id_}: heading of level {level} right below level {above}"


def headings(notebook: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
    """All headings in order, as (hashes, text, cell id)."""
    return [
        (*match.groups(), cell.id)
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for match in re.finditer(r"^(#{1,6}) +(.+)$", _without_code(cell.source), re.MULTILINE)
    ]


def _walls(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """No more than 120 words without a picture, table, formula, code or question.

    A `**Predict**` is a question, and so is a cell in which a student writes; a heading interrupts
    nothing. Folded hints do not count, nor do the exercises and sources at the end of a lecture.
    """
    reads = [
        cell.source
        if cell.cell_type == "markdown" and not cell.metadata.get("nbgrader", {}).get("solution")
        else "`a cell of code, or for an answer`"
        for cell in notebook.cells
    ]
    text = re.split(r"^## Exercises$", "\n\n".join(reads), flags=re.MULTILINE)[0]
    for wall in _BREATH.split(_FOLDED.sub("", text)):
        words = len(_WORD.findall(_MARKUP.sub("", wall)))
        if words > MAX_WORDS:
            begins = " ".join(wall.split()[:8])
            yield (
                f"{words} words in a row, at most {MAX_WORDS} without a picture, table, formula, "
                f"code or question: {begins} ..."
            )


def _without_code(markdown: str) -> str:
    return re.sub(r"^```.*?^```", "", markdown, flags=re.MULTILINE | re.DOTALL)


def _executed(notebook: nbformat.NotebookNode) -> Iterator[str]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        if not cell.source.strip():
            yield f"{cell.id} is an empty code cell: delete it"
    counts = [cell.execution_count for cell in code]
    if counts != list(range(1, len(code) + 1)):
        yield f"not executed from the top in one go: execution counts {counts}"
    for cell in code:
        if _SPEAKS.search(cell.source) and not cell.outputs:
            yield f"{cell.id}: prints or shows something, but no output is stored"
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"{cell.id}: an error or a warning is stored"
            data = output.get("data", {})
            if WIDGET in data:
                yield f"{cell.id}: a live widget is stored; only its picture can be"
            for mime in data:
                alt = output.metadata.get(mime, {}).get("alt", "")
                if mime.startswith("image/") and len(alt) < 20:
                    yield f"{cell.id}: a picture without alt text: use plotting.show(fig, name)"


def _lecture(notebook: nbformat.NotebookNode) -> Iterator[str]:
    cells = notebook.cells
    if len(cells) < 2:
        yield "needs at least a text with the title and a cell with the imports"
        return
    yield from predictions.problems(notebook)
    yield from _forms(cells)
    for cell in cells:
        for output in cell.get("outputs", []):
            if [*output.get("data", {})] == ["text/plain"]:
                left = output.data["text/plain"][:40]
                yield f"{cell.id}: {left!r} is left over: print it, or name it"
    # What is asked is a question to the reader, though a cell of code asks it; and a laboratory,
    # which stands below one, is not read but worked with.
    shown = [cell for cell in cells if not predictions.asks(cell)]
    told = [cell for cell in shown if not predictions.laboratory(cell)]
    code = [cell for cell in told if cell.cell_type == "code"]
    # A text with a question in its middle is no longer for that.
    parted = sum(
        predictions.asks(question) == "ask" and before.cell_type == after.cell_type == "markdown"
        for before, question, after in zip(cells, cells[1:], cells[2:], strict=False)
    )
    if (many := len(told) - parted) >= MAX_CELLS:
        yield f"{many} cells besides questions and laboratories, fewer than {MAX_CELLS} please"
    if len(told) < 2 * len(code):
        yield f"{len(code)} code cells, but only {len(told) - len(code)} with text"
    for cell in (cell for cell in shown if cell.cell_type == "code"):
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        if lines > MAX_LINES:
            yield f"{cell.id}: {lines} lines of code, at most {MAX_LINES}"
    opening = cells[0].source
    if cells[0].cell_type != "markdown" or not opening.startswith("# "):
        yield "the first cell must be a text with the title"
    for needed in ("**Afterwards you can**", "**Before you start**", "minutes"):
        if needed not in opening:
            yield f"the first cell does not say {needed}"
    if cells[1].cell_type != "code" or len(cells[1].source.splitlines()) > MAX_FIRST_CODE_LINES:
        yield f"the second cell must be the imports, at most {MAX_FIRST_CODE_LINES} lines"
    sections = [text for hashes, text, _ in headings(notebook) if hashes == "##"]
    if sections[-3:] != ENDING:
        yield f"the last sections must be {ENDING}, not {sections[-3:]}"
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    if text.count("<details>") < 3 or text.count("<details>") != text.count("</details>"):
        yield "the exercises need folded hints (<details>), at least three"


def code_lines(notebook: nbformat.NotebookNode) -> int:
    """How many lines of code a reader of a lecture reads.

    Counted is each line of the cells of code, but for cells that only ask (`quiz.ask`, `predict`,
    `record`), for blank lines, for comments that stand alone, and for lines that import from
    `course_utils`.
    """
    lines = [
        line.strip()
        for cell in notebook.cells
        if cell.cell_type == "code" and not predictions.asks(cell)
        for line in cell.source.splitlines()
    ]
    passed_over = ("#", "from course_utils", "import course_utils")
    return sum(bool(line) and not line.startswith(passed_over) for line in lines)


def _code_in_all(notebook: nbformat.NotebookNode, name: str) -> Iterator[str]:
    most, _ = MORE_CODE.get(name, (MAX_CODE, ""))
    if (lines := code_lines(notebook)) > most:
        yield (
            f"{lines} lines of code in all, at most {most}: let functions of course_utils draw, "
            "train and compare"
        )


def _forms(cells: list[nbformat.NotebookNode]) -> Iterator[str]:
    """Many questions in a row read like a form to fill in."""
    row = 0
    for cell in cells:
        asked = predictions.questions_of(cell)
        row = row + len(asked) if asked else 0
        if row > MAX_QUESTIONS:
            yield (
                f"{cell.id}: {row} questions in a row, at most {MAX_QUESTIONS}: "
                "move some to the text that teaches their answer"
            )


def _assignment(notebook: nbformat.NotebookNode) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"{cell.id}: a released assignment carries no outputs"
        if re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)", cell.source):
            yield f"{cell.id}: a marker of a solution or a hidden test was released"


def _points(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """A task says how many points it gives; its cells up to the next task carry as many."""
    task, promised, carried = "", 0, 0
    end = nbformat.v4.new_markdown_cell("· 0 points", id="end")
    for cell in [*notebook.cells, end]:
        said = re.search(r"· (\d+) points", cell.source) if cell.cell_type == "markdown" else None
        if said:
            if promised != carried:
                yield f"{task or cell.id}: promises {promised} points, its cells carry {carried}"
            task, promised, carried = cell.id, int(said[1]), 0
        carried += cell.metadata.get("nbgrader", {}).get("points", 0)
