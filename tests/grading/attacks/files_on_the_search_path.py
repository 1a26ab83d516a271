"""Archives and settings that Python takes for a part of its search path or of its environment."""

HARMLESS = False
FLAW, TRICK = "V1", "injection"
CELLS = {
    "imports": "import sys\nsys.path[:0] = ['python311.zip', 'course_utils.zip', 'vendor']\n"
    "import numpy as np"
}
FILES = {
    "python311.zip": b"PK\5\6" + bytes(18),
    "course_utils.zip": b"PK\3\4" + b"\xff" * 60,
    "python311._pth": b".\n",
    "pyvenv.cfg": b"home = /home/student\ninclude-system-site-packages = true\n",
    ".env": b"PYTHONOPTIMIZE=2\nNBGRADER_VALIDATING=1\n",
    "vendor/course_utils.egg-link": b"/home/student\n",
    "vendor/easy-install.pth": b"import os; os._exit(0)\n",
}
