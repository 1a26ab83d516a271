import pytest
import torch

from course_utils.models import EfficientNetLite0, InvertedResidual, LeNet5


@pytest.mark.parametrize(("channels", "classes", "size"), [(1, 10, 28), (3, 100, 32), (1, 2, 16)])
def test_lenet_takes_images_of_any_usable_size(channels, classes, size):
    model = LeNet5(channels, classes, size)
    assert model(torch.zeros(5, channels, size, size)).shape == (5, classes)


@pytest.mark.parametrize("size", [0, 5, 15])
def test_too_small_images_are_refused(size):
    with pytest.raises(ValueError, match=f"at least 16, got {size}"):
        LeNet5(image_size=size)


def test_efficientnet_lite0_has_the_published_size():
    net = EfficientNetLite0().eval()
    assert sum(p.numel() for p in net.parameters()) == 4_652_008  # published: 4.7 million
    with torch.inference_mode():
        maps = {}
        x = torch.zeros(1, 3, 224, 224)
        for name, part in net.features.named_children():
            x = part(x)
            maps[name] = tuple(x.shape[1:])
    assert maps["stem"] == (32, 112, 112)
    assert maps["stage7"] == (320, 7, 7)
    assert maps["head"] == (1280, 7, 7)


def test_an_inverted_residual_adds_only_where_it_can():
    assert InvertedResidual(8, 8, 3, 1, 6).adds
    assert not InvertedResidual(8, 8, 3, 2, 6).adds
    assert not InvertedResidual(8, 9, 3, 1, 6).adds
