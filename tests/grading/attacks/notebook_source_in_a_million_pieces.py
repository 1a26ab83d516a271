"""The source of one cell is a list of a million texts, most of them empty."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {}


def data(notebook):
    import json

    notebook.cells[2].source = [*notebook.cells[2].source, *[""] * 1_000_000]
    return json.dumps(notebook).encode()
