"""Which names a piece of a notebook defines and which it uses."""

import symtable

from nbformat import NotebookNode

from course_utils.grading import rebuild


def to_be_defined(master: NotebookNode) -> set[str]:
    """What the student's cells are to define: what the solutions bind at their top level."""
    names = set()
    for cell in master.cells:
        if cell.cell_type == "code" and rebuild.role(cell) in ("solution", "by hand"):
            names |= made(cell.source)
    return names


def made(source: str) -> set[str]:
    """What a piece of code binds at its top level."""
    symbols = _table(source).get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def imported(source: str) -> set[str]:
    """What a piece of code imports at its top level."""
    return {s.get_name() for s in _table(source).get_symbols() if s.is_imported()}


def used(source: str) -> set[str]:
    """Global names that a piece of code reads and does not make itself, also inside functions."""
    top = _table(source)
    used, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [s for s in table.get_symbols() if s.is_referenced()]
        used |= {s.get_name() for s in symbols if table is top or s.is_global()}
    return used - made(source)


def _table(source: str) -> symtable.SymbolTable:
    return symtable.symtable(source, "<cell>", "exec")
