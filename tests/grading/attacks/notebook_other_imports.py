"""The read-only cell is edited: `np` is something that agrees with all tests."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "imports": """class Same:
    __eq__ = __lt__ = __gt__ = lambda self, other: True
    __call__ = __getattr__ = lambda self, *args, **kwargs: self
np = Same()""",
    "scale": "scale = np",
    "count": "count = np",
    "model": "Model = np",
}
