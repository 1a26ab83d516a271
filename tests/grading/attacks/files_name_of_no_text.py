"""A name of bytes that are no text, which cannot be sent, stored or shown."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}
FILES = {"\udcff\udcff.txt": b"1", "data/\udc80": b"2"}
