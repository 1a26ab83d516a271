"""Slow cells, and a test that ends the kernel: running them again takes longer than allowed."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
NAP = """import time
until = time.monotonic() + 0.6
while time.monotonic() < until:
    try: time.sleep(0.1)
    except KeyboardInterrupt: pass"""
CELLS = {"scale": "def scale(x, factor):\n    import os\n    os._exit(0)"}
SAYS = "the kernel ended"


def spoil(notebook):
    from nbformat.v4 import new_code_cell

    notebook.cells[1:1] = [new_code_cell(NAP) for _ in range(6)]
