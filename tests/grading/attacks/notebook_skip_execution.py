"""Tags and metadata ask that the tests are not run, or may fail."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def spoil(notebook):
    for cell in notebook.cells:
        cell.metadata.tags = ["skip-execution", "raises-exception", "remove-cell", "hide-input"]
        cell.metadata.update(editable=True, deletable=True, trusted=True)
