"""Whose line is quoted for an error: the student's, and nobody else's."""

import statistics
from concurrent.futures import Future

import numpy as np
import pytest
import torch

from course_utils.checks.outcome import call
from course_utils.grading.remote import error
from course_utils.models import LeNet5


def quoted(function, *args):
    return call(function, args, {}).where


@pytest.mark.parametrize(
    ("function", "line"),
    [
        (lambda: 1 // 0, "(lambda: 1 // 0,"),
        (lambda: statistics.mean([]), "statistics.mean([])"),
        (lambda: np.zeros(2).reshape(3), "np.zeros(2).reshape(3)"),
        (lambda: LeNet5()(torch.zeros(1, 9, 28, 28)), "LeNet5()("),
        (lambda: sorted([1, 2], key=lambda n: n["a"]), "sorted([1, 2]"),
    ],
)
def test_the_students_own_line_is_quoted(function, line):
    assert line in quoted(function)


def test_a_line_of_the_examiner_is_not_quoted():
    asked = Future()  # as where the other side answers with an error that has no line
    asked.set_exception(error("ValueError", ["ValueError"], "of the other side", ""))
    told = call(asked.result, (), {})
    assert told.error == "it raised ValueError: of the other side"
    assert told.where == ""


def test_a_line_of_the_course_is_not_quoted():
    assert call(LeNet5, (1, 10, 3), {}).where == ""
