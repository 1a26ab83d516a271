"""All names are deleted before each test, and with them what the test would ask."""

HARMLESS = True
FLAW, TRICK = "V6", "evasion"
CELLS = {
    "answers": """get_ipython().run_line_magic("reset", "-f")
import builtins, sys
for name in [n for n in sys.modules if n.startswith(("numpy", "course_utils"))]:
    del sys.modules[name]
for name in ("isinstance", "len", "range"):
    delattr(builtins, name)"""
}
