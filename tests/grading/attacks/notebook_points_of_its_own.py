"""The metadata say how many points there are, and that they are earned."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {}


def spoil(notebook):
    for cell in notebook.cells:
        about = cell.metadata.get("nbgrader", {})
        about.update(points=1e9, max_score=1e9, auto_score=1e9, score=1e9, grade=True)
        about.update(locked=False, solution=True, schema_version=99, checksum="0")
        cell.metadata.nbgrader = about
