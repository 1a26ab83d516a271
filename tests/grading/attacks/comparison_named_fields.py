"""An array with named fields, one of which may be what is looked for."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """def scale(x, factor):
    made = np.zeros(len(x), [("wrong", float), ("right", float)])
    made["wrong"] = x
    return made""",
    "count": "def count(n): return np.zeros(1, [('a', int), ('b', object)])[0]",
}
