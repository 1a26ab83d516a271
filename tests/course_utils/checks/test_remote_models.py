"""What a check does with a model, and what it leaves behind."""

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.checks.models import behaviour
from course_utils.checks.outcome import call
from course_utils.probes.models import give_weights, usual_settings

X = np.random.default_rng(0).normal(size=(2, 3, 8, 8))


@pytest.mark.parametrize("before", [True, False])
def test_gradients_are_recorded_meanwhile(before):
    with torch.set_grad_enabled(before):
        with usual_settings():
            assert torch.is_grad_enabled()
            torch.set_grad_enabled(False)
        assert torch.is_grad_enabled() is before


def network(*head):
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), *head).double()


def test_a_dense_layer_and_the_convolution_that_equals_it_get_the_same_weights():
    dense = network(nn.Flatten(), nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    convolved = network(nn.Conv2d(4, 5, 1), nn.ReLU(), nn.Conv2d(5, 2, 1), nn.Flatten())
    x = torch.from_numpy(X)
    give_weights(dense, x)
    give_weights(convolved, x)
    assert torch.allclose(dense(x), convolved(x))


def test_lazy_layers_are_like_others():
    def lazy():
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(2))

    def plain():
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))

    for look in ("parameters", "output", "step", "device"):
        given, wanted = (behaviour(make)(X, look_at=look) for make in (lazy, plain))
        assert given.keys() == wanted.keys()
        assert all(np.array_equal(given[name], wanted[name]) for name in given)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ((nn.ReLU(), nn.Dropout(0.5), nn.Linear(400, 2)), "right"),
        ((nn.ReLU(), nn.Dropout(0.2), nn.Linear(400, 2)), "of less than one half"),
        ((nn.ReLU(), nn.Dropout(0.8), nn.Linear(400, 2)), "of more than one half"),
        ((nn.Dropout(0.5), nn.Linear(400, 9), nn.Linear(9, 2)), "not before the last layer alone"),
        ((nn.ReLU(), nn.Linear(400, 2)), "missing"),
        ((nn.Dropout(0.5), nn.Linear(400, 2), nn.Dropout(0.5)), "after the last layer too"),
    ],
)
def test_dropout_is_told_by_what_enters_the_last_layer(layers, said):
    def make():
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 400), *layers)

    assert said in behaviour(make)(X, look_at="modes")["dropout"]


def test_an_input_that_is_changed_is_noticed():
    def make():
        return nn.Sequential(nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(3 * 8 * 8, 2))

    assert "changed in place" in behaviour(make)(X, look_at="output")["input"]


def test_no_line_of_a_check_is_quoted_as_the_students():
    def make():
        return nn.Sequential(nn.Conv2d(5, 2, 3))

    outcome = call(behaviour(make), (X,), {"look_at": "output"})
    assert "channels" in outcome.error
    assert outcome.where == ""


def test_what_fails_everywhere_is_not_blamed_on_the_device():
    class Fails(nn.Linear):
        def forward(self, x):
            if x.dtype == torch.float32:
                raise RuntimeError("a fault of its own")
            return super().forward(x.flatten(1))

    outcome = call(behaviour(lambda: Fails(192, 2)), (X,), {"look_at": "device"})
    assert outcome.error == "it raised RuntimeError: a fault of its own"


def test_who_needs_a_number_is_not_blamed_for_a_device_without_any():
    class Asserts(nn.Linear):
        def forward(self, x):
            assert not torch.isnan(x).any()
            return super().forward(x.flatten(1))

    found = behaviour(lambda: Asserts(192, 2))(X, look_at="device")
    assert found == {"shape on another device": (2, 2)}


def test_layers_that_parameters_does_not_list_are_noticed():
    class Hiding(nn.Linear):
        def __init__(self, hidden):
            super().__init__(192, 2)
            self.more = [nn.Linear(2, 2)] if hidden else []

        def forward(self, x):
            x = super().forward(x.flatten(1))
            for layer in self.more:
                x = layer(x)
            return x

    hidden, plain = (behaviour(lambda h=h: Hiding(h))(X, look_at="parameters") for h in (1, 0))
    assert "some layers are hidden" in hidden["what parameters() lists"]
    assert plain["what parameters() lists"] == "right"
    assert hidden["number of parameters"] == plain["number of parameters"]
