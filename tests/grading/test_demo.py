"""The whole cycle with the sample classes: every student earns what the recipe foresees."""

import re
import shutil

import nbformat
import pytest
from nbgrader.utils import is_grade

from course_utils.errors import CourseError
from course_utils.grading import demo
from course_utils.grading.apart import Examiner
from course_utils.grading.demo.recipes import PERFECT, Recipe, fill_in, sample_class
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments

LIMITS = Limits(cell_seconds=demo.CELL_SECONDS)
SMALLEST = min(known_assignments(), key=lambda name: len(sample_class(name)))
MOST_QUESTIONS = 600  # of a submission, whatever it is like
pytestmark = pytest.mark.usefixtures("sandboxed")


@pytest.mark.timeout(600)
def test_the_whole_demo(tmp_path, capsys):
    """With one class; the others differ in what `TestClasses` grades, not in the commands."""
    name = SMALLEST
    rows = demo.run([name], keep=tmp_path / "course", root=ROOT)
    assert {row.recipe.student: row.lost for row in rows} == {
        row.recipe.student: row.expected_lost() for row in rows
    }
    assert all(sum(row.points.values()) == 100 for row in rows)
    assert all(bool(row.why) == bool(row.lost) for row in rows)

    printed = capsys.readouterr().out
    for row in rows:
        assert re.search(rf"^{row.recipe.student}\b.* {row.total:g}$", printed, re.MULTILINE)

    grades = (tmp_path / "course/gradebook/grades.csv").read_text().splitlines()
    assert len(grades) == 1 + len(rows)
    pages = list((tmp_path / "course/gradebook/feedback").rglob("*.html"))
    assert len(pages) >= len(rows)
    fetched = tmp_path / "course/students" / rows[0].recipe.student
    assert list(fetched.rglob("feedback/*/*.html"))


def _is_blank(recipe):
    return not recipe.solved and not recipe.cells


class TestClasses:
    @pytest.fixture(scope="class")
    def examiner(self):
        examiner = Examiner()
        yield examiner
        examiner.close()

    @pytest.mark.parametrize(
        ("name", "recipe"),
        [
            (name, recipe)
            for name in known_assignments()
            for recipe in sample_class(name)
            if name != SMALLEST or recipe == PERFECT or _is_blank(recipe)
        ],
        ids=lambda part: getattr(part, "student", part),
    )
    def test_every_student_loses_what_the_recipe_foresees(self, name, recipe, examiner, tmp_path):
        solution, handed_in = ROOT / "solutions" / name / f"{name}.ipynb", tmp_path / "mine.ipynb"
        shutil.copy(ROOT / "assignments" / name / f"{name}.ipynb", handed_in)
        fill_in(handed_in, recipe, solution)
        master = nbformat.read(solution, as_version=4)
        result = examiner.examine(handed_in.read_bytes(), master, LIMITS)
        points = {cell.name: cell.points for cell in result.cells if cell.verdict != "by hand"}
        earned = {cell.name: cell.score for cell in result.cells}
        assert sum(cell.points for cell in result.cells) == 100
        lost = {cell: most - earned[cell] for cell, most in points.items() if earned[cell] < most}
        foreseen = points if recipe.lost is None else recipe.lost
        assert lost == {cell: gone for cell, gone in foreseen.items() if cell in points}
        assert all(bool(cell.reason) == (cell.name in lost) for cell in result.cells)
        assert 0 < result.questions <= MOST_QUESTIONS
        if _is_blank(recipe):  # as everybody finds it: nothing raises but the checks
            given = [cell for cell in result.notebook.cells if not is_grade(cell)]
            shown = {cell.id: cell.get("outputs", []) for cell in given}
            assert not [i for i, all_ in shown.items() for o in all_ if o.output_type == "error"]


@pytest.mark.parametrize("name", known_assignments())
def test_every_class_has_a_perfect_and_a_blank_student(name):
    recipes = sample_class(name)
    assert any(r.solved and not r.cells and not r.lost for r in recipes)
    assert any(not r.solved and not r.cells and r.lost is None for r in recipes)
    assert len({r.student for r in recipes}) == len(recipes)


def test_an_assignment_without_a_class_gets_a_perfect_and_a_blank_student():
    perfect, blank = sample_class("a9_not_yet_written")
    assert perfect == PERFECT
    assert not blank.solved


def test_a_recipe_for_a_cell_that_is_gone_is_refused(tmp_path):
    from grading.tiny import make_course

    path = make_course(tmp_path)
    with pytest.raises(ValueError, match="conv9d"):
        fill_in(path, Recipe("zoe", "names a cell that is gone", cells={"conv9d": "1"}), path)


def test_an_unknown_assignment_is_told_with_the_known_ones():
    with pytest.raises(CourseError, match="no assignment 'a0'; known are: a1_convolution"):
        demo.run(["a0"])


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(CourseError, match="is not empty"):
        demo.run(keep=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]
