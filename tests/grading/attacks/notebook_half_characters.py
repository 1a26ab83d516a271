"""Halves of surrogate pairs and zero bytes in sources, ids and tags."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {"count": "x = '\0\\ud800'", "essay": "half \0"}


def data(notebook):
    import json

    for cell in notebook.cells:
        cell.source += "\n# \ud800 \0 \x85 \u2028"
        cell.metadata["\udfff"] = "\udfff"
    return json.dumps(notebook).encode()
