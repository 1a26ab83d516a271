"""Tensors with shapes that break the library which is to build them."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    content = {"scale": ["float32", [0, 2**61], b"", False, True],
               "count": ["float32", [2**61, 2**61, 0], b"", True, False],
               "Model": ["int64", [0, 2**61, 2**61], b"", True, True]}[self.asked]
    self.send({"number": question["number"], "value": {"tensor": content}, "changed": []})
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
