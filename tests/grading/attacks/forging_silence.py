"""Questions are read and never answered; an interrupt changes nothing."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    while True:
        try:
            while self.receive(): pass
        except KeyboardInterrupt:
            pass
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "could not be stopped"
