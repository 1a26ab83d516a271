"""Which names a notebook defines and uses, and which of them are the examiner's own in tests."""

import ast
import builtins
import functools
import re
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from course_utils.grading import rebuild

Code = tuple[tuple[str, str], ...]  # role and source of each cell
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
EXPECTING = {"assertRaises", "assertRaisesRegex", "raises", "suppress"}
UNPICKLING = {"pickle.loads", "dill.loads", "cloudpickle.loads", "marshal.loads"}
TIMING = {"time", "capture", "prun"}  # magics of cells that are Python
GIVES = re.compile(r"^(\s*[\w, ]+=\s*)(?:!|%\w).*$")  # a magic
KERNEL = "get_ipython"  # a function that only a notebook has
RUNNING = "unittest.TextTestRunner().run(…)"  # a suite
AUTOTEST = re.compile(r"\s*#+\s*(HASHED\s+)?AUTOTEST\b")
# May reach what no name tells.
LOOKS_AT_ALL = {"globals", "locals", "vars", "eval", "exec", "unittest.main"}


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
    values
        Those of them that are no functions or classes, so that reading them tells something.
    others
        What else is asked of the candidate: the rest of unmarked cells, and read-only cells that
        use the student's work.
    shared
        Global names that the solution's functions read.
    classes
        Those of `solved` that are classes.
    special
        Special methods that those define, such as `__eq__`.
    """

    own: tuple[tuple[ast.stmt, ...], ...]
    solved: frozenset[str]
    values: frozenset[str]
    others: frozenset[str]
    shared: frozenset[str]
    classes: frozenset[str]
    special: frozenset[str]


def plan(master: NotebookNode) -> Plan:
    """Divide what a master's cells define between the examiner and the candidate."""
    return plan_of(code_of(master))


def code_of(master: NotebookNode) -> Code:
    """Role and code of each cell; no code where it is text."""
    return tuple((rebuild.role(c), c.source if c.cell_type == "code" else "") for c in master.cells)


@functools.lru_cache(maxsize=16)  # the same for a whole class
def plan_of(code: Code) -> Plan:
    """As `plan`, from what `code_of` gives."""
    cells = [(role, statements(source)) for role, source in code]
    solved, values, imported = set(), set(), set()
    for role, code in cells:
        for each in code:
            if _only_imports(each) and role != "test":
                imported |= defined(each)
            elif role in ("solution", "by hand"):
                solved |= defined(each)
                values |= set() if isinstance(each, DEFINITIONS) else defined(each)
    theirs, before = set(solved), None
    while theirs != before:  # what uses the student's work is theirs too, and so on
        before, own, theirs, given = theirs, [], set(solved), set()
        for role, code in cells:
            if role == "given" and not any(used(each) & (before | {KERNEL}) for each in code):
                own.append(tuple(code))
                given.update(*map(defined, code))
                continue
            here = [s for s in code if role != "test" and _is_own(s, role, before)]
            own.append(tuple(here))
            if role in ("given", ""):
                theirs.update(*(defined(s) for s in code if s not in here))
        theirs -= (imported | given) - solved
    of_theirs = [s for role, code in cells if role in ("solution", "by hand") for s in code]
    inside = [s for s in of_theirs if isinstance(s, DEFINITIONS)]
    classes = [s for s in inside if isinstance(s, ast.ClassDef)]
    shared, named = set().union(*map(used, inside)), {c.name for c in classes}
    special = set().union(*map(_special, classes))
    told = solved, values, theirs - solved, shared, named, special
    return Plan(tuple(own), *map(frozenset, told))


def _special(of: ast.ClassDef) -> set[str]:
    """Special methods that a class defines, or has of a built-in class, or as a dataclass."""
    found = {s.name for s in of.body if isinstance(s, DEFINITIONS[:2]) and _is_special(s.name)}
    found |= {t.id for s in of.body if isinstance(s, ast.Assign)
              for t in s.targets if isinstance(t, ast.Name) and _is_special(t.id)}  # fmt: skip
    for base in of.bases:
        kind = getattr(builtins, getattr(base, "id", ""), None)
        if kind in (list, dict, set, tuple, int, float, str):
            found |= {name for name in dir(kind) if name not in dir(object)} | {"__eq__"}
    decorators = "".join(map(ast.unparse, of.decorator_list))
    if "dataclass" in decorators:
        found |= {"__eq__", "__repr__"}
    if "order=True" in decorators or "total_ordering" in decorators:
        found |= {"__lt__", "__le__", "__gt__", "__ge__"}
    return found | ({"__ne__"} if "__eq__" in found else set())


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def caught(*code: ast.stmt) -> list[ast.expr]:
    """Classes of errors that code expects, as it writes them: names, or attributes of names."""
    found = []
    for node in (n for each in code for n in ast.walk(each)):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            found.append(node.type)
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in EXPECTING:
                found += node.args
    found += [part for each in found if isinstance(each, ast.Tuple) for part in each.elts]
    return [each for each in found if isinstance(each, ast.Name | ast.Attribute)]


def _is_own(statement: ast.stmt, role: str, theirs: set[str]) -> bool:
    function = isinstance(statement, DEFINITIONS[:2]) and role in ("given", "")
    return _only_imports(statement) or (function and not used(statement) & (theirs | {KERNEL}))


def _only_imports(statement: ast.stmt) -> bool:
    """Whether it is an import, or a choice between imports such as `try: … except ImportError:`."""
    imports = [n for n in ast.walk(statement) if isinstance(n, ast.Import | ast.ImportFrom)]
    if isinstance(statement, ast.If | ast.Try | ast.With):
        names = {(a.asname or a.name).partition(".")[0] for node in imports for a in node.names}
        names |= {n.name for n in ast.walk(statement) if isinstance(n, ast.ExceptHandler)}
        return bool(imports) and defined(statement) <= names
    return statement in imports


