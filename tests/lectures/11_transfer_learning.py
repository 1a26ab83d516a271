"""What cells of lecture 11 must find."""

import numpy as np
import torch
from scipy import stats

from course_utils import quiz
from course_utils.data.caltech import CALTECH
from course_utils.experiment import intervals as interval


def domains_show(x_test, digits, letters):
    assert len(letters[0].train_images) == 5200 and len(x_test) == 450
    assert not set(letters[0].class_names) & set(digits.class_names)


def network_build(Net):
    assert Net(26).head.in_features == 192


def source_train(scores):
    assert min(scores) > 0.7


def swap_run(before, third, losses, net):
    assert torch.equal(before, net.head.weight) and not torch.equal(third, net.stage3[0].weight)
    assert min(losses) > 2 and max(losses) < 3.5


def moves_run(moved, net):
    everything = set(dict(net.named_children()))
    assert moved == {"train all": everything, "freeze": {"head"}, "fade-out": everything}


def rates_draw(grid):
    assert grid.shape == (20, 2, 4)
    mean, half = interval(grid)
    assert mean[1, 1] - mean[1, 3] > 6 and 1.7 < half[1, 3] / half[1, 1] < 2.3  # 0.3 washes it away
    assert abs(mean[1, 0] - mean[1, 1]) < half[1, 1]  # with a fast head a slow body is as good
    assert 5.5 < mean[1, 0] - mean[0, 0] < 6.5  # both slow: not there after 60 steps
    assert np.round(stats.t.ppf(0.975, [4, 19]), 2).tolist() == [2.78, 2.09]


def curves_train(one, sizes):
    assert max(one[50].values()) - min(one[50].values()) < 0.06  # they meet, in this run too


def curves_draw(OPENS, gain):
    g = {name: runs.mean(axis=0) for name, runs in gain.items()}  # points, for each size
    for k in OPENS:
        mean, half = interval(gain[k])
        assert (mean - half)[:3].min() > 1.5  # with 1, 2 and 5 images it pays
        assert 0.5 < mean[3] < 2 and abs(mean[4]) < 1  # with 10 a little; with 50 no point
    assert (g["freeze"] - g["random body, frozen"])[:4].min() > 3  # it is what S taught
    mean, half = interval(gain["random body, frozen"])
    assert (mean + half)[:4].max() < -2
    assert g["nearest neighbour"][-1] > max(g[k][-1] for k in OPENS)  # pixels, at 50
    for a, b in [(a, b) for a in OPENS for b in OPENS if a < b]:
        mean, half = interval((gain[a] - gain[b])[:, :3].mean(axis=1))
        assert abs(mean) < min(1, half)  # alike, with few images
    for k in ("freeze", "fade-out"):
        assert ((g["train all"] - g[k])[3:] > 0).all() and (g["train all"] - g[k])[3:].max() < 1
    rounded = [{round(g[k][i]) for k in OPENS} for i in range(3)]
    assert rounded == [{6, 7}, {4, 5}, {3}]  # points, with 1, 2 and 5 images
    assert -g["random body, frozen"][:4].max() > 3 and -g["random body, frozen"].min() < 5.5
    assert quiz.truth("curves-fifty") == "less than one point"


def imagenet_weights(prepare):
    assert prepare(torch.zeros(3, 300, 400)).shape == (3, 224, 224)


def surfaces_run(at_5):
    assert at_5["ImageNet body"] > at_5["from nothing"] + 0.05  # in the run of this cell, too
    assert at_5["raw pixels"] < at_5["random body"]


def surfaces_draw(shares, extra):
    gain = {name: interval(runs - shares["from nothing"]) for name, runs in shares.items()}
    mean, half = gain["ImageNet body"]
    assert len(shares["ImageNet body"]) == 20 and (mean - half).min() > 14
    assert quiz.truth("surfaces-gain") == "about twenty points" and 17 < mean[-1] < 23
    assert abs(gain["random body"][0]).max() < 2  # level with the small network
    assert sum(gain["random body, cut at the same place"])[:].max() < -20
    lead, spread = interval(extra["fine-tuned − frozen"])
    assert lead.max() < 1.2 and (lead - spread)[2:].min() > 0  # a little, and it shows from 5 on


