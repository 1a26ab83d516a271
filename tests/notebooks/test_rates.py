"""A learning rate that a notebook picks from a grid is picked by the guard that knows edges."""

import re

from course_utils.course import notebooks
from course_utils.repository import ROOT

PICKED = re.compile(r"\brates\b[^\n]*\[[^\n]*argm(in|ax)\(")  # rates[losses.mean(0).argmin()]
PATHS = [path for folder in ("lectures", "solutions") for path in (ROOT / folder).rglob("*.ipynb")]


def sources():
    for path in PATHS:
        for cell in notebooks.read(path).cells:
            if cell.cell_type == "code":
                yield f"{path.name}: {cell.id}", cell.source


def test_no_cell_takes_the_lowest_of_a_grid_unguarded():
    assert not [where for where, source in sources() if PICKED.search(source)]
    assert PICKED.search("best[name] = rates[tried.mean(axis=0).argmin()]")  # what it looks for


def test_the_grids_of_lecture_06_are_guarded():
    guarded = {where for where, source in sources() if "best_rate(" in source}
    cells = ("batch-steps", "tune-run", "normalise-run", "batchnorm-small-run")
    assert guarded >= {f"06_training.ipynb: {id_}" for id_ in cells}
