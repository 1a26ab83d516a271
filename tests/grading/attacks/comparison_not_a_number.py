"""NaN everywhere: some comparisons of arrays take NaN for equal or let it through."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.full_like(x, np.nan)",
    "count": "def count(n): return float('nan')",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.array([np.nan])
    def __call__(self, x): return x * np.nan""",
    "answers": "corners = float('nan')\nsquares = [float('nan')] * 3",
}
