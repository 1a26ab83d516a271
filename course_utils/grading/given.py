"""An assignment's read-only cells at the examiner's: imports and data, for the tests that use them.

A cell waits until a test uses what it makes, so that no network is trained here that only the
student's notebook needs.
"""

import ast
import builtins
import contextlib
import io
from typing import Any

from course_utils.grading import names

BUILTINS = frozenset(dir(builtins))
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


class Given:
    """The names that read-only cells make, where tests run.

    Parameters
    ----------
    student_names
        What the student is to define: a cell that uses one of these is left out here, and its
        names are asked for.
    """

    def __init__(self, student_names: set[str]) -> None:
        self.student_names = student_names
        self.scope: dict[str, Any] = {"__name__": "__examiner__"}
        self._waiting: list[str] = []
        self._imported: set[str] = set()
        self._read: set[str] = set()  # by what has been run: its functions may do so later

    def reach(self, source: str) -> None:
        """A cell stands here in the notebook."""
        lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
        source = "\n".join(lines)
        if self.student_names & names.used(source):
            return
        self._imported |= names.imported(source)
        self._waiting.append(source)
        if _acts_outside(ast.parse(source), self._imported):
            self._run()

    def need(self, used: set[str]) -> None:
        """A test that uses these names comes next: run what makes them, or may change them."""
        waiting = self._reads(self._waiting).union(*map(names.made, self._waiting))
        if (used | self._read) & waiting:
            self._run()

    def _reads(self, sources: list[str]) -> set[str]:
        return set().union(*map(names.used, sources)) - self._imported - BUILTINS

    def _run(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._read |= self._reads(waiting)
        with contextlib.redirect_stdout(io.StringIO()):
            for source in waiting:
                exec(compile(source, "<given>", "exec"), self.scope)


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
