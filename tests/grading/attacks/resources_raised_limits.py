"""The limits of the process are raised again, and its priority with them."""

HARMLESS = False
FLAW, TRICK = "V8", "none"
CELLS = {
    "count": """import os, resource
for name in ("RLIMIT_DATA", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE"):
    for value in (resource.RLIM_INFINITY, 1 << 40):
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except (ValueError, OSError) as error:
            print(name, error)
try:
    os.nice(-20)
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))
except OSError as error:
    print(error)
def count(n): return np.ones(1 << 34)"""
}
