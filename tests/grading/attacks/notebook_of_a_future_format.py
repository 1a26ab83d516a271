"""Formats and minor numbers that no reader knows, hoping that a reader gives up and passes."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def data(notebook):
    import json

    notebook.update(nbformat=99, nbformat_minor=-1, graded=True, score=25)
    return json.dumps(notebook).encode("utf-8-sig")
