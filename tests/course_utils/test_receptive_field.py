import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from course_utils.receptive_field import Step, cones, reads, steps_of, table

STEPS = st.builds(
    Step,
    kernel_size=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
STACKS = {"three": [Step(3)] * 3, "holes": [Step(3, dilation=2, padding=2)] * 3}


def measured(steps, unit, margin):
    """Places with a gradient, on an input that continues `margin` zeros beyond pixel 0."""
    total = 1
    for step in steps:
        total *= step.stride
    x = torch.zeros(1, 1, 2 * margin, dtype=torch.double, requires_grad=True)
    a, origin = x, margin  # where place 0 of the present row lies in `a`
    for step in steps:
        first = (origin - step.padding) % step.stride
        ones = torch.ones(1, 1, step.kernel_size, dtype=torch.double)
        a = F.conv1d(a[..., first:], ones, stride=step.stride, dilation=step.dilation)
        origin = (origin - step.padding - first) // step.stride
    a[0, 0, origin + unit].backward()
    return [int(i) - margin for i in x.grad[0, 0].nonzero()[:, 0]]


@given(steps=st.lists(STEPS, min_size=1, max_size=4), unit=st.integers(0, 2))
def test_the_places_are_those_with_a_gradient(steps, unit):
    assert reads(steps, unit)[0] == measured(steps, unit, margin=1000)


def test_every_level_is_told_from_the_input_to_the_unit():
    rows = reads([Step(3, dilation=2), Step(2, stride=2)], unit=1)
    assert rows == [[2, 3, 4, 5, 6, 7], [2, 3], [1]]


def test_a_table_has_a_line_for_each_layer():
    heading, *lines = table([Step(7, 2, 3), Step(3, 2, 1, name="POOL"), Step(3, dilation=2)]).split(
        "\n"
    )
    assert heading.split() == ["layer", "size", "stride", "start", "read"]
    assert [line.split()[-4:] for line in lines] == [
        ["7", "2", "-3", "7"],
        ["11", "4", "-5", "11"],
        ["27", "4", "-5", "27"],
    ]
    assert lines[1].startswith("POOL k3 s2 p1")
    assert lines[2].startswith("CONV k3 d2")


def test_a_cone_tells_its_numbers_and_its_holes():
    titles = [ax.get_title() for ax in cones(STACKS).axes]
    assert titles == [
        "three\nsize 7, stride 1, start 0",
        "holes\nsize 13, 7 of them read, stride 1, start \N{MINUS SIGN}6",
    ]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Step(0), "must be >= 1"),
        (lambda: Step(3, padding=-1), "padding >= 0"),
        (lambda: reads([]), "at least one layer"),
        (lambda: cones({"deep": [Step(1)] * 7}), "at most 6"),
        (lambda: cones({"wide": [Step(7, 3), Step(7)] * 2}), "at most 41"),
    ],
)
def test_bad_arguments_get_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_the_windows_of_a_network_are_its_steps_but_for_the_short_way():
    block = nn.Module()
    block.conv = nn.Conv2d(2, 2, 3, padding=2, dilation=2)
    block.downsample = nn.Conv2d(2, 2, 1, stride=2)
    net = nn.Sequential(block, nn.ReLU(), nn.MaxPool2d(3, 2))
    assert steps_of(net) == [Step(3, padding=2, dilation=2), Step(3, 2, name="POOL")]
