"""The file breaks off in the middle: what cannot be read cannot be wrong."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}
SAYS = "not a notebook"


def data(notebook):
    import nbformat

    return nbformat.writes(notebook).encode()[:-200]
