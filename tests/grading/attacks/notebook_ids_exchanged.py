"""Answers pretend to be tests and tests to be answers."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {"count": "assert True", "answers": "3"}


def spoil(notebook):
    cells = {c.id: c for c in notebook.cells}
    for name in ("scale", "count", "model", "answers"):
        own, test = cells[name], cells[f"check-{name}"]
        own.id, test.id = test.id, own.id
        own.metadata, test.metadata = test.metadata, own.metadata
