"""Numbers whose bytes are right in another order, and arrays that overlap with themselves."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return (x * factor).byteswap()",
    "count": "def count(n): return np.array(n * (n + 1) // 2).astype('>i8').view('<i8')[()]",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.lib.stride_tricks.as_strided(np.zeros(1), (1,), (0,))
    def __call__(self, x): return x[::-1]""",
}
