"""Instead of an answer the candidate calls functions that it was never given."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    for call in (0, -1, "exec", None, [1], {"__class__": 1}):
        self.send({"call": call, "given": {"tuple": [{"tuple": ["1"]}, {"dict": []}]}})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "was not given"
