"""In memory the small number that is wrong is overwritten by the one that is right."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "count": """import ctypes
wrong = int("70001")
def count(n):
    for right in (6, 28, 5050):
        ctypes.memmove(id(wrong) + 24, id(right) + 24, 4)
    return wrong + 0"""
}
