"""Each cell shows sixty pictures, each as large as may be."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import base64, struct
from IPython.display import display
head = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(8) + struct.pack(">II", 4000, 4000)
png = base64.b64encode(head + bytes(1_490_000)).decode()
head = b"\\xff\\xd8\\xff\\xc0\\0\\x11\\x08\\1\\0\\1\\0"
jpeg = base64.b64encode(head + bytes(1_490_000)).decode()
for _ in range(30):
    display({"image/png": png, "image/jpeg": jpeg}, raw=True)"""
}


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    (cell,) = [c for c in notebook.cells if c.id == "count"]
    again = cell.source.splitlines()[-2:]
    notebook.cells += [new_code_cell("\n".join(again)) for _ in range(5)]
