"""Checks of layers that keep a cache, of several results, and of what may not be used."""

import re

import numpy as np
import pytest
import torch
from graders.a2_backprop import LoopsOverWeights
from torch.nn import functional as F

from course_utils.checks import a2_backprop
from course_utils.checks.compare import difference
from course_utils.checks.engine import CheckFailed
from course_utils.data import load_digits
from course_utils.tracebacks import used_package

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def told(check, *given, **options) -> str:
    with pytest.raises(CheckFailed) as failure:
        check(*given, **options)
    return str(failure.value)


# Several results ---------------------------------------------------------------------------------


def test_the_result_that_differs_is_named():
    wanted = {"dx": np.ones(2), "loss": 1.0}
    assert difference({"dx": np.ones(2), "loss": 1.0}, wanted, TOLERANCE) is None
    assert difference({"dx": np.zeros(2), "loss": 1.0}, wanted, TOLERANCE).startswith("dx: 2 of 2")
    assert difference({"dx": np.ones(2), "loss": 2.0}, wanted, TOLERANCE) == "loss: it is 2"


@pytest.mark.parametrize("given", [np.float32(1.0), np.float64(1.0), 1, 1.0 + 1e-7])
def test_a_number_counts_in_every_precision(given):
    assert difference(given, 1.0, TOLERANCE) is None


@pytest.mark.parametrize(
    ("given", "why"),
    [(True, "bool"), ("1", "str"), (np.ones(1), "ndarray"), (float("nan"), "NaN"), (1.1, "1.1")],
)
def test_what_is_no_such_number_is_told(given, why):
    assert why in difference(given, 1.0, TOLERANCE)


# The slopes of the student's own forward ---------------------------------------------------------


def right_forward(x):
    return np.maximum(x, 0), x > 0


def right_backward(dout, cache):
    return dout * cache


def test_a_right_layer_agrees_with_its_own_slopes(capsys):
    a2_backprop.check_relu(right_forward, right_backward, "numeric")
    assert "✓ relu, numeric" in capsys.readouterr().out


def test_a_right_backward_of_a_wrong_forward_is_noticed():
    def forward(x):
        return np.where(x > 0, x, 0.1 * x), x > 0

    text = told(a2_backprop.check_relu, forward, right_backward, "numeric")
    assert "dx is not the slope of your own forward" in text


def test_a_forward_of_another_shape_is_told_with_both():
    def forward(x):
        return x.ravel()[:1], x > 0

    text = told(a2_backprop.check_relu, forward, right_backward, "numeric")
    assert "your forward gives (1,), expected shape" in text


@pytest.mark.parametrize("given", [None, 1.0, (1, 2, 3)])
def test_a_forward_that_is_no_pair_is_told(given):
    text = told(a2_backprop.check_relu, lambda x: given, right_backward, "forward")
    assert "out, cache" in text or "returned None" in text


# Which of the two functions it is -------------------------------------------------------------


def test_a_missing_backward_is_named():
    def backward(dout, cache):
        raise NotImplementedError

    text = told(a2_backprop.check_relu, right_forward, backward, "backward")
    assert "your backward, or a function that it calls, is not written yet" in text

    def forward(x):
        raise NotImplementedError

    text = told(a2_backprop.check_relu, forward, right_backward, "backward")
    assert "your forward, or a function that it calls, is not written yet" in text


def test_the_function_that_changes_its_argument_is_named():
    def backward(dout, cache):
        dout *= cache
        return dout

    text = told(a2_backprop.check_relu, right_forward, backward, "backward")
    assert "your backward changes its argument number 1 (dout)" in text

    def forward(x):
        x *= x > 0
        return x, x > 0

    text = told(a2_backprop.check_relu, forward, right_backward, "forward")
    assert "your forward changes its argument number 1 (x)" in text


def test_what_agrees_is_said(capsys):
    a2_backprop.check_relu(right_forward, right_backward, "numeric")
    a2_backprop.check_conv2d(LoopsOverWeights.forward, LoopsOverWeights.backward, "cache")
    numeric, cache = capsys.readouterr().out.splitlines()
    assert numeric.endswith("2 cases agree with torch.relu and with the slopes of your own forward")
    assert cache.endswith("conv2d, also after the caller has changed its arrays")


# Calls that cannot work -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "bad shape",
        "expected floats",
        "out of range",
        "not enough values to unpack (expected 4, got 3)",
        "operands could not be broadcast together with shapes (3,4) (1,4)",
        "cannot reshape array of size 24 into shape (1,2,12)",
        "window shape cannot be larger than input array shape",
        "matmul: Input operand 1 has a mismatch in its core dimension 0",
        "negative dimensions are not allowed",
        "index can't contain negative values",
    ],
)
@pytest.mark.parametrize("name", [n for n in a2_backprop.__all__ if n != "check_digits"])
def test_an_error_that_names_no_argument_is_not_enough(name, text):
    for rejected in getattr(a2_backprop, name).rejects:
        assert not re.search(rf"\b(?:{rejected.words})", text, re.IGNORECASE), rejected.words


# What may not be used --------------------------------------------------------------------------


def by_alias(x):
    return F.relu(x)


def by_import_inside(x):
    import scipy.ndimage

    return scipy.ndimage.maximum_filter(x, 1)


def deep_inside(x):
    return [torch.tensor(v) for v in x]


@pytest.mark.parametrize(
    ("function", "package"),
    [(by_alias, "torch"), (by_import_inside, "scipy"), (deep_inside, "torch"), (right_forward, ""),
     (np.maximum, ""), (3, "")],
)  # fmt: skip
def test_a_forbidden_package_is_seen(function, package):
    assert used_package(function, ("torch", "scipy")) == package


def test_the_check_says_so_kindly():
    text = told(a2_backprop.check_relu, by_alias, right_backward)
    assert "uses torch" in text
    assert "Build it yourself" in text


# The digits ------------------------------------------------------------------------------------


def nearest_neighbour(images):
    digits = load_digits()
    learned, images = (a.reshape(len(a), -1) for a in (digits.train_images, images))
    distance = (learned**2).sum(axis=1) - 2 * images @ learned.T
    return digits.train_labels[distance.argmin(axis=1)]


@pytest.mark.parametrize("seed", [None, 3])
def test_right_predictions_pass(seed, capsys):
    a2_backprop.check_digits(nearest_neighbour, seed=seed)
    assert "✓ digits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("predict", "words"),
    [
        (lambda images: np.zeros(len(images), int), "the same digit of every image"),
        (lambda images: (nearest_neighbour(images) + 1) % 10, "no better than guessing"),
        (lambda images: np.where(np.arange(len(images)) % 4, nearest_neighbour(images), 0),
         "Train longer"),
        (lambda images: np.zeros((len(images), 10)), "whole numbers"),
        (lambda images: nearest_neighbour(images).astype(float), "whole numbers"),
        (lambda images: None, "whole numbers"),
        (lambda images: 1 / 0, "ZeroDivisionError"),
        (lambda images: images.fill(0), "changes the images"),
        (np.zeros(450, int), "not a function"),
        (None, "your network is not trained yet"),
    ],
)  # fmt: skip
def test_wrong_predictions_are_told_apart(predict, words):
    assert words in told(a2_backprop.check_digits, predict)


def test_predictions_learned_by_place_do_not_survive_another_order():
    by_place = nearest_neighbour(load_digits().test_images[:, None])
    assert "no better than guessing" in told(a2_backprop.check_digits, lambda _: by_place, seed=3)
