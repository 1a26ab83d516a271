import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils import quiz
from course_utils.checks.shapes import layer_size
from course_utils.course import notebooks

ROOT = Path(__file__).resolve().parents[2]
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
QUESTIONS = quiz.questions()


def raises(function) -> bool:
    try:
        function()
    except (RuntimeError, ValueError):
        return True
    return False


PROOF_NAMES = {
    "np": np,
    "torch": torch,
    "nn": nn,
    "F": F,
    "conv": layer_size,
    "pool": lambda n, k, s: F.max_pool1d(torch.zeros(1, 1, n), k, s).shape[-1],
    "raises": raises,
}


def asked_in(path: Path) -> list[str]:
    """The ids that a lecture gives to quiz.ask."""
    return [
        argument.value
        for cell in notebooks.read(path).cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "quiz.ask"
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
        if isinstance(question.answer, str):
            assert answer != question.answer
        else:
            assert float(answer) != question.answer


def test_every_question_is_asked_once_and_every_asked_one_exists():
    asked = [id_ for path in LECTURES for id_ in asked_in(path)]
    assert sorted(asked) == sorted(QUESTIONS)


def test_output_sizes_have_at_least_15_questions():
    assert len(asked_in(ROOT / "lectures" / "03_output_size.ipynb")) >= 15


def test_a_question_shows_the_same_bytes_every_time_and_its_text(monkeypatch):
    shown = []
    monkeypatch.setattr(quiz, "publish_display_data", shown.append)
    for _ in range(2):
        quiz.ask("stops-7-3-1", "no-fit")
    assert shown[0] == shown[1]
    page = shown[0]["text/html"]
    for id_ in ("stops-7-3-1", "no-fit"):
        assert QUESTIONS[id_].text in page
        assert QUESTIONS[id_].text in shown[0]["text/plain"]
    assert "https://" not in page.replace("https://cdn.jsdelivr.net/npm/mathjax", "")


def test_an_unknown_question_names_similar_ones():
    with pytest.raises(ValueError, match="similar: stops-7-3-1"):
        quiz.ask("stops-8")


def test_the_right_choice_does_not_stand_first_by_habit():
    choices = [q for q in QUESTIONS.values() if isinstance(q.answer, str)]
    firsts = [q.as_jupyterquiz()["answers"][0]["correct"] for q in choices]
    assert not all(firsts)


ONE = "[x]\ntext='?'\nanswer=1\nbecause='b'\nproof='1'"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a.toml": "[x]\ntext='?'", "b.toml": ""}, "question 'x' of a.toml"),
        ({"a.toml": "[x]\nanswr=1", "b.toml": ""}, "unexpected keyword"),
        ({"a.toml": ONE, "b.toml": ONE}, "twice"),
        ({"a.toml": ONE + "\n[x.wrong]\n0.5='half'", "b.toml": ""}, "quote the key 0"),
    ],
)
def test_a_slip_in_a_question_file_is_named(tmp_path, monkeypatch, files, sentence):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(quiz, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=sentence):
        quiz.questions.__wrapped__()
