"""Wrong versions of a function, made by rule from its syntax tree.

A rule takes one node, an expression or a statement, and gives what may stand in its place; two
rules take a list of statements. What is not touched: docstrings, texts of errors, annotations, and
`strict` of a `zip`. What cannot make a difference is not made: another order of axes that one call
goes over together, of what something is looked for in, of what the least is taken of, or of
statements that have nothing to do with each other.
"""

import ast
import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MODULES = {"np", "torch", "nn", "F", "copy", "contextlib", "plotting"}
# Names of libraries that are easily taken for each other, both ways.
PAIRS = [
    ("min", "max"), ("argmin", "argmax"), ("amin", "amax"), ("minimum", "maximum"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("empty", "zeros"), ("mean", "sum"),
    ("any", "all"), ("exp", "log"), ("sqrt", "square"), ("train", "eval"), ("reflect", "symmetric"),
    ("rand", "randn"), ("MaxPool2d", "AvgPool2d"), ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d"),
    ("ReLU", "Tanh"), ("relu", "tanh"), ("Dropout", "AlphaDropout"), ("SGD", "Adam"),
    ("BatchNorm2d", "InstanceNorm2d"), ("in_features", "out_features"), ("shape", "strides"),
    ("modules", "children"), ("named_modules", "named_children"), ("ndim", "size"),
    ("weight", "bias"), ("kernel_size", "stride"), ("abs", "relu"),
]  # fmt: skip
OTHERS: dict[str, list[str]] = {}
for _one, _other in PAIRS:
    OTHERS.setdefault(_one, []).append(_other)
    OTHERS.setdefault(_other, []).append(_one)

OPERATORS: dict[type, list[type]] = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Add], ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Div, ast.Mod], ast.Mod: [ast.FloorDiv], ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult], ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd],
}  # fmt: skip
ORDERED = ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult
COMPARISONS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.Gt], ast.LtE: [ast.Lt, ast.GtE], ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.In: [ast.NotIn],
    ast.NotIn: [ast.In], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is],
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A function with one thing changed.

    Attributes
    ----------
    rule
        That made it.
    line
        Of the source, counted from 1, where the change is.
    source
        The whole function.
    diff
        What is changed, `old → new`, without indentation.
    """

    rule: str
    line: int
    source: str
    diff: str


@dataclass(frozen=True)
class Scope:
    """What a function's names and texts may be taken for: others of the same kind."""

    names: dict[str, list[str]]
    texts: dict[str, list[str]]


def mutants(source: str) -> list[Mutant]:
    """All wrong versions of the only function or class in a text.

    Each has another syntax tree than the original and than all others.
    """
    tree = ast.parse(source)
    text, made = ast.unparse(tree), []
    seen, scope = {ast.dump(ast.parse(text))}, _scope(tree)
    for rule, line, changed in _changes(tree, scope):
        try:
            again = ast.parse(changed)
            compile(again, "a mutant", "exec")
        except SyntaxError:
            continue
        if (key := ast.dump(again)) not in seen:
            seen.add(key)
            made.append(Mutant(rule, line, changed, _diff(text, changed)))
    return made


def _diff(old: str, new: str) -> str:
    """The lines that differ, in one line."""
    before, after = ([line.strip() for line in text.splitlines()] for text in (old, new))
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    start = min(len(before), len(after)) if start is None else start
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    parts = ["; ".join(lines[start : len(lines) - end]) for lines in (before, after)]
    return f"{parts[0]} → {parts[1]}" if parts[1] else f"{parts[0]} → (dropped)"


def _changes(tree: ast.Module, scope: Scope) -> Iterator[tuple[str, int, str]]:
    """Rule, line and text of each changed tree; the tree itself is as it was afterwards."""
    for parent, field, value in list(_fields(tree)):
        line = _line(value, parent)
        if isinstance(value, ast.AST):
            for name, rule in RULES.items():
                for other in rule(value, scope):
                    setattr(parent, field, other)
                    yield name, line, ast.unparse(tree)
            setattr(parent, field, value)
            continue
        is_body = field in ("body", "orelse", "finalbody") and isinstance(value, list)
        for name, body_rule in BODY_RULES.items() if is_body else ():
            for at, others in body_rule(value):
                setattr(parent, field, others or [ast.Pass()])
                yield name, value[at].lineno, ast.unparse(tree)
        for place, each in enumerate(value):
            for name, rule in RULES.items():
                for other in rule(each, scope):
                    setattr(parent, field, [*value[:place], other, *value[place + 1 :]])
                    yield name, _line(each, parent), ast.unparse(tree)
        setattr(parent, field, value)


def _line(value: ast.AST | list, parent: ast.AST) -> int:
    nodes = [*(value if isinstance(value, list) else [value]), parent]
    return next((n.lineno for n in nodes if hasattr(n, "lineno")), 0)


