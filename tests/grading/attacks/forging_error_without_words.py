"""An error that has neither name nor text nor line, of a kind that only probes raise."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """from course_utils.grading import inside
told = iter([["", [], "", "", "Unusable"], ["", [], "", "", "NotWritten"], ["", [], "", ""]] * 99)
inside.Agent._tried = lambda self, name, functions, options, cases: [next(told) for _ in cases]
def scale(x, factor): return x"""
}
