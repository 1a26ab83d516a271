"""The notebook says that it is another student's, handed in early, and excused."""

HARMLESS = True
FLAW, TRICK = "V7", "redirection"
CELLS = {}


def spoil(notebook):
    about = {
        "student_id": "honest-0",
        "student": "honest-0",
        "timestamp": "1970-01-01 00:00:00 UTC",
        "extension": 1e9,
        "excused": True,
        "late_penalty": -100,
        "assignment_id": "t1",
    }
    notebook.metadata.update(about, nbgrader=about, authors=[{"name": "honest-0"}])
    for cell in notebook.cells:
        cell.metadata.update(about)
