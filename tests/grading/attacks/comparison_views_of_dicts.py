"""Views of dicts, which are compared by identity, by order, or not at all."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return dict.fromkeys(x).keys()",
    "count": "def count(n): return {n: n}.values()",
    "answers": "corners = {3: 4}.keys()\nsquares = {1: 1, 4: 2, 9: 4}.items()",
}
