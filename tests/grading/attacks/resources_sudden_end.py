"""The kernel ends itself, in a cell and in a function, in the hope that nothing is a pass."""

HARMLESS = False
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "scale": "def scale(x, factor):\n    import os\n    os._exit(0)",
    "count": "import ctypes\ndef count(n):\n    return ctypes.string_at(0)",
    "answers": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
}
SAYS = "the kernel ended"
