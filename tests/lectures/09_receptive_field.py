"""What cells of lecture 09 must find."""

import numpy as np

from course_utils import quiz


def cone_explore(reads, stacks):
    assert [len(reads(stack)[0]) for stack in stacks.values()] == [7, 8, 15, 7]
    assert quiz.truth("cone-four") == [len(reads(stack)[0]) for stack in stacks.values()]


def recursion_step(j, r, start, first, second):
    assert (r, start) == (first[-1] - first[0] + 1, first[0])  # the cone, followed window by window
    assert j == second[0] - first[0]
    assert quiz.truth("recursion-next") == [r, j, start]


def worked_table(last):
    assert (len(last), last[-1]) == (16, 27)


def vgg_table(vgg, reads):
    assert len(reads(vgg)[0]) == 212 and len(vgg) == 18


def measure_net(rows, columns, reads, chain):
    assert rows == reads(chain, unit=2)[0] and columns == reads(chain, unit=3)[0]
    assert quiz.truth("measure-field") == [len(rows), rows[0], columns[0]]


def trained_draw(widths, change, half, sizes):
    assert widths["trained"].shape == (11, 9) and (change + half).max() < 0  # after each part
    assert quiz.truth("real-field") == "narrower" and widths["trained"].mean(axis=0)[4] < 10
    apart = (runs.std(axis=0)[4] for runs in (widths["trained"], widths["random"]))
    assert next(apart) > 3 * next(apart)  # between photos
    assert sizes[4] == 147


def learned_check(shifts, here):
    assert len(shifts) == 20
    fresh, trained = shifts.mean(axis=0)
    assert abs(fresh[0] - 0.63) < 0.03  # of the way to another digit
    assert abs(fresh[4] - fresh[0]) < 0.15  # handed through
    assert 0.4 < trained[4] / fresh[4] < 0.6
    assert (shifts[:, 1, 4] < shifts[:, 0, 4]).all()
    assert trained[2] - trained[4] > trained[0] - trained[2]  # the gain comes behind the poolings
    assert here[1][4] < here[0][4]  # in the network trained here, too


def border_leak(knows):
    assert not knows[6:27, 6:27].any() and knows[[0, 5, 27, 32], 16].all()


def sizes_run():
    assert 224 == 2**5 * 7 and 256 == 2**8


def sweep_run(runs, mean, one):
    assert runs.shape == (20, 6)
    assert mean[0] < 35 and mean[[2, 3]].min() > 92 and mean[5] < mean[4] < 90
    assert one[0] < 0.4 < 0.8 < min(one[2:4])  # of the networks trained here


def pitfalls_show(shown, counts):
    assert quiz.truth("pitfalls-maximum") == shown["(1) maximum"].sum()
    assert all(lit[-1] == 144 for lit in counts.values())  # united, all see the whole field


def effective_random(depths, sigma, slopes):
    for kind, mean in sigma.items():
        expected = np.sqrt(depths / 3 * (1 if kind == "residual" else 2))
        assert abs(slopes[kind] - 0.5) < 0.1 and (abs(mean / expected - 1) < 0.12).all()


def equivariance_plot(away_from):
    for total, (moved, _) in away_from.items():
        assert moved[::total].max() < 1e-12 and (total == 1 or moved[1] > 0.1)


def border_plot(inside):
    assert inside == list(range(6, 27))


def odd_run(drift):
    assert {k: round(pixels, 3) for k, pixels in drift.items()} == {3: 0, 2: -4, 4: -4}
