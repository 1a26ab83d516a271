"""What cells of lecture 04 must find."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import quiz


def pairs_run(pair, sobel):
    one, other = pair.detach()[:, 0]
    sign = one[1, 2].sign()
    assert torch.allclose(one, sign * sobel, atol=0.01)
    assert torch.allclose(other, -sign * sobel, atol=0.01)


def collapse_run(count, two, single, x, one):
    assert not torch.allclose(
        two(F.relu(one(x))), single(x), atol=1e-2
    )  # with ReLU: something else
    assert count == [79510, 7850]


def texture_run(bent, plain):
    assert max(map(abs, plain)) < 0.002 and max(bent) > 5 * min(bent) and bent == sorted(bent)


def pool_deck(largest):
    assert quiz.truth("pool-maxima") == largest.tolist() == [[6, 8], [3, 4]]


def pool_means(mean):
    assert quiz.truth("pool-means") == mean.tolist()


def pool_overlap(pooled):
    assert pooled.shape == (3, 3)


def pool_slide_usual(pooled):
    assert pooled.shape == (1, 3, 14, 14)


def pool_slide_check(fits):
    assert fits == [(13, 1)]
    assert quiz.truth("pool-fits") == len(fits)


def invert_look(ink):
    assert ink[1] > 1.4 * ink[0] and ink[4] < 0.6 * ink[3] and np.isclose(ink[2], ink[5])


def spike_run(pooled):
    assert torch.equal(pooled[0], pooled[1]) and not torch.equal(pooled[1], pooled[2])


def measure_plot(far):
    for kind in ("photos", "digits"):
        for shift in (1, 2):
            assert far[kind, "max 2×2"][shift] < far[kind, "no pooling"][shift]
            assert far[kind, "max 8×8"][shift] < far[kind, "max 2×2"][shift]
    assert far["digits", "max 2×2"][1] > 0.8 * far["digits", "no pooling"][1]  # hardly any gain
    assert far["digits", "no pooling"][3] > 1 > far["digits", "max 8×8"][3]
    assert np.allclose(
        quiz.truth("measure-one"),
        [far["photos", n][1] for n in ("no pooling", "max 2×2")],
        atol=0.01,
    )


def directions_run(turned, here, strongest):
    assert not torch.allclose(here, turned, atol=0.01)
    assert torch.allclose(here.roll(-3, dims=1), turned, atol=1e-5)  # three channels further
    assert torch.allclose(*strongest, atol=1e-5)  # the same, whatever the direction


def gap_train(right):
    assert right > 0.9


def gap_maps(maps, three):
    thirds = maps[three].unflatten(2, (3, 8)).mean(dim=(1, 3))  # (map, third)
    assert thirds.argmax(dim=1).tolist() == [0, 1, 2]


def gap_count(own):
    assert np.mean(own) > 0.85


def flatten_run(last, x):
    assert not torch.equal(last.reshape(8, -1), x.view(8, -1))  # same shape, other order


def trace_run(shapes, total, fc):
    assert shapes == [(3, 32, 32), (12, 32, 32), (12, 32, 32), (12, 16, 16), (3072,), (10,)]
    assert quiz.truth("trace-share") == round(100 * fc.weight.numel() / total)


def order_run(net, x):
    assert net(x).shape == (4, 100)


def softmax_hundred(z, p):
    assert torch.allclose(F.softmax(z + 100, dim=0), p)  # only differences count


def entropy_curve(lines):
    assert lines["−log p"].argmin() == 499  # best: certain of the truth
    assert lines["log p, as printed"].argmin() == 0  # "best": the truth gets 0


def entropy_run(floor):
    assert abs(floor.item() - (np.log(np.e + 9) - 1)) < 1e-5
