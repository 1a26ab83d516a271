"""A message announces more bytes than there are in the world."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = answering("""
self.connection.sendall(b"\\xff" * 8 + b"x" * 100)
""")
SAYS = "at most"
