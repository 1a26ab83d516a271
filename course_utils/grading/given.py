"""Which read-only cells the examiner has to run: those that make or change what a test uses.

The others wait, so that no network is trained here that only the student's notebook needs.
"""

import ast
import builtins
from collections.abc import Sequence

from course_utils.grading import names

BUILTINS = frozenset(dir(builtins))
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


class Given:
    """Looks at statements that wait, and knows what those read that have been run."""

    def __init__(self) -> None:
        self._imported: set[str] = set()
        self._read: set[str] = set()  # by what has been run: its functions may do so later

    def matters(self, waiting: Sequence[ast.stmt], used: set[str]) -> bool:
        """Whether a test that uses these names needs that the statements are run before it."""
        imports = (ast.Import, ast.ImportFrom)
        imports = [n for s in waiting for n in ast.walk(s) if isinstance(n, imports)]
        self._imported |= set().union(*map(names.defined, imports))
        read = set().union(*map(names.used, waiting))
        reads, makes = read - self._imported - BUILTINS, set().union(*map(names.defined, waiting))
        if not (
            (used | self._read) & (reads | makes)
            or read & names.LOOKS_AT_ALL
            or any(names.imports_all(s) or _acts_outside(s, self._imported) for s in waiting)
        ):
            return False
        self._read |= reads
        return True


def _acts_outside(node: ast.AST, imported: set[str]) -> bool:
    """Whether code outside of functions acts on what was imported, as `np.random.seed(0)` does."""
    if isinstance(node, FUNCTIONS):
        return False
    targets = []
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func]
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Delete):
        targets = getattr(node, "targets", None) or [node.target]
        targets = [t for t in targets if isinstance(t, ast.Attribute | ast.Subscript)]
    if any(_root(target) in imported for target in targets):
        return True
    return any(_acts_outside(child, imported) for child in ast.iter_child_nodes(node))


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
