"""A probe's own error, without a word: who counts the words finds nothing wrong."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """from course_utils.probes import calls
def scale(x, factor): raise calls.Unusable("")""",
    "count": "def count(n): raise calls.Unusable",
}
