"""Numbers of many digits, without end or that are none, in metadata and counts."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}
SAYS = "not a notebook"


def data(notebook):
    import json

    notebook.metadata.score = float("nan")
    return json.dumps(notebook).replace("NaN", '1e999, "x": ' + "9" * 10_000).encode()
