"""Which names a piece of a notebook defines and which it uses."""

import symtable

from nbformat import NotebookNode

from course_utils.grading import rebuild


def to_be_defined(master: NotebookNode) -> set[str]:
    """What the student's cells are to define: what the solutions bind at their top level."""
    names = set()
    for cell in master.cells:
        if cell.cell_type == "code" and rebuild.role(cell) in ("solution", "by hand"):
            symbols = _table(cell.source).get_symbols()
            names |= {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    return names


def used(source: str) -> set[str]:
    """Global names that a piece of code reads and does not make itself, also inside functions."""
    top = _table(source)
    used, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [s for s in table.get_symbols() if s.is_referenced()]
        used |= {s.get_name() for s in symbols if table is top or s.is_global()}
    return used - {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}


def _table(source: str) -> symtable.SymbolTable:
    return symtable.symtable(source, "<cell>", "exec")
