"""Test cells become text or raw cells, which nobody runs."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def spoil(notebook):
    for number, cell in enumerate(notebook.cells):
        if cell.id.startswith("check"):
            cell.cell_type = ["markdown", "raw", "heading", "unknown"][number % 4]
            del cell["outputs"], cell["execution_count"]
