"""What a graded cell earned, and the words for it."""

import traceback
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from course_utils.grading import rebuild, remote
from course_utils.grading.candidate import Unanswered
from course_utils.grading.remote import CandidateError, NotDefined

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
        `"passed"`, `"partly"`, `"failed"`, `"no answer"`, `"by hand"` or `"not graded"`.
    reason
        For the student, a sentence or more; empty if all is well.
    """

    name: str
    points: float
    score: float | None
    verdict: str
    reason: str = ""


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
    questions
        How many the candidate has answered.
    """

    cells: list[CellResult]
    notebook: NotebookNode
    remarks: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    questions: int = 0

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


def judge(error: BaseException, source: str) -> tuple[float | None, str, str]:
    """Score, verdict and reason for what a test cell raised."""
    if isinstance(error, Unanswered):
        return 0, "no answer", f"{str(error)[0].upper()}{str(error)[1:]}."
    if isinstance(error, NoEvidence):
        return None, "not graded", f"{error}: no evidence, no mark"
    frames = traceback.extract_tb(error.__traceback__)
    at = next((f.lineno for f in reversed(frames) if f.filename == "<test>"), 0)
    hidden = at in rebuild.hidden_lines(source)
    if isinstance(error, CandidateError):
        line = f"\n  {error.own_line}" if error.own_line else ""
        kind = type(error).__name__
        raised = "" if isinstance(error, NotDefined) else f"your code raised {kind}: "
        return 0, "failed", f"✗ {raised}{error}{line}"
    if hasattr(error, "_render_traceback_"):  # a check's explanation, made for students
        return 0, "failed", str(error)
    if isinstance(error, AssertionError):
        if hidden:
            return 0, "failed", "✗ A hidden test failed."
        line = source.splitlines()[at - 1].strip() if at else "assert"
        return 0, "failed", f"✗ {line}" + (f"\n  {error}" if str(error) else "")
    if (
        frames
        and frames[-1].filename.startswith(OWN_CODE)
        and frames[-1].filename != remote.__file__
    ):
        return None, "not graded", f"the check itself failed: {type(error).__name__}: {error}"
    kind = type(error).__name__
    why = "" if hidden else f": {error}"
    return 0, "failed", f"✗ The test could not use your result: {kind}{why}"[:1000]


def first_wrong(text: str) -> str:
    """The first line of a test's output that says what is wrong."""
    return next((line for line in text.splitlines() if line.startswith("✗")), "")
