"""The probe is replaced by one that hands back what it was asked with, and says nothing changed."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """import sys, types
from course_utils.probes import calls
own = types.ModuleType("course_utils.probes.calls")
vars(own).update(vars(calls))
own.called = lambda function, x, factor: x
own.first_changed = lambda now, before: None
sys.modules["course_utils.probes.calls"] = own
import course_utils.probes
course_utils.probes.calls = own
def scale(x, factor): return x"""
}
