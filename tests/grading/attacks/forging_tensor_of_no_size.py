"""Tensors with shapes that break the library which is to build them."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
content = {"scale": ["float32", [0, 2**61], b"", False, True],
           "count": ["float32", [2**61, 2**61, 0], b"", True, False],
           "Model": ["int64", [0, 2**61, 2**61], b"", True, True]}[self.asked]
self.send({"number": question["number"], "value": {"tensor": content}, "changed": []})
""")
