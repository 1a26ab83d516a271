"""Nine hundred cells that each take as long as a cell may, half an hour together at least."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}
SAYS = "used up"


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    notebook.cells[1:1] = [new_code_cell("import time; time.sleep(60)") for _ in range(900)]
