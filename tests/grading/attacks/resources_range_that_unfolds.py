"""An answer of a few bytes that is a list of a million million numbers for who unfolds it."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "scale": "def scale(x, factor): return range(10**15)",
    "count": "def count(n): return range(10**18)",
    "answers": "corners = range(10**18)\nsquares = [range(10**15)] * 3",
}
