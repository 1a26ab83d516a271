"""The answer is the argument itself, overwritten, so that both sides of a comparison change."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """def scale(x, factor):
    x.setflags(write=True)
    x[...] = 0
    return x""",
    "model": """class Model:
    def __init__(self, bias): self.bias = np.zeros(1)
    def __call__(self, x):
        x -= x
        return x""",
}