def surfaces_depth(layers_at_5):
    trained, random = (runs.mean(axis=0) for runs in layers_at_5.values())
    assert random.argmax() in (1, 2) and quiz.truth("surfaces-depth") == "within the first stages"
    ahead, half = interval(layers_at_5["random"] - layers_at_5["ImageNet"])
    assert (ahead - half)[:2].min() > 0  # at the stem and after stage 1
    assert (np.diff(trained)[1:3] > 5).all()  # "the trained stages 2 and 3 gain"
    assert (np.diff(random)[2:7] < 0).all() and np.ptp(trained[3:8]) < 3
    assert trained[8] < trained[7]


def surfaces_digits(on_digits, on_surfaces):
    mean, half = interval(on_digits["ImageNet body"])
    assert quiz.truth("surfaces-digits") == "less than one point" and abs(mean[3]) < 1
    assert (mean - half)[:3].min() > 0 > (mean - half)[3:].max()  # nothing shows from ten on
    twin = interval(on_digits["ImageNet body"] - on_digits["random body"])[0]
    assert 25 < twin[:3].mean() < 38  # "some thirty points ahead of its random twin"
    pixels = -on_digits["raw pixels"].mean(axis=0), -on_surfaces["raw pixels"].mean(axis=0)
    assert 2.5 < pixels[0].min() < pixels[0].max() < 5
    assert 26 <= round(pixels[1].min()) < round(pixels[1].max()) == 42


def probe_draw(probed):
    best = {n: probed["trained", n].mean(axis=0) / 100 for n in (2, 10)}
    plain = {n: probed["random", n].mean(axis=0) / 100 for n in (2, 10)}
    rise, half = interval(probed["trained", 2][:, 3:4] - probed["trained", 2][:, 2:3])
    assert 0 < rise[0] < half[0]  # "higher, by less than the intervals"
    assert all(best[n][2:4].min() > best[n][0] + 0.02 for n in best)  # stages 2 and 3 beat pixels
    assert all(best[n][4] < best[n][3] - 0.05 for n in best)  # the letter scores lose
    assert all(best[n][3] > plain[n][3] + 0.02 for n in best)
    assert sum(plain[n][3] - plain[n][2] for n in best) < -0.02  # deeper, but never trained


def caltech_gaps():
    for name, told in (("101", False), ("256", True)):
        _, right, error = CALTECH[f"Caltech-{name}, SVM"]
        sure = np.diff(right) / np.hypot(error[1:], error[:-1])
        assert min(sure[:4]) > 5 and (abs(sure[4]) > 1) == told  # between layers 5 and 7


def retrieval_run(found):
    noise, shift = (np.mean(runs, axis=0) for runs in found.values())
    assert noise[1] > 90 > 50 > noise[3]
    assert shift[3] > shift[1] + 20


def batchnorm_draw(after, scores):
    assert np.allclose(after[True][:, 1], scores)  # as before, in eval mode
    assert after[False][:, 2].all() and after[True][:, 2].all()  # no weight moved in either
    loss = after[True][:, 1] - after[False][:, 1]  # on letters
    assert loss.min() > 0.1 and abs(after[True][:, 0] - after[False][:, 0]).mean() < 0.06


def negative_draw(paid, one):
    order = list(paid)
    lost = {kind: runs.mean(axis=(0, 1)) for kind, runs in paid.items()}  # frozen, train all
    for kind in order[1:]:
        mean, half = interval(paid[kind])  # (2 sizes, frozen and train all)
        assert len(paid[kind]) == 20 and 4 < -lost[kind][0] < 5.5
        assert (mean + half)[:, 0].max() < 0 and (abs(mean) < half)[:, 1].all()
        assert one[kind][:, 0].mean() < one[kind][:, 1].mean() + 2  # in the run of this cell
    assert lost["letters"][0] > max(lost[kind][0] for kind in order[1:]) + 3
