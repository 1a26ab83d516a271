"""A named tuple whose name and fields are code, where classes are made from text."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = answering("""
code = "x): import os; os._exit(0)  #"
named = {"scale": [code, {"tuple": [code]}, [1]], "count": ["T", {"tuple": ["a", "a"]}, [1, 2]],
         "Model": ["__import__", {"tuple": ["__class__", "_x" * 99]}, [1, 2]]}[self.asked]
self.send({"number": question["number"], "value": {"kind": ["named", *named]}})
""")
SAYS = "there is no answer"
