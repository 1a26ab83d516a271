"""Each test stands there many times, before and after the answers, rewritten but for its id."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {}


def spoil(notebook):
    import copy

    tests = [copy.deepcopy(c) for c in notebook.cells if c.id.startswith("check")]
    for cell in tests:
        cell.source = "5050"
    notebook.cells = tests + notebook.cells + tests + tests
