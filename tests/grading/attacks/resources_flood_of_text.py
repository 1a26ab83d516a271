"""Text without end is printed, by Python and past it."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import os
def count(n):
    while True: print("x" * 100_000)""",
    "answers": """while True:
    os.write(1, b"y" * 65536)
    os.write(2, b"z" * 65536)""",
}
