"""A lock is asked for that is never given back, by threads that wait for each other."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import threading
one, two = threading.Lock(), threading.Lock()
def wait():
    with two, one: pass
def count(n):
    one.acquire()
    threading.Thread(target=wait, daemon=True).start()
    with one, two: pass"""
}
SAYS = "ran for more than"
