"""What cells of lecture 12 must find."""

import numpy as np

from course_utils import quiz


def opening_run(published):
    found = {name: published(name) for name in ("vgg16", "efficientnet_b0", "mobilenet_v2")}
    vgg, small = found["vgg16"], found["efficientnet_b0"]
    assert round(vgg[1] / small[1]) == 40 and round(vgg[0] / small[0]) == 26
    assert round(small[3] - vgg[3]) == 6 and 0 < found["mobilenet_v2"][3] - vgg[3] < 0.5
    assert round(small[1], 2) == quiz.truth("opening-work")
    assert round(vgg[0]) == 138 and round(found["mobilenet_v2"][2]) == 14


def separable_run(share):
    assert round(1 / share, 1) == quiz.truth("separable-count")


def separable_time(faster, share):
    stored = [factor for size, factor in faster.items() if size != "here"]
    assert len(stored) == 4 and min(stored) > 1 and max(stored) < 0.9 / share
    assert quiz.truth("separable-faster") == "less time, but by a smaller factor"


def block_code(ours):
    sizes = [layer.weight.numel() for layer in (ours.widen, ours.where, ours.narrow)]
    assert sizes == [9600, 6000, 9600] and quiz.truth("inverted-share").startswith("the 5×5")


def stages_run(rows, work, net, tracing):
    assert rows[1:-1] == quiz.truth("stages-rows") and rows[0] == 112
    assert tracing.parameter_count(net) == 4_652_008
    assert 0.85 < work["1×1"] / work["all"] < 0.92  # nine tenths
    assert quiz.truth("stages-work") == "the pointwise layers"


def names_run(seen):
    assert seen[0][0] == quiz.truth("names-hopper")


def mistakes_count(moved, kept):
    silent = {name: share for name, share in moved.items() if name != "eval() forgotten"}
    assert max(silent, key=silent.get) == "ReLU"
    assert quiz.truth("mistakes-worst") == "the ReLU that is not cut"
    assert moved["eval() forgotten"] > 60 > max(silent.values()) and min(silent.values()) > 5


def recipe_show(split, letters):
    assert split.train_images.shape == (520, 1, 20, 20) and len(split.test_images) == 1040
    assert not np.isnan(letters.numpy()).any()


def ladder_table(RUNGS, gained, right_of):
    assert list(right_of)[: len(RUNGS)] == list(RUNGS) and len(gained) == 9
    assert {len(right_of[name]) for name in RUNGS} == {10}
    above = [name for name, (mean, half) in gained.items() if mean - half > 0]
    assert len(above) == quiz.truth("ladder-count")
    mean, half = gained["AdamW"]
    assert abs(mean) < half and quiz.truth("ladder-none") == "AdamW"


def ladder_live(stored, RUNGS, tuned):
    assert {name: stored["rates"][name] for name in RUNGS} == {name: tuned(name) for name in RUNGS}


def ladder_draw(live, right_of):
    for name, right in live.items():  # the run of this cell is one of the stored kind
        assert abs(100 * right - right_of[name].mean()) < 6 * right_of[name].std(ddof=1), name


def vit_live(stored, tuned):
    for name in ("shortcuts", "ViT", "ViT, long"):
        assert stored["rates"][name] == tuned(name)


def vit_draw(ahead):
    (first, half), *later = ahead.values()
    assert abs(first - quiz.truth("vit-gap")) < 1 and first > half
    assert all(wide < mean < first - half - wide for mean, wide in later)
    (more, half), (letters, wide) = later
    assert letters + wide < more - half  # ten times the letters shrink it again
    assert quiz.truth("vit-long") == "shrinks, and remains"


def table_run(published):
    gain, small = (published(n, 2)[3] - published(n)[3] for n in ("resnet50", "mobilenet_v2"))
    assert round(gain, 1) == 4.7 and round(small, 1) == 0.3
    assert quiz.truth("table-recipe") == "less than half a point"
    assert 7 < published("resnet50")[0] / published("mobilenet_v2")[0] < 7.5  # "a seventh"
    assert round(published("swin_t")[3] - published("resnet50")[3], 1) == 5.3
