"""So many cells that grading is given up for lack of time."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {}
SAYS = "too much text"


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    notebook.cells[1:1] = [new_code_cell("import time; time.sleep(1)") for _ in range(10_000)]
