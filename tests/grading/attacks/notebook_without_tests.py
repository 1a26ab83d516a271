"""All tests are deleted: what is not asked cannot be wrong."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def spoil(notebook):
    notebook.cells = [c for c in notebook.cells if not c.id.startswith("check")]
