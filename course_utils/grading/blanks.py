"""Empty a list of answers, for the students' version of a notebook."""

import ast
import itertools


def without_values(source: str) -> str | None:
    """Replace every value of a list of assignments by None; None if it is anything else.

    >>> without_values("size = 24  # 28×28, 5×5")
    'size = None  # 28×28, 5×5'
    >>> without_values("print(24)") is None
    True
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return None
    assignments = all(
        isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name)
        for s in statements
    )
    share_a_line = any(a.end_lineno == b.lineno for a, b in itertools.pairwise(statements))
    if not statements or not assignments or share_a_line:
        return None
    lines = source.split("\n")
    for s in reversed(statements):  # from the last, so that the earlier line numbers stay true
        after = lines[s.end_lineno - 1].encode()[s.end_col_offset :].decode()  # counted in bytes
        lines[s.lineno - 1 : s.end_lineno] = [f"{s.targets[0].id} = None{after}"]
    return "\n".join(lines)
