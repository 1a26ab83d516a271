"""Commit, then see: what a lecture keeps so that nothing tells the answer of a prediction before.

Between a prediction and the text that explains it no line of source holds the answer, and the
outputs of the cells that answer are folded. Before it neither the heading of its section tells the
answer, nor an assertion of the last cell of code. What the very next cell prints is no question:
it is predicted.
"""

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterator

import nbformat

from course_utils import quiz

HIDDEN = "hide-output"  # the website folds such an output; JupyterLab reads `outputs_hidden`
LONG = 1000  # so large a number stands nowhere by accident
RARE = 20  # one that is larger stands in no heading by accident

_CALL = re.compile(r"quiz\.(ask|predict|record)\(([^()]*)\)")
_PROSE = re.compile(r"\*\*[Pp]redict\b")
# One works with it, folded or not.
_LABORATORY = re.compile(r"^laboratory\.(show|link)\(", re.MULTILINE)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_ARTICLE = re.compile(r"^(the|an?|its|their|that|those)( of)? ", re.IGNORECASE)
_EQUAL = ("allclose", "isclose", "array_equal", "equal")  # calls that compare, as == does
# What a cell may call that only draws: what draws, what lays out, and what sums up for a label.
_DRAWS = {"plotting", "plt"}
_SUMS_UP = (
    "abs all any append arange argmax array copy cpu detach dict enumerate flatten float "
    "format getattr index int interval items join keys len list log max mean min numpy "
    "permute print range ravel reshape reversed round sorted split squeeze startswith std str "
    "tolist tuple values zip"
)
_NUMBER = re.compile(r"(?<![\w.])[-−]?(?:\d{1,3}(?:[ ,_]\d{3})+(?!\d)|\d+)(?:\.\d+)?")


def asks(cell: nbformat.NotebookNode) -> str:
    """`ask`, `predict` or `record`, if a cell does nothing else; else empty."""
    call = _CALL.fullmatch(cell.source.strip()) if cell.cell_type == "code" else None
    return call[1] if call else ""


def questions_of(cell: nbformat.NotebookNode) -> list[str]:
    """The ids of the questions that a cell asks; predictions are none."""
    calls = _CALL.findall(cell.source) if cell.cell_type == "code" else []
    return [id_ for kind, ids in calls if kind == "ask" for id_ in ast.literal_eval(f"[{ids}]")]


