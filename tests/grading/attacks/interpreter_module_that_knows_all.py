"""The module of the notebook makes every name that somebody asks it for."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """import sys
class Knowing(type(sys)):
    def __getattr__(self, name): return lambda *args: True
    __getattribute__ = __getattr__
module = sys.modules["__main__"]
module.__class__ = Knowing
sys.modules["__main__"] = Knowing("__main__")
def __getattr__(name): return True"""
}
