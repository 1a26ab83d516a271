"""The kernel is interrupted by its own threads, again and again, while it is asked."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import _thread, threading, time
def disturb():
    while True:
        _thread.interrupt_main()
        time.sleep(1e-3)
def count(n):
    threading.Thread(target=disturb, daemon=True).start()
    return n"""
}
