"""References to things that nobody keeps, with numbers and names that cannot be."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
thing = {"scale": ["kept", -1, "ndarray"], "count": ["yours", 0, "function"],
         "Model": ["kept", 2**64 - 1, "x" * 1000000]}[self.asked]
self.send({"number": question["number"], "value": {"other": thing}, "changed": []})
""")
