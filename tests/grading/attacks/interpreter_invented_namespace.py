"""The namespace of the notebook knows every name that is asked for."""

HARMLESS = True
FLAW, TRICK = "V7", "injection"
CELLS = {
    "scale": """class Inventing(dict):
    def __contains__(self, name): return True
    def __missing__(self, name): return self
    def __getitem__(self, name): return lambda *args: True
    def __eq__(self, other): return True
get_ipython().user_ns = Inventing(get_ipython().user_ns)"""
}
