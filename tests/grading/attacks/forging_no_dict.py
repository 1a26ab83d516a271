"""Messages that are no dicts: lists, numbers, extension types of msgpack, half a message."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """import msgpack, struct
from course_utils.grading.inside import Agent
def scale(x, factor):
    for message in (msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 1), [1], 5, "full marks"):
        data = msgpack.packb(message)
        Agent.only.connection.sendall(struct.pack("!Q", len(data)) + data)"""
}
SAYS = "something else"
