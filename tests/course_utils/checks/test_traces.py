"""Who leaves no traces in a network because nothing is done there earns nothing for it."""

import copy

import pytest
import torch

from course_utils.checks import a4_inside
from course_utils.checks.engine import Check, CheckFailed


def looks(model, x):
    """Compute in a copy, so that errors of the network come through and nothing is left."""
    return copy.deepcopy(model).eval()(x)


def zeros(model, x, *_, **__):
    looks(model, x)
    return torch.zeros_like(x)


def a_copy_of_the_image(model, x, *_, **__):
    looks(model, x)
    return x.detach().clone()


def grey(model, layer, channel, *, steps, seed):
    image = torch.full((1, 3, 32, 32), 0.5, dtype=torch.float64)
    looks(model, image)
    return image


def one_pixel(model, input_shape):
    looks(model, torch.zeros(input_shape, dtype=torch.float64))
    return 1, 1


IDLE = [
    (a4_inside.check_deconvnet, zeros),
    (a4_inside.check_deconvnet, a_copy_of_the_image),
    (a4_inside.check_feature_maps, zeros),
    (a4_inside.check_grad_cam, lambda *given: zeros(*given)[:, 0, ::2, ::2]),
    (a4_inside.check_maximise_activation, grey),
    (a4_inside.check_measured_receptive_field, one_pixel),
    (a4_inside.check_occlusion_map, lambda *given, **options: zeros(*given)[:, 0, :3, :3]),
    (a4_inside.check_saliency, lambda *given: zeros(*given)[:, 0]),
]


@pytest.mark.parametrize("seed", [None, 20])
@pytest.mark.parametrize(("check", "idle"), IDLE)
def test_idleness_earns_nothing(check, idle, seed, monkeypatch):
    monkeypatch.setattr(Check, "_causes", lambda *_: [])  # it is the first line that counts
    with pytest.raises(CheckFailed) as told:
        check(idle, "left behind", seed=seed)
    first = str(told.value).splitlines()[0]
    assert "afterwards" not in first  # it is the result that is missed
    assert "raised" not in first
