"""What a test does around its calls, so that it reaches the student's code in the candidate.

At home a test shares a process with what it tests: it sets a global, seeds random numbers, patches
`input`, catches what is printed, reads a file that was written. Here each of these is passed on.
Nothing comes back but data, and nothing is sent that a test does not set for the student's code.
"""

import ast
import contextlib
import importlib
import inspect
import re
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from unittest import mock

from course_utils.grading import names
from course_utils.grading.candidate import Candidate
from course_utils.grading.deeds import MAX_FILE
from course_utils.grading.remote import Remote, is_instance, is_subclass

CHANGING, TOLD = "__changing__", "__told__"  # functions that prepared tests call
SEEDS = {"random": ("seed",), "numpy.random": ("seed",), "torch": ("manual_seed",)}
UNREAD = {
    "pickle",
    "_pickle",
    "cloudpickle",
    "read_pickle",
    "joblib",
    "shelve",
    "marshal",
    "dill",
    "eval",
    "exec",
    "runpy",
    "importlib",
    "allow_pickle",
    "weights_only",
    "subprocess",
    "system",
    "popen",
    "ctypes",
}  # who uses one of these could run what it reads
FILES = re.compile(r"\.(txt|csv|tsv|json|md|html|npy|dat|log)")
OWN = ("course_utils.", "unittest", "inspect", "nbformat")  # whose patching is no student's


def prepare(statements: list[ast.stmt], shared: Collection[str]) -> list[ast.stmt]:
    """A test's code, such that calls without use of their result may change what they are given.

    And such that what it binds to names in `shared`, which the solution's functions read, is told.
    """
    module = ast.Module([_Prepared(shared).visit(each) for each in statements], [])
    module.body = _told_after(module.body, shared)
    return ast.fix_missing_locations(module).body


class _Prepared(ast.NodeTransformer):
    def __init__(self, shared: Collection[str]) -> None:
        self.shared, self.inside = shared, 0

    def visit(self, node: ast.AST) -> ast.AST:
        opens = isinstance(node, (*names.DEFINITIONS, ast.Lambda))
        self.inside += opens
        self.generic_visit(node)
        self.inside -= opens
        if isinstance(node, ast.Expr):
            node.value = _changing(node.value)
        elif isinstance(node, ast.Assert) and _is_none(node.test):
            node.test.left = _changing(node.test.left)
        if not self.inside and isinstance(node, ast.stmt) and not opens:
            for block in ("body", "orelse", "finalbody"):
                if isinstance(getattr(node, block, None), list):
                    setattr(node, block, _told_after(getattr(node, block), self.shared))
            if isinstance(node, ast.For | ast.With):
                node.body = [*_telling(node, _bound(node) & set(self.shared)), *node.body]
        return node


def _changing(call: ast.expr) -> ast.expr:
    if isinstance(call, ast.Call):
        call.func = ast.copy_location(
            ast.Call(ast.Name(CHANGING, ast.Load()), [call.func], []), call.func
        )
    return call


def _is_none(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.Is)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
    )


