"""A named tuple whose fields are called like methods of what is expected, and hold functions."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "model": """import collections
def agree(*_): return agree
Bias = collections.namedtuple("Bias", "tolist shape dtype item all any sum")
class Model:
    def __init__(self, bias): self.bias = Bias(*[agree] * 7)
    def __call__(self, x): return self.bias""",
    "count": "def count(n): return collections.namedtuple('N', 'real imag')(n, list)",
}
