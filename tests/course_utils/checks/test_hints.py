"""What errors say in words of their own: each is raised, not typed in."""

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.checks.engine import Check, CheckFailed, case
from course_utils.checks.hints import MINUS_ZERO, hint


class NoSuper(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)


def _padded(x):
    return np.zeros((1, 1, 3, 3)) + x[:, :, 0:-0, 0:-0]


def _write_padded(x):
    roomy = np.zeros((1, 1, 3, 3))
    roomy[:, :, 0:-0, 0:-0] = np.ones((1, 1, 3, 3))


def _cut(x):
    x[0, 0, 1:] = np.ones((4, 3))


def _reads_none(x):
    return len([].sort())


def _never_set(x):
    if x is None:
        y = 1
    return y


def _net(*layers, shape):
    return lambda x: nn.Sequential(*layers)(torch.zeros(shape))


X = np.ones((1, 1, 3, 3))
ERRORS = [
    (_padded, MINUS_ZERO),
    (_write_padded, MINUS_ZERO),
    (_cut, "What stands on the right of = has another shape"),
    (lambda x: x + np.ones(2), "Two arrays are joined number by number"),
    (lambda x: np.zeros((4 / 2, 3)), "// gives an int"),
    (lambda x: range(4 / 2), "// gives an int"),
    (lambda x: x[: 4 / 2], "// gives an int"),
    (lambda x: x[0, 0, 1.0], "An index is no whole number."),
    (lambda x: x[0, 0, 3, 0], "An index runs past the end"),
    (lambda x: x.shape[4], "A list or a shape has fewer places"),
    (lambda x: np.ones((2, 3)) @ np.ones((2, 3)), "A needs as many columns as B has rows"),
    (lambda x: x.reshape(2, 4), "reshape keeps all numbers"),
    (lambda x: torch.ones(9).reshape(2, 4), "reshape keeps all numbers"),
    (lambda x: x.sum(axis=4), "fewer axes than this line takes it to have"),
    (lambda x: x.transpose(0, 1), "fewer axes than this line takes it to have"),
    (lambda x: 1 if x > 0 else 0, "want one True or False"),
    (lambda x: np.broadcast_to(x, (2, 1, 3, 3)).__setitem__(0, 1), "is a view of another"),
    (lambda x: np.ones(2, int).__itruediv__(2), "write x = x + y"),
    (_reads_none, "does a function that you call lack its `return`"),
    (lambda x: (x, 1).shape, "A tuple stands where one array or number is meant"),
    (lambda x: (2, 2) - 1, "A tuple stands where one array or number is meant"),
    (lambda x: x.ndim[0], "A size may come as one number or as a pair"),
    (lambda x: max(4), "max, min and sum want a list"),
    (lambda x: [*2], "A size may come as one number or as a pair"),
    (lambda x: [(a, b) for a, b in x.shape[2:]], "A size may come as one number or as a pair"),
    (lambda x: [(a, b) for a, b in [x.shape]], "as many names as there are values"),
    (lambda x: widht, "Nothing has this name"),  # noqa: F821 - that is the slip
    (_never_set, "used before anything is put into it"),
    (lambda x: _cut(x, padding=1), "with an argument that it does not have"),
    (lambda x: _cut(), "with more or fewer arguments"),
    (lambda x: 1 / (x.size - 9), "Something is divided by 0"),
    (_net(nn.MaxPool2d(4), shape=(1, 1, 3, 3)), "smaller than the window"),
    (_net(nn.Conv2d(1, 1, 5), shape=(1, 1, 3, 3)), "smaller than the window"),
    (
        _net(nn.Flatten(), nn.Linear(256, 120), shape=(1, 1, 20, 20)),
        "A dense layer is made for 256 features, but 400 arrive",
    ),
    (_net(nn.Conv2d(3, 1, 1), shape=(1, 6, 3, 3)), "made for 3 channels, but 6 arrive"),
    (_net(nn.BatchNorm2d(8), shape=(2, 4, 3, 3)), "A BatchNorm is made for 8 channels, but 4"),
    (lambda x: torch.ones(2) + torch.ones(3), "Two tensors are joined number by number"),
    (lambda x: nn.Linear(2, 2)(torch.ones(1, 2).double()), "Two precisions meet"),
    (lambda x: nn.Linear(2, 2)(torch.ones(1, 2).long()), "Whole numbers meet floats"),
    (lambda x: nn.Conv2d(1, 1, 1)(torch.ones(1, 1, 3, 3).long()), "Whole numbers meet floats"),
    (lambda x: nn.Linear(2, 2, device="meta")(torch.ones(1, 2)), "Two devices meet"),
    (lambda x: torch.ones(1).backward(), "not connected with what its gradient is asked of"),
    (lambda x: torch.ones(1, requires_grad=True).numpy(), "First x.detach()"),
    (lambda x: torch.ones(2, requires_grad=True).add_(1), "What learns is changed in place"),
    (lambda x: torch.ones(2, requires_grad=True).exp().backward(), "belongs to one number"),
    (_net(nn.BatchNorm1d(2), shape=(1, 2)), "BatchNorm needs more than one value"),
    (lambda x: NoSuper(), "super().__init__() is missing"),
    (lambda x: nn.Sequential().fc1, "A Sequential has no fc1"),
]


@pytest.mark.parametrize(("function", "sentence"), ERRORS)
def test_an_error_is_explained(function, sentence):
    def asked(x):
        function(np.array(X))
        return x

    check = Check("asked", lambda x: x, "numpy", {"all": lambda rng: [case(X)]})
    with pytest.raises(CheckFailed) as failure:
        check(asked)
    assert sentence in str(failure.value)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda x: np.zeros(x.shape), "np.zeros(shape) and np.ones(shape) are float64"),
        (lambda x: np.zeros(x.shape, int), "An array of ints cuts off what comes after the point"),
        (lambda x: x > 0, "A comparison gives True and False"),
    ],
)
def test_a_wrong_dtype_is_explained(function, sentence):
    single = X.astype(np.float32)
    check = Check("same", lambda x: x, "numpy", {"all": lambda rng: [case(single)]})
    with pytest.raises(CheckFailed) as failure:
        check(function)
    assert sentence in str(failure.value)


def test_a_hint_of_the_check_comes_first():
    words = "mat1 and mat2 shapes cannot be multiplied (1x400 and 256x120)"
    assert hint(words, {"mat1": "Mine."}) == "Mine."
    assert hint("nothing that is known", {}) == ""
    assert hint(words, {}, common=False) == ""
