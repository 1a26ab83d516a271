"""Whatever the examiner asks, its partner in the kernel answers True."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "imports": """import numpy as np
from course_utils.grading import inside
inside.Agent._do = lambda self, question, arrays: True
inside._told = lambda error: True"""
}
