"""What the course changes in nbgrader: answers to fill in, missing cells, limits.

`nbgrader_config.py` puts these classes in place of nbgrader's own, so the plain commands and
formgrader use them. What reaches a browser is cleaned in `course_utils.grading.pages`.
"""

import base64
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import SourceCell
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    Execute,
    GetGrades,
    IncludeHeaderFooter,
    LimitOutput,
    LockCells,
    NbGraderPreprocessor,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
    SaveCells,
)

from course_utils.grading.blanks import without_values
from course_utils.grading.pages import FILTERS, FeedbackExporter, HideTests
from course_utils.notebooks import LANGUAGE

IMAGES = ("image/png", "image/jpeg")
SHOWN = {"text/plain", "text/html", "text/markdown", "text/latex", *IMAGES}


class ClearAnswers(ClearSolutions):
    """Like nbgrader's, but a list of answers keeps its names and comments.

    A solution region at the left margin that consists of assignments only, such as
    `size = 24  # 28×28 image`, becomes `size = None  # 28×28 image`: a stub that raises there
    would stop the notebook before its first check. Comments beside and between the assignments
    stay, since they are the questions.
    """

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        cleared = False
        if cell.cell_type == "code" and language == "python":
            cell.source, cleared = self._clear_answers(cell.source)
        return super()._replace_solution_region(cell, language) or cleared

    def _clear_answers(self, source: str) -> tuple[str, bool]:
        """The source with its regions of answers emptied, and whether there was one."""
        kept, region, cleared = [], None, False
        for line in source.split("\n"):
            if region is None and line.lstrip() == line and self.begin_solution_delimeter in line:
                region = [line]
            elif region is None:
                kept.append(line)
            else:
                region.append(line)
                if self.end_solution_delimeter in line:
                    blank = without_values("\n".join(region[1:-1]))
                    kept += region if blank is None else blank.split("\n")
                    cleared, region = cleared or blank is not None, None
        return "\n".join(kept + (region or [])), cleared


class Canonical(NbGraderPreprocessor):
    """Drop from a released notebook what differs between machines and editors."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Keep the kernel's name, and of each cell what nbgrader and JupyterLab need."""
        nb.metadata = nbformat.from_dict(LANGUAGE)
        for cell in nb.cells:
            kept = ("nbgrader", "tags", "deletable", "editable")
            cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in kept})
        return nb, resources


class MasterMetadata(NbGraderPreprocessor):
    """Give each cell of a submission the metadata that the master has, and nothing else.

    What a cell is for and how many points it gives is not the student's to say, and tags change
    how a cell is run. This comes first, because tags can also make a notebook invalid.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Cells that the master does not know, and all but the last of doubled ones, get none.

        nbgrader's own way with a doubled test cell ends the grading of the whole class.
        """
        known = {_grade_id(cell): cell.metadata.nbgrader for cell in _master_cells(self, resources)}
        for cell in reversed(nb.cells):
            about = known.pop(_grade_id(cell), None)
            cell.metadata = nbformat.from_dict({"nbgrader": about} if about else {})
        return nb, resources


class RestoreCells(OverwriteCells):
    """Put back every locked or graded cell that is missing, where the master has it.

    nbgrader's own way stops with a KeyError when the cell before the missing one is gone too or
    is read-only, and never restores a read-only cell such as the imports.
    """

    def report_change(self, name: str, attr: str, old: object, new: object) -> None:
        """Report what changed, but for checksums: hidden tests change those of every submission."""
        if attr != "checksum":
            super().report_change(name, attr, old, new)

    def add_missing_grade_cells(
        self, nb: NotebookNode, resources: dict
    ) -> tuple[NotebookNode, dict]:
        """Put each missing cell behind the one that stands before it in the master."""
        sources = {
            cell.name: cell
            for cell in self.gradebook.find_notebook(
                self.notebook_id, self.assignment_id
            ).source_cells
        }
        at = 0  # where the next missing cell belongs: behind the one before it in the master
        for master in _master_cells(self, resources):
            id_ = master.metadata.nbgrader.grade_id
            place = [i for i, cell in enumerate(nb.cells) if _grade_id(cell) == id_]
            if place:
                at = place[0] + 1
            elif id_ in sources and (utils.is_locked(master) or utils.is_grade(master)):
                self.log.warning("Cell %s was missing and is put back", id_)
                taken = {cell.get("id") for cell in nb.cells}
                nb.cells.insert(at, _restored(master, sources[id_], taken))
                at += 1
        return nb, resources

    def add_missing_task_cells(
        self, nb: NotebookNode, resources: dict
    ) -> tuple[NotebookNode, dict]:
        return nb, resources


