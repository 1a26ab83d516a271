"""An array whose shape, type and bytes do not fit together, one invention for each question."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
array = {"scale": ["<f8", [0, 2**61], b"", "S", True], 
         "count": ["<U999999999", [0], b"", "F", True],
         "Model": ["<f8", [2**40, 2**40], b"12345678", "C", True]}[self.asked]
self.send({"number": question["number"], "value": {"array": array}, "changed": []})
""")
SAYS = "there is no answer"
