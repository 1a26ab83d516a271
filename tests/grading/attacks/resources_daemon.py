"""A process of its own session goes on after the notebook has ended, and so do exit hooks."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import atexit, os, time
atexit.register(lambda: time.sleep(60))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3, 64):
            try: os.close(number)
            except OSError: pass
        while True: time.sleep(60)
    os._exit(0)"""
}
