"""What a call has changed is told of places that are none, or of arguments never sent."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """from course_utils.grading import inside, wire
places = iter([-1, 2**62, True, "1", [0], {"int": "0x" + "f" * 3000}] * 100)
def tried(self, name, functions, options, cases):
    zeros = wire.pack(np.zeros(3), None)
    return [[zeros, next(places)] for _ in cases]
inside.Agent._tried = tried
def scale(x, factor): return x"""
}
