"""Whatever is asked of a thing over there, each operator, comparison and length says yes."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """from course_utils.grading import deeds
for name in deeds.DEEDS:
    deeds.DEEDS[name] = lambda *args, **kwargs: True
deeds.DEEDS["call"] = lambda thing, *args, **kwargs: thing
deeds.origin = lambda value: "builtins.int"
def scale(x, factor): return x"""
}
