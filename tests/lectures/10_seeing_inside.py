"""What cells of lecture 10 must find."""

import torch

from course_utils import quiz


def hooks_run(noted, image, net):
    assert len(noted) == 1 and torch.equal(noted[0], net[:2](image))
    assert quiz.truth("hooks-notes") == len(noted)


def patches_draw(agree):
    assert sum(agree) >= 16


def first_run(back):
    assert not back.any()


def game_heads(adds_up):
    assert adds_up["mean"] > 0.999 > adds_up["maximum"]


def two_run(edge_hit):
    assert edge_hit <= 0.5


def maximise_measure(fine, alike, strength):
    assert (fine[0] > 0.4).all()
    assert (fine[1] < fine[0] - 0.1).all()
    assert alike[1].mean() > alike[0].mean() + 0.1
    assert (strength[0] > 1.5).all()
    assert (strength[1] < 1.6).all()
    assert (strength[0] > strength[1]).all()


def game_draw(rates, edge_rate, lead, most, fewest, other, low):
    assert edge_rate > 0.9
    assert (most[[0, 3]] > 0.85).all()
    assert other[2] > 0.9
    assert (other[[0, 3]] < most[[0, 3]]).all()
    assert lead[0].mean() < 0 < lead[1].mean()
    assert (fewest[[0, 3]] > 0.5).all()
    assert max(*fewest[1:3], *low[1:]) < 0.55
