import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils.laboratory.paths import Place, gradient_paths, paths

IMAGE = np.array([[1.0, 2, 0, 3], [2, 1, 3, 1], [0, 3, 2, 2]])
KERNEL = np.array([[2.0, -1], [1, 3]])
DOUT = np.array([[1.0, -2, 3], [-1, 2, 1]])
PLACES = [Place("pixel", *at) for at in np.ndindex(3, 4)] + [
    Place("weight", *at) for at in np.ndindex(2, 2)
]
MIDDLE = Place("pixel", 1, 1)


@pytest.mark.parametrize("flip", [False, True])
def test_every_sum_is_the_gradient_that_autograd_finds(flip):
    x, w = (torch.tensor(a)[None, None].requires_grad_() for a in (IMAGE, KERNEL))
    F.conv2d(x, w.flip(2, 3) if flip else w).backward(torch.tensor(DOUT)[None, None])
    expected = [*x.grad.flatten().tolist(), *w.grad.flatten().tolist()]
    for place, gradient in zip(PLACES, expected, strict=True):
        met = paths(IMAGE.shape, KERNEL.shape, place, flip=flip)
        other = [KERNEL[p.weight] if place.of == "pixel" else IMAGE[p.pixel] for p in met]
        assert sum(DOUT[p.output] * o for p, o in zip(met, other, strict=True)) == gradient
        if (place.row, place.column) == (1, 1):
            (ax,) = gradient_paths(IMAGE, KERNEL, DOUT, place, flip=flip).axes
            (written,) = (t.get_text() for t in ax.texts if "\n= " in t.get_text())
            assert written.endswith(f"= {gradient:g}".replace("-", "\N{MINUS SIGN}"))


def test_a_weight_reaches_every_output_and_a_corner_only_one():
    counts = [len(paths(IMAGE.shape, KERNEL.shape, place)) for place in PLACES]
    assert counts == [1, 2, 2, 1, 2, 4, 4, 2, 1, 2, 2, 1, 6, 6, 6, 6]


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: paths((3, 3), (4, 1), MIDDLE), "does not fit"),
        (lambda: paths((3, 3), (2, 2), Place("bias", 0, 0)), "'pixel' or a 'weight'"),
        (lambda: paths((3, 3), (2, 2), Place("weight", 2, 0)), r"no weight \[2, 0\] in 2×2"),
        (lambda: gradient_paths(IMAGE, KERNEL, IMAGE, MIDDLE), "shape of the output"),
    ],
)
def test_bad_arguments_get_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
