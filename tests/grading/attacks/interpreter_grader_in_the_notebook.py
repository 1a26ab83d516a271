"""Graders that run in the notebook's own process are told to be content, by name."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "scale": """import sys
def content(*_, **__): return 5
for name in [n for n in list(sys.modules) if n.partition(".")[0] in ("otter", "okpy", "nbgrader")]:
    for attribute in ("check", "run", "run_test", "grade", "score", "passed"):
        for thing in vars(sys.modules[name]).values():
            if isinstance(thing, type) and hasattr(thing, attribute):
                setattr(thing, attribute, content)
import unittest.mock
grader = unittest.mock.MagicMock()"""
}
