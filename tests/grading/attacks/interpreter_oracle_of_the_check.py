"""The read-only cell has a check, and the check has the right answer: it is asked."""

HARMLESS = True
FLAW, TRICK = "V2", "redirection"
CELLS = {
    "scale": """def scale(x, factor): return check_scale.oracle(x, factor)
try:
    known = check_scale._remembered
    scale.__wrapped__ = check_scale.oracle
except BaseException as error:
    print(error)""",
}