def _fields(node: ast.AST) -> Iterator[tuple[ast.AST, str, ast.AST | list]]:
    """Every field that holds a node or nodes, with its parent, from the top."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "bases", "ctx", "ops", "op"):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":
            continue
        nodes = value if isinstance(value, list) else [value]
        if not nodes or not all(isinstance(n, ast.AST) for n in nodes):
            continue  # texts and numbers, or a dict that holds another
        if not isinstance(node, ast.Expr | ast.JoinedStr):
            yield node, field, value
        for each in nodes:
            if not isinstance(each, ast.Raise | ast.JoinedStr) and not _is_text(each):
                yield from _fields(each)


def _is_text(node: ast.AST) -> bool:
    """Whether it is a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _scope(tree: ast.Module) -> Scope:
    """What stands beside a name where it is bound, or beside a text, is of the same kind.

    Bound beside each other are parameters, the targets of one assignment or loop, and names that
    two statements in a row bind to expressions of the same kind.
    """
    groups, texts = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            groups.append([a.arg for a in node.args if a.arg != "self"])
            groups.append([a.arg for a in node.kwonlyargs])
        if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Store):
            groups.append([n.id for n in ast.walk(node) if isinstance(n, ast.Name)])
        for body in (v for _, v in ast.iter_fields(node) if isinstance(v, list)):
            groups += [
                [one.targets[0].id, other.targets[0].id]
                for one, other in itertools.pairwise(body)
                if _binds_one(one) and _binds_one(other) and _kind(one) == _kind(other)
            ]
        if isinstance(node, ast.keyword) and node.arg in ("axis", "dim"):
            node.value.is_set = True
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            node.comparators[0].is_set = True
        if isinstance(node, ast.Raise | ast.JoinedStr) or _is_text(node):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant):
                    inner.kind = "text of an error"
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.kind is None:
            texts += [node.value] if node.value not in texts else []
    return Scope(_neighbours(groups), _neighbours([texts]))


def _neighbours(groups: list[list[str]]) -> dict[str, list[str]]:
    """For each name those that stand before or after it in a group."""
    found: dict[str, list[str]] = {}
    for group in groups:
        for one, other in itertools.pairwise(group):
            for name, beside in ((one, other), (other, one)):
                if "_" not in (name, beside) and beside not in found.setdefault(name, []):
                    found[name].append(beside)
    return found


def _binds_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)


def _kind(node: ast.Assign) -> str:
    """What is bound: a call of the same function, or an expression of the same type."""
    value = node.value
    return ast.dump(value.func) if isinstance(value, ast.Call) else type(value).__name__


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy with some fields changed."""
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _swapped(values: list) -> Iterator[list]:
    """With two neighbours exchanged."""
    for i in range(len(values) - 1):
        yield [*values[:i], values[i + 1], values[i], *values[i + 2 :]]


def operator(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Take another operator; exchange the operands; drop a minus."""
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in OPERATORS.get(type(node.op), []):
            yield _with(node, op=other())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ORDERED):
        yield _with(node, left=node.right, right=node.left)
    if isinstance(node, ast.AugAssign):
        yield ast.copy_location(ast.Assign([node.target], node.value, lineno=node.lineno), node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def comparison(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Take another comparison: the edge on the other side, or the opposite."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in COMPARISONS[type(op)]:
                yield _with(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]])


