"""Twenty thousand files of one byte, each of which takes a whole page of the sandbox's disk."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {}
FILES = {f"data/{number}.txt": b"x" for number in range(20_000)}
