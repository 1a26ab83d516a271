"""Answers to fill in: which regions lose their values, and what stays."""

import pytest

from course_utils.grading.blanks import without_values
from course_utils.grading.nbgrader_plugins import ClearAnswers


@pytest.mark.parametrize(
    ("source", "blank"),
    [
        ("q = 28  # 32×32 image", "q = None  # 32×32 image"),
        ("q = '×#'  # é # é", "q = None  # é # é"),
        ("q = [\n    1,  # inside\n    2,\n]  # after", "q = None  # after"),
        ("q = (\n    1\n)\nr = 2", "q = None\nr = None"),
        ("# first\nq = 1\n\n# second\nr = f(2)", "# first\nq = None\n\n# second\nr = None"),
        ('q = """\nlong\n"""', "q = None"),
    ],
)
def test_values_go_and_comments_stay(source, blank):
    assert without_values(source) == blank


@pytest.mark.parametrize(
    "source",
    ["", "# only a comment", "q = 1; r = 2", "q += 1", "q = r = 1", "q.x = 1", "q = 1\nprint(q)",
     "def f():\n    return 1", "q =", "%time q = 1"],
)  # fmt: skip
def test_anything_else_is_no_list_of_answers(source):
    assert without_values(source) is None


def _cleared(source):
    from nbformat.v4 import new_code_cell

    about = {"nbgrader": {"solution": True, "grade": False, "grade_id": "a", "schema_version": 3}}
    cell = new_code_cell(source, metadata=about)
    ClearAnswers().preprocess_cell(cell, {"language": "python"}, 0)
    return cell.source


def test_text_around_a_region_of_answers_stays():
    source = "import os\n### BEGIN SOLUTION\nq = 1  # how many?\n### END SOLUTION\nprint(q)"
    assert _cleared(source) == "import os\nq = None  # how many?\nprint(q)"


def test_a_region_inside_a_function_becomes_the_stub():
    source = "def f():\n    ### BEGIN SOLUTION\n    q = 1\n    return q\n    ### END SOLUTION"
    assert _cleared(source).startswith("def f():\n    # YOUR CODE HERE\n    raise")


def test_both_kinds_of_region_may_stand_in_one_cell():
    source = (
        "### BEGIN SOLUTION\nq = 1\n### END SOLUTION\n"
        "def f():\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION"
    )
    assert _cleared(source).startswith("q = None\ndef f():\n    # YOUR CODE HERE\n    raise")


def test_a_cell_without_a_region_becomes_the_stub():
    assert _cleared("q = 1").startswith("# YOUR CODE HERE")


def test_a_region_without_an_end_is_refused():
    with pytest.raises(RuntimeError, match="no end solution"):
        _cleared("### BEGIN SOLUTION\nq = 1")