def statements(source: str) -> list[ast.stmt]:
    """A cell's code without its magics; nothing if it is no Python.

    What a magic gives, as in `files = !ls`, is left to the notebook's own kernel.
    """
    lines = source.splitlines()
    begin = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines and lines[begin].startswith("%%"):
        if lines[begin][2:].split(" ")[0] not in TIMING:
            return []
        lines[begin] = ""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in lines]
    lines = [GIVES.sub(rf"\1{KERNEL}()", line) for line in lines]
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


def read(source: str) -> set[str]:
    """Names that code reads anywhere, also those that it makes or deletes itself."""
    return {n.id for n in ast.walk(ast.parse(source))
            if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Store)}  # fmt: skip


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
        nodes = [*ast.walk(live.pop())]
        read |= {n.id for n in nodes if isinstance(n, ast.Name)}
        read |= {ast.unparse(n) for n in nodes if isinstance(n, ast.Attribute) and n.attr == "main"}
        called = idle.keys() if read & LOOKS_AT_ALL else idle.keys() & read
        for name in list(called):
            live += idle.pop(name)
    code = "\n".join(map(ast.unparse, [*earlier, ast.parse(source)]))
    return read & used(code)


def faults(master: NotebookNode) -> Iterator[tuple[str, str]]:
    """Tests that cannot decide anything: the name of the cell, and why."""
    here, helpers = plan(master), []
    ran = [statement for own in here.own for statement in own]  # here, as well as earlier tests
    theirs, known, made = here.solved | here.others, set().union(*map(defined, ran)), set()
    for cell in master.cells:
        if cell.cell_type != "code" or rebuild.role(cell) != "test":
            continue
        name = rebuild.grade_id(cell)
        for number, line in enumerate(cell.source.splitlines(), 1):
            if AUTOTEST.match(line):
                yield name, (f"line {number}, `{line.strip()}`: AUTOTEST makes no test here; write "
                             "the `assert` that it stands for instead")  # fmt: skip
        try:
            code = ast.parse(cell.source).body
        except SyntaxError as error:
            what = f"line {error.lineno} is no Python, which magics are not either"
            yield name, f"{what}; write plain Python instead"
            continue
        found = reached(cell.source, helpers)
        ran += code
        for line, what, instead in _impossible(code):
            yield name, f"line {line}: {what}; write {instead} instead"
        if not any(map(imports_all, ran)):
            for unknown in sorted(found - theirs - known - made - set(dir(builtins))):
                at = next((n.lineno for s in code for n in ast.walk(s)
                           if isinstance(n, ast.Name) and n.id == unknown), 1)  # fmt: skip
                yield name, f"line {at}: it uses `{unknown}`, which no cell defines"
        if not found & (theirs | made):
            idle = [s for s in code if isinstance(s, DEFINITIONS)]
            what = "it never comes upon what students write, so it would earn nobody a point"
            if idle:
                is_suite = isinstance(idle[0], ast.ClassDef)
                call = RUNNING if is_suite else f"{idle[0].name}()"
                what = f"line {idle[0].lineno}: {what}: nothing calls `{idle[0].name}`; write "
                what += f"`{call}` below it as well, or plain assertions instead"
            yield name, what
        helpers += [s for s in code if isinstance(s, DEFINITIONS)]
        made |= {n for s in code if not isinstance(s, DEFINITIONS) for n in defined(s)}


def _impossible(code: list[ast.stmt]) -> Iterator[tuple[int, str, str]]:
    """What cannot work where a test runs: the line, what it is, and what to write instead."""
    inside = {n for s in code for f in ast.walk(s)
              if isinstance(f, ast.AsyncFunctionDef) for n in ast.walk(f)}  # fmt: skip
    for node in (n for s in code for n in ast.walk(s)):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and re.fullmatch(r"__main__\.\w+", text):
            own = text.partition(".")[2]
            instead = f"a value for the name itself (`{own} = …`, which the test's end takes back)"
            yield node.lineno, f"`{text}` is not the notebook where tests run", instead
        elif isinstance(node, ast.Await) and node not in inside:
            yield node.lineno, "a test cannot await", "a call of a function of theirs that runs it"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in UNPICKLING:
            what = f"`{ast.unparse(node.func)}` would run what students wrote, with your rights"
            yield node.lineno, what, "a test of plain data, or of a file of text, JSON or `np.save`"


def doubts(master: NotebookNode) -> Iterator[tuple[str, str]]:
    """Names in tests that students can change: the name of the test's cell, and the name."""
    here = plan(master)
    free = {n for cell, own in zip(master.cells, here.own, strict=True)
            if cell.cell_type == "code" and not rebuild.role(cell)
            for s in statements(cell.source) if ast.dump(s) not in map(ast.dump, own)
            for n in defined(s)}  # fmt: skip
    for cell in master.cells:
        if cell.cell_type == "code" and rebuild.role(cell) == "test":
            for name in sorted(reached(cell.source) & free & here.others):
                yield rebuild.grade_id(cell), name


def imports_all(statement: ast.stmt) -> bool:
    """Whether it imports names that it does not tell."""
    return any(isinstance(n, ast.alias) and n.name == "*" for n in ast.walk(statement))


def _table(code: str | ast.stmt) -> symtable.SymbolTable:
    source = code if isinstance(code, str) else ast.unparse(code)
    return symtable.symtable(source, "<cell>", "exec")
