import pytest
import torch
from torch import nn

from course_utils.models import LeNet5
from course_utils.torchvision_compat import torchvision
from course_utils.tracing import parameter_count, table, trace


def test_lenet_layer_by_layer():
    layers = trace(LeNet5(), (1, 1, 28, 28))
    shapes = [layer.output_shape[1:] for layer in layers if layer.kind != "ReLU"]
    assert shapes == [
        (6, 24, 24),
        (6, 12, 12),
        (16, 8, 8),
        (16, 4, 4),
        (256,),
        (120,),
        (84,),
        (10,),
    ]
    assert [layer.parameters for layer in layers if layer.parameters] == [
        156,
        2416,
        30840,
        10164,
        850,
    ]
    assert sum(layer.parameters for layer in layers) == 44_426


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "resnet18", "resnet50"])
def test_published_counts(name):
    """torchvision publishes both beside its weights, multiply-adds in billions."""
    with torch.device("meta"):
        model = getattr(torchvision.models, name)()
    published = torchvision.models.get_model_weights(name).IMAGENET1K_V1.meta
    layers = trace(model, (1, 3, 224, 224))
    assert sum(layer.parameters for layer in layers) == published["num_params"]
    assert parameter_count(model) == published["num_params"]
    work = sum(layer.multiply_adds for layer in layers) / 1e9
    assert work == pytest.approx(published["_ops"], abs=6e-4)


def test_multiply_adds_by_hand():
    model = nn.Sequential(
        nn.Conv2d(4, 8, (3, 2), stride=2, groups=2),
        nn.ConvTranspose2d(8, 3, 2, stride=2),
        nn.Flatten(),
        nn.Linear(3 * 6 * 6, 5),
    )
    conv, up, _, dense = trace(model, (2, 4, 7, 6))
    assert conv.output_shape == (2, 8, 3, 3)
    assert conv.multiply_adds == 2 * 8 * 3 * 3 * (3 * 2 * 4 // 2)
    assert up.output_shape == (2, 3, 6, 6)
    assert up.multiply_adds == 2 * 8 * 3 * 3 * (2 * 2 * 3)
    assert dense.multiply_adds == 2 * 5 * 108


def test_a_layer_used_twice_is_counted_once():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    first, _, second = trace(model, (1, 4))
    assert (first.parameters, second.parameters) == (20, 0)
    assert first.multiply_adds == second.multiply_adds == 16
    assert parameter_count(model) == 20


def test_nothing_is_left_behind():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout())
    model.train()
    model[1].eval()
    before = model[1].running_mean.clone()
    trace(model, (1, 1, 5, 5))
    assert [m.training for m in model.modules()] == [True, True, False, True]
    assert torch.equal(model[1].running_mean, before)
    assert not any(m._forward_hooks for m in model.modules())
    with pytest.raises(RuntimeError):
        trace(model, (1, 3, 5, 5))
    assert [m.training for m in model.modules()] == [True, True, False, True]
    assert not any(m._forward_hooks for m in model.modules())


def test_the_table_adds_up():
    lines = table(trace(LeNet5(), (1, 1, 28, 28))).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "multiply-adds"]
    assert "44\u202f426" in lines[-1]
    assert "281\u202f640" in lines[-1]
    assert len({len(line) for line in lines}) == 1
    assert table([]).splitlines()[-1].split() == ["together", "0", "0"]


@pytest.mark.parametrize("shape", [(), (0, 1, 5, 5), (1, 1, 5.0, 5), (1, -1)])
def test_shapes_that_make_no_sense(shape):
    with pytest.raises(ValueError, match="input_shape"):
        trace(nn.ReLU(), shape)
