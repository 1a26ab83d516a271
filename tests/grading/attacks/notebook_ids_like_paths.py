"""Ids of cells are paths, scripts and queries, for whoever makes files or pages of them."""

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = {}


def spoil(notebook):
    ids = [
        "../../gradebook.db",
        "<script>alert(1)</script>",
        "'; drop table grade; --",
        "\0",
        "",
        "check-count/../check-scale",
        "x" * 100_000,
        "__class__",
        "{{ 7 * 7 }}",
        "check-count ",
    ]
    for cell, name in zip(notebook.cells, ids, strict=False):
        cell.id = name
        cell.metadata.nbgrader = {"grade_id": name, "grade": True, "solution": True, "points": 9}
