"""Masked arrays: what is masked is left out of most comparisons."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.ma.masked_all(x.shape)",
    "count": "def count(n): return np.ma.masked",
    "answers": "corners = np.ma.masked\nsquares = np.ma.masked_all(3)",
}
