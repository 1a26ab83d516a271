"""Examine a submission: run it in the candidate, ask it the master's tests, and judge the answers.

A mark needs positive evidence: the test has asked, answers have come, and it ran to its end.
"""

import ast
import builtins
import contextlib
import io
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook, new_output

from course_utils.grading import names, patience, reach, rebuild, remote, student_errors, testcell
from course_utils.grading.beside import working_folder
from course_utils.grading.candidate import Candidate
from course_utils.grading.given import Given
from course_utils.grading.kernel import Ended, Forged, Unanswered
from course_utils.grading.remote import Remote
from course_utils.grading.sandbox import Limits
from course_utils.grading.student_errors import NotDefined
from course_utils.grading.verdicts import (
    CellResult,
    ExamResult,
    NoEvidence,
    file_of,
    first_wrong,
    judge,
    not_graded,
)
from course_utils.repository import LANGUAGE

MAX_ENDS = 6  # kernels that a submission may end
HURRIED = "the machine was so busy that the clock stopped this submission, not what it computed"
LOST = "The submission has no cell for this answer. Your instructor looks for it."
PASTED = re.compile(r"\]\(\s*<?attachment:|src=[\"']attachment:")
MAX_SHOWN = 10_000_000  # characters of all outputs that are kept


def examine(
    submission: bytes | str,
    master: NotebookNode,
    limits: Limits,
    files: Mapping[str, bytes] | None = None,
    own_files: Mapping[str, bytes] | None = None,
) -> ExamResult:
    """Grade one submitted notebook.

    Parameters
    ----------
    submission
        The file as it was handed in, or, as a text, why there is none.
    master
        The instructor's notebook, with tests and hidden tests.
    limits
        What the submission may use.
    files
        Contents of the files that lie beside it when it is run, by relative path.
    own_files
        Of those that lie beside the tests: the instructor's.

    Returns
    -------
    ExamResult
        Also for what is no notebook at all.

    Raises
    ------
    CourseError
        If grading is not possible on this machine.
    """
    began, why, remarks = time.monotonic(), "", []
    try:
        sources = rebuild.read(submission)
    except rebuild.Unreadable as error:
        sources, why, remarks = [], str(error), [str(error)]
    steps = rebuild.rebuild(sources, master)
    exam = _Exam(steps, master, limits, dict(files or {}), dict(own_files or {}))
    with working_folder(own_files or {}):
        cells = exam.refuse(why) if why else exam.run()
    remarks += [f"{c.name}: {c.reason}" for c in cells if c.verdict == "missing"]
    remarks += [
        f"{step.name or 'a cell of the student'}: a picture was pasted into the text, which only "
        "the submitted notebook shows"
        for step in steps
        if step.role in ("student", "by hand") and PASTED.search(step.cell.source)
    ]
    shown = [step.cell for step in steps]
    if why:
        text = f"**This submission could not be graded:** {why}"
        shown.insert(0, new_markdown_cell(text, id="cannot-be-graded"))
    notebook = new_notebook(cells=shown, metadata=nbformat.from_dict(LANGUAGE))
    faults = [f"{c.name}: {c.detail or c.reason}" for c in cells if c.verdict == "not graded"]
    missing = frozenset(step.name for step in steps if step.missing)
    seconds = exam.seconds | {"all": time.monotonic() - began}
    about = {"missing": missing, "questions": exam.questions}
    about |= {"used": exam.used, "hurried": exam.hurried}
    if exam.hurried:
        remarks.append(HURRIED)
    return ExamResult(cells, notebook, remarks + faults, seconds, **about)


