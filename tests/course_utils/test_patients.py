import numpy as np
import torch
from torch import nn

from course_utils import patients, training
from course_utils.data import load_digits


def normed():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.BatchNorm1d(10))


def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_each_of_the_nine_has_its_own_fault():
    digits = load_digits()
    nine = patients.nine(digits, small, normed)
    assert "".join(nine) == "ABCDEFGHI"
    kinds = {tuple(sorted({*case} - {"watch"})) for case in nine.values()}
    assert len(kinds) == 6
    net = nine["A"]["make"]().eval()  # eval mode is forgotten: on a folder with one class
    assert net.training
    assert set(nine["A"]["data"].test_labels) == {7}
    assert nine["I"]["make"]().eval().training
    wrong = nine["D"]["data"].train_labels != digits.train_labels
    assert 0.8 < wrong.mean() < 1  # shuffled
    few = nine["F"]["data"]
    assert len(few.train_labels) == 150
    assert 0.2 < np.mean(few.train_labels != digits.train_labels[:150]) < 0.4
    floor = nine["G"]["loss_function"](torch.tensor([[99.0] + [0.0] * 9]), torch.tensor([0]))
    assert 1.46 < floor < 1.47  # a softmax before a loss that has its own
    rates = {name: nine[name]["optimizer"](small().parameters()) for name in "BCEH"}
    lrs = {name: optimizer.param_groups[0]["lr"] for name, optimizer in rates.items()}
    assert lrs["B"] < lrs["C"] < lrs["H"]
    weight = nn.Parameter(torch.ones(1))
    optimizer = nine["E"]["optimizer"]([weight])
    weight.grad = torch.ones(1)
    optimizer.zero_grad()
    assert weight.grad == 1  # forgotten


def test_a_patient_can_be_trained():
    digits = load_digits()
    case = patients.nine(digits, small, normed)["C"] | {"epochs": 1}
    net, history = training.trained(small, digits.first(20), seed=0, **case)
    assert len(history.validation_loss) == 1
    assert not net.training
