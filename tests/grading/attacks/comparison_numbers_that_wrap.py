"""Small integers that overflow: the absolute value of the least one is below zero."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.full(len(x), np.iinfo(np.int64).min)",
    "count": "def count(n): return np.int8(-128)",
    "answers": "corners = np.uint8(255)\nsquares = [np.int8(-128)] * 3",
}
