import ast
import html
from pathlib import Path

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from torch import nn
from torch.nn import functional as F

from course_utils import quiz
from course_utils.checks.shapes import layer_size
from course_utils.course import notebooks
from course_utils.repository import ROOT

LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
QUESTIONS = quiz.questions()
PREDICTIONS = quiz.predictions()
STATEMENTS = sorted((ROOT / "tests" / "lectures").glob("*.py"))


def raises(function) -> bool:
    try:
        function()
    except (RuntimeError, ValueError):
        return True
    return False


def adapts(name: str) -> bool:
    """Whether a small and a large gradient make steps of one size."""
    weights = torch.zeros(2, requires_grad=True)
    weights.grad = torch.tensor([1.0, 100.0])
    getattr(torch.optim, name)([weights], lr=0.1).step()
    return torch.isclose(*weights.detach().abs(), rtol=1e-3).item()


PROOF_NAMES = {
    "adapts": adapts,
    "np": np,
    "torch": torch,
    "nn": nn,
    "F": F,
    "conv": layer_size,
    "pool": lambda n, k, s: F.max_pool1d(torch.zeros(1, 1, n), k, s).shape[-1],
    "raises": raises,
}


def asked_in(path: Path, how: str = "ask") -> list[str]:
    """The ids that a lecture gives to quiz.ask, or to another function."""
    return [
        argument.value
        for cell in notebooks.read(path).cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"quiz.{how}"
        for argument in node.args
    ]


@pytest.mark.parametrize("id_", QUESTIONS)
def test_the_right_answer_is_computed(id_):
    question = QUESTIONS[id_]
    computed = eval(question.proof, PROOF_NAMES)
    assert computed == question.answer


@pytest.mark.parametrize("id_", QUESTIONS)
def test_wrong_answers_are_wrong_and_explained(id_):
    question = QUESTIONS[id_]
    assert question.because
    assert len(question.wrong) >= 1
    for answer, why in question.wrong.items():
        assert len(why) > 15
        if question.choices:
            assert answer not in [question.answer, *question.answer]
        else:
            assert float(answer) != question.answer


def test_every_question_is_asked_once_and_every_asked_one_exists():
    asked = [id_ for path in LECTURES for id_ in asked_in(path)]
    assert sorted(asked) == sorted(QUESTIONS)


def test_output_sizes_have_at_least_15_questions():
    assert len(asked_in(ROOT / "lectures" / "03_output_size.ipynb")) >= 15


@pytest.fixture
def shown(monkeypatch):
    """What is published, of a kernel that has just started."""
    outputs = []
    monkeypatch.setattr(quiz, "publish_display_data", outputs.append)
    monkeypatch.setattr(quiz, "_carrier", "")
    return outputs


def test_a_question_shows_the_same_bytes_every_time_and_its_text(shown):
    for _ in range(2):
        quiz.ask("stops-7-3-1", "no-fit")
    assert shown[0] == shown[1]
    page = shown[0]["text/html"]
    for id_ in ("stops-7-3-1", "no-fit"):
        assert html.escape(QUESTIONS[id_].text) in page
        assert QUESTIONS[id_].text in shown[0]["text/plain"]
    assert "https://" not in page


def test_a_notebook_holds_the_script_once_and_each_other_question_is_small(shown):
    quiz.predict("dense-local")
    quiz.ask("numbers-in-cifar")
    quiz.record("01")
    quiz.predict("dense-local")
    has_script = ["localStorage" in output["text/html"] for output in shown]
    assert has_script == [True, False, False, True]
    assert len(shown[1]["text/html"]) < 2500
    assert len(shown[0]["text/html"]) < 14_000


def test_where_no_script_runs_the_text_is_all_there_is(shown):
    """GitHub, nbviewer and notebooks that are not trusted drop scripts, styles and fields."""
    quiz.predict("gallery-most")
    quiz.ask("no-fit")
    read = []
    for output in shown:
        page = BeautifulSoup(output["text/html"], "html.parser")
        for dropped in page(["script", "style", "input"]):
            dropped.decompose()
        read.append(" ".join(page.get_text(" ").split()))
    prediction, question = PREDICTIONS["gallery-most"], QUESTIONS["no-fit"]
    assert read[0] == " ".join(["Predict.", prediction.text, *prediction.choices])
    assert read[1] == " ".join([question.text, *question.choices])


def test_a_question_can_show_a_picture(shown):
    quiz.ask("dumoulin-corner")
    page = shown[0]["text/html"]
    assert '<img src="data:image/png;base64,' in page
    assert html.escape(QUESTIONS["dumoulin-corner"].picture["alt"]) in page


def test_an_unknown_question_names_similar_ones():
    with pytest.raises(ValueError, match="similar: stops-7-3-1"):
        quiz.ask("stops-8")
    with pytest.raises(ValueError, match="similar: dense-weights"):
        quiz.predict("dense-9")
    with pytest.raises(ValueError, match="no predictions"):
        quiz.record("99")


def test_the_right_choice_does_not_stand_first_by_habit():
    choices = [q for q in QUESTIONS.values() if isinstance(q.answer, str)]
    assert not all(q.choices[0] == q.answer for q in choices)
    guesses = [p for p in PREDICTIONS.values() if p.predict == "choice" and p.answer is not None]
    firsts = [p.choices[0] == p.answer for p in guesses]
    assert sum(firsts) < 0.6 * len(firsts)


# Predictions ------------------------------------------------------------------------------------


def test_every_lecture_predicts_and_ends_with_its_record():
    for path in LECTURES:
        own = quiz.predictions(path.stem[:2])
        assert sorted(asked_in(path, "predict")) == sorted(own)
        assert asked_in(path, "record") == [path.stem[:2]]
        assert own


@pytest.mark.parametrize("id_", PREDICTIONS)
def test_what_is_predicted_is_proven_or_held_against_the_cell_that_answers(id_):
    prediction = PREDICTIONS[id_]
    if prediction.proof:
        found = eval(prediction.proof, dict(PROOF_NAMES))
        assert np.allclose(found, prediction.answer, atol=1e-9)
    elif prediction.numbers:
        (file,) = (path for path in STATEMENTS if prediction.id in quiz.predictions(path.stem[:2]))
        assert f'truth("{id_}")' in file.read_text(encoding="utf-8")
    fields = len(prediction.columns) * max(1, len(prediction.rows)) or 1
    assert not prediction.numbers or len(prediction.numbers) == fields


ONE = "[x]\ntext='?'\nanswer=1\nbecause='b'\nproof='1'"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.toml": "[x]\ntext='?'", "b.toml": ""}, "question 'x' of a.toml"),
        ({"a.toml": "[x]\nanswr=1", "b.toml": ""}, "unexpected keyword"),
        ({"a.toml": ONE, "b.toml": ONE}, "twice"),
        ({"a.toml": "[x]\npredict='guess'\ntext='?'", "b.toml": ""}, "predict must be one of"),
        ({"a.toml": "[x]\npredict='choice'\ntext='?'", "b.toml": ""}, "needs choices"),
        ({"a.toml": "[x]\npredict='table'\ntext='?'", "b.toml": ""}, "needs columns"),
        ({"a.toml": ONE + "\n[x.wrong]\n0.5='half'", "b.toml": ""}, "quote the key 0"),
    ],
)
def test_a_slip_in_a_question_file_is_named(tmp_path, monkeypatch, files, sentence):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(quiz, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=sentence):
        quiz._bank.__wrapped__()