class _Exam:
    """One run through a rebuilt notebook."""

    def __init__(
        self,
        steps: list,
        master: NotebookNode,
        limits: Limits,
        files: dict,
        own_files: Mapping[str, bytes],
    ) -> None:
        self.steps, self.limits, self.files, self.own_files = steps, limits, files, own_files
        self.forbidden = tuple(master.metadata.get("convnet", {}).get("forbidden", ()))
        self.master, self.plan, self.given = master, names.plan(master), Given()
        self.place = {rebuild.grade_id(c): i for i, c in enumerate(master.cells) if rebuild.role(c)}
        self.scope: dict[str, Any] = {"__name__": "__examiner__"}
        self.taken = 0  # cells of the master of which the examiner has run what is its own
        self.broken: dict[str, str] = {}  # names that this did not define, and why
        self.asked: set[str] = set()  # names whose value is the student's
        self.helpers: list[ast.stmt] = []  # functions and classes of earlier tests
        self.read = 0  # values of the student's that a test is about to use
        self.candidate: Candidate | None = None
        self.skipped: set[int] = set()  # cells that ended a kernel are not run again
        self.ends = 0
        self.shown = 0  # characters of outputs so far
        self.questions = 0  # answered so far
        self.began, self.idle = time.monotonic(), patience.own_waiting()
        self.waited = 0.0  # seconds that kernels which have ended waited for a processor
        self.hurried = False  # whether the clock alone stopped something, on a busy machine
        self.used: dict[str, float] = {}
        self.seconds = dict.fromkeys(("start", "cells", "tests"), 0.0)

    def _own_code(self) -> Iterator[tuple[set[str], ast.AST]]:
        """Statements of the examiner's, with the names that bring a test to them."""
        for cell, own in zip(self.master.cells, self.plan.own, strict=True):
            for each in names.statements(cell.source) if rebuild.role(cell) == "test" else own:
                yield names.defined(each), each
        for name, data in self.own_files.items():
            if name.endswith(".py"):
                code = names.statements(data.decode(errors="replace"))
                yield {PurePosixPath(name).stem}, ast.Module(code, [])

    def _reads(self, test: list[ast.stmt]) -> bool:
        """Whether neither a test nor what it comes to runs what it reads from files."""
        found, new, left = [*test], test, [*self._own_code()]
        while new:
            wanted = {name for each in new for name in testcell.mentioned(each)}
            new = [s for brings, s in left if brings & wanted]
            left = [(brings, s) for brings, s in left if not brings & wanted]
            found += new
        return not reach.runs_what_it_reads(found)

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
                    verdict, why = ("missing", LOST) if step.missing else ("by hand", "")
                    results.append(CellResult(step.name, _points(step.cell), None, verdict, why))
                if step.cell.cell_type != "code":
                    continue
                if step.role == "test":
                    self._take_over(self.place[step.name], step.cell.source)
                    results.append(self._test(at))
                else:
                    self._run_cell(at)
        finally:
            if self.candidate is not None:
                self._end_candidate()
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
        left = self._left()
        if left <= 0:
            raise Unanswered(f"the {self.limits.total_seconds:g} s of the submission are used up")
        if self.candidate is None:
            if self.ends >= MAX_ENDS:
                raise Unanswered("the submission ended its kernel too often, or forged an answer")
            began = time.monotonic()
            self.candidate = Candidate(self.limits, self.files, self.forbidden)
            self.candidate.special = self.plan.special
            self.seconds["start"] += time.monotonic() - began
            for earlier, step in enumerate(self.steps[:at]):
                if self._left() <= 0:
                    raise Unanswered("the time of the submission is used up")
                again = step.role != "test" and step.cell.cell_type == "code"
                if again and earlier not in self.skipped and step.cell.source.strip():
                    self._replay(earlier)
        self.candidate.seconds = min(self.limits.cell_seconds, left)

    def _left(self) -> float:
        """Seconds of the submission that are left, without those in which it had to wait."""
        total, passed = self.limits.total_seconds, time.monotonic() - self.began
        if passed > patience.PRECAUTION * total:
            self.hurried = True
            return 0.0
        left = total - passed + patience.own_waiting() - self.idle + self.waited
        if self.candidate is None or left > self.limits.cell_seconds:
            return left  # as much as anything takes, without what the kernel has waited for
        return left + self.candidate.waited()

    def _end_candidate(self) -> None:
        self.candidate.end()
        self.waited += self.candidate.waited()
        self.hurried |= self.candidate.hurried
        for what, much in self.candidate.used.items():
            before = self.used.get(what, 0.0)
            self.used[what] = max(before, much) if what == "memory" else before + much
        self.candidate = None

    def _replay(self, at: int) -> None:
        self.candidate.seconds = min(self.limits.cell_seconds, self._left())
        try:
            self.candidate.run(self.steps[at].cell.source)
        except Ended as ended:
            self._count(ended, at)
            raise Unanswered(f"the notebook cannot be run a second time: {ended}") from None

    def _count(self, ended: Ended, at: int) -> None:
        self.ends = MAX_ENDS if isinstance(ended, Forged) else self.ends + 1
        self.skipped.add(at)
        if self.candidate is not None:
            self._end_candidate()

    def _take_over(self, end: int, test: str) -> None:
        """Run here what the examiner's own names before a test come from, if the test needs it.

        A failure is the instructor's. It matters where a test uses what is missing then.
        """
        used: set[str] = set()
        with contextlib.suppress(SyntaxError):  # which is told where the test is run
            used = names.used(test) | names.reached(test, self.helpers)
        waiting = [s for own in self.plan.own[self.taken : end] for s in own]
        if not self.given.matters(waiting, used):
            return
        for at in range(self.taken, end):
            cell, failure = self.master.cells[at], ""
            for each in self.plan.own[at]:
                try:
                    with contextlib.redirect_stdout(io.StringIO()):
                        exec(compile(ast.Module([each], []), "<given>", "exec"), self.scope)
                except (Exception, SystemExit) as error:
                    line = cell.source.splitlines()[each.lineno - 1].strip()
                    said = f"{type(error).__name__}: {error}"
                    name = rebuild.grade_id(cell) or cell.get("id", "without a name")
                    failure = failure or f"cell {name}, line {each.lineno}, `{line}`: {said}"
                    for missing in names.defined(each):
                        self.scope.pop(missing, None)
                        self.broken[missing] = failure
                else:
                    for there in names.defined(each):
                        self.broken.pop(there, None)
        self.taken = max(self.taken, end)

    def _test(self, at: int) -> CellResult:
        """Ask the questions of a test cell, and judge."""
        cell, name = self.steps[at].cell, self.steps[at].name
        points, said, shown = _points(cell), io.StringIO(), []
        self.read = 0
        try:
            aside = contextlib.redirect_stderr(io.StringIO())  # a report may quote hidden lines
            with self._timed("tests"), contextlib.redirect_stdout(said), aside:
                self._ready(at)
                self.candidate.evidence, before = 0, self.candidate.answers
                self.candidate.unheard.clear()
                try:
                    score = self._ask(name, cell.source, points, shown)
                finally:
                    self.questions += self.candidate.answers - before
            verdict = "passed" if score == points else "partly" if score else "failed"
            result = CellResult(name, points, score, verdict)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # pytest's failures are no Exception
            if isinstance(error, Ended):
                self._count(error, at)
            result = judge(name, points, error, cell.source, evidence=self._has_evidence())
            result = self._unless_unheard(result)
            if isinstance(error, NotDefined):
                result = replace(result, reason=result.reason + self._why_missing(at, error.name))
        if self.candidate is not None and self.candidate.sandbox.ended:  # which a test kept back
            self._count(self.candidate.failure or Ended("the kernel ended"), at)
        text = said.getvalue()[: 10 * self.limits.output]
        cell.outputs = [new_output("stream", name="stdout", text=text)] if text else []
        cell.outputs += shown
        if result.reason:
            cell.outputs.append(_error(result.verdict, result.reason))
        cell.execution_count = self._number(at)
        return replace(result, reason=result.reason or first_wrong(text))

    def _why_missing(self, at: int, name: str) -> str:
        """The first error of the student's cell that was to define a name."""
        defines = re.compile(rf"^\s*(?:(?:async )?def|class)\s+{name}\b|^{name}\s*=", re.MULTILINE)
        for step in reversed(self.steps[:at]):
            if step.role != "test" and defines.search(step.cell.source):
                outputs = step.cell.get("outputs", ())
                failed = next((o for o in outputs if o.output_type == "error"), None)
                if failed is not None:
                    said = re.sub(r" \(\d+\.py, line (\d+)\)", r" (line \1)", failed.evalue[:200])
                    return f", since its cell stopped: {failed.ename}: {said}"
        return ""

    def _unless_unheard(self, result: CellResult) -> CellResult:
        """Nobody knows whether an answer is right that is of a type that stays there."""
        unheard = self.candidate.unheard if self.candidate else []
        if result.verdict != "failed" or not unheard:
            return result
        why = f"the answer is a {unheard[0]}, which cannot be compared here: look at it yourself"
        return not_graded(result.name, result.points, why)

    def _has_evidence(self) -> bool:
        return self.candidate is not None and self.read + self.candidate.evidence > 0

    def _ask(self, name: str, source: str, points: float, shown: list[NotebookNode]) -> float:
        """Run a test cell, the visible part and then the hidden one, and return its score.

        What the student's functions print is kept of the visible part only: of the hidden one it
        could be the inputs.
        """
        value, failures = None, []
        statements, hidden = testcell.parsed(source), rebuild.hidden_lines(source)
        reached = names.reached(source, self.helpers)
        for lost in sorted(reached & self.broken.keys()):
            raise NoEvidence(f"`{lost}` is missing, since this failed: {self.broken[lost]}")
        self.helpers += [s for s in statements if isinstance(s, names.DEFINITIONS)]
        parts = [[s for s in statements if (s.lineno in hidden) == h] for h in (False, True)]
        here = reach.Reach(self.candidate, self.scope, source, self._written(name),
                           self.own_files, lambda: self._reads(statements))  # fmt: skip
        for part in filter(None, parts):
            later = part is not parts[0] and bool(parts[0])
            asking = self.candidate.questions(more=later)
            with asking as printed, testcell.listening(failures, self.scope), here.open():
                self._bind(names.used(source) | reached | names.read(source), reached)
                self._know_errors(names.caught(*statements, *self.helpers))
                theirs = self.plan.solved | self.plan.others
                value = testcell.run_statements(
                    part, self.scope, theirs, file_of(name), self.plan.shared
                )
            if part is parts[0]:
                shown += printed.items
        self.read += here.looked
        for failure in failures if value is None else ():
            raise failure
        if not self._has_evidence():
            raise NoEvidence("the test asked nothing of the submission: no evidence, no mark")
        return points if value is None else float(min(max(value, 0), points))

    def _bind(self, used: set[str], reached: set[str]) -> None:
        """Ask for the student's names that a test uses; what is given is the examiner's own.

        A name that nothing in the master defines is not asked for: it is a slip of the test.
        """
        own = self.scope.keys() - self.asked | set(dir(builtins))
        for name in sorted(used & (self.plan.solved | self.plan.others - own)):
            self.asked.add(name)
            try:
                value = self.scope[name] = self.candidate.named(name)
            except NotDefined:
                self.scope.pop(name, None)
                if name in reached:
                    raise
            else:
                if isinstance(value, Remote):
                    value._now(remote.CLASS if name in self.plan.classes else remote.OTHER, name)
                tells = name in (self.plan.values | self.plan.others) & reached
                self.read += tells and not isinstance(value, Remote)

    def _know_errors(self, expected: list[ast.expr]) -> None:
        """Have a class here for each class of errors that a test expects, so that it is caught."""
        known = self.candidate.errors = {}
        for each in expected:
            with contextlib.suppress(Exception):  # the test itself tells of it
                kind = eval(compile(ast.Expression(each), "<expected>", "eval"), self.scope)
                if isinstance(kind, Remote) and isinstance(each, ast.Name):
                    bases = self.candidate.ask("bases", kind._number)
                    self.scope[each.id] = student_errors.local_error(kind, bases, known) or kind
                elif isinstance(kind, type) and issubclass(kind, Exception):
                    known.setdefault(kind.__name__, kind)
        for built_in in known.keys() & set(dir(builtins)):
            if known[built_in] is getattr(builtins, built_in):
                del known[built_in]

    def _written(self, test: str) -> Callable[[str], str]:
        """Gives the text of what the student has last defined under a name before a test."""
        before = itertools.takewhile(lambda step: step.name != test, self.steps)
        run = [s.cell for s in before if s.cell.cell_type == "code" and s.role != "test"]
        ended = [c for c in run if not any(o.output_type == "error" for o in c.outputs)]

        def written(name: str) -> str:
            """Empty where a cell that stopped may have defined it, or where it is no definition."""
            for cell in reversed(run):
                for each in reversed(names.statements(cell.source)):
                    if name not in names.defined(each):
                        continue
                    if cell not in ended or not isinstance(each, names.DEFINITIONS):
                        return ""
                    begin = min([each.lineno, *(d.lineno for d in each.decorator_list)])
                    lines = cell.source.splitlines(keepends=True)[begin - 1 : each.end_lineno]
                    return "".join(lines)
            return ""

        return written

    @contextlib.contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began, starting = time.monotonic(), self.seconds["start"]
        try:
            yield
        finally:
            started = self.seconds["start"] - starting
            self.seconds[what] += time.monotonic() - began - started


def _points(cell: NotebookNode) -> float:
    return float(cell.metadata.nbgrader.get("points", 0))


def _error(name: str, text: str) -> NotebookNode:
    text = text.encode(errors="replace").decode()
    return new_output("error", ename=name, evalue=text, traceback=text.splitlines())
