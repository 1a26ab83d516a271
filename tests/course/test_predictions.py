"""Nothing tells the answer of a prediction before it is committed: each way to tell, once."""

import nbformat
import pytest

from course_utils.course import predictions
from course_utils.quiz import Prediction, Question

ANSWER = {"tags": ["hide-output"], "jupyter": {"outputs_hidden": True}}


COLOURS = ["the white one", "the black one"]


@pytest.fixture
def known(monkeypatch):
    """Two predictions, of a number and of a choice."""
    bank = {
        "weights": Prediction("weights", "99", "number", "How many?", 7850),
        "rows": Prediction("rows", "99", "table", "Rows?", [28, 2.5, 0], columns=["a", "b", "c"]),
        "winner": Prediction("winner", "99", "choice", "Who?", "Adam", choices=["SGD", "Adam"]),
        "letters": Prediction("letters", "99", "text", "Which sum?", "aw + bx"),
        "digit": Prediction("digit", "99", "choice", "Which?", "the black one", choices=COLOURS),
        "one": Prediction("one", "99", "number", "What is the sum?", 1),
    }
    monkeypatch.setattr(predictions.quiz, "predictions", lambda: bank)
    return bank


def found(
    source="print(count)", *, ask='quiz.predict("weights")', text="Text.", meta=ANSWER, before="1"
):
    shown = nbformat.v4.new_output("stream", name="stdout", text="7850")
    cells = [
        nbformat.v4.new_code_cell(before, id="before"),
        nbformat.v4.new_markdown_cell(text, id="text"),
        nbformat.v4.new_code_cell(ask, id="asked"),
        nbformat.v4.new_code_cell(source, id="answer", outputs=[shown], metadata=meta),
        nbformat.v4.new_markdown_cell("It is 7850.", id="explained"),
    ]
    return list(predictions.problems(nbformat.v4.new_notebook(cells=cells)))


@pytest.mark.parametrize(
    "source",
    ["print(count)", "layer = nn.Linear(784, 10)", "assert np.allclose(ours, theirs)", "f(28, 2)"],
)
def test_a_cell_that_tells_nothing_is_fine(known, source):
    for id_ in known:
        assert found(source, ask=f'quiz.predict("{id_}")') == []


@pytest.mark.parametrize(
    ("id_", "source"),
    [
        ("weights", "assert count == 7850"),
        ("weights", "assert count == [79510, 7_850]"),
        ("weights", "print(count)  # 7 850 in all"),
        ("weights", "title = '7,850 weights'"),
        ("weights", "expected = 7_850"),
        ("rows", "assert shape[0] == 28"),
        ("rows", "x = f(y)  # (28, 3)"),
        ("rows", "assert min(a) < 2.5"),
        ("winner", "assert order[0] == 'Adam'"),
        ("winner", "print(ends)  # adam leads"),
        ("letters", "assert stops[0] == 'aw + bx'"),
    ],
)
def test_a_line_that_tells_is_named(known, id_, source):
    (said,) = found(source, ask=f'quiz.predict("{id_}")')
    assert said == f"answer: tells the answer of {id_}: {source}"


def test_a_choice_is_told_only_where_no_other_stands(known):
    assert found("names = ['SGD', 'Adam']", ask='quiz.predict("winner")') == []


@pytest.mark.parametrize(
    ("id_", "heading"),
    [
        ("winner", "Adam leads"),
        ("digit", "A black one loses its strokes"),
        ("weights", "7 850 weights are enough"),
        ("rows", "28 rows are left"),
    ],
)
def test_a_heading_that_tells_is_named(known, id_, heading):
    text = f"# Title\n\n## Other\n\nText.\n\n## {heading}\n\nText."
    (said,) = found(ask=f'quiz.predict("{id_}")', text=text)
    assert said == f"asked: the heading tells the answer of {id_}: {heading}"


