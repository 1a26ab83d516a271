"""Decimal numbers that raise an error when they are compared, or are not even like themselves."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "from decimal import Decimal\ndef scale(x, factor): return [Decimal('sNaN')] * len(x)",
    "count": "def count(n): return Decimal('sNaN')",
    "answers": "corners = Decimal('NaN')\nsquares = [Decimal('Infinity')] * 3",
}
