"""Somebody is to type: input, a password, a debugger, a pipe that nobody writes to."""

HARMLESS = True
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": "def count(n): return int(input('How many points? '))",
    "scale": "def scale(x, factor):\n    breakpoint()\n    return x",
    "model": """class Model:
    def __init__(self, bias):
        import getpass
        self.bias = getpass.getpass()""",
    "answers": "import sys\ncorners = sys.stdin.read()\nsquares = input()",
}
