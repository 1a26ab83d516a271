"""Slices and dots stand for all that a list or an array holds, if they are taken for a place."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return slice(None)",
    "count": "def count(n): return ...",
    "model": "class Model:\n    def __init__(self, bias): self.bias = ...\n"
    "    def __call__(self, x): return [...] * len(x)",
    "answers": "corners = ...\nsquares = slice(None)",
}
