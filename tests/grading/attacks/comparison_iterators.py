"""Generators and endless iterators instead of values: a comparison may stop with the shorter."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """import itertools
def scale(x, factor): return (v for v in itertools.count())""",
    "count": "def count(n): return iter([])",
    "answers": "corners = zip()\nsquares = itertools.repeat(1)",
}
