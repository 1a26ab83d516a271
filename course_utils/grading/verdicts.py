"""What a graded cell earned, and the words for it."""

import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode

from course_utils.grading import rebuild, remote, student_errors
from course_utils.grading.kernel import Unanswered
from course_utils.grading.student_errors import CandidateError, NotDefined

NOT_GRADED = "This test could not be judged. Your instructor looks at it."
TEST = "<test "
LONGEST = 20_000  # characters of a reason
OWN_CODE = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class CellResult:
    """What one graded cell earned.

    Attributes
    ----------
    name, points
        Grade id, and the most that can be earned.
    score
        From 0 to the points; None where a person has to decide.
    verdict
        `"passed"`, `"partly"`, `"failed"`, `"no answer"`, `"by hand"`, `"missing"` (by hand, but
        the submission has no such cell) or `"not graded"`.
    reason
        For the student, a sentence or more; empty if all is well.
    detail
        For the instructor, what the student is not to read.
    doubt
        Whether the test may have failed by its own mistake: `""` if it is certainly the student's,
        `"little"` where an assertion or their code raised, `"much"` where the test's own lines did.
    """

    name: str
    points: float
    score: float | None
    verdict: str
    reason: str = ""
    detail: str = ""
    doubt: str = ""


@dataclass
class ExamResult:
    """What a submitted notebook earned.

    Attributes
    ----------
    cells
        One result for each graded cell, in the order of the notebook.
    notebook
        What was run, with outputs, as students may see it but for the source of hidden tests.
    remarks
        What the instructor should look at.
    seconds
        Where the time went.
    missing
        Names of the answers whose cells the submission does not have.
    questions
        How many the candidate has answered.
    used
        Seconds of processors, and bytes of memory at the most (`patience.used`).
    hurried
        Whether the clock alone ended something, while the machine had no time for it.
    """

    cells: list[CellResult]
    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    questions: int = 0
    used: dict[str, float] = field(default_factory=dict)
    hurried: bool = False

    @property
    def score(self) -> float:
        """Sum of the scores that are known."""
        return sum(cell.score or 0 for cell in self.cells)

    @property
    def not_graded(self) -> bool:
        """Whether a fault of the grading itself left a cell without a score."""
        return any(cell.verdict == "not graded" for cell in self.cells)


class NoEvidence(Exception):
    """A test that cannot give a mark."""


def not_graded(name: str, points: float, detail: str) -> CellResult:
    """The result of a test that decides nothing; the detail is for the instructor."""
    return CellResult(name, points, None, "not graded", NOT_GRADED, detail)


def file_of(name: str) -> str:
    """What a test is called in tracebacks: a later one may call a function of an earlier one."""
    return f"{TEST}{name}>"


def judge(
    name: str, points: float, error: BaseException, source: str, *, evidence: bool
) -> CellResult:
    """What a test cell earned that raised, with or without evidence of the student's work."""
    result = _judge(name, points, error, source, evidence)
    reason = result.reason
    return replace(result, reason=reason if len(reason) <= LONGEST else f"{reason[:LONGEST]} …")


def _judge(
    name: str, points: float, error: BaseException, source: str, evidence: bool
) -> CellResult:
    if isinstance(error, Unanswered):
        reason = f"{str(error)[0].upper()}{str(error)[1:]}."
        return CellResult(name, points, 0, "no answer", reason)
    if isinstance(error, NoEvidence):
        return not_graded(name, points, str(error))
    kind, frames = type(error).__name__, traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == file_of(name)]
    others = {f.filename for f in frames if f.filename.startswith(TEST)} - {file_of(name)}
    hidden = not rebuild.hidden_lines(source).isdisjoint(lines)
    quiet = hidden or others or not lines  # what was raised may tell of hidden lines
    at = lines[-1] if lines else 0
    line = source.splitlines()[at - 1].strip() if at else ""
    if isinstance(error, CandidateError):
        own_line = f"\n  {error.own_line}" if error.own_line else ""
        missing = isinstance(error, NotDefined)
        reason = f"✗ {'' if missing else f'your code raised {kind}: '}{error}{own_line}"
        return CellResult(name, points, 0, "failed", reason, doubt="little")
    if hasattr(error, "_render_traceback_"):  # a check's explanation, made for students
        return CellResult(name, points, 0, "failed", str(error))
    if _is_of_the_check(frames):
        return not_graded(name, points, f"the check itself failed: {kind}: {error}")
    early = "" if evidence else " before it asked anything"
    detail = f"the test failed{early}, in line {at}, `{line}`: {kind}: {error}"[:1000]
    asserted = isinstance(error, AssertionError) or type(error).__module__.startswith("_pytest")
    if asserted:
        said = f"✗ {line or 'a test of the suite failed'}"
        said += f"\n  {error}" if str(error) and not quiet else ""
        reason = "✗ A hidden test failed." if hidden else said
    else:
        why = kind if quiet else f"{kind}: {error}"
        reason = f"✗ The test could not use your result: {why}"[:1000]
    doubt = "little" if evidence and asserted else "much"
    return CellResult(name, points, 0, "failed", reason, detail, doubt)


def _is_of_the_check(frames: traceback.StackSummary) -> bool:
    """Whether code of the course raised, other than what stands for the student's things."""
    file = frames[-1].filename if frames else ""
    return file.startswith(OWN_CODE) and file not in (remote.__file__, student_errors.__file__)


def first_wrong(text: str) -> str:
    """The first line of a test's output that says what is wrong."""
    return next((line for line in text.splitlines() if line.startswith("✗")), "")
