"""What a probe has to say of unusable results is a script for whoever reads it."""

from grading.hostile import MARKED

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {
    "scale": f"""from course_utils.probes import calls
def scale(x, factor):
    raise calls.Unusable({MARKED!r})
def later(x, factor):
    raise calls.NotWritten({MARKED!r})""",
    "count": "count = later",
}
