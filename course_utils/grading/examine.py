"""Examine a submission: run it in the candidate, ask it the master's tests, and judge the answers.

A mark needs positive evidence: the test has asked, answers have come, and it ran to its end.
"""

import ast
import builtins
import contextlib
import io
import time
from collections.abc import Iterator, Mapping

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from course_utils.grading import names, rebuild
from course_utils.grading.candidate import Candidate, Ended, Forged, Unanswered
from course_utils.grading.given import Given
from course_utils.grading.sandbox import Limits
from course_utils.grading.verdicts import CellResult, ExamResult, NoEvidence, first_wrong, judge
from course_utils.notebooks import LANGUAGE

MAX_ENDS = 6  # kernels that a submission may end
MAX_SHOWN = 10_000_000  # characters of all outputs that are kept


def examine(
    submission: bytes,
    master: NotebookNode,
    limits: Limits,
    files: Mapping[str, bytes] | None = None,
) -> ExamResult:
    """Grade one submitted notebook.

    Parameters
    ----------
    submission
        The file as it was handed in.
    master
        The instructor's notebook, with tests and hidden tests.
    limits
        What the submission may use.
    files
        Contents of other files that lie beside it, by relative path.

    Returns
    -------
    ExamResult
        Also for what is no notebook at all.

    Raises
    ------
    CourseError
        If grading is not possible on this machine.
    """
    began = time.monotonic()
    try:
        sources, remarks = rebuild.read(submission), []
    except rebuild.Unreadable as error:
        sources, remarks = [], [str(error)]
    steps = rebuild.rebuild(sources, master)
    exam = _Exam(steps, master, limits, dict(files or {}))
    cells = exam.refuse(remarks[0]) if remarks else exam.run()
    shown = [step.cell for step in steps]
    if remarks:
        text = f"**This submission could not be graded:** {remarks[0]}"
        shown.insert(0, new_markdown_cell(text, id="cannot-be-graded"))
    notebook = new_notebook(cells=shown, metadata=nbformat.from_dict(LANGUAGE))
    faults = [f"{c.name}: {c.reason}" for c in cells if c.verdict == "not graded"]
    seconds = exam.seconds | {"all": time.monotonic() - began}
    return ExamResult(cells, notebook, remarks + faults, seconds, exam.questions)


