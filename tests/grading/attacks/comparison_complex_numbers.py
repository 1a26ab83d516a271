"""Complex numbers, of which a careless comparison looks at the size or at one part."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor): return 1j * x * factor",
    "count": "def count(n): return complex(0, n * (n + 1) // 2)",
    "answers": "corners = 3j\nsquares = [1j, 4j, 9j]",
}
