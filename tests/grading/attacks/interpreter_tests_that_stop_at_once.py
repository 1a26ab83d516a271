"""A debugger and a profiler skip over every line of a test, or jump behind its end."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "scale": """import sys
def jump(frame, event, argument):
    if event == "line" and "assert" in frame.f_code.co_names + tuple(frame.f_code.co_varnames):
        frame.f_lineno = frame.f_code.co_firstlineno
    frame.f_trace_lines = True
    return jump
for name in ("test", "_test", "run_statements", "run_code", "exec"):
    code = getattr(get_ipython(), name, None)
    if code is not None:
        setattr(get_ipython(), name, lambda *_, **__: False)
sys.settrace(jump)"""
}
