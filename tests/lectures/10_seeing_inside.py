"""What cells of lecture 10 must find."""

import numpy as np
import torch

from course_utils import quiz


def real_names(data, logits, novice, photos):
    first = [names[0][0] for names in data.imagenet_top(logits, 1)]
    named = dict(zip(data.PHOTOS, first, strict=True))
    assert named["chelsea"] == "Egyptian cat"
    assert (named["coffee"], named["camera"]) == ("espresso", "tripod")
    assert named["astronaut"] == "bobsled"
    assert novice(photos).std(dim=0).mean() > 0.01


def hooks_run(noted, cat, expert):
    assert len(noted) == 1 and torch.equal(noted[0], expert.features.stem(cat))
    assert quiz.truth("hooks-notes") == len(noted)


def patches_draw(alike, patches):
    assert len(patches) == 12
    assert abs(alike["expert"] - 0.31) < 0.01 and abs(alike["novice"] - 0.73) < 0.01


def maximise_draw(excited, LAYERS):
    for stage in LAYERS:
        assert excited["free", stage][0] > 1.2 * excited["helped", stage][0]


def answers_captum(by_captum, ours, order, account):
    for theirs, mine in zip(by_captum.values(), ours, strict=True):
        assert torch.allclose(theirs, mine, atol=1e-4 * mine.abs().max().item())
    assert 0.55 < order < 0.75
    assert 0.15 < ours[1].sum() / account - 1 < 0.35  # "about a quarter"


def deletion_draw(areas, gaps):
    assert areas.shape[1:] == (2, 13)
    assert all(gap.shape == (len(areas), 12) for gap in gaps.values())


def cues_show(covers):
    assert 0.12 < covers.mean() < 0.14 and 0.2 < covers[:, 16, 16].mean() < 0.3


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


def game_draw(rates, edge_rate, lead, shares, experiment):
    (most, fewest), (other, low) = [[r.mean(axis=1) for r in rates[h].values()] for h in rates]
    told = [most[0], fewest[0], edge_rate]
    assert np.abs(np.array(quiz.truth("game-rates")) - 100 * np.array(told)).max() < 0.6
    assert edge_rate > 0.9
    assert (most[[0, 3]] > 0.85).all()
    assert other[2] > 0.9
    assert (other[[0, 3]] < most[[0, 3]]).all()
    assert lead["maximum"].mean() < 0 < lead["mean"].mean()
    assert (fewest[[0, 3]] > 0.5).all()
    assert max(*fewest[1:3], *low[1:]) < 0.55
    each = rates["mean"]["trained"] - rates["maximum"]["trained"]
    assert shares["mean − maximum, trained"].mean(axis=0).argmin() == 3
    for m in range(3):  # the deconvnet loses most, network by network
        change, half = experiment.interval(each[3] - each[m])
        assert change + half < 0
    below = [(rates[head]["trained"][2] < 0.75).sum() for head in ("maximum", "mean")]
    assert below == [5, 2]


def game_sum(experiment, here):
    assert here["mean"] > 0.999 > 0.8 > here["maximum"]
    stored = experiment.measured("seeds_10")
    replaced = {h: sum(start >= 100 for start in k["trained"]) for h, k in stored["start"].items()}
    assert replaced == {"maximum": 0, "mean": 1}
    sums = stored["adds up"]
    assert min(sums["mean"]["trained"]) > 0.999
    assert np.abs(experiment.interval(sums["maximum"]["trained"])).max() < 0.5


def sanity_draw(survived, read):
    signed = read("signed")
    for head, tables in survived.items():
        first = tables["dense layer random"].mean(axis=1)
        assert (first[[0, 3]] > 0.6).all() and (first[1:3] < 0.5).all()
        assert abs(signed[head]["all layers random"].mean()) < 0.1


def two_build(both, masks, asked):
    assert len(both) == 48 and not (masks[:, 0] & masks[:, 1]).any()
    assert (asked[:, 0] != asked[:, 1]).all()


def two_run(edge_hit, asked_for, other):
    assert edge_hit <= 0.5
    for head, kinds in asked_for.items():
        right, wrong = (table[head]["trained"].mean(axis=1) for table in (asked_for, other))
        assert abs(right[0] - wrong[0]) < 0.2 and (right[1:] > wrong[1:] + 0.2).all()
        assert max(wrong[1:3]) < 0.15
        assert kinds["random weights"].mean(axis=1).max() < 0.6


def evolve_measure(left):
    at_10 = left[:, :, 4].mean(axis=0)
    assert (left[:, 0, 4] < left[:, 2, 4]).sum() == 4  # "of the third in four of five networks"
    assert at_10[:3].argmin() == 0
    assert quiz.truth("evolve-first") == "CONV 1"


def predictions_record(experiment):
    assert set(experiment.repeats) == {"deletion", "way left"}
    stale = [name for name, repeat in experiment.repeats.items() if not repeat.agrees]
    assert not stale, "run benchmarks/starts.py 10_seeing_inside"
