import pytest
import torch

from course_utils.models import LeNet5


@pytest.mark.parametrize(("channels", "classes", "size"), [(1, 10, 28), (3, 100, 32), (1, 2, 16)])
def test_lenet_takes_images_of_any_usable_size(channels, classes, size):
    model = LeNet5(channels, classes, size)
    assert model(torch.zeros(5, channels, size, size)).shape == (5, classes)


@pytest.mark.parametrize("size", [0, 5, 15])
def test_too_small_images_are_refused(size):
    with pytest.raises(ValueError, match=f"at least 16, got {size}"):
        LeNet5(image_size=size)