class _Exam:
    """One run through a rebuilt notebook."""

    def __init__(self, steps: list, master: NotebookNode, limits: Limits, files: dict) -> None:
        self.steps, self.limits, self.files = steps, limits, files
        self.forbidden = tuple(master.metadata.get("convnet", {}).get("forbidden", ()))
        self.given = Given(names.to_be_defined(master))
        self.scope = self.given.scope
        self.asked: set[str] = set()  # names whose value is the student's
        self.candidate: Candidate | None = None
        self.skipped: set[int] = set()  # cells that ended a kernel are not run again
        self.ends = 0
        self.shown = 0  # characters of outputs so far
        self.questions = 0  # answered so far
        self.until = time.monotonic() + limits.total_seconds
        self.seconds = dict.fromkeys(("start", "cells", "tests"), 0.0)

    def refuse(self, why: str) -> list[CellResult]:
        """Nothing is run, nothing is earned."""
        return [
            CellResult(step.name, _points(step.cell), 0, "no answer", why)
            for step in self.steps
            if step.role in ("test", "by hand")
        ]

    def run(self) -> list[CellResult]:
        results = []
        try:
            for at, step in enumerate(self.steps):
                if step.role == "by hand":
                    points = _points(step.cell)
                    results.append(CellResult(step.name, points, None, "by hand"))
                if step.cell.cell_type != "code":
                    continue
                if step.role == "test":
                    results.append(self._test(at))
                else:
                    self._run_cell(at)
                if step.role == "given":
                    self.given.reach(step.cell.source)
        finally:
            if self.candidate is not None:
                self.candidate.end()
        return results

    def _run_cell(self, at: int) -> None:
        """Run a cell in the candidate and keep what it shows."""
        cell = self.steps[at].cell
        if not cell.source.strip():
            return
        with self._timed("cells"):
            try:
                self._ready(at)
                cell.outputs = self.candidate.run(cell.source)
            except Ended as ended:
                self._count(ended, at)
                cell.outputs = getattr(ended, "outputs", [_error("Ended", str(ended))])
            except Unanswered as unanswered:
                cell.outputs = [_error("NotRun", f"Not run: {unanswered}.")]
        if any(output.get("ename") == "OutOfTime" for output in cell.outputs):
            self.skipped.add(at)
        self._bound(cell)
        cell.execution_count = self._number(at)

    def _bound(self, cell: NotebookNode) -> None:
        """Leave out what would make a page that no browser opens, as many cells can together."""
        self.shown += len(str(cell.outputs))
        if self.shown > MAX_SHOWN:
            cell.outputs = [_error("LeftOut", "Not shown: this notebook has shown too much.")]

    def _number(self, at: int) -> int:
        return sum(step.cell.cell_type == "code" for step in self.steps[: at + 1])

    def _ready(self, at: int) -> None:
        """Have a kernel in which every cell before this one has been run."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise Unanswered(f"the {self.limits.total_seconds:g} s of the submission are used up")
        if self.candidate is None:
            if self.ends >= MAX_ENDS:
                raise Unanswered("the submission ended its kernel too often, or forged an answer")
            began = time.monotonic()
            self.candidate = Candidate(self.limits, self.files, self.forbidden)
            self.seconds["start"] += time.monotonic() - began
            for earlier, step in enumerate(self.steps[:at]):
                if time.monotonic() > self.until:
                    raise Unanswered("the time of the submission is used up")
                again = step.role != "test" and step.cell.cell_type == "code"
                if again and earlier not in self.skipped and step.cell.source.strip():
                    self._replay(earlier)
        self.candidate.seconds = min(self.limits.cell_seconds, left)

    def _replay(self, at: int) -> None:
        self.candidate.seconds = min(self.limits.cell_seconds, self.until - time.monotonic())
        try:
            self.candidate.run(self.steps[at].cell.source)
        except Ended as ended:
            self._count(ended, at)
            raise Unanswered(f"the notebook cannot be run a second time: {ended}") from None

    def _count(self, ended: Ended, at: int) -> None:
        self.ends = MAX_ENDS if isinstance(ended, Forged) else self.ends + 1
        self.skipped.add(at)
        if self.candidate is not None:
            self.candidate.end()
            self.candidate = None

    def _test(self, at: int) -> CellResult:
        """Ask the questions of a test cell, and judge."""
        cell, name = self.steps[at].cell, self.steps[at].name
        points, said, shown, score = _points(cell), io.StringIO(), [], None
        with contextlib.suppress(SyntaxError):  # which is told where the test is run
            self.given.need(names.used(cell.source))
        try:
            with self._timed("tests"), contextlib.redirect_stdout(said):
                self._ready(at)
                score = self._ask(cell.source, points, shown)
            verdict, reason = "passed" if score == points else "partly" if score else "failed", ""
        except (Exception, Unanswered) as error:
            if isinstance(error, Ended):
                self._count(error, at)
            score, verdict, reason = judge(error, cell.source)
        text = said.getvalue()[: 10 * self.limits.output]
        cell.outputs = [new_output("stream", name="stdout", text=text)] if text else []
        cell.outputs += shown
        if reason:
            cell.outputs.append(_error(verdict, reason))
        cell.execution_count = self._number(at)
        return CellResult(name, points, score, verdict, reason or first_wrong(text))

    def _ask(self, source: str, points: float, shown: list[NotebookNode]) -> float:
        """Run a test cell, the visible part and then the hidden one, and return its score.

        What the student's functions print is kept of the visible part only: of the hidden one it
        could be the inputs.
        """
        candidate, value = self.candidate, None
        before = candidate.answers
        statements, hidden = _parsed(source), rebuild.hidden_lines(source)
        used = names.used(source)
        parts = [[s for s in statements if (s.lineno in hidden) == h] for h in (False, True)]
        try:
            for part in filter(None, parts):
                with candidate.questions() as printed:
                    self._bind(used)
                    value = _run_statements(part, self.scope, self.given.student_names)
                if part is parts[0]:
                    shown += printed.items
        finally:
            self.questions += candidate.answers - before
        if candidate.answers == before:
            raise NoEvidence("the test asked nothing of the submission")
        return points if value is None else float(min(max(value, 0), points))

    def _bind(self, used: set[str]) -> None:
        """Ask for the student's names that a test uses; what is given is the examiner's own."""
        own = self.scope.keys() - self.asked | set(dir(builtins))
        if wanted := sorted(used - (own - self.given.student_names)):
            self.scope.update(zip(wanted, self.candidate.all_named(wanted), strict=True))
            self.asked.update(wanted)

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began, starting = time.monotonic(), self.seconds["start"]
        try:
            yield
        finally:
            started = self.seconds["start"] - starting
            self.seconds[what] += time.monotonic() - began - started


def _parsed(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        raise NoEvidence(f"the test is no Python: {error}") from None


def _run_statements(statements: list, scope: dict, student_names: set[str]) -> float | None:
    """Run statements; the value of the last one, if it is an expression that gives a score.

    What the student's own function returns is never a score.
    """
    *first, last = statements
    asks_back = (
        isinstance(last, ast.Expr)
        and isinstance(last.value, ast.Name | ast.Call)
        and (getattr(getattr(last.value, "func", last.value), "id", None) in student_names)
    )
    if not isinstance(last, ast.Expr) or asks_back:
        first, last = statements, None
    exec(compile(ast.Module(first, []), "<test>", "exec"), scope)
    if last is None:
        return None
    value = eval(compile(ast.Expression(last.value), "<test>", "eval"), scope)
    if value is None:
        return None
    if not isinstance(value, bool | int | float | np.generic) or not np.isfinite(value):
        raise NoEvidence(f"the last line gives a {type(value).__name__}, which is no score")
    return float(value)


def _points(cell: NotebookNode) -> float:
    return float(cell.metadata.nbgrader.get("points", 0))


def _error(name: str, text: str) -> NotebookNode:
    text = text.encode(errors="replace").decode()
    return new_output("error", ename=name, evalue=text, traceback=text.splitlines())
