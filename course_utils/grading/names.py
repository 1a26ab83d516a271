"""Which names a notebook defines and uses, and which of them are the examiner's own in tests."""

import ast
import symtable
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from course_utils.grading import rebuild

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOKS_AT_ALL = {"globals", "locals", "vars", "eval", "exec"}  # may reach what no name tells


@dataclass(frozen=True)
class Plan:
    """Who has what the master's cells define.

    Attributes
    ----------
    own
        Of each cell what the examiner runs itself: read-only cells, all imports, and functions of
        unmarked cells. Where something needs what the student has, it is left to the candidate.
    solved
        What the solutions define: always the student's.
    others
        What else is asked of the candidate: the rest of unmarked cells, and read-only cells that
        use the student's work.
    """

    own: tuple[tuple[ast.stmt, ...], ...]
    solved: frozenset[str]
    others: frozenset[str]


def plan(master: NotebookNode) -> Plan:
    """Divide what a master's cells define between the examiner and the candidate."""
    cells = [
        (rebuild.role(c), statements(c.source) if c.cell_type == "code" else [])
        for c in master.cells
    ]
    solved, imported = set(), set()
    for role, code in cells:
        for each in code:
            if _only_imports(each) and role != "test":
                imported |= defined(each)
            elif role in ("solution", "by hand"):
                solved |= defined(each)
    theirs, before = set(solved), None
    while theirs != before:  # what uses the student's work is theirs too, and so on
        before, own, theirs, given = theirs, [], set(solved), set()
        for role, code in cells:
            if role == "given" and not any(used(each) & before for each in code):
                own.append(tuple(code))
                given.update(*map(defined, code))
                continue
            here = [s for s in code if role != "test" and _is_own(s, role, before)]
            own.append(tuple(here))
            if role in ("given", ""):
                theirs.update(*(defined(s) for s in code if s not in here))
        theirs -= (imported | given) - solved
    return Plan(tuple(own), frozenset(solved), frozenset(theirs - solved))


def _is_own(statement: ast.stmt, role: str, theirs: set[str]) -> bool:
    function = isinstance(statement, DEFINITIONS[:2]) and role in ("given", "")
    return _only_imports(statement) or (function and not used(statement) & theirs)


def _only_imports(statement: ast.stmt) -> bool:
    """Whether it is an import, or a choice between imports such as `try: … except ImportError:`."""
    imports = [n for n in ast.walk(statement) if isinstance(n, ast.Import | ast.ImportFrom)]
    if isinstance(statement, ast.If | ast.Try | ast.With):
        names = {(a.asname or a.name).partition(".")[0] for node in imports for a in node.names}
        names |= {n.name for n in ast.walk(statement) if isinstance(n, ast.ExceptHandler)}
        return bool(imports) and defined(statement) <= names
    return statement in imports


def statements(source: str) -> list[ast.stmt]:
    """A cell's code without its magics; nothing if it is no Python."""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return []


def defined(statement: ast.stmt) -> set[str]:
    """Global names that a statement binds, also from inside functions."""
    top = _table(statement)
    found = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    tables = top.get_children()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {s.get_name() for s in table.get_symbols()
                  if s.is_declared_global() and s.is_assigned()}  # fmt: skip
    return found - {"*"}


def used(code: str | ast.stmt) -> set[str]:
    """Global names that a piece of code reads and does not make itself, also inside functions."""
    top = _table(code)
    used, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [s for s in table.get_symbols() if s.is_referenced()]
        used |= {s.get_name() for s in symbols if table is top or s.is_global()}
    return used - {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}


def reached(source: str, earlier: Sequence[ast.stmt] = ()) -> set[str]:
    """Global names that running the code can come upon, without those that it makes itself.

    Functions and methods are run only if something else names them, or the class. `earlier` are
    those of code that was run before.
    """
    idle, live = {}, []
    for each in [*earlier, *ast.parse(source).body]:
        if isinstance(each, DEFINITIONS) and not each.decorator_list:
            idle.setdefault(each.name, []).append(each)
            if isinstance(each, ast.ClassDef):
                live += [s for s in each.body if not isinstance(s, DEFINITIONS)]
        else:
            live.append(each)
    read = set()
    while live:
        read |= {n.id for n in ast.walk(live.pop()) if isinstance(n, ast.Name)}
        called = idle.keys() if read & _LOOKS_AT_ALL else idle.keys() & read
        for name in list(called):
            live += idle.pop(name)
    code = "\n".join(map(ast.unparse, [*earlier, ast.parse(source)]))
    return read & used(code)


def _table(code: str | ast.stmt) -> symtable.SymbolTable:
    source = code if isinstance(code, str) else ast.unparse(code)
    return symtable.symtable(source, "<cell>", "exec")
