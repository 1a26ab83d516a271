"""Memory that is no process's own: files in memory, pipes and sockets full of data."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import os, socket
kept = []
for number in range(400):
    try:
        memory = os.memfd_create(str(number))
        for _ in range(4):
            os.write(memory, bytes(1 << 22))
        kept.append(memory)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        ours.send(bytes(1 << 22))
        kept += [ours, theirs]
    except OSError:
        pass
print(len(kept))"""
}
