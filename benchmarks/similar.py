"""How long `course similar` takes on a made-up class, how much memory, and what it finds.

    python benchmarks/similar.py                      # classes of 30, 300 and 3 000
    python benchmarks/similar.py --store              # and keep what was measured
    python benchmarks/similar.py --sizes 30 --keep DIR

Each student's function is one of the versions that the tests know, right or wrong, popular ones
more often, rewritten at random places in a way that changes nothing (`a + b` as `b + a`, a result
that gets a name first). Then some hand in another's work: with other names, other comments and the
cells in another order; some of them only their longest cell, beside their own work. Real classes
vary more, so what is found here is a lower bound.
"""

import argparse
import ast
import inspect
import json
import random
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import nbformat

from course_utils.grading.rebuild import grade_id, role
from course_utils.repository import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from graders.candidates import registered  # noqa: E402

STORED = ROOT / "benchmarks" / "results" / "similar.json"
ASSIGNMENT = "a1_convolution"
COPIES = 5  # of whole submissions, and as many of one cell
CHANGED = 0.2  # of the places that can be written in another way
CHILD = """
import json, resource, sys, time
from pathlib import Path
from course_utils.grading import similar
began = time.perf_counter()
page, said = similar.write(sys.argv[1], Path(sys.argv[2]), shown=50)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
print(json.dumps({"seconds": time.perf_counter() - began, "processor": used, "MB": peak}))
"""


class Reword(ast.NodeTransformer):
    """Code that does the same, written a little differently."""

    def __init__(self, chance: random.Random):
        self.chance = chance

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Turn round what may be turned round."""
        self.generic_visit(node)
        plain = isinstance(node.op, ast.Mult) or isinstance(node.right, ast.Constant)
        if plain and isinstance(node.op, ast.Add | ast.Mult) and self.chance.random() < CHANGED:
            node.left, node.right = node.right, node.left
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.AST]:
        """Give the result a name first."""
        self.generic_visit(node)
        if node.value is None or self.chance.random() > CHANGED:
            return node
        name = ast.Name("result", ast.Store())
        again = ast.Return(ast.Name("result", ast.Load()))
        return [ast.Assign([name], node.value, lineno=node.lineno), again]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Write `x += y` in full."""
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or self.chance.random() > CHANGED:
            return node
        value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        return ast.Assign([node.target], value, lineno=node.lineno)


class Rename(ast.NodeTransformer):
    """Every name that a function gives becomes another one."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Rename parameters and what is assigned."""
        own = {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
        own |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)
                and isinstance(n.ctx, ast.Store)}  # fmt: skip
        for part in ast.walk(node):
            if isinstance(part, ast.arg) and part.arg in own:
                part.arg = f"my_{part.arg}"
            elif isinstance(part, ast.Name) and part.id in own:
                part.id = f"my_{part.id}"
        return node


def versions() -> dict[str, list[str]]:
    """The source of all versions of each function, the most popular first."""
    found: dict[str, list[str]] = {}
    for candidate in registered():
        if candidate.key[0] == ASSIGNMENT and not candidate.is_holder:
            source = textwrap.dedent(inspect.getsource(candidate.function))
            tree = ast.parse(source).body[0]
            tree.decorator_list = []
            found.setdefault(candidate.check, []).append(ast.unparse(tree))
    return found


def made_up(size: int, seed: int) -> tuple[list[dict[str, str]], list[tuple[int, int]]]:
    """The cells of each student by function, and who handed in another's."""
    chance, known = random.Random(seed), versions()
    students = []
    for _ in range(size):
        own = {}
        for name, sources in known.items():
            popular = [1 / (i + 1) for i in range(len(sources))]
            tree = ast.parse(chance.choices(sources, popular)[0])
            own[name] = ast.unparse(ast.fix_missing_locations(Reword(chance).visit(tree)))
        students.append(own)
    who = chance.sample(range(size), 4 * COPIES)
    pairs = list(zip(who[::2], who[1::2], strict=True))
    for number, (first, second) in enumerate(pairs):
        copied = {
            name: "# my own idea\n" + ast.unparse(Rename().visit(ast.parse(source)))
            for name, source in students[first].items()
        }
        longest = max(copied, key=lambda name: len(copied[name]))
        if number < COPIES:
            students[second] = dict(reversed(copied.items()))
        else:
            students[second] |= {longest: copied[longest]}
    return students, [tuple(sorted(pair)) for pair in pairs]


def hand_in(folder: Path, students: list[dict[str, str]]) -> None:
    """A course with these submissions."""
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for part in ("solutions", "assignments"):
        shutil.copytree(ROOT / part / ASSIGNMENT, folder / part / ASSIGNMENT)
    name = f"{ASSIGNMENT}/{ASSIGNMENT}.ipynb"
    master = nbformat.read(folder / "solutions" / name, as_version=4)
    cell_of = {
        part.name: grade_id(cell)
        for cell in master.cells
        if cell.cell_type == "code" and role(cell) == "solution"
        for part in ast.walk(ast.parse(cell.source))
        if isinstance(part, ast.FunctionDef)
    }
    released = json.loads((folder / "assignments" / name).read_text())
    for number, own in enumerate(students):
        cells = {cell_of[function]: source for function, source in own.items()}
        made = json.loads(json.dumps(released))
        for cell in made["cells"]:
            about = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            cell["source"] = cells.get(about, cell["source"])
        path = folder / "gradebook/submitted" / student(number) / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(made))


def student(number: int) -> str:
    """The name of a folder."""
    return f"student-{number:05d}"


def places(folder: Path, pairs: list[tuple[int, int]]) -> list[int]:
    """At which place of the table each pair stands, from 1; 0 where it is not in it."""
    table = (folder / "gradebook/similar" / ASSIGNMENT / "pairs.csv").read_text().splitlines()[1:]
    rows = [tuple(line.split(",")[:2]) for line in table]
    found = {pair: place for place, pair in enumerate(rows, 1)}
    return [found.get((student(a), student(b)), 0) for a, b in pairs]


def measure(size: int, seed: int, folder: Path) -> dict:
    """Make a class up, compare it in a process of its own, and look what was found."""
    students, pairs = made_up(size, seed)
    hand_in(folder, students)
    command = [sys.executable, "-c", CHILD, ASSIGNMENT, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    about = json.loads(done.stdout.splitlines()[-1])
    at = places(folder, pairs)
    page = folder / "gradebook/similar" / ASSIGNMENT / "index.html"
    return {
        "pairs": size * (size - 1) // 2,
        "seconds": round(about["seconds"], 1),
        "processor": round(about["processor"], 1),
        "MB": about["MB"],
        "page MB": round(page.stat().st_size / 1e6, 2),
        "places of copies": sorted(at[:COPIES]),
        "places of copied cells": sorted(at[COPIES:]),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[30, 300, 3000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", action="store_true", help=f"keep it in {STORED.name}")
    parser.add_argument("--keep", type=Path, help="keep the course in this new folder")
    arguments = parser.parse_args()
    stored = json.loads(STORED.read_text()) if STORED.exists() else {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory(prefix="course-similar-") as scratch:
            began = time.perf_counter()
            stored[str(size)] = measure(size, arguments.seed, Path(scratch))
            print(
                size, stored[str(size)], f"in all {time.perf_counter() - began:.0f} s", flush=True
            )
            if arguments.keep:
                shutil.copytree(scratch, arguments.keep / str(size))
    if arguments.store:
        STORED.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
