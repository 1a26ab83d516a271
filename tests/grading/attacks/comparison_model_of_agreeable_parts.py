"""A model whose attributes, items and results are objects that agree with everything."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "model": """class Part(list):
    def __eq__(self, other): return True
    def tolist(self): return Part()
    def __getattr__(self, name): return Part()
    def __call__(self, *_): return Part()
    def __len__(self): return 0
class Model:
    def __init__(self, bias): self.bias = Part()
    def __call__(self, x): return Part()
    def __getattribute__(self, name): return Part()"""
}
