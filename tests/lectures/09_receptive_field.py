"""What cells of lecture 09 must find."""

import numpy as np

from course_utils import quiz


def cone_explore(reads, stacks):
    assert [len(reads(stack)[0]) for stack in stacks.values()] == [7, 8, 15, 7]
    assert quiz.truth("cone-four") == [len(reads(stack)[0]) for stack in stacks.values()]


def recursion_step(j, r, start, k, s, p, d, conv, pool, Step, reads):
    first, second = (reads([conv, pool, Step(k, s, p, d)], unit)[0] for unit in (0, 1))
    assert (r, start) == (first[-1] - first[0] + 1, first[0])  # the cone, followed window by window
    assert j == second[0] - first[0]
    assert quiz.truth("recursion-next") == [r, j, start]


def worked_table(last):
    assert (len(last), last[-1]) == (16, 27)


def vgg_table(vgg, reads):
    assert len(reads(vgg)[0]) == 212 and len(vgg) == 18


def measure_net(rows, columns, reads, conv, pool, Step):
    chain = [conv, pool, Step(3, dilation=2)]
    assert rows == reads(chain, unit=2)[0] and columns == reads(chain, unit=3)[0]
    assert quiz.truth("measure-field") == [len(rows), rows[0], columns[0]]


def cover_plot(sizes):
    assert [pixels[-1] for _, pixels in sizes.values()] == [195, 212, 435]


def dilation_holes(read, side):
    assert (read, side) == (49, 13)  # of the last, 2-2-2


def trained_draw(widths, change, experiment, sizes):
    mean, half = experiment.intervals(change)
    assert widths["trained"].shape == (11, 9) and (mean + half).max() < 0  # after each part
    assert quiz.truth("real-field") == "narrower" and widths["trained"].mean(axis=0)[4] < 10
    apart = (runs.std(axis=0)[4] for runs in (widths["trained"], widths["random"]))
    assert next(apart) > 3 * next(apart)  # between photos
    assert sizes[4] == 147


def learned_check(runs, here):
    assert runs["trained"].shape == (20, 5)
    fresh, trained = (run.mean(axis=0) for run in runs.values())
    assert abs(fresh[0] - 0.63) < 0.03  # of the way to another digit
    assert abs(fresh[4] - fresh[0]) < 0.15  # handed through
    assert 0.4 < trained[4] / fresh[4] < 0.6
    assert (runs["trained"][:, 4] < runs["fresh"][:, 4]).all()
    assert trained[2] - trained[4] > trained[0] - trained[2]  # the gain comes behind the poolings
    assert here["trained"][4] < here["fresh"][4]  # in the network trained here, too


def border_leak(knows):
    assert not knows[6:27, 6:27].any() and knows[[0, 5, 27, 32], 16].all()


def sizes_run(unread):
    assert 224 == 2**5 * 7 and 256 == 2**8
    for n, lost in unread.items():
        assert lost == n % 32 and (lost == 0) == (n % 2**5 == 0)


def click_run(F, torch):
    for k, d in [(3, 1), (5, 1), (3, 2), (5, 3)]:
        p = d * (k - 1) // 2  # half of k_ext - 1 keeps the size
        x, kernel = torch.zeros(1, 1, 32, 32), torch.zeros(1, 1, k, k)
        assert F.conv2d(x, kernel, padding=p, dilation=d).shape == x.shape


def sweep_run(runs, one):
    assert runs["% right"].shape == (20, 6)
    mean, (here,) = runs["% right"].mean(axis=0), one.values()
    assert mean[0] < 35 and mean[[2, 3]].min() > 92 and mean[5] < mean[4] < 90
    assert here[0] < 40 < 80 < min(here[2:4])  # of the networks trained here


def pitfalls_show(shown, counts):
    assert quiz.truth("pitfalls-maximum") == shown["(1) maximum"].sum()
    assert all(lit[-1] == 144 for lit in counts.values())  # united, all see the whole field


def effective_random(depths, runs, slopes):
    for kind, found in runs.items():
        mean = found.mean(axis=0)
        expected = np.sqrt(depths / 3 * (1 if kind == "residual" else 2))
        assert abs(slopes[kind] - 0.5) < 0.1 and (abs(mean / expected - 1) < 0.12).all()


def equivariance_plot(along, still):
    for kind, total in (("stride 1", 1), ("stride 2", 2), ("stride 8", 8)):
        moved, mean = along[kind].mean(axis=0), still[f"mean, {kind}"].mean(axis=0)
        assert moved[::total].max() < 1e-12 and (total == 1 or moved[1] > 0.1)
        assert mean.max() < (1e-12 if total == 1 else 0.13)  # "about 0.1 for a total stride of 8"
    assert abs(along["stride 2"][:, 1].mean() - 0.3) < 0.05


def border_plot(inside):
    assert inside == list(range(6, 27))


def odd_run(drift):
    assert {k: round(pixels, 3) for k, pixels in drift.items()} == {3: 0, 2: -4, 4: -4}
