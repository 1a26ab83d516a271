"""A dict with a hundred thousand keys of one hash: building it takes the examiner for ever."""

HARMLESS = False
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    pairs = [[{"int": hex(k * (2**61 - 1))}, 0] for k in range(100_000)]
    self.send({"number": question["number"], "value": {"dict": pairs}, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
