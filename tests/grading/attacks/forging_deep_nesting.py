"""A reply of lists within lists, deeper than any reader can follow."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = answering("""
import struct
data = b"\\x82\\xa6number\\x01\\xa5value" + b"\\x91" * 1_000_000 + b"\\xc0"
self.connection.sendall(struct.pack("!Q", len(data)) + data)
""")
SAYS = "no message"
