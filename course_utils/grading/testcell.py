"""What the code of a test cell means: what it mentions, what its suites find, its score."""

import ast
import contextlib
import sys
import types
import unittest
from collections.abc import Callable, Iterator, Set
from typing import Any
from unittest import mock

import numpy as np

from course_utils.grading import reach
from course_utils.grading.remote import Remote
from course_utils.grading.verdicts import NoEvidence


def mentioned(code: ast.AST) -> set[str]:
    """Names that a piece of code uses, and of modules that it imports."""
    nodes = [*ast.walk(code)]
    found = {n.id for n in nodes if isinstance(n, ast.Name)}
    for n in nodes:
        if isinstance(n, ast.Import | ast.ImportFrom):
            found |= {part for a in n.names for part in a.name.split(".")}
            found |= {*(getattr(n, "module", None) or "").split(".")}
    return found


def parsed(source: str) -> list[ast.stmt]:
    """Its statements.

    Raises
    ------
    NoEvidence
        If it is no Python, which is nobody's mistake but the test's.
    """
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        raise NoEvidence(f"the test is no Python: {error}") from None


@contextlib.contextmanager
def listening(failures: list[BaseException], scope: dict) -> Iterator[None]:
    """Note what suites of unittest find wrong, since they only write it into a report.

    `unittest.main()` looks for them among a test's own names, as it does in a notebook.
    """

    def noting(method: Callable) -> Callable:
        def add(self: unittest.TestResult, *about: Any) -> None:
            failures.extend(about[-1][1:2] if about[-1] else ())
            method(self, *about)

        return add

    with contextlib.ExitStack() as stack:
        for name in ("addError", "addFailure", "addSubTest"):
            noticed = noting(getattr(unittest.TestResult, name))
            stack.enter_context(mock.patch.object(unittest.TestResult, name, noticed))
        stack.enter_context(mock.patch.dict(sys.modules, {"__main__": _Main(scope)}))
        yield


class _Main(types.ModuleType):
    """A test's global names, as the module that a notebook is."""

    def __init__(self, scope: dict) -> None:
        super().__init__("__main__")
        self._scope = scope

    def __dir__(self) -> list[str]:
        return [*self._scope]

    def __getattr__(self, name: str) -> Any:
        try:
            return self._scope[name]
        except KeyError:
            raise AttributeError(name) from None


def run_statements(
    statements: list, scope: dict, theirs: Set[str], file: str, shared: Set[str]
) -> float | None:
    """Run statements; the value of the last one, if it is an expression that gives a score.

    What the student's own function returns is never a score.
    """
    *first, last = statements
    may_score = isinstance(last, ast.Expr) and not _is_theirs(last.value, theirs)
    first = reach.prepare(first if may_score else statements, shared)
    exec(compile(ast.Module(first, []), file, "exec"), scope)
    if not may_score:
        return None
    if isinstance(last.value, ast.Call) and _gives_theirs(last.value.func, scope):
        exec(compile(ast.Module(reach.prepare([last], shared), []), file, "exec"), scope)
        return None
    value = eval(compile(ast.Expression(last.value), file, "eval"), scope)
    if value is None or isinstance(value, unittest.TestResult | unittest.TestProgram):
        return None
    if not isinstance(value, bool | int | float | np.generic) or not np.isfinite(value):
        raise NoEvidence(f"the last line gives a {type(value).__name__}, which is no score")
    return float(value)


def _is_theirs(value: ast.expr, theirs: Set[str]) -> bool:
    called = getattr(value, "func", value)
    return isinstance(value, ast.Name | ast.Call) and getattr(called, "id", None) in theirs


def _gives_theirs(function: ast.expr, scope: dict) -> bool:
    """Whether a name, or what is taken or called from one, is the student's, such as a method."""
    root = function
    while not isinstance(root, ast.Name):
        root = getattr(root, "value", getattr(root, "func", None))
        if not isinstance(root, ast.expr):
            return False
    value = scope.get(root.id)
    parts = [*value.values()] if isinstance(value, dict) else value
    parts = parts if isinstance(parts, list | tuple) else [value]
    return any(isinstance(part, Remote) for part in parts)
