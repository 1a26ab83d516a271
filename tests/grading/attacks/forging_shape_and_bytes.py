"""An array whose shape, type and bytes do not fit together, one invention for each question."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    array = {"scale": ["<f8", [0, 2**61], b"", "S", True], 
             "count": ["<U999999999", [0], b"", "F", True],
             "Model": ["<f8", [2**40, 2**40], b"12345678", "C", True]}[self.asked]
    self.send({"number": question["number"], "value": {"array": array}, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "there is no answer"
