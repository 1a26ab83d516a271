"""What cells of lecture 06 must find."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import bowl, quiz


def ritual_batch(by_heart):
    healthy, relu, softmax = by_heart.values()
    assert healthy[:, -1].max() < 0.1 < relu[:, -1].max() and softmax.min() > 1.46


def noise(error, sizes, y, net, x):
    assert abs(F.cross_entropy(net(x), y).item() - np.log(10)) < 0.05  # a fresh net has no idea
    assert -0.6 < np.polyfit(np.log(sizes), np.log(error), 1)[0] < -0.4 and error[1] > 1


def batch_steps(final, after):
    last = {m: runs[:, -1] for m, runs in final.items()}
    assert max(last[8].max(), last[32].max()) < last[256].min() < last[1347].min()
    first, last = ({m: runs[:, k].mean() for m, runs in after.items()} for k in (0, -1))  # 5, 40
    eight, others = last.pop(8), last.values()
    assert eight > 1.5 * max(others) and max(others) - min(others) < 0.3
    assert max(first.values()) - min(first.values()) < 0.5


def batch_overfit(ends):
    small, whole = (np.mean(found) for found in ends.values())
    assert abs(whole - small) < 3 and abs(whole - small - quiz.truth("batch-points")) < 3


def momentum_step(theta, v, lr, momentum):
    assert (round(v, 2), round(theta, 2)) == (-0.72, 2.88)
    t = torch.tensor(4.0, dtype=torch.float64, requires_grad=True)
    optimizer, ours, v = torch.optim.SGD([t], lr=lr, momentum=momentum), 4.0, 0.0
    for _ in range(50):  # PyTorch's form of momentum is the same, as long as the rate stays
        v = momentum * v - lr * ours
        ours += v
        optimizer.zero_grad()
        (t**2 / 2).backward()
        optimizer.step()
        assert np.isclose(ours, t.item())


def bowl_momentum(travelled, ends):
    timid, bold = travelled.values()  # rates 0.04 and 0.09
    assert timid.argmin() == 0 and 2 * bold[5] < bold[0] and bold[18] > 2 * bold[0]
    assert all(losses[-1] > losses[0] for losses in ends.values())  # 0.95: worse than none


def adaptive_steps(taken):
    r = (0.999 * 0.016 + 0.004) / 0.001999  # of Adam, corrected
    by_hand = {
        "SGD": [0.1 * 4, 0.1 * 2],
        "Adagrad": [0.1 * 4 / 16**0.5, 0.1 * 2 / 20**0.5],
        "RMSprop": [0.1 * 4 / 0.16**0.5, 0.1 * 2 / (0.99 * 0.16 + 0.01 * 4) ** 0.5],
        "Adam": [0.1 * 4 / 16**0.5, 0.1 * (0.36 + 0.2) / 0.19 / r**0.5],
    }
    for name, steps in by_hand.items():
        assert np.allclose(taken[name][:2], steps)


def turned_run(lines):
    for name in ("SGD", "momentum"):
        assert np.isclose(lines[name][0], lines[name][1])
    for name, best in {"AdaGrad": 0.19, "RMSprop": 0.11}.items():
        straight, turned, tried = lines[name]
        assert turned > 1000 * straight and round(tried.min(), 2) == best
        assert tried.min() < min(tried[0], tried[-1])  # not at the edge of the rates
    assert round(lines["SGD"][1], 3) == 0.017
    swinging = bowl.descend(bowl.Run("Adam", 0.5, momentum=0.9), steps=60, angle=45)[1]
    assert swinging[40] < min(swinging[30], swinging[60])  # caught on its way past the star


def tune_run(tried, best):
    order = [max(tried, key=lambda name: tried[name][:, k].mean()) for k in (1, 6)]  # 0.001, 0.3
    assert order == ["SGD", "RMSprop"] and best["RMSprop"] <= best["Adam"] < best["SGD"]


def race_run(early, late, right):
    assert early["SGD"][0] > early["SGD"][1] and late["Adam"][0] < late["Adam"][1]
    assert right["SGD"][:, -3:].min() < 0.85


def normalise_run(low, late):
    assert set((late < 1).argmax(axis=1) + 1) <= set(range(12, 22))  # "13 to 20", give or take one
    normalised, _, to_255, offset = low.values()
    assert offset.min() > 1.8 and to_255.mean() > 1.1 * normalised.mean()


def batchnorm_run(volume):
    norm = torch.nn.BatchNorm2d(4)
    norm(volume)
    assert np.allclose(norm.running_mean.numpy(), 0.1 * volume.mean(dim=(0, 2, 3)).numpy())
    assert norm.eval()(volume).mean() > 1  # far from 0: the averages have not arrived
    for _ in range(50):
        norm.train()(volume)
    assert abs(norm.eval()(volume).mean()) < 0.01
    try:
        torch.nn.BatchNorm1d(3)(torch.ones(1, 3))
    except ValueError:
        return
    raise AssertionError("BatchNorm takes a batch of one")


def batchnorm_deep_draw(losses):
    adam = losses["with Adam"][:, :2]
    assert max(losses["BatchNorm"].max(), adam.max()) < 2 < losses["as built"].min()


def batchnorm_small_run(panels):
    two, _, sixteen = ([np.mean(found) for found in kinds.values()] for kinds in panels.values())
    assert two[1] > two[0] + 30 and sixteen[0] > sixteen[1] + 5  # without BatchNorm, with it


def regularise_steps(out, left):
    for name, weights in left.items():  # only Adam does not shrink both by a hundredth
        assert np.allclose(weights, [3.96, 0.495]) == (name != "Adam")
    assert set(out.tolist()) == {0, 4} and abs(out.mean().item() - 1) < 0.03


def regularise_look(gained, right):
    assert {b: more < -0.1 for b, (more, _) in gained.items()} == {
        "128, decay 0.01": True,
        "128, dropout ½": True,
        "10, dropout ½": False,
    }
    mean = {name: np.mean(values) for name, values in right.items()}
    assert abs(mean["128, decay 0.01"] - mean["128 units"]) < 4  # decay: nothing for the accuracy
    assert mean["10, dropout ½"] < mean["10 units"] - 5  # dropout: harm to the small net


def early_run(stopped, lost):
    assert stopped.stopped_early and np.mean(lost) > 0.05


def schedule_run(found, shapes):
    ends = {name: found[0.12, name][:, 0, -1].mean() for name in shapes}
    assert max(ends[name] for name in list(shapes)[1:]) < ends["constant"] / 2


def smoothing_run(softer, gained):
    beyond = {name for name, (mean, half) in gained.items() if mean > half}
    assert beyond == {name for name in softer if "smoothing" in name}
    assert quiz.truth("smoothing-gain") == "one of the three, at each strength"
    told = {"label smoothing 0.1": (1.6, 0.4), "label smoothing 0.4": (2.1, 0.3)}
    told["Adam, decay 0.01"] = (-0.27, 0.25)
    assert all(np.allclose(gained[name], pair, atol=0.06) for name, pair in told.items())
    assert softer["label smoothing 0.1"][:, 1].min() > quiz.truth("smoothing-floor")


def initialise_look(learned, deviation):
    last = {name: np.array(runs)[:, -1] for name, runs in deviation.items()}
    assert (last["σ = 0.01"] < 1e-9).all() and (last["σ = 1"] > 1e6).all()
    assert last["He"].min() > 0.1 and last["Xavier"].max() < 0.2
    assert max(learned["zeros"].max(), learned["σ = 0.01"].max()) < 20 < 80 < learned["He"].mean()


def gallery_quiz(panels):
    ends = {}  # validation loss and training loss
    for letter, losses in panels.items():
        ends[letter] = losses["validation loss"][:, -1], losses["training loss"][:, -1]
    assert (ends["A"][0] > 1).all() and (ends["A"][1] < 0.4).all()
    assert (ends["B"][1] > 1).all() and (ends["D"][0] > 2.25).all() and (ends["G"][1] > 1.46).all()
    assert max(*ends["C"][0], *ends["I"][0]) < 0.4 and (ends["F"][0] > ends["F"][1] + 0.5).all()


def predictions_record(experiment):
    names = {"batch sizes", "rates", "race", "pixels", "patience", "six layers", "small batches"}
    names |= {"forty steps", "brakes", "held back", *(f"panel {letter}" for letter in "ABCDEFGHI")}
    assert set(experiment.repeats) == {*names, "schedules"}
    stale = [name for name, repeat in experiment.repeats.items() if not repeat.agrees]
    assert not stale, "run benchmarks/starts.py"
