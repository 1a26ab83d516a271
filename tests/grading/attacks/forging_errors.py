"""Errors with invented types, names and texts, such as the examiner's own or a skipped test."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V6", "injection"
CELLS = answering("""
error = {"scale": ["SkipTest", ["SystemExit", "BaseException"], "skipped", "x" * 10**6],
         "count": ["_NoEvidence", ["OSError", "AssertionError"], "no evidence", "passed"],
         "Model": ["CandidateError", ["ExceptionGroup"], "all is well", ""]}[self.asked]
self.send({"number": question["number"], "error": error})
""")
