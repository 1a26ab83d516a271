"""Each picture's description stands in a file under its name, and no line of a cell tells it."""

import ast
import tomllib
from pathlib import Path

import pytest

from course_utils import plotting
from course_utils.course import notebooks
from course_utils.repository import ROOT

NOTEBOOKS = [*sorted(ROOT.glob("lectures/*.ipynb")), *sorted(ROOT.glob("solutions/*/*.ipynb"))]


def shown(path: Path) -> list[str]:
    """The names of the pictures that a notebook shows, in order."""
    calls = [
        node
        for cell in notebooks.read(path).cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "plotting.show"
    ]
    return [ast.literal_eval(call.args[1]) for call in calls]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_picture_has_one_description_and_each_description_its_picture(path):
    described = tomllib.loads((plotting.FOLDER / f"{path.stem}.toml").read_text(encoding="utf-8"))
    assert sorted(shown(path)) == sorted(described)
    assert min(map(len, described.values())) >= 20


def test_every_file_belongs_to_a_notebook():
    assert {p.stem for p in plotting.FOLDER.glob("*.toml")} == {path.stem for path in NOTEBOOKS}
