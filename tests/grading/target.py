"""The assignment that attacks aim at: small, without torch, with every kind of graded cell."""

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "t2_target"
IMPORTS = """import numpy as np
from course_utils.checks import engine

def arrays(rng):
    for size in (1, 3, 5):
        yield engine.case(rng.normal(size=size), 2.5)

check_scale = engine.Check("scale", lambda x, factor: x * factor, "NumPy", {"arrays": arrays})"""
SCALE = '''def scale(x, factor):
    """An array (N,) of float64, each value times factor."""
    ### BEGIN SOLUTION
    return x * factor
    ### END SOLUTION'''
CHECK_SCALE = """np.testing.assert_allclose(scale(np.arange(4.0), 2), [0, 2, 4, 6])
### BEGIN HIDDEN TESTS
np.testing.assert_allclose(scale(np.array([5.0, -7.5]), 3), [15, -22.5])
assert np.array_equal(scale(np.zeros(3), 11), np.zeros(3))
### END HIDDEN TESTS"""
CHECK_CASES = """check_scale(scale, "arrays")
### BEGIN HIDDEN TESTS
check_scale(scale, "arrays", seed=12)
### END HIDDEN TESTS"""
COUNT = '''def count(n):
    """The sum of the first n whole numbers, an int."""
    ### BEGIN SOLUTION
    return n * (n + 1) // 2
    ### END SOLUTION'''
CHECK_COUNT = """assert count(3) == 6
### BEGIN HIDDEN TESTS
assert count(100) == 5050
assert count(7) > 27 and count(7) < 29
### END HIDDEN TESTS"""
MODEL = '''class Model:
    """Adds its bias to what it is called with."""

    ### BEGIN SOLUTION
    def __init__(self, bias):
        self.bias = np.array([float(bias)])

    def __call__(self, x):
        return x + self.bias
    ### END SOLUTION'''
CHECK_MODEL = """model = Model(4)
### BEGIN HIDDEN TESTS
model = Model(17)
assert model.bias.tolist() == [17.0]
assert model(np.ones(2)).tolist() == [18.0, 18.0]
### END HIDDEN TESTS"""
ANSWERS = """### BEGIN SOLUTION
corners = 3  # of a triangle
squares = [1, 4, 9]  # the first three
### END SOLUTION"""
CHECK_ANSWERS = """assert corners is not None, "corners is not answered"
### BEGIN HIDDEN TESTS
(corners == 3) + 2 * (squares == [1, 4, 9])
### END HIDDEN TESTS"""
POINTS = {"check-scale": 6, "check-cases": 4, "check-count": 5, "check-model": 5,
          "check-answers": 3, "essay": 2}  # fmt: skip


def _about(id_: str, solution: bool = False, points: int | None = None) -> dict:
    points = POINTS.get(id_, points)
    graded = {} if points is None else {"points": points}
    about = {
        "grade_id": id_,
        "grade": bool(graded),
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    return {"nbgrader": about | graded}


def code(id_: str, source: str, **about: bool | int) -> NotebookNode:
    """A cell of code: a test if it has points, a `solution`, or read-only."""
    return new_code_cell(source, id=id_, metadata=_about(id_, **about))


def master() -> NotebookNode:
    """The instructor's notebook: 23 points by machine, 2 by hand."""
    return new_notebook(
        cells=[
            new_markdown_cell("# Target", id="title"),
            code("imports", IMPORTS),
            code("scale", SCALE, solution=True),
            code("check-scale", CHECK_SCALE),
            code("check-cases", CHECK_CASES),
            code("count", COUNT, solution=True),
            code("check-count", CHECK_COUNT),
            code("model", MODEL, solution=True),
            code("check-model", CHECK_MODEL),
            code("answers", ANSWERS, solution=True),
            code("check-answers", CHECK_ANSWERS),
            new_markdown_cell("Because.", id="essay", metadata=_about("essay", solution=True)),
        ],
        metadata={
            "kernelspec": {"display_name": "Python 3", "name": "python3", "language": "python"},
            "language_info": {"name": "python"},
        },
    )


WRONG = {
    "scale": "def scale(x, factor):\n    return x + factor",
    "count": "def count(n):\n    return n",
    "model": "class Model:\n    def __init__(self, bias):\n        self.bias = 0",
    "answers": "corners = 4\nsquares = [1, 2, 3]",
    "essay": "I do not know.",
}

RIGHT = {
    "scale": "def scale(x, factor):\n    return factor * x",
    "count": "def count(n):\n    return sum(range(n + 1))",
    "model": "class Model:\n    def __init__(self, bias):\n"
    "        self.bias = np.array([1.0 * bias])\n\n"
    "    def __call__(self, x):\n        return self.bias + x",
    "answers": "corners = 3\nsquares = [1, 4, 9]",
}


def submission(
    cells: dict[str, str] | None = None, made_from: NotebookNode | None = None
) -> NotebookNode:
    """What a student hands in: wrong everywhere, but for the cells that are given by their id.

    `made_from` is the instructor's notebook, if it has more than this one.
    """
    nb = made_from or master()
    for cell in nb.cells:
        if cell.id.startswith("check"):
            cell.source = cell.source.partition("### BEGIN")[0].strip()
        cell.source = {**WRONG, **(cells or {})}.get(cell.id, cell.source)
    nb.metadata = nbformat.from_dict(nb.metadata)
    return nb
