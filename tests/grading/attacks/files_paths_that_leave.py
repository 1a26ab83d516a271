"""Names of files that lead out of the folder, where they were written out without care."""

HARMLESS = False
FLAW, TRICK = "V8", "injection"
CELLS = {}
FILES = {
    "..\\..\\gradebook.db": b"",
    "...": b"",
    "..%2f..%2fgradebook.db": b"",
    "~/.bashrc": b"exit",
    "-rf": b"",
    "$(exit 1).txt": b"",
    "a\nb\t\x1b[2J.txt": b"",
    "x" * 250: b"",
}
