"""Threads are started until none can be started any more."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import threading, time
def wait():
    while True: time.sleep(60)
while True:
    try:
        threading.Thread(target=wait).start()
    except RuntimeError:
        pass"""
}
