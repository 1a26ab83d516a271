"""What a sample student hands in, written as the difference to the instructor's solution."""

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

MARKERS = ("BEGIN SOLUTION", "END SOLUTION")


@dataclass(frozen=True)
class Recipe:
    """A sample student.

    Attributes
    ----------
    student, story
        Name, and one sentence about what the student did.
    cells
        New source for cells, by grade id.
    solved
        Whether every other cell to be solved is taken from the solution, or left as released.
    deleted
        Grade ids of cells that the student removed.
    by_hand
        Marks for the answers that a person reads, by grade id; full marks where none is given.
    lost
        The points that each test takes away, by grade id: what grading is expected to find.
    """

    student: str
    story: str
    cells: Mapping[str, str] = field(default_factory=dict)
    solved: bool = True
    deleted: tuple[str, ...] = ()
    by_hand: Mapping[str, float] = field(default_factory=dict)
    lost: Mapping[str, float] | None = field(default_factory=dict)


PERFECT = Recipe("ada", "solved everything")
BLANK = Recipe("eve", "handed in the blank notebook", solved=False, lost=None)


def sample_class(assignment: str) -> list[Recipe]:
    """The class of an assignment; a perfect and a blank student where none is written for it."""
    module = f"course_utils.grading.demo.classes.{assignment}"
    if importlib.util.find_spec(module) is None:
        return [PERFECT, BLANK]
    return importlib.import_module(module).STUDENTS


def fill_in(path: Path, recipe: Recipe, solution: Path) -> None:
    """Edit a fetched notebook in place, as the student would."""
    notebook = nbformat.read(path, as_version=4)
    solved = {
        grade_id(cell): _without_markers(cell.source)
        for cell in nbformat.read(solution, as_version=4).cells
        if _is_to_be_solved(cell)
    }
    unknown = {*recipe.cells, *recipe.deleted} - {grade_id(cell) for cell in notebook.cells}
    if unknown:
        raise ValueError(f"{recipe.student}'s recipe names cells that are not there: {unknown}")
    for cell in notebook.cells:
        id_ = grade_id(cell)
        if id_ in recipe.cells:
            cell.source = recipe.cells[id_].strip()
        elif recipe.solved and id_ in solved:
            cell.source = solved[id_]
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in recipe.deleted]
    nbformat.write(notebook, path)


def grade_id(cell: NotebookNode) -> str | None:
    """The id under which nbgrader knows a cell, if it does."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _is_to_be_solved(cell: NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def _without_markers(source: str) -> str:
    return "\n".join(line for line in source.split("\n") if not any(m in line for m in MARKERS))
