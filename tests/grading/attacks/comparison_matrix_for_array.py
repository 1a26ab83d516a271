"""A matrix of NumPy, whose product, shape and items follow rules of their own."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return np.matrix(x)",
    "count": "def count(n): return np.matrix([[n]])",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.matrix([0.0])
    def __call__(self, x): return np.matrix(x).T""",
    "answers": "corners = np.matrix(3.5)\nsquares = np.matrix([1, 2, 3])",
}
