"""Infinite answers: a relative tolerance of an infinite number is infinite."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.full_like(x, np.inf)",
    "count": "def count(n): return float('inf')",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.array([-np.inf])
    def __call__(self, x): return np.full(2, 1e308) * 10""",
    "answers": "corners = float('inf')\nsquares = [float('-inf')] * 3",
}
