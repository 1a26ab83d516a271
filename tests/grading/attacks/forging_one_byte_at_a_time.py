"""A reply of a hundred megabytes comes byte by byte, always soon to be complete."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = answering("""
import struct, time
self.connection.sendall(struct.pack("!Q", 100_000_000))
while True:
    try:
        self.connection.sendall(b"x")
        time.sleep(0.01)
    except KeyboardInterrupt:
        pass
""")
