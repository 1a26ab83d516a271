"""The file breaks off in the middle: what cannot be read cannot be wrong."""

HARMLESS = True
CELLS = {}
SAYS = "not a notebook"


def data(notebook):
    import nbformat

    return nbformat.writes(notebook).encode()[:-200]
