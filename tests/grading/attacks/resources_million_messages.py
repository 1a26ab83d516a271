"""A million small outputs, and outputs that are cleared again and again."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """from IPython.display import clear_output, display
for number in range(1_000_000):
    display(number)
    clear_output(wait=True)"""
}
