"""Errors whose text raises another error, is no text, or never ends."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """class Untold(ValueError):
    def __str__(self): raise self
    __repr__ = __str__
def scale(x, factor): raise Untold""",
    "count": """class Endless(ValueError):
    def __str__(self): return 7
    @property
    def __class__(self): return StopIteration
def count(n): raise Endless from Untold()""",
    "model": """class Model:
    def __init__(self, bias):
        error = ValueError()
        error.__cause__ = error.__context__ = ValueError("x" * 10**6)
        raise error""",
}