def constant(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Whole numbers one more and one less, others doubled and halved, the other truth."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield _with(node, value=not value)
    elif isinstance(value, int):
        yield _with(node, value=value + 1)
        yield _with(node, value=value - 1)
    elif isinstance(value, float):
        yield _with(node, value=2 * value)
        yield _with(node, value=value / 2 if value else 1.0)


def off_by_one(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """One more and one less: bounds of slices and ranges, whole quotients and what they divide."""
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            for other in _one_off(getattr(node, bound)):
                yield _with(node, **{bound: other})
    if isinstance(node, ast.Call) and _called(node) in ("range", "arange"):
        for i, argument in enumerate(node.args):
            for other in _one_off(argument):
                yield _with(node, args=[*node.args[:i], other, *node.args[i + 1 :]])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        for other in _one_off(node.left):
            yield _with(node, left=other)
        yield from _one_off(node)


def _one_off(node: ast.AST | None) -> Iterator[ast.AST]:
    if node is not None and not isinstance(node, ast.Constant):
        yield ast.BinOp(node, ast.Add(), ast.Constant(1))
        yield ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _called(node: ast.Call) -> str:
    function = node.func
    return getattr(function, "attr", getattr(function, "id", ""))


def shifted_slice(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Leave out a bound or the step; move both bounds by one."""
    if isinstance(node, ast.Slice):
        for bound in ("lower", "upper", "step"):
            if getattr(node, bound) is not None:
                yield _with(node, **{bound: None})
        if node.lower is not None and node.upper is not None:
            lower, upper = (ast.BinOp(b, ast.Add(), ast.Constant(1)) for b in (
                node.lower, node.upper))  # fmt: skip
            yield _with(node, lower=lower, upper=upper)


def name(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Take another name, text, or attribute of the same kind."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in [*scope.names.get(node.id, []), *OTHERS.get(node.id, [])]:
            yield _with(node, id=other)
    if isinstance(node, ast.Attribute):
        for other in OTHERS.get(node.attr, []):
            yield _with(node, attr=other)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.kind is None:
        for other in scope.texts.get(node.value, []):
            yield _with(node, value=other)


def exchanged(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Exchange neighbours: axes, elements, arguments, values of keywords, targets."""
    if isinstance(node, ast.Tuple | ast.List) and not hasattr(node, "is_set"):
        for elements in _swapped(node.elts):
            yield _with(node, elts=elements)
    if isinstance(node, ast.Call):
        for args in _swapped(node.args) if _called(node) not in ("min", "max") else ():
            yield _with(node, args=args)
        for values in _swapped([k.value for k in node.keywords]):
            pairs = zip(node.keywords, values, strict=True)
            yield _with(node, keywords=[_with(k, value=v) for k, v in pairs])
    if isinstance(node, ast.IfExp):
        yield _with(node, body=node.orelse, orelse=node.body)


def dropped_argument(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Leave out a keyword, the last of several arguments, or a context of several."""
    if isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            if keyword.arg != "strict":
                yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
        if len(node.args) > 1:
            yield _with(node, args=node.args[:-1])
    if isinstance(node, ast.With) and len(node.items) > 1:
        for i in range(len(node.items)):
            yield _with(node, items=[*node.items[:i], *node.items[i + 1 :]])


def dropped_call(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Take what a function or method was called with, or what stands before `.T`."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "data"):
        yield node.value
    if not isinstance(node, ast.Call):
        return
    function = node.func
    own = isinstance(function, ast.Attribute) and not (
        isinstance(function.value, ast.Name) and function.value.id in MODULES
    )
    if own and not (isinstance(function.value, ast.Call) and _called(function.value) == "super"):
        yield function.value
    if not own and len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
        yield node.args[0]


def condition(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Take the opposite of a condition, leave out a filter, exchange `and` and `or`."""
    if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert):
        yield _with(node, test=_opposite(node.test))
    if isinstance(node, ast.comprehension) and node.ifs:
        yield _with(node, ifs=[_opposite(node.ifs[0]), *node.ifs[1:]])
        yield _with(node, ifs=node.ifs[1:])
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for i in range(len(node.values)):
            rest = [*node.values[:i], *node.values[i + 1 :]]
            yield _with(node, values=rest) if len(rest) > 1 else rest[0]


def _opposite(test: ast.AST) -> ast.AST:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def dropped_statement(body: list[ast.stmt]) -> Iterator[tuple[int, list[ast.stmt]]]:
    """Leave out a statement; of `with` and `try` the frame alone."""
    for i, statement in enumerate(body):
        before, after = body[:i], body[i + 1 :]
        if isinstance(statement, ast.With):
            yield i, [*before, *statement.body, *after]
        elif isinstance(statement, ast.Try):
            yield i, [*before, *statement.body, *statement.finalbody, *after]
        elif not _is_text(statement) and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield i, [*before, *after]


def order(body: list[ast.stmt]) -> Iterator[tuple[int, list[ast.stmt]]]:
    """Exchange two neighbouring statements, of which one changes what the other uses."""
    for i, other in enumerate(_swapped(body)):
        one, two = body[i : i + 2]
        if isinstance(one, ast.FunctionDef) or isinstance(two, ast.FunctionDef | ast.Return):
            continue
        if _changes_of(one) & _names(two) or _changes_of(two) & _names(one):
            yield i, other


def _names(node: ast.AST) -> set[str]:
    """Names in a statement, and attributes of `self`; not those that a comprehension binds."""
    own = {id(n) for c in ast.walk(node) if isinstance(c, ast.comprehension)
           for n in ast.walk(c.target)}  # fmt: skip
    bound = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) in own}
    names = {_name(n) for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)}
    return names - bound - MODULES - {""}


def _name(node: ast.AST) -> str:
    """Of a name itself; `self.features` is a name too, and `self` alone is none."""
    if isinstance(node, ast.Name):
        return node.id if node.id != "self" else ""
    of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
    return f"self.{node.attr}" if of_self else ""


def _changes_of(statement: ast.stmt) -> set[str]:
    """Names that a statement binds, and those of what it may change by calling or assigning."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Expr) or (
            isinstance(node, ast.Subscript | ast.Attribute | ast.Name)
            and isinstance(node.ctx, ast.Store)
        ):
            found |= _names(node)
    return found & _names(statement)


RULES: dict[str, Callable[[ast.AST, Scope], Iterator[ast.AST]]] = {
    "operator": operator,
    "comparison": comparison,
    "constant": constant,
    "off by one": off_by_one,
    "slice": shifted_slice,
    "name": name,
    "exchanged": exchanged,
    "dropped argument": dropped_argument,
    "dropped call": dropped_call,
    "condition": condition,
}
BODY_RULES: dict[str, Callable[[list], Iterator[tuple[int, list]]]] = {
    "dropped statement": dropped_statement,
    "order": order,
}
