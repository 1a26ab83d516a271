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
