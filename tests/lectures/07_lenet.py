"""What cells of lecture 07 must find."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import experiment, quiz


def plan_compute(volumes, parameters):
    assert volumes == [(28, 1), (24, 6), (12, 6), (8, 16), (4, 16)]
    assert sum(parameters.values()) == 44_426


def class_build(layers):
    work = [layer.multiply_adds for layer in layers]
    assert round((work[0] + work[3]) / sum(work), 2) == 0.85


def then_count(simplified, dense, subsampling, sparse):
    assert 156 + sparse + subsampling + dense == 60_000 and simplified == 61_706


def sanity_run(right, batches, fresh):
    assert len(batches) == 22 and max(abs(np.array(fresh) - np.log(10))) < 0.03 and right == 16


def step_source(core, source):
    assert [source.index(line) for line in core] == sorted(source.index(line) for line in core)


def step_table(changed):
    assert changed[5:] == [[False, True, False, False]] * 2 + [[False, False, True, True]]


def runs_curves(last, runs):
    assert last.mean() > 0.93 and last.min() > 0.9 and runs[:, 0].mean() < 0.8
    assert np.allclose(quiz.truth("runs-accuracy"), [runs[:, 0].mean(), last.mean()], atol=0.2)


def rival_run(rival, last):
    assert rival > 0.98 and rival > last.mean()
    assert abs(quiz.truth("rival-right") - rival) < 0.001


def resume_compare(apart):
    assert apart["from the file"] == 0 and apart["weights only"] > 0.01


def confusion_draw(confusion):
    assert confusion.sum() == 2250 and np.trace(confusion) / 2250 > 0.93


def mistakes_why(together, nearest, sure, wrong, ever, alone, once):
    assert together < alone.float().mean()
    assert nearest > 0.4 and sure[~wrong].mean() - 0.05 > sure[wrong].mean() > 0.6 and ever < 0.2
    assert abs(quiz.truth("mistakes-nearest") / 100 - nearest) < 0.2 and once / ever > 0.5


def mistakes_look(order, times_wrong):
    assert times_wrong[order[0]] >= 3 and times_wrong[order].min() >= 1


def filters_measure(examples, smoothness, noise):
    edge, _, board = (smoothness(w[None]) for w in examples.values())
    assert edge > 0.5 and board < -0.9 and abs(smoothness(noise)) < 0.06
    assert abs(smoothness(noise) - quiz.truth("filters-noise")) < 0.06


def filters_numbers(measures):
    smooth, _, added, _, right, _ = np.array([rows.mean(axis=0) for rows in measures.values()]).T
    begin, true, nonsense, mixed, letter = range(5)
    assert smooth[true] > smooth[begin] + 0.08  # structure: yes
    assert smooth[nonsense] > smooth[true] + 0.08  # but nonsense gives more of it
    assert added[[true, nonsense, letter]].min() > 0.55 and abs(added[mixed]) < 0.3
    assert abs(right[true] - right[mixed]) < 0.06 and right[nonsense] < 0.25


def shift_train(test_images, moved):
    assert torch.equal(moved[11][..., 3:], test_images[..., :-3])
    assert 0.94 < moved[14].sum() / test_images.sum() < 0.96  # ink left after 6 pixels


def shift_curves(kinds):
    max_pool, second, flat, rivals = (curves.mean(axis=0) for curves in kinds.values())
    near = [5, 6, 10, 11]  # 2 and 3 pixels, both ways
    assert (
        max_pool[[4, 12]].mean() < rivals[[4, 12]].mean() < 0.7 and max_pool[[0, 16]].mean() < 0.4
    )
    assert max_pool[near].mean() > max(second[near].mean(), flat[near].mean()) + 0.015
    assert abs(max_pool[[4, 12]].mean() - quiz.truth("shift-four")) < 0.15


def augment_functions(RandomShift):
    images, layer = torch.rand(200, 1, 6, 6), RandomShift(1)
    assert torch.equal(layer.eval()(images), images)
    out, frames = layer.train()(images), F.pad(images, [1] * 4)
    moved = [frames[..., r : r + 6, c : c + 6] for r in range(3) for c in range(3)]
    which = torch.stack([(out == each).flatten(1).all(dim=1) for each in moved])  # (9, 200)
    assert (which.sum(dim=0) == 1).all()  # each image is one of its nine versions
    assert (which.sum(dim=1) > 8).all()  # and all nine come up


def augment_run(now, curves, stored):
    assert now[8] > 0.95 and now[[4, 12]].mean() > 0.9
    assert abs(quiz.truth("augment-four") - curves["cosine, shifts of 4"][:, [4, 12]].mean()) < 0.03
    assert stored["seeds"] == list(range(20))
    for rates in stored["tried"].values():  # none was chosen at the edge
        experiment.best_rate(stored["lr"], -np.array(rates))


def augment_gains(gain, curves, stored):
    longer, cosine, one, _ = gain.values()
    assert longer[0] > longer[1] and one[0] > one[1] and abs(cosine[0]) < cosine[1]
    middle = {name: runs[:, 8] for name, runs in curves.items()}
    assert middle["30, cosine"].std() < middle["30 epochs"].std() / 3
    lead = experiment.interval(stored["rival"]["0"][8] - middle["cosine, shifts of 1"])
    assert abs(lead[0]) < lead[1]  # the rival cannot be told from LeNet-5 with augmentation
    moved_4 = curves["cosine, shifts of 4"][:, [4, 12]].mean()
    assert np.mean(np.array(stored["rival"]["4"])[[4, 12]]) > moved_4


def own_draw(votes):
    assert votes["a seven"].mean(0).argmax() == 7 and votes["a seven"].mean(0).max() > 0.8
    assert votes["a letter"].mean(0).max() > 0.5 and votes["0 to 255"].amax(dim=1).min() > 0.9


def predictions_record(experiment):
    assert set(experiment.repeats) == {"filters"}
    stale = [name for name, repeat in experiment.repeats.items() if not repeat.agrees]
    assert not stale, "run benchmarks/starts.py"