def only_draws(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell only draws, and sums up for labels, what cells before it have computed."""
    if cell.cell_type != "code" or "plotting.show(" not in cell.source:
        return False
    tree, drawn = ast.parse(cell.source), set(_DRAWS)
    for node in ast.walk(tree):  # from outside: a figure comes before the loop over its axes
        if isinstance(node, ast.FunctionDef):
            drawn |= {node.name, *(each.arg for each in node.args.args)}
        elif isinstance(node, ast.Assign) and drawn & _names_in(node.value):
            drawn |= _names_in(node.targets[0])
        elif isinstance(node, ast.For | ast.comprehension) and drawn & _names_in(node.iter):
            drawn |= _names_in(node.target)
    return all(
        _root(call.func) in drawn or _called(call) in _SUMS_UP.split()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
    )


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else _root(call.func)


def _root(node: ast.AST) -> str:
    """The name at the start of `axes[0, 0].lines[1].set_color`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _names_in(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def laboratory(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell shows a laboratory."""
    return cell.cell_type == "code" and bool(_LABORATORY.search(cell.source))


def problems(notebook: nbformat.NotebookNode) -> Iterator[str]:
    """Each prediction that one cannot commit to, that nothing answers, or that something tells."""
    known, answers = quiz.predictions(), set()
    heading, before = "", ""  # of the section, and the last code above
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            heading = [heading, *_HEADING.findall(cell.source)][-1]
        elif not asks(cell):
            before = cell.source
        if cell.cell_type == "markdown" and _PROSE.search(cell.source):
            yield f"{cell.id}: a Predict that nobody can commit to: make it quiz.predict"
        if asks(cell) != "predict":
            continue
        answering = list(_answering(notebook.cells[place + 1 :]))
        if not answering:
            yield f"{cell.id}: no cell answers this prediction before the next text"
        for id_ in ast.literal_eval(f"[{_CALL.fullmatch(cell.source.strip())[2]}]"):
            if id_ not in known:
                yield f"{cell.id}: no prediction {id_!r}"
                continue
            if heads(known[id_], heading):
                yield f"{cell.id}: the heading tells the answer of {id_}: {heading}"
            for line in asserts(known[id_], before):
                yield f"{cell.id}: the cell before tells the answer of {id_}: {line.strip()}"
            for answer in answering:
                for line in gives_away(known[id_], answer.source):
                    yield f"{answer.id}: tells the answer of {id_}: {line.strip()}"
        for answer in answering:
            answers.add(answer.id)
            folded = answer.metadata.get("jupyter", {}).get("outputs_hidden")
            if (
                answer.get("outputs")
                and not laboratory(answer)
                and not (folded and HIDDEN in answer.metadata.get("tags", []))
            ):
                yield (
                    f"{answer.id}: answers {cell.id}, so it needs the tag {HIDDEN} and "
                    'the metadata {"jupyter": {"outputs_hidden": true}}'
                )
    for cell, following in itertools.pairwise(notebook.cells):
        for id_ in prints(cell, following):
            yield f"{cell.id}: {following.id} prints the answer of {id_}: make it quiz.predict"
    for cell in notebook.cells:
        if HIDDEN in cell.metadata.get("tags", []) and cell.id not in answers:
            yield f"{cell.id}: folded, but no prediction stands before it"
        if laboratory(cell) and cell.id not in answers:
            yield f"{cell.id}: a laboratory without a question: put quiz.predict before it"


def prints(cell: nbformat.NotebookNode, following: nbformat.NotebookNode) -> list[str]:
    """The ids of the questions of a cell whose answer the next cell prints for all to see."""
    if following.cell_type != "code" or HIDDEN in following.metadata.get("tags", []):
        return []
    text = "\n".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "")
        for output in ([] if asks(following) else following.outputs)
    )
    known = quiz.questions()
    return [
        id_
        for id_ in questions_of(cell)
        if id_ in known and known[id_].answer not in (0, 1) and _holds(text, known[id_])
    ]


def _holds(text: str, question: quiz.Question) -> bool:
    if isinstance(question.answer, int | float):
        return question.answer in _numbers(text)
    others = [choice for choice in question.choices if choice != question.answer]
    return (
        isinstance(question.answer, str)
        and _names(text, question.answer)
        and not any(_names(text, other) for other in others)
    )


def _answering(cells: list[nbformat.NotebookNode]) -> Iterator[nbformat.NotebookNode]:
    for cell in cells:
        if cell.cell_type != "code" or asks(cell) == "predict":
            return
        if not asks(cell):
            yield cell


def gives_away(prediction: quiz.Prediction, source: str) -> list[str]:
    """Lines of a cell that hold the answer of a prediction.

    A number is told by an assertion that compares with it, and by a comment or a string with it
    from 10 on; a number of 1000 and more by any line. A choice is told by a comment or a string
    that names it in a cell that names no other choice; a text by one that holds it.
    """
    lines, told = source.splitlines(), set()
    for asserted in (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Assert)):
        if any(_is_answer(prediction, constant) for constant in _compared(asserted)):
            told.add(asserted.lineno)
    words = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NUMBER and "j" not in token.string.lower():
            value = ast.literal_eval(token.string)
            if abs(value) >= LONG and value in prediction.numbers:
                told.add(token.start[0])
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            words.append((token.start[0], token.string))
            large = [n for n in prediction.numbers if abs(n) >= 10 or n != int(n)]
            if any(number in large for number in _numbers(token.string)):
                told.add(token.start[0])
    if isinstance(prediction.answer, str):
        others = [choice for choice in prediction.choices if choice != prediction.answer]
        if not any(_names(text, other) for _, text in words for other in others):
            told |= {line for line, text in words if _names(text, prediction.answer)}
    return [lines[line - 1] for line in sorted(told)]


def heads(prediction: quiz.Prediction, heading: str) -> bool:
    """Whether a heading holds the answer: its words, and no other choice's, or a number above 20.

    A number or a sign may stand in a heading for much else, and so may a word as short as *no*.
    """
    if any(abs(number) > RARE and number in _numbers(heading) for number in prediction.numbers):
        return True
    if not isinstance(prediction.answer, str) or not re.search(r"[^\W\d_]{4}", prediction.answer):
        return False
    others = [choice for choice in prediction.choices if choice != prediction.answer]
    return _names(heading, _ARTICLE.sub("", prediction.answer)) and not any(
        _names(heading, _ARTICLE.sub("", other)) for other in others
    )


def asserts(prediction: quiz.Prediction, source: str) -> list[str]:
    """Lines of a cell which assert that something equals the answer of a prediction."""
    lines, told = source.splitlines(), set()
    for asserted in (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Assert)):
        if any(_is_answer(prediction, constant) for constant in _compared(asserted, (ast.Eq,))):
            told.add(asserted.lineno)
    return [lines[line - 1] for line in sorted(told)]


def _is_answer(prediction: quiz.Prediction, constant: object) -> bool:
    few = constant in (0, 1) and len(prediction.numbers) > 1  # stand for anything
    return not few and constant in (prediction.answer, *prediction.numbers)


def _names(text: str, answer: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text, re.IGNORECASE))


def _numbers(text: str) -> list[float]:
    plain = (re.sub(r"[_ ,]", "", found).replace("−", "-") for found in _NUMBER.findall(text))
    return [float(number) for number in plain]


def _compared(asserted: ast.Assert, how: tuple[type, ...] = (ast.cmpop,)) -> Iterator[object]:
    """The constants that an assertion compares with, those in a list or tuple too."""
    sides = []
    for node in ast.walk(asserted.test):
        if isinstance(node, ast.Compare) and any(isinstance(op, how) for op in node.ops):
            sides += [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and _called(node) in _EQUAL:
            sides += node.args
    for side in sides:
        try:
            value = ast.literal_eval(side)
        except ValueError:
            continue
        yield value
        pending = [value]
        while pending:
            inner = pending.pop()
            if isinstance(inner, list | tuple):
                pending.extend(inner)
            else:
                yield inner
