"""Nothing is returned, as an array: `all` of no elements is true, and so no element is wrong."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.zeros((0, len(x)))",
    "count": "def count(n): return np.array([])",
    "answers": "corners = np.array([])\nsquares = np.zeros((0, 3))",
}
