"""Endless loops in a cell, in a function and in a constructor."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": "def count(n):\n    while True: pass",
    "answers": "corners = squares = None\nwhile True: pass",
}
SAYS = "ran for more than"
