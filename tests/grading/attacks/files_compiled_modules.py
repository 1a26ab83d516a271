"""Compiled modules and libraries stand where Python looks before it compiles the right ones."""

import importlib.util
import marshal

HARMLESS = False
FLAW, TRICK = "V1", "injection"
CELLS = {}
CODE = marshal.dumps(compile("raise SystemExit(0)", "engine.py", "exec"))
PYC = importlib.util.MAGIC_NUMBER + bytes(12) + CODE
NAMES = ("numpy", "course_utils", "msgpack", "engine", "ipykernel")
FILES = {f"__pycache__/{name}.cpython-311.pyc": PYC for name in NAMES}
FILES |= {f"{name}.pyc": PYC for name in NAMES}
FILES |= {f"{name}.cpython-311-x86_64-linux-gnu.so": b"\x7fELF" + bytes(60) for name in NAMES}
FILES |= {"libc.so.6": b"\x7fELF", "numpy.pyi": b"", "course_utils.pyd": PYC}
