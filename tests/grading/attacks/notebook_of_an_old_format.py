"""A notebook of format 3, before metadata of nbgrader existed, with the tests emptied."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def data(notebook):
    import json

    cells = [
        {"cell_type": "code", "input": [c.source, "\n"], "language": "python", "outputs": []}
        for c in notebook.cells
        if not c.id.startswith("check")
    ]
    sheets = [{"cells": cells}, {"cells": None}, {"cells": [None, [], 7]}, "sheet"]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": sheets}).encode()
