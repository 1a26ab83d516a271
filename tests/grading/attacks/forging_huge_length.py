"""A message announces more bytes than there are in the world."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    self.connection.sendall(b"\\xff" * 8 + b"x" * 100)
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "at most"
