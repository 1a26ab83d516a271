"""Folders within folders, with names as long as may be, to break whoever copies or deletes them."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}
FILES = {
    "/".join([f"{n:0>180}" for n in range(12)]) + "/x.txt": b"1",
    "/".join("d" * 200) + "/y.txt": b"2",
}
