"""A reply that changes arrays which were never sent, and the expected ones if it can."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    zeros = ["<f8", [4], bytes(32), "C", True]
    changed = [[i, zeros] for i in range(-5, 5)] + [["0", zeros], [None, None], [2**62, zeros], 7]
    self.send({"number": question["number"], "value": 0, "changed": changed})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
