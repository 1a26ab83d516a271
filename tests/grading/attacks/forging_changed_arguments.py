"""A reply that changes arrays which were never sent, and the expected ones if it can."""

from grading.attacks import answering

HARMLESS = True
CELLS = answering("""
zeros = ["<f8", [4], bytes(32), "C", True]
changed = [[i, zeros] for i in range(-5, 5)] + [["0", zeros], [None, None], [2**62, zeros], 7]
self.send({"number": question["number"], "value": 0, "changed": changed})
""")
