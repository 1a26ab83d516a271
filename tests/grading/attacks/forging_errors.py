"""Errors with invented types, names and texts, such as the examiner's own or a skipped test."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    error = {"scale": ["SkipTest", ["SystemExit", "BaseException"], "skipped", "x" * 10**6],
             "count": ["_NoEvidence", ["OSError", "AssertionError"], "no evidence", "passed"],
             "Model": ["CandidateError", ["ExceptionGroup"], "all is well", ""]}[self.asked]
    self.send({"number": question["number"], "error": error})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
