"""What cells of lecture 02 must find."""

import numpy as np

from course_utils import quiz


def letters_run(stops):
    assert stops[0] == "ew + fx + iy + jz"


def dumoulin_both(window, kernels, printed, correlated, convolved):
    assert (window * kernels["Dumoulin"]).sum() == 12
    assert (printed == correlated).all() and (printed != convolved).sum() == 7


def sobel_both(one, other):
    assert np.allclose(one, other)


def gallery_kernels(gallery):
    assert quiz.truth("gallery-zero") == sum(abs(k.sum()) < 1e-9 for k in gallery.values())


def gallery_turned(strengths):
    angles = np.deg2rad([0, 30, 45, 60, 90])
    assert np.allclose(np.array(strengths) / strengths[0], np.cos(angles), atol=0.01)


def gallery_likeness(own, found):
    assert found.max() > 0.95 * own and found.min() < -0.95 * own


def mean_table_run(means):
    deck_004 = [
        [0, 10, 20, 30, 30, 30, 20, 10],
        [0, 20, 40, 60, 60, 60, 40, 20],
        [0, 30, 60, 90, 90, 90, 60, 30],
        [0, 30, 50, 80, 80, 90, 60, 30],
        [0, 30, 50, 80, 80, 90, 60, 30],
        [0, 20, 30, 50, 50, 60, 40, 20],
        [10, 20, 30, 30, 30, 30, 20, 10],
        [10, 10, 10, 0, 0, 0, 0, 0],
    ]
    assert np.allclose(means, deck_004)


def noise_table(best):
    assert best["impulse"] == best["salt and pepper"] == (quiz.truth("filter-for-salt"), 3)
    assert best["Gaussian"][0] == quiz.truth("filter-for-grain")
