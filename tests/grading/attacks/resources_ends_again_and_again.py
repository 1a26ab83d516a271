"""A timer ends each kernel that is started, until no one wants to start another."""

HARMLESS = False
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "imports": """import os, threading
import numpy as np""",
    "scale": """threading.Timer(0.3, os._exit, [0]).start()
import time
def scale(x, factor): time.sleep(1)""",
    "count": "time.sleep(1)",
    "answers": "time.sleep(1)",
}
