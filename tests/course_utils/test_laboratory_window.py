from collections import Counter

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import plotting
from course_utils.laboratory.window import stop_at, window

IMAGE = np.arange(42.0).reshape(6, 7) % 5
KERNEL = np.array([[1.0, -2], [0, 3]])


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 2])
def test_each_output_position_holds_what_torch_computes(stride, padding, dilation):
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    out = F.conv2d(*(torch.tensor(a)[None, None] for a in (IMAGE, KERNEL)), **geometry)[0, 0]
    padded = np.pad(IMAGE, padding)
    for stop, expected in enumerate(out.flatten().tolist()):
        found = stop_at(padded, KERNEL, stop, stride=stride, dilation=dilation)
        assert np.array_equal(found.output, out)
        assert found.products.sum() == expected == out[found.place]
        assert stop == found.place[0] * out.shape[1] + found.place[1]
    assert stop_at(padded, KERNEL, 99, stride=stride, dilation=dilation).place == found.place


@pytest.mark.parametrize("flip", [False, True])
def test_the_picture_shows_the_window_its_products_and_their_sum(flip):
    kernel = KERNEL[::-1, ::-1] if flip else KERNEL
    fig = window(IMAGE, KERNEL, 5, stride=2, padding=1, dilation=2, flip=flip)
    found = stop_at(np.pad(IMAGE, 1), kernel, 5, stride=2, dilation=2)
    tables = np.pad(IMAGE, 1), kernel, found.products, found.output
    written = [text.get_text() for text in fig.axes[0].texts]
    assert Counter(plotting.number_text(v) for a in tables for v in a.flat) <= Counter(written)
    assert ("flipped kernel" in written) == flip
    assert fig.get_suptitle().endswith(f"sum to {found.products.sum():g}")


def test_the_input_is_named_by_its_own_size_and_the_position_by_its_place():
    fig = window(IMAGE, KERNEL, 5, stride=2, padding=1)
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert "input 6×7, padding 1" in texts
    assert sum(bool(p.get_hatch()) for p in fig.axes[0].patches) == 8 * 9 - 6 * 7
    assert fig.get_suptitle().startswith("output position [1, 1]:")
    fig = window(IMAGE, KERNEL)
    assert "input 6×7" in [t.get_text() for t in fig.axes[0].texts]


def test_a_kernel_that_does_not_fit_says_so():
    fig = window(IMAGE, np.ones((3, 3)), dilation=3)
    assert "No output position" in fig.get_suptitle()
