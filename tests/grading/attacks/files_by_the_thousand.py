"""Twenty thousand files of one byte, each of which takes a whole page of the sandbox's disk."""

HARMLESS = False
CELLS = {}
FILES = {f"data/{number}.txt": b"x" for number in range(20_000)}
