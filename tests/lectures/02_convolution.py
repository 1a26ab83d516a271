"""What cells of lecture 02 must find."""

import numpy as np

from course_utils import quiz
from course_utils.data import photo


def letters_run(stops):
    assert stops[0] == "ew + fx + iy + jz"


def flip_echo(tau, heard):
    risen = np.where(tau < 1, 1 - np.exp(-2 * tau), (np.exp(2) - 1) * np.exp(-2 * tau))
    assert np.abs(heard - risen / 2 * (tau > 0)).max() < 0.01  # the integral solved by hand


def dumoulin_both(window, kernels, printed, correlated, convolved):
    assert (window * kernels["Dumoulin"]).sum() == 12
    assert (printed == correlated).all() and (printed != convolved).sum() == 7


def sobel_both(one, other):
    assert np.allclose(one, other)
    matrix = np.array([[1, 2], [2, 3]])  # symmetric as matrices are, and half a turn changes it
    assert (matrix == matrix.T).all() and matrix[::-1, ::-1].tolist() == [[3, 2], [2, 1]]


def gallery_kernels(gallery):
    assert quiz.truth("gallery-zero") == sum(abs(k.sum()) < 1e-9 for k in gallery.values())


def laws_shift(gaps):
    assert gaps["kernel"] < 1e-9
    assert gaps["dense layer"] > 0.5


def gaussian_sum(middle):
    assert middle[3, 3] == middle.max() == 40 and middle[0, 0] == middle.min() == 4


def gallery_look(gallery, eyes):
    kernels = [
        gallery[f"Sobel, {kind} edges"].astype(int).tolist() for kind in ("horizontal", "vertical")
    ]
    assert kernels[0] == [[-1, -2, -1], [0, 0, 0], [1, 2, 1]] and kernels[1] == [
        [-1, 0, 1],
        [-2, 0, 2],
        [-1, 0, 1],
    ]
    assert all(eye.shape == (40, 60) for eye in eyes)


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


def noise_table(best, filters, camera):
    weights, blur = [], []
    for name, k in [("Gaussian", 5), ("mean", 3)]:
        weights.append(filters[name](np.pad([[1.0]], 9), k))
        blur.append(np.sqrt(((filters[name](camera, k) - camera) ** 2).mean()))
    assert np.isclose(*blur, rtol=0.05) and (weights[0] ** 2).sum() < (weights[1] ** 2).sum()
    assert best["impulse"] == best["salt and pepper"] == (quiz.truth("filter-for-salt"), 3)
    assert best["Gaussian"][0] == quiz.truth("filter-for-grain")


def learned_sobel(kernels, sobel):
    assert np.allclose(kernels[0], sobel, atol=0.01)
    assert np.allclose(kernels[1], sobel[::-1, ::-1], atol=0.01)
    assert not np.allclose(kernels[2], sobel, atol=0.1)
    assert np.allclose(kernels[2].sum(axis=0), sobel.sum(axis=0), atol=0.1)
    for name, alike in {"brick": 0.97, "grass": 0.57}.items():  # one row and the next
        image = photo(name, grey=True, size=(160, 160))
        steps = image[:, 2:] - image[:, :-2]
        assert round(np.corrcoef(steps[:-1].ravel(), steps[1:].ravel())[0, 1], 2) == alike


def learned_shape(found):
    assert abs(found.sum() - quiz.truth("learned-total")) < 0.01
    ring = [
        found[2, 2],
        found[[1, 2, 2, 3], [2, 1, 3, 2]].mean(),
        found[[0, 2, 2, 4], [2, 0, 4, 2]],
    ]
    assert ring[0] > ring[1] > ring[2].max() > 0  # a bell


def learned_tried(error, new):
    better = [a < b for a, b in zip(error["learned"], error["Gaussian 5×5"], strict=True)]
    assert [name for name, won in zip(new, better, strict=True) if not won] == ["moon"]
    assert all(np.array(error["learned"]) < error["mean 3×3"])
    shown = ("moon", "astronaut", "chelsea", "coffee", "rocket")
    steps = [np.diff(photo(name, grey=True, size=(160, 160))).std() for name in shown]
    assert steps[0] < min(steps[1:])  # the moon is smoother than all that it learned from
