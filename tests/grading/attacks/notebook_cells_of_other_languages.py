"""Cells of shells, browsers and files, and magics that run what lies elsewhere."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "count": "%%bash\necho 5 / 5 points; exit 0",
    "answers": "%%javascript\nalert(1)",
}


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    for text in (
        "%%writefile check.py\nassert True",
        "%run check.py",
        "%load check.py",
        "!true",
        "%%html\n<script>alert(1)</script>",
        "%%capture\n1 / 0",
        "%%script true\nx",
        "%xmode Minimal\n%pdb on\n%autocall 2",
        "count? ; ?corners",
        "%%svg\n<svg/>",
    ):
        notebook.cells.append(new_code_cell(text))
