"""Of a few cases very many results are told, so that one of them may fit somewhere."""

HARMLESS = True
FLAW, TRICK = "V5", "overfitting"
CELLS = {
    "scale": """from course_utils.grading import inside, wire
def tried(self, name, functions, options, cases):
    return [[wire.pack(np.full(size, 2.5), None), None] for size in range(1000)]
inside.Agent._tried = tried
def scale(x, factor): return x"""
}
SAYS = "no answer"
