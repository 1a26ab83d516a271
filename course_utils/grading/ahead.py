"""What the tests of an assignment will ask the professional tools, so that it is computed once.

The answers are the same for each submission. They are computed in the warm process of `apart`, from
which the examiner of each submission is forked; nothing that a submission says reaches it.
"""

import ast
import contextlib
import functools
import importlib
from collections.abc import Iterator

from course_utils.grading.names import Code

# A module, a check in it, its parts (all, if there are none) and a seed.
Question = tuple[str, str, tuple[str, ...], int | None]


@functools.lru_cache(maxsize=16)  # the same for a whole class
def questions(code: Code) -> list[Question]:
    """The calls of checks that stand in test cells, as far as their arguments are written there.

    The code of the master's cells is given as by `names.code_of`.
    """
    trees = [(role, _parsed(source)) for role, source in code]
    modules = {}
    for kind, tree in trees:
        if kind == "given":
            modules |= dict(_imported(tree))
    found = [q for kind, tree in trees if kind == "test" for q in _asked(tree, modules)]
    return list(dict.fromkeys(found))


def remember(asked: list[Question]) -> None:
    """Let checks compute what they will be asked; what fails here fails in its own time."""
    for module, name, parts, seed in asked:
        with contextlib.suppress(Exception):
            check = getattr(importlib.import_module(module), name)
            check.remember(parts or check.part_names, seed)


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic
        return ast.Module([], [])


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of modules in the notebook, and their own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.asname, each.name) for each in node.names if each.asname)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                yield each.asname or each.name, f"{node.module}.{each.name}"


def _asked(tree: ast.Module, modules: dict[str, str]) -> Iterator[Question]:
    values = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=alias), attr=name)):
                seeds = [k.value for k in call.keywords if k.arg == "seed"] or [ast.Constant(None)]
                parts = tuple(_texts(call.args, values))
                if alias in modules and isinstance(seeds[0], ast.Constant):
                    yield modules[alias], name, parts, seeds[0].value


def _texts(arguments: list[ast.expr], values: dict[str, ast.expr]) -> Iterator[str]:
    """Texts among arguments, also those that a name in front of the call stands for."""
    for argument in arguments:
        if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
            argument = values.get(argument.value.id, argument)
        with contextlib.suppress(ValueError):
            value = ast.literal_eval(argument)
            values_of = value if isinstance(value, tuple | list) else [value]
            yield from (text for text in values_of if isinstance(text, str))
