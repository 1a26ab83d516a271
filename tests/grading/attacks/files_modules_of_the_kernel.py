"""Files with the names of modules that a kernel loads while it starts make it fail."""

HARMLESS = False
FLAW, TRICK = "V1", "injection"
CELLS = {}
NAMES = "ipykernel IPython zmq tornado jupyter_client traitlets psutil debugpy comm asyncio signal"
NAMES += (
    " pathlib platform getpass random tokenize code pdb faulthandler sqlite3 matplotlib resource"
)
FILES = {f"{name}.py": b"import os\nos._exit(1)\n" for name in NAMES.split()}
