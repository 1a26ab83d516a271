import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import widgets
from course_utils.course import notebooks

IMAGE = np.arange(42.0).reshape(6, 7) % 5
KERNEL = np.array([[1.0, -2], [0, 3]])


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("flip", [False, True])
def test_each_stop_shows_what_torch_computes(stride, padding, dilation, flip):
    kernel = KERNEL[::-1, ::-1].copy() if flip else KERNEL
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    out = F.conv2d(*(torch.tensor(a)[None, None] for a in (IMAGE, kernel)), **geometry)
    for stop in (0, out.numel() - 1):
        fig, count = widgets.convolution_stop(IMAGE, KERNEL, stop, flip=flip, **geometry)
        assert count == out.numel()
        assert fig.get_suptitle().endswith(f"sum to {out.flatten()[stop]:g}")


def test_the_input_is_named_by_its_own_size_and_stops_count_from_0():
    fig, count = widgets.convolution_stop(IMAGE, KERNEL, 5, stride=2, padding=1)
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert "input 6×7, padding 1" in texts
    assert sum(bool(p.get_hatch()) for p in fig.axes[0].patches) == 8 * 9 - 6 * 7
    assert fig.get_suptitle().startswith(f"stop 5 of 0 to {count - 1}:")
    fig, _ = widgets.convolution_stop(IMAGE, KERNEL)
    assert "input 6×7" in [t.get_text() for t in fig.axes[0].texts]


def test_a_kernel_that_does_not_fit_says_so():
    fig, count = widgets.convolution_stop(IMAGE, np.ones((3, 3)), dilation=3)
    assert count == 0
    assert "No stop" in fig.get_suptitle()


@pytest.fixture
def shown(monkeypatch):
    """What an explorer publishes, and its live widgets."""
    sent = []
    monkeypatch.setattr(
        widgets, "publish_display_data", lambda data, metadata: sent.append((data, metadata))
    )
    return sent


def test_the_output_holds_a_widget_and_a_described_picture(shown):
    widgets.explore_convolution(IMAGE, {"kernel": KERNEL}, stop=3)
    (data, metadata), *none = shown
    assert not none
    picture = next(kind for kind in data if kind.startswith("image/"))
    assert notebooks.WIDGET in data
    assert data["text/plain"] == metadata[picture]["alt"]


def test_moving_a_control_draws_again(monkeypatch, shown):
    drawn = []
    draw = widgets.convolution_stop

    def watched(*args, **kwargs):
        drawn.append(kwargs)
        return draw(*args, **kwargs)

    made = {}
    monkeypatch.setattr(widgets, "convolution_stop", watched)
    slider = widgets.ipywidgets.IntSlider

    def remembered(*args, **kwargs):
        made[kwargs["description"]] = slider(*args, **kwargs)
        return made[kwargs["description"]]

    monkeypatch.setattr(widgets.ipywidgets, "IntSlider", remembered)
    widgets.explore_convolution(IMAGE, {"kernel": KERNEL})
    before = len(drawn)
    made["stride"].value = 2
    assert len(drawn) > before
    assert drawn[-1]["stride"] == 2
    assert made["stop"].max == 8  # 3×3 stops are left


@pytest.mark.parametrize(
    ("image", "kernels", "sentence"),
    [
        (np.ones((3, 3, 3)), {"k": KERNEL}, r"image must be \(H, W\)"),
        (np.ones((20, 20)), {"k": KERNEL}, "at most 9×9"),
        (IMAGE, {}, "at least one kernel"),
    ],
)
def test_bad_arguments_get_a_sentence(image, kernels, sentence):
    with pytest.raises(ValueError, match=sentence):
        widgets.explore_convolution(image, kernels)
