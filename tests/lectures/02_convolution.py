"""What cells of lecture 02 must find."""

import numpy as np


def letters_run(stops):
    assert stops[0] == "ew + fx + iy + jz"


def sobel_both(one, other):
    assert np.allclose(one, other)


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
