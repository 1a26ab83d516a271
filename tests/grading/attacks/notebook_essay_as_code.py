"""The essay, which a person marks, becomes a code cell that tampers with the rest."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {"essay": "import builtins\nbuiltins.all = lambda *_: True\nprint('2 / 2 points')"}


def spoil(notebook):
    (essay,) = [c for c in notebook.cells if c.id == "essay"]
    notebook.cells.remove(essay)
    notebook.cells.insert(0, essay)
    essay.update(cell_type="code", outputs=[], execution_count=1)
    essay.metadata.nbgrader.update(grade=True, solution=False, points=2)
