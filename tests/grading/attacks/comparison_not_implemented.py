"""Values that Python's own comparisons use to say that they do not know."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return NotImplemented",
    "count": "def count(n): return NotImplemented",
    "answers": "corners = NotImplemented\nsquares = [NotImplemented] * 3",
}
