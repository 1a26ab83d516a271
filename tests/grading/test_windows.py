"""What Windows lacks stops nothing but grading, and that says where to go.

Windows itself is not asked here: what only Unix has is taken away, in a process of its own.
"""

import subprocess
import sys

from course_utils.repository import ROOT

WITHOUT = """
import ctypes, os, shutil, sys
import course_utils.course.cli, course_utils.grading.nbgrader_plugins, course_utils.grading.run
for name in [name for name in sys.modules if name.startswith("course_utils")]:
    del sys.modules[name]  # what libraries have imported stays
for name in ("fcntl", "grp", "pwd", "pyseccomp", "resource", "termios"):
    sys.modules[name] = None  # whoever imports it fails
for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "fork", "geteuid", "getuid"):
    delattr(os, name)
ctypes.CDLL = "abc".find  # refuses None as that of Windows does
sys.platform, shutil.which = "win32", lambda name: None
"""
CONFIG = """
from traitlets.config import PyFileConfigLoader
config = PyFileConfigLoader("nbgrader_config.py", path=".").load_config()
print(config.Autograde.exporter_class.__name__)
"""
GRADE = """
from course_utils.course.cli import main
sys.argv = ["course", "grade", "a1_convolution"]
main()
"""


def windows(code):
    """What a program prints, and its errors."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.stdout, done.stderr


def test_nbgrader_finds_the_course():
    assert windows(CONFIG) == ("Examiner\n", "")


def test_grading_says_where_to_go():
    said = "".join(windows(GRADE))
    assert "Traceback" not in said
    assert "only Linux has it, so grade in a container" in " ".join(said.split())
