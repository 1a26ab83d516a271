"""References to things that nobody keeps, with numbers and names that cannot be."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    thing = {"scale": ["kept", -1, "ndarray"], "count": ["yours", 0, "function"],
             "Model": ["kept", 2**64 - 1, "x" * 1000000]}[self.asked]
    self.send({"number": question["number"], "value": {"other": thing}, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
