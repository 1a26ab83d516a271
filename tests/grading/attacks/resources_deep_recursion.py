"""Recursion without end, in Python and in the printing of nested lists."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "scale": "def scale(x, factor):\n    return scale(x, factor)",
    "count": """import sys
sys.setrecursionlimit(10**9)
def count(n): return count(n)""",
    "answers": """corners = squares = []
for _ in range(20_000): corners = [corners]""",
}
