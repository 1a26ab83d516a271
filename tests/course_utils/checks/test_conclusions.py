"""A conclusion is judged by the student's own differences, whatever ours are."""

import doctest

import pytest

from course_utils.checks import conclusions
from course_utils.checks.engine import CheckFailed

POSSIBLE = {"link": conclusions.WORDS, "sentence": (1, 2, 3)}


def test_examples_are_right():
    assert doctest.testmod(conclusions).failed == 0


def test_equal_runs_are_open_and_paired_ones_need_not_be():
    assert conclusions.says([0.0, 0.0, 0.0]) == ("open", "+0 ± 0 points")
    assert conclusions.says([-0.4, -0.42, -0.38])[0] == "lower"
    assert conclusions.says([0.4, 0.0, -0.1])[0] == "open"


def test_the_same_words_are_right_for_one_student_and_wrong_for_another(capsys):
    given = {"link": " Higher. ", "sentence": 2}
    clear = {"link": ("higher", "+40 ± 5 points"), "sentence": (2, "so it is")}
    unsure = clear | {"link": ("open", "+40 ± 50 points")}
    assert conclusions.conclusions_points(clear, **given) == 2
    assert conclusions.conclusions_points(unsure, **given) == 1
    assert "✗ link: +40 ± 50 points, which says 'open'" in capsys.readouterr().out
    assert (
        conclusions.conclusions_points(clear | {"sentence": (1, "")}, link=None, sentence=True) == 0
    )


def test_blank_and_impossible_conclusions_are_told(capsys):
    with pytest.raises(CheckFailed, match="none of link, sentence"):
        conclusions.answered(POSSIBLE, link=None, sentence=None)
    conclusions.answered(POSSIBLE, link="maybe", sentence=None)
    out = capsys.readouterr().out
    assert "link = 'maybe' cannot be a conclusion" in out
    assert "0 of 2 given; still open: sentence" in out
    with pytest.raises(ValueError, match="expected the conclusions"):
        conclusions.answered(POSSIBLE, link="open")
