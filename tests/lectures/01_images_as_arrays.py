"""What cells of lecture 01 must find."""

import numpy as np
import torch

from course_utils import quiz


def numbers_face(table):
    assert table.shape == (16, 12)


def colour_layout(batch, wrong):
    assert batch.shape == wrong.shape and not torch.equal(batch, wrong)


def tasks_fit(probabilities):
    assert np.allclose(probabilities.sum(axis=1), 1)


def tasks_look(probabilities, wrong):
    assert probabilities[wrong].max() > 0.8


def tasks_errors(accuracy, error, guess, of_cup):
    assert accuracy > 0.8 and error < guess
    assert np.isclose(of_cup.sum(), 1) and of_cup.max() > 0.3


def features_scores(lost):
    assert lost == ["scale", "clutter", "intra-class"]
    assert quiz.truth("features-lost") == len(lost)


def features_curves(floor, best, scores, scales, cat, shadow, ways, shadows):
    assert np.isclose(best(0.25 * cat), 1) and best(shadow(172)) == scores["illumination"]
    assert all(np.isclose(match, 1) for edge, match in shadows.items() if not 134 < edge < 212)
    assert (
        scales[0.9] > floor > max(scales[s] for s in (0.5, 0.6, 0.7, 0.8))
        and ways["turn in degrees"][30] < floor < ways["turn in degrees"][-30] < floor + 0.1
    )
    assert quiz.truth("features-scale") == min(s for s in scales if s < 1 and scales[s] > floor)


def hierarchy_ladder(found):
    left, right = (np.s_[95:135, 150:195], np.s_[110:150, 300:340])  # the two eyes
    assert found[left].max() > 0.99 and found[right].max() > np.percentile(found, 99)


def hierarchy_scores(higher, higher_floor, scores, varied):
    ahead = [name for name, score in higher.items() if score > higher_floor]
    assert ahead == [name for name in varied if name != "scale"]
    assert quiz.truth("hierarchy-lead") == len(ahead)
    assert all(
        higher[name] > scores[name] + 0.1 for name in ("illumination", "clutter", "viewpoint")
    )
    for name in ("occlusion", "intra-class"):  # not by much
        assert higher_floor < higher[name] < higher_floor + 0.1


def dense_count(hidden):
    assert hidden.weight.numel() == quiz.truth("dense-weights")


def dense_bars(weights):
    assert list(weights.values()) == [4 * 10**9, 10**7, 10**4]


def permute_look(chosen):
    assert chosen == [0, 2, 3, 4]  # as the picture's description says


def permute_plot(conv_plain, conv_mixed, dense_plain, dense_mixed, results):
    assert abs(np.mean(dense_plain) - np.mean(dense_mixed)) < 0.02
    assert np.mean(conv_plain) - np.mean(conv_mixed) > 0.02
    assert np.allclose(
        quiz.truth("permute-four"), [np.mean(pair, axis=1) for pair in results.values()], atol=0.02
    )


def permute_size_plot(above, fall, lead):
    assert round(fall[50][0]) == 7 and round(fall[1347][0]) == 2  # as the text says
    assert above == [300, 1347] and all(m - h <= 0 <= m + h for m, h in (lead[50], lead[100]))
    assert fall[1347][0] + fall[1347][1] < fall[300][0] - fall[300][1]
    assert min(m - h for m, h in fall.values()) > 0
