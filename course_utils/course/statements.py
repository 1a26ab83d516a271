"""What a cell of a lecture must find, asserted beside the notebook, so that no cell tells it.

`tests/lectures/NN_topic.py` has a function for each such cell, named by the cell's id with
underscores; its parameters are names of the notebook. Whoever runs the notebook (nbval in the
tests, `course execute`) runs it in the notebook's kernel, right after the cell.
"""

import ast
import functools
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "lectures"


@functools.cache
def statements(name: str) -> dict[str, list[str]]:
    """For each function of a file of statements, the names that it needs of the notebook."""
    path = FOLDER / f"{name}.py"
    if not path.is_file():
        return {}
    functions = ast.parse(path.read_text(encoding="utf-8")).body
    return {
        node.name: [argument.arg for argument in node.args.args]
        for node in functions
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def after(name: str, cell_id: str) -> str:
    """The code to run after a cell of the notebook `name`; empty if nothing is said about it.

    It leaves nothing behind in the kernel but what the functions themselves do.
    """
    function = cell_id.replace("-", "_")
    needed = statements(name).get(function)
    if needed is None:
        return ""
    path = str(FOLDER / f"{name}.py")
    given = ", ".join(f"{argument}={argument}" for argument in needed)
    return (
        f"(lambda scope: (exec(compile(open({path!r}, encoding='utf-8').read(), {path!r}, 'exec'), "
        f"scope), scope[{function!r}]({given}))[2:])({{'__name__': {name!r}}});"
    )


def ask(kernel, code: str) -> str:
    """Send code to a client's kernel, silently, or it would be counted as a cell; its id."""
    return kernel.execute(code, silent=True, store_history=False, stop_on_error=False)


def answer(reply: dict, asked: str) -> str | None:
    """The traceback that a reply tells, empty if all holds; None if it answers something else."""
    if reply["parent_header"].get("msg_id") != asked:
        return None
    return "\n".join(reply["content"].get("traceback", []))