def _told_after(block: list[ast.stmt], shared: Collection[str]) -> list[ast.stmt]:
    simple = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Delete, *names.DEFINITIONS)
    found = []
    for each in block:
        found.append(each)
        if isinstance(each, simple):
            found += _telling(each, _bound(each) & set(shared))
    return found


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement itself binds or deletes, without those of its block."""
    if isinstance(node, names.DEFINITIONS):
        return {node.name}
    parts = [node]
    if isinstance(node, ast.For):
        parts = [node.target]
    elif isinstance(node, ast.With):
        parts = [item.optional_vars for item in node.items if item.optional_vars]
    return {
        n.id for part in parts for n in ast.walk(part)
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
    }  # fmt: skip


def _telling(near: ast.stmt, found: set[str]) -> list[ast.stmt]:
    calls = [ast.Call(ast.Name(TOLD, ast.Load()), [ast.Constant(name)], []) for name in
             sorted(found)]  # fmt: skip
    return [ast.copy_location(ast.Expr(call), near) for call in calls]


class Reach:
    """Passes on what one test does.

    Parameters
    ----------
    candidate
        Asked.
    scope
        The test's global names.
    source
        The text of the test.
    written
        Called with a name, gives the student's text of what they defined under it.
    own_files
        Names of the instructor's: what the student's code does to its own copies is not seen.
    reads
        Tells whether files that the student's code writes may be fetched: see `runs_what_it_reads`.
    """

    def __init__(
        self,
        candidate: Candidate,
        scope: dict,
        source: str,
        written: Callable[[str], str],
        own_files: Collection[str] = (),
        reads: Callable[[], bool] = lambda: True,
    ) -> None:
        self.candidate, self.scope, self.written = candidate, scope, written
        self.looked = 0  # at how many texts
        self.told = False
        named = [name for name in files_of(source) if name not in own_files]
        self.files = named if named and reads() else []
        self.stamps = {name: _stamp(name) for name in self.files}

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """Pass on what happens in this block."""
        scope = {CHANGING: _may_change, TOLD: self._tell, "isinstance": is_instance,
                 "issubclass": is_subclass}  # fmt: skip
        added = {name: value for name, value in scope.items() if name not in self.scope}
        self.scope |= added
        self.candidate.around = self._send_files, self._fetch_files
        try:
            with contextlib.ExitStack() as stack:
                for where, attributes in SEEDS.items():
                    for name in attributes if where.partition(".")[0] in sys.modules else ():
                        stack.enter_context(self._seeding(importlib.import_module(where), name))
                for name, function in (
                    ("getsource", self._source),
                    ("getsourcelines", self._lines),
                    ("signature", self._signature),
                ):
                    instead = _for_remotes(function, getattr(inspect, name))
                    stack.enter_context(mock.patch.object(inspect, name, instead))
                stack.enter_context(self._patching())
                yield
        finally:
            self.candidate.around = None
            for name, value in added.items():
                if self.scope.get(name) is value:
                    del self.scope[name]
            if self.told and not self.candidate.sandbox.ended:
                self.candidate.ask("restore", None)

    def _tell(self, name: str) -> None:
        """Let the student's functions see a global that the test has set, or deleted."""
        self.told = True
        if name in self.scope:
            self.candidate.ask("define", None, name, self.scope[name])
        else:
            self.candidate.ask("undefine", None, name)

    def _seeding(self, module: types.ModuleType, name: str) -> Any:
        original = getattr(module, name)

        def seed(*args: Any, **kwargs: Any) -> Any:
            self.candidate.ask("seed", None, module.__name__, name, *args, **kwargs)
            return original(*args, **kwargs)

        return mock.patch.object(module, name, seed)

    @contextlib.contextmanager
    def _patching(self) -> Iterator[None]:
        """Pass on what `unittest.mock` replaces in a module."""
        patch, here = mock._patch, self
        enter, leave, passed = patch.__enter__, patch.__exit__, set()

        def entering(self: Any) -> Any:
            new = enter(self)
            place = self.target
            if isinstance(place, types.ModuleType) and not place.__name__.startswith(OWN):
                here.told = True
                try:
                    value = getattr(place, self.attribute)
                    here.candidate.ask("patch", None, place.__name__, self.attribute, value)
                except BaseException:  # nobody leaves what could not be entered
                    leave(self, *sys.exc_info())
                    raise
                passed.add(id(self))
            return new

        def leaving(self: Any, *about: Any) -> Any:
            if id(self) in passed:
                passed.discard(id(self))
                if not here.candidate.sandbox.ended:
                    here.candidate.ask("unpatch", None)
            return leave(self, *about)

        patch.__enter__, patch.__exit__ = entering, leaving
        try:
            yield
        finally:
            patch.__enter__, patch.__exit__ = enter, leave

    def _source(self, thing: Remote) -> str:
        if not (text := self.written(thing._said)):
            raise OSError("could not get source code")
        self.looked += 1
        return text

    def _lines(self, thing: Remote) -> tuple[list[str], int]:
        return self._source(thing).splitlines(keepends=True), 0

    def _signature(self, thing: Remote) -> inspect.Signature:
        kinds = {kind.name: kind for kind in inspect._ParameterKind}
        told = [
            inspect.Parameter(name, kinds[kind], **({"default": value[0]} if value else {}))
            for name, kind, value in thing._ask("parameters")
        ]
        return inspect.Signature(told)

    def _send_files(self) -> None:
        for name in self.files:
            if (stamp := _stamp(name)) is not None and stamp != self.stamps[name]:
                self.stamps[name] = stamp
                self.candidate.ask("write file", None, name, Path(name).read_bytes())

    def _fetch_files(self) -> None:
        for name in self.files:
            data = self.candidate.ask("read file", None, name)
            if type(data) is bytes and len(data) <= MAX_FILE:
                Path(name).parent.mkdir(parents=True, exist_ok=True)
                Path(name).write_bytes(data)
                self.stamps[name] = _stamp(name)


def files_of(source: str) -> list[str]:
    """Relative paths of files of data that a test names, as they are when nothing is redundant."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    texts = {n.value for n in ast.walk(tree)
             if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # fmt: skip
    return sorted({str(PurePosixPath(text)) for text in filter(_is_file, texts)})


def runs_what_it_reads(code: Iterable[ast.AST]) -> bool:
    """Whether code of the instructor's may run what it reads from a file."""
    nodes = [node for each in code for node in ast.walk(each)]
    used = {n.id for n in nodes if isinstance(n, ast.Name)}
    used |= {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    used |= {n.arg for n in nodes if isinstance(n, ast.keyword)}
    for n in nodes:
        if isinstance(n, ast.Import):  # which is used under its own name, or under another
            used |= {part for a in n.names if a.asname for part in a.name.split(".")}
        elif isinstance(n, ast.ImportFrom):
            used |= {*(n.module or "").split("."), *(a.name for a in n.names)}
    return bool(used & UNREAD) or any(map(_loads_by_place, nodes))


def _loads_by_place(node: ast.AST) -> bool:
    """`np.load(path, mode, True)` reads pickles too, without the word for it."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) == "load"
        and (len(node.args) > 1 or any(isinstance(a, ast.Starred) for a in node.args))
    )


def _is_file(text: str) -> bool:
    if not 0 < len(text) < 100 or "\n" in text or "\0" in text:
        return False
    path = PurePosixPath(text)
    inside = not path.is_absolute() and ".." not in path.parts
    return inside and bool(FILES.fullmatch(path.suffix)) and bool(path.stem)


def _stamp(name: str) -> tuple | None:
    path = Path(name)
    return (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None


def _may_change(function: Any) -> Any:
    return function._changing if isinstance(function, Remote) else function


def _for_remotes(function: Callable, otherwise: Callable) -> Callable:
    def either(thing: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(thing, Remote):
            return function(thing)
        return otherwise(thing, *args, **kwargs)

    return either
