"""The same mutable answer is returned each time and is changed after it was handed over."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """import threading, time
kept = np.zeros(4)
def drift():
    while True:
        kept[...] = np.random.rand(4) * 8
        time.sleep(1e-4)
threading.Thread(target=drift, daemon=True).start()
def scale(x, factor): return kept[: len(x)]""",
    "count": """class Later:
    value = 0
    def __index__(self):
        Later.value += 1
        return Later.value
    __int__ = __index__
    __eq__ = lambda self, other: int(self) > 0
def count(n): return Later()""",
}
