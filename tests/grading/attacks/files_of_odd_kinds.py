"""Pipes, sockets, unreadable files and folders that make a reader wait or give up."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}


def place(folder):
    import os
    import socket

    os.mkfifo(folder / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(folder)
        s.bind("socket")
        os.chdir(here)
    (folder / "folder.py").mkdir(mode=0)
    (folder / "secret.txt").touch(mode=0)
    (folder / "numbers.txt").touch(mode=0o444)
    os.chmod(folder, 0o555)
