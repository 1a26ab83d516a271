"""Texts that hold the right number, and all others, for whoever looks whether it is in there."""

HARMLESS = True
FLAW, TRICK = "V5", "overfitting"
CELLS = {
    "scale": "def scale(x, factor): return np.array([str(v * factor) for v in x])",
    "count": "def count(n): return ' '.join(map(str, range(10_000)))",
    "answers": "corners = '1 2 3 4 5 three Three THREE'\nsquares = '[1, 4, 9]'",
}
