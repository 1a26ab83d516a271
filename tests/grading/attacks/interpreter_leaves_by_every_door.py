"""Cells and functions raise what is no Exception, to end the examiner with the kernel."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): raise SystemExit(0)",
    "count": "def count(n): raise KeyboardInterrupt\nraise SystemExit(0)",
    "model": """class Model:
    def __init__(self, bias): raise GeneratorExit
exit()""",
    "answers": "class Passed(BaseException): pass\nraise Passed('3 / 3')",
}
