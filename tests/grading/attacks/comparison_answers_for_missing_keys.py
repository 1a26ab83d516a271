"""Dicts that know what is not in them: a default for all keys, or zero for each."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "import collections\ndef scale(x, factor): return collections.defaultdict(float)",
    "count": "def count(n): return collections.Counter()",
    "answers": "corners = collections.Counter()\nsquares = collections.defaultdict(count)",
}
