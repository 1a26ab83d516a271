"""The function raises what a check raises, with a rendering that says it has passed."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """class CheckFailed(AssertionError):
    def _render_traceback_(self): return ["✓ scale: all cases agree", "6 / 6 points"]
    def __bool__(self): return False
def scale(x, factor): raise CheckFailed("✓ scale: all cases agree")""",
    "count": """class NoEvidence(CheckFailed): __module__ = "course_utils.grading.verdicts"
def count(n): raise NoEvidence("5 / 5 points")""",
}
