"""The connection is closed instead of an answer, and the kernel lives on."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    import os
    self.connection.close()
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "there is no answer"
