"""What the course changes in nbgrader: answers to fill in, and grading by the examiner.

`nbgrader_config.py` puts these classes in place of nbgrader's own, so the plain commands and
formgrader use them. What reaches a browser is cleaned in `course_utils.grading.pages`.
"""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    GetGrades,
    IncludeHeaderFooter,
    LockCells,
    NbGraderPreprocessor,
    SaveCells,
)
from traitlets import Bool, Float, Integer

from course_utils.grading import beside, proof, rebuild
from course_utils.grading.blanks import without_values
from course_utils.grading.bubblewrap import require
from course_utils.grading.collect import Collect
from course_utils.grading.pages import FILTERS, FeedbackExporter, HideTests
from course_utils.grading.record import save_scores
from course_utils.grading.sandbox import MB, Limits
from course_utils.grading.submissions import read_folder
from course_utils.grading.verdicts import ExamResult
from course_utils.repository import LANGUAGE

SHOWN = re.compile(r"attachment:([^)>\"']+)")  # pictures in a cell's text


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
    """Drop from a released notebook what differs between machines, and what no text shows."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Keep the kernel's name, and of each cell what nbgrader and JupyterLab need.

        A picture that only a model answer or a mark scheme showed goes with it.
        """
        nb.metadata = nbformat.from_dict(LANGUAGE)
        for cell in nb.cells:
            kept = ("nbgrader", "tags", "deletable", "editable")
            cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in kept})
            shown = {unquote(name.strip()) for name in SHOWN.findall(cell.source)}
            pictures = cell.pop("attachments", {}).items()
            if left := {name: picture for name, picture in pictures if name in shown}:
                cell.attachments = nbformat.from_dict(left)
        return nb, resources


class Examiner(NotebookExporter):
    """Turns a submitted file into a graded notebook: rebuilt, run in the sandbox, examined.

    It reads the file itself, so nothing of it reaches nbgrader but what is fit to be shown.
    """

    cell_seconds = Float(60, help="Seconds that one cell, or one test, may take.").tag(config=True)
    total_seconds = Float(900, help="Seconds that one submission may take.").tag(config=True)
    memory = Integer(2048, help="Megabytes that one submission may use.").tag(config=True)
    sandbox = Bool(True, help="Run students' code in a sandbox (False: only your own).").tag(
        config=True
    )
    cold = Bool(False, help="Start each kernel anew, not by a fork: slower, equal grades.").tag(
        config=True
    )
    result: ExamResult | None = None
    _examiner = proof.Examiner()

    def limits(self) -> Limits:
        """What a submission may use, as configured."""
        return Limits(
            cell_seconds=self.cell_seconds,
            total_seconds=self.total_seconds,
            memory=self.memory * MB,
            sandbox=self.sandbox,
            cold=self.cold,
        )

    def from_filename(
        self, filename: str, resources: dict | None = None, **kwargs
    ) -> tuple[str, dict]:
        """Examine a submitted file; a graded one, which comes second, only passes through."""
        coursedir, about = self.parent.coursedir, resources["nbgrader"]
        names = about["student"], about["assignment"]
        graded = Path(coursedir.format_path(coursedir.autograded_directory, *names))
        if Path(filename).resolve().is_relative_to(graded.resolve()):
            return super().from_filename(filename, resources=resources, **kwargs)
        if self.sandbox:
            require()
        source = Path(coursedir.format_path(coursedir.source_directory, ".", names[1]))
        master = nbformat.read(source / f"{about['notebook']}.ipynb", as_version=4)
        wanted = {about["notebook"]: rebuild.ids(master)}
        submitted = read_folder(Path(filename).parent, names[0], wanted)
        data = submitted.notebooks.get(about["notebook"], b"")
        own_files = beside.read(source)
        keep = self.parent.exclude_overwriting.get(names[1], ())
        files = beside.put_over(own_files, submitted.files, keep)
        self.result = self._examiner.examine(data, master, self.limits(), files, own_files)
        self.result.remarks += submitted.remarks
        for remark in self.result.remarks:
            self.log.warning("%s, %s: %s", *names, remark)
        return self.from_notebook_node(self.result.notebook, resources=resources, **kwargs)


class SaveScores(NbGraderPreprocessor):
    """Write what the examiner found into the gradebook, instead of what the outputs look like."""

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Save the scores of the notebook that was just examined."""
        about, result = resources["nbgrader"], self.parent.result
        names = about["assignment"], about["student"], about["notebook"]
        with Gradebook(about["db_url"]) as gradebook:
            save_scores(gradebook, *names, result)
        return nb, resources


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
AUTOGRADE = [SaveScores, AssignLatePenalties]
FEEDBACK = [GetGrades, HideTests, CSSHTMLHeaderPreprocessor]

__all__ = ["AUTOGRADE", "FEEDBACK", "FILTERS", "GENERATE", "Collect", "FeedbackExporter"]
