"""An assignment with its instructor's slips and files, and a class whose every cell has one score.

Each test cell earns one point. What the class earns is said beside each of them: by whom knows it,
by all, or by nobody since the test is no test.
"""

import json

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grading.tiny import about, code

NAME = "t4_slips"
KEPT = f"c.Autograde.exclude_overwriting = {{{NAME!r}: ['start.txt']}}\n"
FILES = {
    "data.csv": "3,4,5",
    "start.txt": "to be changed",
    "helper.py": "from math import isclose as near\n"
    "def total(name):\n    return sum(map(int, open(name).read().split(',')))\n",
}
UNMARKED = """import numpy as np
from math import isclose
from helper import near
def agrees(a, b):
    return abs(a - b) < 1e-9"""
GIVEN = """import helper
TABLE = [int(n) for n in open("data.csv").read().split(",")]"""
SECRETS = ["874.5", "611.5", "floccinauci", "94.5"]
SUITE = """import unittest
class Suite(unittest.TestCase):
    def test_mean(self):
        self.assertEqual(mean([2.0]), 2.0)
"""
LOADED = "unittest.defaultTestLoader.loadTestsFromTestCase(Suite)"
KNOWN = {  # one point for who is right, none for who is wrong
    "np": f"assert np.allclose(mean([1.0, 3.0]), 2.0)\n### BEGIN HIDDEN TESTS\n"
    f"assert np.allclose(mean([870.0, 879.0]), {SECRETS[0]})\n### END HIDDEN TESTS",
    "isclose": f"### BEGIN HIDDEN TESTS\nassert isclose(mean([611.0, 612.0]), {SECRETS[1]})\n"
    "### END HIDDEN TESTS",
    "near": "assert near(mean([4.0]), 4.0)",
    "agrees": "assert agrees(mean([4.0]), 4.0)",
    "table": 'assert total() == sum(TABLE) == helper.total("data.csv")',
    "opened": 'assert total() == sum(map(int, open("data.csv").read().split(",")))',
    "type": "assert mean([2.0]) + 1 == 3",
    "called": "def test_mean():\n    assert mean([2.0]) == 2\ntest_mean()",
    "called-later": "test_mean()",
    "suite": f"{SUITE}\nreport = unittest.TextTestRunner().run({LOADED})",
    "main": f'{SUITE}unittest.main(argv=[""], exit=False)',
    "suite-last": f"unittest.TextTestRunner().run({LOADED})",
    "hidden-by-helper": f"def demand(want):\n    assert mean([90.0, 99.0]) == want, want\n"
    f"### BEGIN HIDDEN TESTS\ndemand({SECRETS[3]})\n### END HIDDEN TESTS",
    "value": "assert facts == 3",
}
NO_TEST = {  # not graded, whoever asks; and what the instructor reads
    "import": ("import nose\nassert mean([2.0]) == 2", "`import nose`: ModuleNotFoundError"),
    "name": ("assert maen([2.0]) == 2", "name 'maen' is not defined"),
    "file": ('rows = open("missing.csv")\nassert mean([2.0]) == 2', "No such file"),
    "division": ("1 / 0\nassert mean([2.0]) == 2", "asked anything, in line 1, `1 / 0`"),
    "key": ('assert mean([2.0]) == {}["k"]', "your own solution does not pass this test"),
    "hidden": ("assert mean([2.0]) == 2\n### BEGIN HIDDEN TESTS\n"
               f'assert mean([3.0]) == {{}}["{SECRETS[2]}"]\n### END HIDDEN TESTS', SECRETS[2]),
    "expected": ("assert mean([2.0]) == 3", "your own solution does not pass this test"),
    "call": ("assert mean(1, 2, 3) == 2", "your own solution does not pass this test"),
    "exit": ("mean([2.0])\nraise SystemExit", "SystemExit"),
    "given": ("assert mean([2.0]) == LIMIT", "cell broken, line 2, `LIMIT = {}['k']`: KeyError"),
    "function": ("def test_mean():\n    assert mean([2.0]) == 2", "asked nothing"),
    "method": (f"{SUITE}_ = Suite", "asked nothing"),
    "unread": ("def test_facts():\n    assert facts == 3", "asked nothing"),
    "fetched": ("assert mean is not None", "asked nothing"),
}  # fmt: skip
SOLVED = {
    "mean": "def mean(x):\n    return sum(x) / len(x)",
    "total": 'def total():\n    return sum(int(n) for n in open("data.csv").read().split(","))',
    "facts": "facts = 3",
    "program": "print(12)",
    "essay": "Because it is so.",
}


