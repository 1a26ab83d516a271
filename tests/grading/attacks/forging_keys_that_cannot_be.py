"""Dicts and sets whose keys cannot be hashed or are no pairs, and tags that do not exist."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    value = {"scale": {"dict": [[[1], 2], [3]]}, "count": {"set": [{"dict": []}]},
             "Model": {"pickle": b"cos\\nsystem\\n"}}[self.asked]
    self.send({"number": question["number"], "value": value, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "there is no answer"
