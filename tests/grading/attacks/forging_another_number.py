"""Replies carry the numbers of other questions, of questions to come and of none."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    for number in (question["number"] + 1, -1, 1e300, float("nan"), None, [question["number"]]):
        self.send({"number": number, "value": True, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "not asked"
