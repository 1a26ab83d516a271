"""What cells of lecture 10 must find."""

import numpy as np
import torch

from course_utils import quiz


def hooks_run(noted, image, net):
    assert len(noted) == 1 and torch.equal(noted[0], net[:2](image))
    assert quiz.truth("hooks-notes") == len(noted)


def patches_draw(agree):
    assert sum(agree) >= 16


def first_run(back, found, kernel):
    assert not back.any()
    assert torch.allclose(found, kernel)


def evolve_measure(at_10):
    first, second, third = at_10.mean(axis=0)[:3]
    assert 0.32 < first < 0.5 < min(second, third) and max(second, third) < 0.68


def gallery_draw(maps):
    steps = [(m.diff(dim=2).abs().mean() / m.mean()).item() for m in maps]
    assert min(steps[0], steps[3]) > 2 * max(steps[1], steps[2])  # these two are grainy


def game_heads(training, tests, labels, groups):
    for kinds in groups.values():
        right = training.predict(kinds["trained"], tests).argmax(1) == labels
        assert right.float().mean() > 0.9


def game_run(rates, ones):
    for head, kinds in rates.items():
        for kind, table in kinds.items():
            assert table.shape == (4, 20)
            here = np.array(ones[head][kind])  # one network, beside those of the table
            assert (table.min(axis=1) - 0.2 < here).all() and (here < table.max(axis=1) + 0.2).all()


def game_draw(rates, edge_rate, lead, changes, interval):
    (most, fewest), (other, low) = [[r.mean(axis=1) for r in rates[h].values()] for h in rates]
    told = [most[0], fewest[0], edge_rate]
    assert np.abs(np.array(quiz.truth("game-rates")) - 100 * np.array(told)).max() < 0.6
    assert edge_rate > 0.9
    assert (most[[0, 3]] > 0.85).all()
    assert other[2] > 0.9
    assert (other[[0, 3]] < most[[0, 3]]).all()
    assert lead[0].mean() < 0 < lead[1].mean()
    assert (fewest[[0, 3]] > 0.5).all()
    assert max(*fewest[1:3], *low[1:]) < 0.55
    each = rates["mean"]["trained"] - rates["maximum"]["trained"]
    assert changes[0].argmin() == 3
    for m in range(3):  # the deconvnet loses most, network by network
        change, half = interval(each[3] - each[m])
        assert change + half < 0
    below = [(rates[head]["trained"][2] < 0.75).sum() for head in ("maximum", "mean")]
    assert below == [5, 2]


def game_sum(experiment, interval, here):
    assert here["mean"] > 0.999 > 0.8 > here["maximum"]
    stored = experiment.measured("seeds_10")
    replaced = {h: sum(start >= 100 for start in k["trained"]) for h, k in stored["start"].items()}
    assert replaced == {"maximum": 0, "mean": 1}
    sums = stored["adds up"]
    assert min(sums["mean"]["trained"]) > 0.999
    assert np.abs(interval(np.array(sums["maximum"]["trained"]))).max() < 0.5


def sanity_draw(survived, signed):
    for head, tables in survived.items():
        first = tables["dense layer random"].mean(axis=1)
        assert (first[[0, 3]] > 0.6).all() and (first[1:3] < 0.5).all()
        assert abs(signed[head]["all layers random"].mean()) < 0.1


def two_run(edge_hit, asked_for, other):
    assert edge_hit <= 0.5
    for head, kinds in asked_for.items():
        right, wrong = (table[head]["trained"].mean(axis=1) for table in (asked_for, other))
        assert abs(right[0] - wrong[0]) < 0.2 and (right[1:] > wrong[1:] + 0.2).all()
        assert max(wrong[1:3]) < 0.15
        assert kinds["random weights"].mean(axis=1).max() < 0.6


def maximise_measure(fine, alike, strength):
    assert (fine[0] > 0.4).all()
    assert alike[0].mean() < 0.25 and 0.3 < alike[1].mean() < 0.55
    assert (fine[1] < fine[0] - 0.1).all()
    assert alike[1].mean() > alike[0].mean() + 0.1
    assert (strength[0] > 1.5).all()
    assert (strength[1] < 1.6).all()
    assert (strength[0] > strength[1]).all()
