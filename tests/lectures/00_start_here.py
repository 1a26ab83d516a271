"""What cells of lecture 00 must find."""

import numpy as np

from course_utils import data, quiz


def photo_names(found, net):
    assert [name for name, _ in found[:3]] == ["Egyptian cat", "tiger cat", "tabby"]
    assert f"{found[0][1]:.2f}" == "0.40"
    kernels = [w for w in net.parameters() if w.ndim == 4 and w.shape[-1] > 1]
    assert sum(w.shape[0] * w.shape[1] for w in kernels) > 2000  # "thousands"
    assert "cat" not in data.imagenet_names() and len(data.imagenet_names()) == 1000


def nobody_names(best):
    told = [f"{name} {p:.2f}" for name, p in best]
    assert told[:4] == ["bobsled 0.29", "tripod 0.94", "espresso 0.94", "moped 0.72"]
    assert abs(quiz.truth("no-class-most") - best[0][1]) < 0.005
    known = set(data.imagenet_names())
    assert "space shuttle" in known and "astronaut" not in known
    assert {"ballplayer", "groom", "scuba diver"} <= known  # the names for people


def kernel_laboratory(net, learned):
    assert next(net.parameters()).shape == (32, 3, 3, 3)
    rows = learned.round().tolist()
    assert rows == [[0, 0, 0], [3, 5, 4], [-3, -5, -4]]
    assert abs(learned.sum()) < 0.05  # pale where nothing changes


def checks_look(before, after):
    assert (after == np.flipud(before)).all() and (after != np.fliplr(before)).any()


def checks_message(check_mirror, mirror):
    said = ""
    try:
        check_mirror(mirror)
    except AssertionError as message:
        said = str(message)
    assert "Top and bottom are exchanged" in said
