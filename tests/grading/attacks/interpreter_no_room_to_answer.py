"""So little recursion is left that the answering side fails with an error of its own."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """import sys
def deeper(n): return deeper(n - 1) if n else sys.setrecursionlimit(60)
try:
    sys.setrecursionlimit(70)
except RecursionError:
    pass
def scale(x, factor): return x"""
}
