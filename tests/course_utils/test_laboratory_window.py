import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils.laboratory.window import window

IMAGE = np.arange(42.0).reshape(6, 7) % 5
KERNEL = np.array([[1.0, -2], [0, 3]])


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("flip", [False, True])
def test_each_output_position_shows_what_torch_computes(stride, padding, dilation, flip):
    kernel = KERNEL[::-1, ::-1].copy() if flip else KERNEL
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    out = F.conv2d(*(torch.tensor(a)[None, None] for a in (IMAGE, kernel)), **geometry)
    for stop in (0, out.numel() - 1):
        fig, count = window(IMAGE, KERNEL, stop, flip=flip, **geometry)
        assert count == out.numel()
        assert fig.get_suptitle().endswith(f"sum to {out.flatten()[stop]:g}")


def test_the_input_is_named_by_its_own_size_and_the_position_by_its_place():
    fig, _ = window(IMAGE, KERNEL, 5, stride=2, padding=1)
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert "input 6×7, padding 1" in texts
    assert sum(bool(p.get_hatch()) for p in fig.axes[0].patches) == 8 * 9 - 6 * 7
    assert fig.get_suptitle().startswith("output position [1, 1]:")
    fig, _ = window(IMAGE, KERNEL)
    assert "input 6×7" in [t.get_text() for t in fig.axes[0].texts]


def test_a_kernel_that_does_not_fit_says_so():
    fig, count = window(IMAGE, np.ones((3, 3)), dilation=3)
    assert count == 0
    assert "No output position" in fig.get_suptitle()
