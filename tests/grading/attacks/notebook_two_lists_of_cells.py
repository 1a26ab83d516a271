"""The file has its cells twice, and sheets besides: one reader sees these, the other those."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def data(notebook):
    import json

    own = json.dumps(notebook)
    wanted = '{"cells": [{"cell_type": "code", "source": "5050", "id": "check-count"}], '
    return (wanted + '"worksheets": [{"cells": []}], ' + own[1:]).encode()
