"""Messages of nothing (nil) in an endless stream: the reader waits for one that says something."""

from grading.attacks import answering

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = answering("""
while True:
    self.connection.sendall((b"\\0" * 7 + b"\\1\\xc0") * 100_000)
""")
