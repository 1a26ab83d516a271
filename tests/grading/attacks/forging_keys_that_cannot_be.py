"""Dicts and sets whose keys cannot be hashed or are no pairs, and tags that do not exist."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = answering("""
value = {"scale": {"dict": [[[1], 2], [3]]}, "count": {"set": [{"dict": []}]},
         "Model": {"pickle": b"cos\\nsystem\\n"}}[self.asked]
self.send({"number": question["number"], "value": value, "changed": []})
""")
SAYS = "there is no answer"
