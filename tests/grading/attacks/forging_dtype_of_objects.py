"""An array of dtype object, whose bytes would be addresses in the examiner's memory."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = answering("""
content = ["|O", [4], b"\\x41" * 32, "C", True]
self.send({"number": question["number"], "value": {"array": content}, "changed": []})
""")
SAYS = "no dtype"
