"""Each question is remembered with a right answer, and the next one gets that of the nearest."""

HARMLESS = True
FLAW, TRICK = "V2", "overfitting"
CELLS = {
    "count": """known = {3: 6}
def count(n): return known[min(known, key=lambda m: abs(m - n))] + (n != 3)""",
    "scale": """last = [np.arange(4.0) * 2]
def scale(x, factor):
    last.append(np.resize(last[-1], len(x)))
    return last[-1]""",
}
