"""`course update`: an assignment is changed after it was handed in, and marks by hand are kept.

nbgrader refuses to add or remove cells once there are submissions. Here the gradebook is made to
know the assignment as it is now; what will change is said before anything does.
"""

import csv
import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Comment, Grade, Gradebook, MissingEntry, Notebook
from nbgrader.utils import is_grade, is_locked, is_solution, is_task

from course_utils.course.release import release
from course_utils.errors import CourseError
from course_utils.grading import record
from course_utils.grading.rebuild import grade_id
from course_utils.grading.run import Course, open_course, read_masters

KINDS = ("grade", "solution", "task", "source")  # tables of cells in the gradebook
GRADED = ("grade", "task")


@dataclass
class Change:
    """What will change in one notebook of an assignment, by names of cells.

    Attributes
    ----------
    added, removed
        For each of the `KINDS`, names.
    renamed
        New names by old ones.
    points
        Old and new points by the new name.
    kept
        Of removed cells, the marks that were given by hand: student, cell and points.
    """

    notebook: str
    added: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)
    kept: list[tuple[str, str, float]] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What will change, for a terminal."""
        where = f"{self.notebook}: "
        told = [f"{old} is called {new} from now on; its marks stay"
                for old, new in self.renamed.items()]  # fmt: skip
        told += [f"{name} counts {new:g} points instead of {old:g}; marks by hand stay as they are"
                 for name, (old, new) in sorted(self.points.items())]  # fmt: skip
        for kind in GRADED:
            told += [f"{name} is new" for name in sorted(self.added.get(kind, ()))]
            told += [f"{name} is removed, with its marks" for name in
                     sorted(self.removed.get(kind, ()))]  # fmt: skip
        told += [f"{student} had {points:g} points by hand for {cell}; that is kept in a file"
                 for student, cell, points in self.kept]  # fmt: skip
        others = [n for k in ("solution", "source") for n in self.added.get(k, set())
                  | self.removed.get(k, set())]  # fmt: skip
        if not told and others:
            told = [f"cells without points: {', '.join(sorted(set(others)))}"]
        return [where + line for line in told]


def update(
    assignment: str, root: Path, *, renamed: Mapping[str, str] | None = None, check: bool = False
) -> list[str]:
    """Make gradebook and release know an assignment as it is now.

    Parameters
    ----------
    assignment
        Its name.
    root
        Folder of the course.
    renamed
        New names of cells by old ones, where that cannot be told from the notebook.
    check
        Only say what would change.

    Returns
    -------
    list of str
        A sentence for each change, none if there is none.

    Raises
    ------
    CourseError
        If the assignment cannot be released, or the gradebook does not know it yet.
    """
    course = open_course(root)
    masters = read_masters(course, assignment)
    release([assignment], root, check=True)  # refuses what nbgrader would stumble over
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        try:
            known = {n.name: n for n in gradebook.find_assignment(assignment).notebooks}
        except MissingEntry:
            raise CourseError(
                f"The gradebook does not know {assignment} yet. "
                f"Run: nbgrader generate_assignment {assignment} --force"
            ) from None
        changes = [_compare(known[name], master, dict(renamed or {}))
                   for name, master in masters.items() if name in known]  # fmt: skip
        told = [line for change in changes for line in change.sentences()]
        if check or not any(change != Change(change.notebook) for change in changes):
            return told
        told += _back_up(course)
        for change in changes:
            _keep(course, assignment, change.kept)
            _apply(gradebook, assignment, known[change.notebook], masters[change.notebook], change)
        gradebook.db.commit()
    release([assignment], root)
    _generate(course, assignment)
    return told


def _wanted(master: NotebookNode) -> dict[str, dict[str, NotebookNode]]:
    tests = (is_grade, is_solution, is_task, lambda c: is_grade(c) or is_solution(c) or
             is_locked(c) or is_task(c))  # fmt: skip
    return {
        kind: {grade_id(c): c for c in master.cells if test(c)}
        for kind, test in zip(KINDS, tests, strict=True)
    }


def _known(notebook: Notebook) -> dict[str, dict]:
    return {kind: {c.name: c for c in getattr(notebook, f"{kind}_cells")} for kind in KINDS}


def _compare(notebook: Notebook, master: NotebookNode, renamed: dict[str, str]) -> Change:
    wanted, known = _wanted(master), _known(notebook)
    change = Change(notebook.name)
    gone = set(known["source"]) - set(wanted["source"])
    new = set(wanted["source"]) - set(known["source"])
    change.renamed = {old: name for old, name in renamed.items() if old in gone and name in new}
    for old, name in _alike(gone, new, known, wanted).items():
        if old not in change.renamed and name not in change.renamed.values():
            change.renamed[old] = name
    for kind in KINDS:
        before = {change.renamed.get(name, name) for name in known[kind]}
        change.added[kind] = set(wanted[kind]) - before
        change.removed[kind] = before - set(wanted[kind])
    change.added = {kind: names for kind, names in change.added.items() if names}
    change.removed = {kind: names for kind, names in change.removed.items() if names}
    for kind in GRADED:
        for name, cell in known[kind].items():
            name = change.renamed.get(name, name)
            if name in wanted[kind]:
                points = float(wanted[kind][name].metadata.nbgrader.get("points", 0))
                if points != cell.max_score:
                    change.points[name] = cell.max_score, points
    lost = {name for kind in GRADED for name in change.removed.get(kind, ())}
    for submitted in notebook.submissions:
        change.kept += [(submitted.student.id, grade.name, grade.manual_score)
                        for grade in submitted.grades
                        if grade.name in lost and grade.manual_score is not None]  # fmt: skip
    return change


def _alike(gone: set[str], new: set[str], known: dict, wanted: dict) -> dict[str, str]:
    """Cells that have only got another name: with the same text, or the only one of their kind."""

    def kinds(cells: dict, name: str) -> tuple[bool, ...]:
        return tuple(name in cells[kind] for kind in KINDS)

    found: dict[str, str] = {}
    for old in sorted(gone):
        same = [n for n in sorted(new) if kinds(wanted, n) == kinds(known, old)]
        text = (known["source"][old].source or "").strip()
        equal = [n for n in same if wanted["source"][n].source.strip() == text]
        others = [o for o in gone if kinds(known, o) == kinds(known, old)]
        if len(equal) == 1:
            found[old] = equal[0]
        elif len(same) == 1 and len(others) == 1 and is_solution(wanted["source"][same[0]]):
            found[old] = same[0]
    return found if len(set(found.values())) == len(found) else {}


def _apply(
    gradebook: Gradebook, assignment: str, notebook: Notebook, master: NotebookNode, change: Change
) -> None:
    db, wanted, known = gradebook.db, _wanted(master), _known(notebook)
    for kind in KINDS:
        for name, cell in known[kind].items():
            if name in change.renamed:
                cell.name = change.renamed[name]
            elif name in change.removed.get(kind, ()):
                for row in (*(getattr(cell, "grades", None) or ()),
                            *(getattr(cell, "comments", None) or ())):  # fmt: skip
                    db.delete(row)
                db.delete(cell)
    db.flush()
    for kind, names in change.added.items():
        for name in sorted(names):
            cell = wanted[kind][name]
            about = {"cell_type": cell.cell_type} if kind != "solution" else {}
            if kind in GRADED:
                about["max_score"] = float(cell.metadata.nbgrader.get("points", 0))
            add = getattr(gradebook, f"add_{kind}_cell")
            made = add(name, notebook.name, assignment, **about)
            for submitted in notebook.submissions:
                if kind in GRADED:
                    db.add(Grade(cell_id=made.id, notebook=submitted))
                if kind in ("solution", "task"):
                    db.add(Comment(cell_id=made.id, notebook=submitted))
    db.flush()


def _back_up(course: Course) -> list[str]:
    """Copy the gradebook, if it is a file."""
    path = Path(course.db_url.removeprefix("sqlite:///"))
    if not course.db_url.startswith("sqlite:///") or not path.is_file():
        return []
    copies = (path.with_name(f"{path.name}.before-update{n or ''}") for n in itertools.count())
    copy = next(copy for copy in copies if not copy.exists())
    shutil.copy(path, copy)
    return [f"the gradebook as it was is kept as {copy.name}"]


def _keep(course: Course, assignment: str, marks: list[tuple[str, str, float]]) -> None:
    if marks:
        path = course.examined.parent / f"removed-marks-{assignment}.csv"
        with path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(marks)


def _generate(course: Course, assignment: str) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    api = NbGraderAPI(coursedir=CourseDirectory(config=course.config), config=course.config)
    result = api.generate_assignment(assignment)
    if not result["success"]:
        why = (result.get("error") or result.get("log") or "").strip().splitlines()[-1:]
        raise CourseError(
            f"nbgrader cannot generate {assignment}: {' '.join(why)}. The gradebook as it was is "
            "beside it."
        )
