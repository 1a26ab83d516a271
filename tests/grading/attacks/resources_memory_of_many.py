"""Many small processes share out what one alone may not have."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import os, time
for _ in range(30):
    if os.fork() == 0:
        kept = [os.urandom(1 << 20) * 10 for _ in range(5)]
        time.sleep(30)
        os._exit(0)
time.sleep(30)"""
}