@pytest.mark.parametrize(
    ("id_", "text"),
    [
        ("winner", "## Adam or SGD?"),
        ("winner", "## Adam\n\nText.\n\n## Who wins?"),
        ("winner", "## Who wins?\n\nNot always Adam."),
        ("rows", "## 2.5 ways, from 0 on"),
        ("one", "## 1 and only 1"),
        ("letters", "## The sum aw + bx"),  # too short to stand for itself
    ],
)
def test_a_heading_may_name_both_or_what_stands_for_anything(known, id_, text):
    assert found(ask=f'quiz.predict("{id_}")', text=text) == []


@pytest.mark.parametrize(
    ("id_", "line"),
    [
        ("weights", "assert count == 7850"),
        ("weights", "assert count == [79510, 7_850]"),
        ("one", "assert np.allclose(p.sum(axis=1), 1)"),
        ("winner", "assert order[0] == 'Adam'"),
    ],
)
def test_the_cell_before_asserts_no_answer(known, id_, line):
    (said,) = found(ask=f'quiz.predict("{id_}")', before=f"x = 1\n{line}")
    assert said == f"asked: the cell before tells the answer of {id_}: {line}"


@pytest.mark.parametrize(
    ("id_", "line"),
    [
        ("weights", "assert count > 7850"),
        ("weights", "count = 7850"),  # what is given
        ("one", "assert x[1] == y[1] and (z - 1 == y).all()"),
        ("rows", "assert shape == (1, 0)"),
    ],
)
def test_the_cell_before_may_use_a_number(known, id_, line):
    assert found(ask=f'quiz.predict("{id_}")', before=line) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"meta": {}}, "answers asked, so it needs the tag hide-output"),
        ({"meta": {"tags": ["hide-output"]}}, "answers asked, so it needs"),
        ({"text": "**Predict** the sum."}, "text: a Predict that nobody can commit to"),
        ({"text": "It must **predict**: what?"}, "text: a Predict that nobody can commit to"),
        ({"ask": 'quiz.predict("weight")'}, "asked: no prediction 'weight'"),
        ({"ask": 'quiz.ask("other")'}, "answer: folded, but no prediction stands before it"),
        ({"source": 'quiz.ask("other")'}, "asked: no cell answers this prediction"),
    ],
)
def test_what_is_not_committed_or_not_folded_is_named(known, change, sentence):
    assert any(sentence in said for said in found(**change))


@pytest.mark.parametrize(
    ("answer", "source", "printed"),
    [
        (7850, "print(count)", True),
        (7850, 'quiz.ask("many")', False),  # nothing but another question
        (78, "print(count)", False),
        (1, "print(count)", False),
    ],
)
def test_what_the_next_cell_prints_is_no_question(known, monkeypatch, answer, source, printed):
    question = Question("many", "99", "How many?", answer, "So many.", str(answer))
    monkeypatch.setattr(predictions.quiz, "questions", lambda: {"many": question})
    said = ["asked: answer prints the answer of many: make it quiz.predict"]
    assert found(source, ask='quiz.ask("many")', meta={}) == said * printed


DRAWN = """fig, axes = plotting.figure(1, 2)
for ax, name in zip(axes[0], sorted(runs)):
    ax.plot(np.arange(3), runs[name].mean(axis=0))
plotting.show(fig, "drawn")"""


@pytest.mark.parametrize(
    ("source", "drawn"),
    [
        (DRAWN, True),
        ("plotting.show(plotting.stops(7, 3), 'stops')", True),
        (f"{DRAWN}\nprint(len(runs))", True),
        (f"runs = train(rates)\n{DRAWN}", False),
        ("plotting.show(plotting.images([F.relu(photo)]), 'gone')", False),
        ("print(len(runs))", False),
    ],
)
def test_a_cell_that_only_draws_is_told_from_one_that_computes(source, drawn):
    assert predictions.only_draws(nbformat.v4.new_code_cell(source)) == drawn


def test_a_laboratory_may_be_folded_or_not_but_needs_a_question(known):
    source = 'x = 1\nlaboratory.show("window", input=x, kernel=x)'
    for meta in ({}, ANSWER):
        assert found(source, meta=meta) == []
    (said,) = found(source, ask="x = 1", meta={})
    assert said == "answer: a laboratory without a question: put quiz.predict before it"
