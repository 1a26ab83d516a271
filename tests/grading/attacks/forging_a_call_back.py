"""Instead of an answer the candidate calls functions that it was never given."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
for call in (0, -1, "exec", None, [1], {"__class__": 1}):
    self.send({"call": call, "given": {"tuple": [{"tuple": ["1"]}, {"dict": []}]}})
""")
SAYS = "was not given"
