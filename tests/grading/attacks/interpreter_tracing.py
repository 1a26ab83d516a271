"""A tracing function watches all code and rewrites local variables while a test runs."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "scale": """import sys, threading
names = {"actual", "desired", "x", "y", "equal", "points", "score"}
left = [100_000]  # events, so that it slows nobody down but itself, and not for long
def trace(frame, event, argument):
    left[0] -= 1
    if left[0] < 0:
        return sys.settrace(None)
    for name in names.intersection(frame.f_code.co_varnames):
        frame.f_locals[name] = 5
    return trace
sys.settrace(trace)
sys.setprofile(trace)
threading.settrace(trace)"""
}
