"""Answers of another shape, which NumPy spreads over what they are compared with."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.broadcast_to(0.0, (len(x), len(x)))",
    "count": "def count(n): return np.full((1, 1, 1), n)",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.zeros((1, 1))
    def __call__(self, x): return np.zeros(())""",
}