def master() -> NotebookNode:
    """One point for each test, one for each of three answers that a person reads."""
    solved = {id_: f"### BEGIN SOLUTION\n{text}\n### END SOLUTION" for id_, text in SOLVED.items()}
    tests = {name: test for name, (test, _) in NO_TEST.items()} | KNOWN
    return new_notebook(
        cells=[
            new_code_cell(UNMARKED, id="unmarked"),
            code("given", GIVEN),
            code("broken", "FIRST = 1\nLIMIT = {}['k']"),
            *(code(id_, solved[id_], solution=True) for id_ in ("mean", "total", "facts")),
            *(code(f"check-{id_}", test, points=1) for id_, test in tests.items()),
            code("program", solved["program"], points=1, solution=True),
            new_markdown_cell(
                solved["essay"], id="essay", metadata=about("essay", points=1, solution=True)
            ),
            new_markdown_cell("Plot it.", id="task", metadata=about("task", points=1, task=True)),
        ]
    )


def _filled(released: NotebookNode, cells: dict[str, str]) -> NotebookNode:
    for cell in released.cells:
        cell.source = cells.get(cell.id, cell.source)
    return released


def _bare(nb: NotebookNode) -> NotebookNode:
    """As some editors leave it: no cell has metadata, or keeps its id."""
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict({})
        cell.id = f"x{cell.id}"
    return nb


PATCHES = """import math, helper
seen = []
def always(*args, **kwargs):
    seen.append(args)
    return True
np.allclose = math.isclose = helper.near = isclose = near = agrees = always
helper.total = lambda name: 12
TABLE = [12]
def mean(x):
    return 0.0"""
STUDENTS = {
    "right": SOLVED,
    "wrong": SOLVED | {"mean": "def mean(x):\n    return 0", "facts": "facts = 4"}
    | {"total": "def total():\n    return 0"},
    "nothing": SOLVED | {"mean": "def mean(x):\n    pass", "facts": "facts = None"}
    | {"total": "def total():\n    pass"},
    "things": SOLVED | {"mean": "def mean(x):\n    return object()", "facts": "facts = object()"}
    | {"total": "def total():\n    return object()"},
    "patcher": SOLVED | {"mean": PATCHES, "facts": "facts = seen"}
    | {"total": 'def total():\n    return int(open("data.csv").read())'}
    | {"program": 'print(seen, open("start.txt").read())'},
    "numbers": SOLVED | {"mean": "mean = 5", "total": "total = 12", "facts": "facts = 4"},
    "bare": SOLVED,
    "blank": {},
}  # fmt: skip
RIGHT = {"right", "bare"}


def hand_in(course, student: str) -> None:
    """Put a submission where collecting would; only the patcher hands in files as well."""
    text = (course / "assignments" / NAME / f"{NAME}.ipynb").read_text()
    nb = _filled(nbformat.reads(text, as_version=4), STUDENTS[student])
    folder = course / "gradebook" / "submitted" / student / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(_bare(nb) if student == "bare" else nb))
    if student == "patcher":
        (folder / "data.csv").write_text("12")
        (folder / "start.txt").write_text("my own")
        (folder / "helper.py").write_text("near = total = lambda *_: 12\n")
