"""The function counts its calls: asked twice, it once answers too much and once too little."""

HARMLESS = True
FLAW, TRICK = "V6", "overfitting"
CELLS = {
    "count": """import itertools
calls = itertools.count()
def count(n): return 10**9 if next(calls) % 2 else -(10**9)""",
    "scale": "def scale(x, factor): return x * next(calls)",
}
