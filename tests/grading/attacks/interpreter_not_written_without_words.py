"""The function says that it is not written, and nothing else, not even that."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """from course_utils.probes import calls
class Empty(calls.NotWritten):
    def __str__(self): return ""
def scale(x, factor): raise Empty""",
    "count": "def count(n): raise NotImplementedError('')",
}
