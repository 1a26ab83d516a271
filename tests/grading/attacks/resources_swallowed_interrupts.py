"""An endless loop that catches every interrupt and goes on."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import time
def count(n):
    while True:
        try:
            while True: time.sleep(0.01)
        except BaseException:
            pass"""
}
SAYS = "could not be stopped"
