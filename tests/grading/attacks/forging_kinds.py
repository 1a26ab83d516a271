"""Values of the rarer kinds, made of parts that no such value has."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
value = {"scale": ["deque", [1], -1], "count": ["fraction", 1, 0],
         "Model": ["decimal", "1E999999999999"]}[self.asked]
self.send({"number": question["number"], "value": {"kind": value}})
""")
SAYS = "there is no answer"