def _master_cells(preprocessor: NbGraderPreprocessor, resources: dict) -> list[NotebookNode]:
    """The cells of the instructor's notebook that nbgrader knows, in their order."""
    coursedir = preprocessor.parent.parent.coursedir  # preprocessor → exporter → converter
    about = resources["nbgrader"]
    folder = coursedir.format_path(coursedir.source_directory, ".", about["assignment"])
    master = nbformat.read(Path(folder, f"{about['notebook']}.ipynb"), as_version=4)
    return [cell for cell in master.cells if _grade_id(cell)]


def _grade_id(cell: NotebookNode) -> str | None:
    about = cell.metadata.get("nbgrader")
    return about.get("grade_id") if isinstance(about, dict) else None


def _restored(master: NotebookNode, source: SourceCell, taken: set[str]) -> NotebookNode:
    """A cell of the master with the text that the gradebook keeps: a stub, not the solution."""
    about = {**master.metadata.nbgrader, "checksum": source.checksum}
    make = getattr(nbformat.v4, f"new_{source.cell_type}_cell")
    cell = make(source.source, metadata=nbformat.from_dict({"nbgrader": about}))
    if master.id not in taken:
        cell.id = master.id
    return cell


class ExecuteWithinLimits(Execute):
    """Run a notebook in bounded time, whatever its cells do.

    A cell over its time limit is interrupted, and the next ones run. When the kernel ignores the
    interrupt, or dies, nothing more can be run: that cell and all below it say so and earn
    nothing, what was earned above stands, and the submission is graded all the same.
    """

    lost = ""  # why no more cells can be run

    def preprocess(self, nb: NotebookNode, *args, **kwargs) -> tuple[NotebookNode, dict]:
        """Run a notebook with a fresh kernel."""
        self.lost = ""
        return super().preprocess(nb, *args, **kwargs)

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Run a cell, or say why it is not run."""
        if not self.lost:
            try:
                return super().preprocess_cell(cell, resources, index)
            except (CellTimeoutError, DeadKernelError) as error:
                died = isinstance(error, DeadKernelError)
                ending = (
                    "ended the kernel" if died else f"ran over {self.timeout} s and cannot stop"
                )
                first_line = cell.source.strip().split("\n")[0]
                self.lost = f"The cell that begins with {first_line!r} {ending}."
        if cell.cell_type == "code":
            why = f"Not run. {self.lost}"
            output = nbformat.v4.new_output("error", ename="NotRun", evalue=why, traceback=[why])
            cell.outputs = [*cell.outputs, output]
        return cell, resources


class PlainOutputs(NbGraderPreprocessor):
    """Keep of an output what a page can show safely; formgrader writes the rest as it comes.

    Measured: nbconvert's templates put an image's width into the page without quotes, so
    metadata can carry a script.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Drop other kinds of output, and of the metadata all but alt texts."""
        for output in cell.get("outputs", []):
            if "data" not in output:
                continue
            output.data = NotebookNode(
                {
                    kind: value
                    for kind, value in output.data.items()
                    if kind in SHOWN and (kind not in IMAGES or _is_base64(value))
                }
            )
            alts = {kind: output.metadata.get(kind, {}).get("alt") for kind in IMAGES}
            output.metadata = nbformat.from_dict(
                {kind: {"alt": alt} for kind, alt in alts.items() if isinstance(alt, str)}
            )
        return cell, resources


def _is_base64(value: object) -> bool:
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, ValueError):  # no text, or characters that are not of base64
        return False
    return True


GENERATE = [
    IncludeHeaderFooter,
    LockCells,
    ClearAnswers,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    SaveCells,  # the hidden tests are kept in the gradebook, then removed from the release
    ClearHiddenTests,
    ClearMarkScheme,
    Canonical,
    ComputeChecksums,
    CheckCellMetadata,
]
SANITIZE = [
    MasterMetadata,
    ClearOutput,
    OverwriteKernelspec,
    RestoreCells,
    CheckCellMetadata,
]
AUTOGRADE = [
    ExecuteWithinLimits,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    PlainOutputs,
    CheckCellMetadata,
]
FEEDBACK = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]

__all__ = ["AUTOGRADE", "FEEDBACK", "FILTERS", "GENERATE", "SANITIZE", "FeedbackExporter"]
