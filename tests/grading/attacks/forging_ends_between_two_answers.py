"""Each answer comes, and then the kernel ends, before the next question can be asked."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = answering("""
import os
honest(self, question)
os._exit(0)
""")
SAYS = "the kernel ended"
