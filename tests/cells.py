"""Code that runs as a cell of a notebook does, so that its lines can be quoted."""

from typing import Any

from IPython.core.compilerop import CachingCompiler


def run_cell(source: str) -> dict[str, Any]:
    """What a cell defines."""
    scope: dict[str, Any] = {}
    exec(compile(source, CachingCompiler().cache(source), "exec"), scope)
    return scope
