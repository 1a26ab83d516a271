"""The gradebook of the demo: marks given by hand, and what each student earned and why."""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode

from course_utils.grading.demo.cycle import COURSE_ID, Course
from course_utils.grading.demo.recipes import Recipe, grade_id


@dataclass(frozen=True)
class Row:
    """What one student earned.

    Attributes
    ----------
    scores, points
        Earned and possible, by grade id, in the order of the notebook.
    sections
        The heading above each graded cell, by grade id.
    why
        One phrase about the largest loss; empty if there is none.
    """

    assignment: str
    recipe: Recipe
    scores: Mapping[str, float]
    points: Mapping[str, float]
    sections: Mapping[str, str]
    why: str

    @property
    def total(self) -> float:
        """Sum of all scores."""
        return sum(self.scores.values())

    @property
    def lost(self) -> dict[str, float]:
        """Points that were lost, by grade id."""
        losses = {id_: self.points[id_] - score for id_, score in self.scores.items()}
        return {id_: loss for id_, loss in losses.items() if loss}


def mark_by_hand(course: Course, assignment: str, recipes: Sequence[Recipe]) -> None:
    """Give each answer that waits for a person the marks of its recipe, with a comment."""
    with _gradebook(course) as gradebook:
        for recipe in recipes:
            submission = gradebook.find_submission(assignment, recipe.student)
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if not grade.needs_manual_grade:
                        continue
                    grade.manual_score = recipe.by_hand.get(grade.name, grade.max_score)
                    grade.needs_manual_grade = False
                    comment = gradebook.find_comment(
                        grade.name, notebook.name, assignment, recipe.student
                    )
                    comment.manual_comment = f"{grade.manual_score:g} of {grade.max_score:g}."
        gradebook.db.commit()


def read_rows(course: Course, assignment: str, recipes: Sequence[Recipe]) -> list[Row]:
    """What the gradebook and the graded notebooks say about every student."""
    rows = []
    with _gradebook(course) as gradebook:
        for recipe in recipes:
            scores, cells, sections = {}, {}, {}
            for notebook in gradebook.find_submission(assignment, recipe.student).notebooks:
                scores |= {grade.name: grade.score for grade in notebook.grades}
                folder = course.folder / "gradebook" / "autograded" / recipe.student / assignment
                graded = nbformat.read(Path(folder, f"{notebook.name}.ipynb"), as_version=4)
                sections |= _sections(graded)
                cells |= {grade_id(cell): cell for cell in graded.cells if grade_id(cell)}
            order = [id_ for id_ in cells if id_ in scores]
            points = {id_: cells[id_].metadata.nbgrader.points for id_ in order}
            rows.append(
                Row(
                    assignment,
                    recipe,
                    {id_: scores[id_] for id_ in order},
                    points,
                    sections,
                    _why([(points[id_] - scores[id_], cells[id_]) for id_ in order]),
                )
            )
    return rows


@contextlib.contextmanager
def _gradebook(course: Course) -> Iterator:
    # Imported here: nbgrader takes a second, which asking for help need not cost.
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.folder / 'gradebook' / 'gradebook.db'}", COURSE_ID) as book:
        yield book


def _sections(notebook: NotebookNode) -> dict[str, str]:
    """The heading of second level above each cell that nbgrader knows."""
    found, heading = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and not grade_id(cell):
            headings = re.findall(r"^## +(.+)$", cell.source, re.MULTILINE)
            heading = headings[-1] if headings else heading
        elif grade_id(cell):
            found[grade_id(cell)] = heading
    return found


def _why(losses: Sequence[tuple[float, NotebookNode]]) -> str:
    """What the test of the largest loss said, and how many more tests took points."""
    lost = sorted((pair for pair in losses if pair[0] > 0), key=lambda pair: -pair[0])
    if not lost:
        return ""
    more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
    return _phrase(lost[0][1]) + more


def _phrase(cell: NotebookNode) -> str:
    """What the outputs of a test say, in one sentence: a check's explanation before all else."""
    errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
    if any(error.ename == "CellTimeoutError" for error in errors):
        return "It ran over the time limit."
    if not errors:
        text = "".join(output.get("text", "") for output in cell.get("outputs", []))
        wrong = [line.removeprefix("✗ ") for line in text.splitlines() if line.startswith("✗")]
        return wrong[0] if wrong else "The answer did not earn all points."
    lines = strip_ansi("\n".join(errors[0].traceback)).splitlines()
    at = next((i for i, line in enumerate(lines) if line.startswith("✗")), None)
    if at is None:
        return f"{errors[0].ename}: {errors[0].evalue}".splitlines()[0]
    explained = [line.strip() for line in lines[at + 1 : at + 2] if "Seen with" not in line]
    return explained[0] if explained else lines[at].removeprefix("✗ ")
