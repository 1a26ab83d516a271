"""The file is written in another encoding, which a reader may or may not know."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}
SAYS = "not text"


def data(notebook):
    import json

    return json.dumps(notebook).encode("utf-16")
