"""The connection is closed instead of an answer, and the kernel lives on."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = answering("""
import os
self.connection.close()
""")
SAYS = "there is no answer"
