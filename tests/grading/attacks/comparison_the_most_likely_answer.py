"""One answer for all: of the right type and shape, and of the numbers that teachers like."""

HARMLESS = True
FLAW, TRICK = "V5", "overfitting"
CELLS = {
    "scale": "def scale(x, factor): return np.ones_like(x)",
    "count": "def count(n): return 42",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.array([1.0])
    def __call__(self, x): return np.ones_like(x)""",
    "answers": "corners = 42\nsquares = [1, 2, 4]",
}
