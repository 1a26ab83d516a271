"""Memory is filled by one process, in pieces, also while a test asks."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "scale": "def scale(x, factor):\n    return np.ones(1 << 34)",
    "count": """kept = []
def count(n):
    while True:
        try:
            kept.append(bytearray(b"x" * (1 << 24)))
        except MemoryError:
            pass""",
}
