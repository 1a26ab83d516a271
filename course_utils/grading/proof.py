"""A test that the instructor's own solution does not pass costs nobody a mark."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

import nbformat
from nbformat import NotebookNode

from course_utils.grading import apart
from course_utils.grading.sandbox import Limits
from course_utils.grading.verdicts import CellResult, ExamResult, not_graded


class Examiner:
    """Examines submissions, and where a failure could be the test's own, the solution as well.

    Parameters
    ----------
    examine
        What examines one notebook, with the parameters of `examine.examine`; by default in a
        process of its own.
    """

    def __init__(self, examine: Callable[..., ExamResult] | None = None) -> None:
        self._examine = examine or apart.Examiner().examine
        self._lock = threading.Lock()
        self._proofs: dict[tuple, dict[str, CellResult]] = {}

    def examine(
        self,
        submission: bytes | str,
        master: NotebookNode,
        limits: Limits,
        files: Mapping[str, bytes] | None = None,
        own_files: Mapping[str, bytes] | None = None,
    ) -> ExamResult:
        """As `examine.examine`, but a failure that may be the test's own is looked into."""
        result = self._examine(submission, master, limits, files, own_files)
        if any(cell.doubt for cell in result.cells):
            _settle(result, self._proof(master, limits, own_files or {}))
        return result

    def _proof(
        self, master: NotebookNode, limits: Limits, own_files: Mapping[str, bytes]
    ) -> dict[str, CellResult] | str:
        """What the solution earns, by the name of the cell; or why that is not known this time."""
        solution = nbformat.writes(master).encode()
        key = solution, limits, tuple(sorted(own_files.items()))
        with self._lock:
            if key not in self._proofs:
                try:
                    solved = self._examine(solution, master, limits, own_files, own_files).cells
                except Exception as error:  # no proof of anything, which the next one may have
                    return f"your own solution could not be examined: {error}"
                self._proofs[key] = {cell.name: cell for cell in solved}
            return self._proofs[key]


def _settle(result: ExamResult, proof: Mapping[str, CellResult] | str) -> None:
    """Take back what a failure would cost, unless the solution shows that the test can be met."""
    for at, cell in enumerate(result.cells):
        solved = None if isinstance(proof, str) else proof.get(cell.name)
        met = solved.verdict in ("passed", "partly") if solved else cell.doubt == "little"
        if not cell.doubt or (met and not isinstance(proof, str)):
            result.cells[at] = replace(cell, detail="", doubt="")
            continue
        why = (solved.detail or solved.reason) if solved else cell.detail
        fault = f"your own solution does not pass this test: {why}" if solved else why
        fault = proof if isinstance(proof, str) else fault
        result.cells[at] = fresh = not_graded(cell.name, cell.points, fault)
        result.remarks.append(f"{cell.name}: {fault}")
        shown = next(c for c in result.notebook.cells if c.id == cell.name)
        error = {"ename": fresh.verdict, "evalue": fresh.reason, "traceback": [fresh.reason]}
        shown.outputs[-1].update(error)
