"""How long each lecture and each solution takes from top to bottom, and its slowest cell.

    python benchmarks/lectures.py [NOTEBOOK ...]

Run as a reader runs them, one after the other on all cores. Nothing is stored.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_utils.repository import ROOT

WANTED_ALL, WANTED_CELL = 360, 20  # seconds, for all lectures and for one cell


def timed(path: Path) -> list[tuple[float, str]]:
    """Seconds and id of each code cell."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, resources={"metadata": {"path": str(path.parent)}})
    spent = []
    with client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                began = time.perf_counter()
                client.execute_cell(cell, number)
                spent.append((time.perf_counter() - began, cell.id))
    return spent


def main() -> None:
    """Time the notebooks that are named, or all."""
    named = [Path(name) for name in sys.argv[1:]]
    found = named or sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")])
    print(f"{'notebook':<24}{'seconds':>8}{'slowest':>9}  cell")
    lectures = slowest = 0.0
    for path in found:
        spent = timed(path)
        seconds, (longest, cell) = sum(s for s, _ in spent), max(spent)
        print(f"{path.stem:<24}{seconds:>8.1f}{longest:>9.1f}  {cell}", flush=True)
        if path.parent.name == "lectures":
            lectures, slowest = lectures + seconds, max(slowest, longest)
    print(f"lectures together: {lectures:.0f} s of {WANTED_ALL}, ", end="")
    print(f"slowest cell {slowest:.1f} s of {WANTED_CELL}")


if __name__ == "__main__":
    main()
