"""An array of dtype object, whose bytes would be addresses in the examiner's memory."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    content = ["|O", [4], b"\\x41" * 32, "C", True]
    self.send({"number": question["number"], "value": {"array": content}, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "no dtype"
