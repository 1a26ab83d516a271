"""A dict with a hundred thousand keys of one hash: building it takes the examiner for ever."""

from grading.attacks import answering

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = answering("""
pairs = [[{"int": hex(k * (2**61 - 1))}, 0] for k in range(100_000)]
self.send({"number": question["number"], "value": {"dict": pairs}, "changed": []})
""")
