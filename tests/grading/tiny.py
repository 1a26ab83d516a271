"""A course with one small assignment that needs no torch, and ways to run nbgrader in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from started import warm

from course_utils.repository import ROOT

NAME = "t1_tiny"
# By what is typed in a course, as far as it is not a process of its own anyway.
IMPORTED = ("nbgrader.apps", "course_utils.grading.nbgrader_plugins", "course_utils.grading.run")
DOUBLE = "def double(x):\n    ### BEGIN SOLUTION\n    return x + x\n    ### END SOLUTION"
CHECK = """assert double(2) == 4
### BEGIN HIDDEN TESTS
assert double(-21) == -42
### END HIDDEN TESTS"""
ANSWERS = """### BEGIN SOLUTION
first = 3  # how many corners has a triangle?
second = [
    4,
]  # and a square?
### END SOLUTION"""
CHECK_ANSWERS = """assert first is not None, "first is not answered"
### BEGIN HIDDEN TESTS
(first == 3) + (second == [4])
### END HIDDEN TESTS"""


def about(id_: str, points: int | None = None, solution: bool = False, task: bool = False) -> dict:
    """The metadata that nbgrader keeps of a cell."""
    known = {
        "grade_id": id_,
        "grade": points is not None and not task,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": task,
    }
    return {"nbgrader": known | ({} if points is None else {"points": points})}


def code(id_: str, source: str, **kind) -> NotebookNode:
    """A cell of code: read-only, unless it is a solution."""
    return new_code_cell(source, id=id_, metadata=about(id_, **kind))


def notebook() -> NotebookNode:
    """Seven points by machine and three by hand; the master with its solutions."""
    essay = about("essay", points=3, solution=True)
    return new_notebook(
        cells=[
            new_markdown_cell("# Tiny", id="title"),
            code("imports", "import math"),
            code("double", DOUBLE, solution=True),
            code("check-double", CHECK, points=5),
            new_code_cell("print(math.pi)", id="show"),
            code("answers", ANSWERS, solution=True),
            code("check-answers", CHECK_ANSWERS, points=2),
            new_markdown_cell("Because it is so.", id="essay", metadata=essay),
        ],
        metadata={
            "kernelspec": {"display_name": "anything", "name": "python3", "language": "python"},
            "language_info": {"name": "python", "version": "3.99"},
        },
    )


def make_course(folder: Path, name: str = NAME, master: NotebookNode | None = None) -> Path:
    """Write a course with one assignment into a folder and return the path of its notebook."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    path = folder / "solutions" / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(master or notebook(), path)
    return path


def environment(folder: Path) -> dict[str, str]:
    """The caller's, without the settings of their own Jupyter and with alembic on PATH."""
    own = {k: v for k, v in os.environ.items() if k not in ("COURSE_EXCHANGE", "COURSE_GRADEBOOK")}
    return own | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "JUPYTER_CONFIG_DIR": str(folder / ".settings"),
        "IPYTHONDIR": str(folder / ".settings"),
    }


def typed(folder: Path, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """What comes of `python -m COMMAND`, typed in a course."""
    return warm(*IMPORTED).run("-m", *command, cwd=cwd or folder, env=environment(folder))


def nbgrader(folder: Path, *arguments: str, code: int = 0, cwd: Path | None = None) -> str:
    """Type a command of nbgrader; demand its exit code and return all that it says."""
    done = typed(folder, "nbgrader", *arguments, cwd=cwd)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    return said


def cell(nb: NotebookNode, id_: str) -> NotebookNode:
    """The cell of a notebook that has this id."""
    return next(c for c in nb.cells if c.id == id_)
