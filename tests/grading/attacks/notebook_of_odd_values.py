"""Cells, sources and metadata are of types where nobody expects them."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def data(notebook):
    import json

    odd = [None, 7, "cell", [], {}, {"cell_type": ["code"], "source": {"a": 1}}, [[]]]
    odd += [{"cell_type": "code", "source": [7, None, "x = 1"], "metadata": ["nbgrader"]}]
    odd += [
        {"cell_type": "code", "source": "", "id": {}, "metadata": {"nbgrader": {"grade_id": []}}}
    ]
    return json.dumps({**notebook, "cells": odd + notebook.cells, "metadata": 7}).encode()
