"""The whole cycle with the sample classes: every student earns what the recipe foresees."""

import re
import shutil

import nbformat
import pytest
from nbgrader.utils import is_grade
from started import warm

from course_utils.errors import CourseError
from course_utils.grading import demo
from course_utils.grading.apart import Examiner
from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe, fill_in, sample_class
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments
from grading import tiny

# The first class has an endless loop, and nothing else in it takes a second.
LIMITS = {"a1_convolution": Limits(cell_seconds=2)}
MOST_QUESTIONS = 600  # of a submission, whatever it is like
pytestmark = pytest.mark.usefixtures("sandboxed")
HALF = Recipe(
    "ben",
    "doubles wrongly, and explains a part of it",
    cells={"double": "def double(x):\n    return 4"},
    by_hand={"essay": 1},
    lost={"check-double": 5, "essay": 2},
)


def test_the_whole_demo(tmp_path, capsys, monkeypatch):
    """On a small course; `TestClasses` grades the real ones."""
    (tmp_path / "course").mkdir()
    tiny.make_course(tmp_path / "course")
    monkeypatch.setattr(demo, "sample_class", lambda _: [PERFECT, HALF, BLANK])
    monkeypatch.setattr(demo.cycle.subprocess, "run", _forked)
    rows = demo.run(keep=tmp_path / "kept", root=tmp_path / "course")
    assert {row.recipe.student: row.lost for row in rows} == {
        PERFECT.student: {}, HALF.student: HALF.lost, BLANK.student: rows[0].points
    }  # fmt: skip
    assert all(sum(row.points.values()) == 10 for row in rows)
    assert all(bool(row.why) == bool(row.lost) for row in rows)

    printed = capsys.readouterr().out
    for row in rows:
        assert re.search(rf"^{row.recipe.student}\b.* {row.total:g}$", printed, re.MULTILINE)

    grades = (tmp_path / "kept/gradebook/grades.csv").read_text().splitlines()
    assert len(grades) == 1 + len(rows)
    pages = list((tmp_path / "kept/gradebook/feedback").rglob("*.html"))
    assert len(pages) >= len(rows)
    fetched = tmp_path / "kept/students" / rows[0].recipe.student
    assert list(fetched.rglob("feedback/*/*.html"))


def _forked(command, *, cwd, env, **_):
    done = warm(*tiny.IMPORTED).run(*command[1:], cwd=cwd, env=env)
    done.stdout += done.stderr
    return done


def _is_blank(recipe):
    return not recipe.solved and not recipe.cells


def _together(recipes):
    """The class with fewer submissions: whose mistakes lie in different cells hand in one."""
    shared = []
    for recipe in recipes:
        for at, other in enumerate(shared):
            if recipe.cells and other.cells and _are_apart(recipe, other):
                shared[at] = Recipe(
                    f"{other.student}+{recipe.student}",
                    "makes the mistakes of both",
                    {**other.cells, **recipe.cells},
                    deleted=other.deleted + recipe.deleted,
                    lost={**other.lost, **recipe.lost},
                )
                break
        else:
            shared.append(recipe)
    return shared


def _are_apart(one, other):
    """Whether each point that both together lose was lost by one of them alone."""
    cells = {*one.cells, *one.deleted} & {*other.cells, *other.deleted}
    return not cells and not one.lost.keys() & other.lost.keys()


@pytest.mark.parametrize("name", known_assignments())
def test_no_mistake_of_a_class_is_left_out(name):
    lost = [recipe.lost for recipe in sample_class(name) if recipe.cells]
    shared = [recipe.lost for recipe in _together(sample_class(name)) if recipe.cells]
    assert sorted(x for each in lost for x in each.items()) == sorted(
        x for each in shared for x in each.items()
    )


class TestClasses:
    @pytest.fixture(scope="class")
    def examiner(self):
        examiner = Examiner()
        yield examiner
        examiner.close()

    @pytest.mark.parametrize(
        ("name", "recipe"),
        [(name, each) for name in known_assignments() for each in _together(sample_class(name))],
        ids=lambda part: getattr(part, "student", part),
    )
    def test_every_student_loses_what_the_recipe_foresees(self, name, recipe, examiner, tmp_path):
        solution, handed_in = ROOT / "solutions" / name / f"{name}.ipynb", tmp_path / "mine.ipynb"
        shutil.copy(ROOT / "assignments" / name / f"{name}.ipynb", handed_in)
        fill_in(handed_in, recipe, solution)
        master = nbformat.read(solution, as_version=4)
        limits = LIMITS.get(name, Limits())
        result = examiner.examine(handed_in.read_bytes(), master, limits)
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
    path = tiny.make_course(tmp_path)
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
