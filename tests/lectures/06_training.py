"""What cells of lecture 06 must find."""

import numpy as np
from torch.nn import functional as F

from course_utils import bowl, quiz


def ritual_batch(by_heart):
    assert by_heart[0, :, -1].max() < 0.1 < by_heart[1, :, -1].max() and by_heart[2].min() > 1.46


def noise(error, sizes, y, net, x):
    assert abs(F.cross_entropy(net(x), y).item() - np.log(10)) < 0.05  # a fresh net has no idea
    assert -0.6 < np.polyfit(np.log(sizes), np.log(error), 1)[0] < -0.4 and error[1] > 1


def batch_steps(final, after):
    assert max(final[8].max(), final[32].max()) < final[256].min() < final[1347].min()
    first, last = ({m: f[:, k].mean() for m, f in after.items()} for k in (0, -1))  # 5, 40 steps
    eight, others = last.pop(8), last.values()
    assert eight > 1.5 * max(others) and max(others) - min(others) < 0.3
    assert max(first.values()) - min(first.values()) < 0.5


def batch_overfit(ends):
    assert abs(np.mean(ends["all 100 at once"]) - np.mean(ends["batches of 10"])) < 3
    means = [np.mean(found) for found in ends.values()]
    assert abs(means[0] - means[1] - quiz.truth("batch-points")) < 3


def bowl_momentum(travelled, ends):
    assert travelled[0.04].argmin() == 0 and 2 * travelled[0.09][5] < travelled[0.09][0]
    assert travelled[0.09][18] > 2 * travelled[0.09][0]
    assert all(losses[-1] > losses[0] for losses in ends.values())  # 0.95: worse than none


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


def tune_run(order, best):
    assert order == ["SGD", "RMSprop"] and best["RMSprop"] <= best["Adam"] < best["SGD"]


def race_run(early, late, right):
    assert early[0] > early[1] and late[0] < late[1] and right["SGD"][:, -3:].min() < 85


def normalise_run(low, late):
    assert set((late < 1).argmax(axis=1) + 1) <= set(range(12, 22))  # "13 to 20", give or take one
    assert low[3].min() > 1.8 and low[2].mean() > 1.1 * low[0].mean()


def batchnorm_deep_run(kinds, found):
    deep = {kind: found[:, i] for i, kind in enumerate(kinds)}
    assert max(deep["BatchNorm"].max(), deep["with Adam"][:, :2].max()) < 2 < deep["as built"].min()


def batchnorm_small_run(right):
    assert np.mean(right[2, "without"]) > np.mean(right[2, "with"]) + 10
    assert np.mean(right[16, "with"]) > np.mean(right[16, "without"]) + 5


def regularise_steps(out, left):
    for name, weights in left.items():  # only Adam does not shrink both by a hundredth
        assert np.allclose(weights, [3.96, 0.495]) == (name != "Adam")
    assert set(out.tolist()) == {0, 4} and abs(out.mean().item() - 1) < 0.03


def regularise_look(gained, right):
    assert {b: more < -0.1 for b, more in gained.items()} == {
        "128, decay 0.01": True,
        "128, dropout ½": True,
        "10, dropout ½": False,
    }
    mean = {name: np.mean(values) for name, values in right.items()}
    assert abs(mean["128, decay 0.01"] - mean["128 units"]) < 4  # decay: nothing for the accuracy
    assert mean["10, dropout ½"] < mean["10 units"] - 5  # dropout: harm to the small net


def early_run(stopped, lost):
    assert stopped.stopped_early and np.mean(lost) > 0.05


def schedule_run(ends, shapes):
    assert max(ends[0.12, name] for name in list(shapes)[1:]) < ends[0.12, "constant"] / 2


def smoothing_run(softer, experiment):
    gains = {name: experiment.interval(r - softer["nothing"][0]) for name, (r, _) in softer.items()}
    beyond = {name for name, (mean, half) in gains.items() if mean > half}
    assert beyond == {name for name in softer if "smoothing" in name}
    assert quiz.truth("smoothing-gain") == "one of the three, at each strength"
    told = {"label smoothing 0.1": (1.6, 0.4), "label smoothing 0.4": (2.1, 0.3)}
    told["Adam, decay 0.01"] = (-0.27, 0.25)
    assert all(np.allclose(gains[name], pair, atol=0.06) for name, pair in told.items())
    assert softer["label smoothing 0.1"][1].min() > quiz.truth("smoothing-floor")


def initialise_look(learned, deviation):
    assert (deviation["σ = 0.01"][:, -1] < 1e-9).all() and (deviation["σ = 1"][:, -1] > 1e6).all()
    assert deviation["He"][:, -1].min() > 0.1 and deviation["Xavier"][:, -1].max() < 0.2
    assert max(learned["zeros"].max(), learned["σ = 0.01"].max()) < 20 < 80 < learned["He"].mean()


def gallery_quiz(ends):
    assert (ends["A"][0] > 1).all() and (ends["A"][1] < 0.4).all()
    assert (ends["B"][1] > 1).all() and (ends["D"][0] > 2.25).all() and (ends["G"][1] > 1.46).all()
    assert max(*ends["C"][0], *ends["I"][0]) < 0.4 and (ends["F"][0] > ends["F"][1] + 0.5).all()


def predictions_record(experiment):
    names = {"batch sizes", "rates", "race", "pixels", "patience", "six layers", "small batches"}
    names |= {"forty steps", "brakes", "held back", *(f"panel {letter}" for letter in "ABCDEFGHI")}
    names |= {f"{plan} at 0.12" for plan in ("constant", "step", "cosine", "warm-up, cosine")}
    assert set(experiment.repeats) == {*names, "constant at 0.03", "cosine at 0.03"}
    stale = [name for name, repeat in experiment.repeats.items() if not repeat.agrees]
    assert not stale, "run benchmarks/starts.py"
