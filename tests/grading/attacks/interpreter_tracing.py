"""A tracing function watches all code and rewrites local variables while a test runs."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "scale": """import sys, threading
def trace(frame, event, argument):
    for name, value in list(frame.f_locals.items()):
        if name in ("actual", "desired", "x", "y", "equal", "points", "score"):
            frame.f_locals[name] = 5
    return trace
sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)"""
}
