"""Beside the notebook lie others of nearly its name, one of them a friend's right one."""

import nbformat

from grading import target

HARMLESS = False
FLAW, TRICK = "V6", "redirection"
CELLS = {}
RIGHT = nbformat.writes(target.submission(target.RIGHT)).encode()
NAMES = (
    "T2_TARGET.ipynb",
    "t2_target (1).ipynb",
    "t2_target.ipynb.ipynb",
    "a.ipynb",
    "t2_target",
    ".ipynb_checkpoints/t2_target-checkpoint.ipynb",
    "sub/t2_target.ipynb",
    "t2_targe\u0442.ipynb",
)
FILES = dict.fromkeys(NAMES, RIGHT)
