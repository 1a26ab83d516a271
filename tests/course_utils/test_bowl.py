import numpy as np
import pytest

from course_utils.bowl import START, Run, bowl_paths, descend, hessian, momenta, turned

ALL = [
    Run("SGD", 0.09),
    Run("SGD", 0.04, 0.8),
    Run("AdaGrad", 3.0),
    Run("RMSprop", 0.2),
    Run("Adam", 0.5, 0.9),
]


@pytest.mark.parametrize("angle", [0, 30])
@pytest.mark.parametrize("lr", [0.03, 0.11])
def test_gradient_descent_on_a_quadratic_is_known_exactly(angle, lr):
    curvature = hessian(20, angle)
    path, losses = descend(Run("SGD", lr), angle=angle, steps=15)
    step = np.eye(2) - lr * curvature
    expected = np.stack([np.linalg.matrix_power(step, n) @ path[0] for n in range(16)])
    assert np.allclose(path, expected)
    assert np.allclose(losses, [w @ curvature @ w / 2 for w in expected])
    assert (losses[-1] < losses[0]) == (lr < 2 / 20)  # the limit is 2 / largest curvature


@pytest.mark.parametrize("momentum", [0.5, 0.9])
def test_momentum_on_a_quadratic_is_a_linear_recursion(momentum):
    path, _ = descend(Run("SGD", 0.04, momentum), steps=12)
    before, now = np.array(START), path[1]
    for later in path[2:]:
        after = now - 0.04 * hessian(20) @ now + momentum * (now - before)
        assert np.allclose(later, after)
        before, now = now, after


@pytest.mark.parametrize(("name", "first"), [("AdaGrad", 0.1), ("RMSprop", 1.0), ("Adam", 0.1)])
def test_the_first_adaptive_step_is_as_long_in_every_direction(name, first):
    path, _ = descend(Run(name, 0.1, 0.9), conditioning=50, steps=1)
    assert np.allclose(np.abs(path[1] - path[0]), first, rtol=1e-4)


def test_a_turned_bowl_is_the_same_walk_turned_only_without_a_rate_per_parameter():
    assert np.allclose(hessian(20, 90), [[20, 0], [0, 1]])
    for run in ALL:
        straight, turned = (descend(run, angle=angle)[1] for angle in (0, 30))
        assert np.allclose(straight, turned) == (run.optimiser == "SGD")


def test_the_picture_has_a_panel_for_each_run_and_one_for_the_losses():
    fig = bowl_paths(ALL)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == [*(run.title for run in ALL), "loss at each step"]
    assert len(set(titles)) == len(titles)
    for line, run in zip(fig.axes[-1].lines, ALL, strict=True):
        losses = descend(run)[1]
        assert np.array_equal(line.get_ydata(), np.maximum(losses, 1e-9))  # a log axis has no 0


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: hessian(0.5), "at least 1, got 0.5"),
        (lambda: descend(Run("Adma", 0.1)), "one of SGD, AdaGrad, RMSprop, Adam, got 'Adma'"),
        (lambda: bowl_paths([]), "can draw 1 to 6 runs, got 0"),
    ],
)
def test_bad_arguments_get_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_every_momentum_walks_as_descend_does(capsys):
    momentum, travelled, losses = momenta([0.04], steps=10)
    path, walked = descend(Run("SGD", 0.04, momentum[7]), steps=10)
    assert losses["rate 0.04"][7] == walked[-1]
    assert travelled["rate 0.04"][7] == np.abs(np.diff(path[:, 1])).sum()
    assert capsys.readouterr().out.startswith("rate 0.04: least up and down at 0.00")


def test_a_turned_bowl_is_nothing_to_gradient_descent_and_much_to_adagrad(capsys):
    found = turned([Run("SGD", 0.09), Run("SGD", 0.04, 0.7), Run("AdaGrad", 2.0)])
    assert list(found) == ["SGD", "momentum", "AdaGrad"]
    assert found["SGD"][0] == pytest.approx(found["SGD"][1])
    straight, slanted, tried = found["AdaGrad"]
    assert slanted > 1000 * straight
    assert tried[12] == pytest.approx(slanted)  # the middle of 25 rates is the run's own
    assert len(capsys.readouterr().out.splitlines()) == 4
