"""All answers follow all tests, so that the tests see nothing but what the first cell invents."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {}


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    notebook.cells.sort(key=lambda cell: not cell.id.startswith("check"))
    invented = (
        "class Same:\n    __eq__ = lambda self, other: True\n    __call__ = lambda *_: Same()"
    )
    notebook.cells.insert(0, new_code_cell(f"{invented}\nscale = count = Model = Same()"))
