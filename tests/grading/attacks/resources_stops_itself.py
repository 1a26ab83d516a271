"""The kernel stops itself by a signal, and so neither computes nor ends."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {"count": "import os, signal\ndef count(n): os.kill(os.getpid(), signal.SIGSTOP)"}
