"""Asked for cases, it tells of none: to be asked for the same ones again and again."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": """from course_utils.grading import inside
inside.Agent._tried = lambda *_: []
def scale(x, factor): return x"""
}
SAYS = "no answer"
