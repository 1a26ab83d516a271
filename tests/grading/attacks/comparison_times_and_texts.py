"""Arrays of times, of no time (NaT) and of text, for which comparisons have rules of their own."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.full(len(x), 'NaT', 'm8[s]')",
    "count": "def count(n): return np.datetime64('NaT')",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.array(['\\ud800', 'all'])
    def __call__(self, x): return np.array(['equal'] * len(x))""",
    "answers": "corners = np.timedelta64(3, 's')\nsquares = np.array(['1', '4', '9'])",
}
