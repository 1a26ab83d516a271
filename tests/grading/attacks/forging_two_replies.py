"""Each question gets two replies, so that the second is taken for the answer to the next one."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
for value in (0, True):
    self.send({"number": question["number"], "value": value, "changed": []})
""")
