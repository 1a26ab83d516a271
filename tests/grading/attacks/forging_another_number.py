"""Replies carry the numbers of other questions, of questions to come and of none."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
for number in (question["number"] + 1, -1, 1e300, float("nan"), None, [question["number"]]):
    self.send({"number": number, "value": True, "changed": []})
""")
SAYS = "not asked"
