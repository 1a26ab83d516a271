"""Errors that Python takes for the end of something: a loop of tests might stop early."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): raise StopIteration",
    "count": "class NameError(StopIteration): pass\ndef count(n): raise NameError('5 / 5 points')",
    "model": """class Model:
    def __init__(self, bias): raise ExceptionGroup("all tests passed", [StopIteration()])""",
}
