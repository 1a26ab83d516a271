import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

from course_utils import training
from course_utils.data import load_digits
from course_utils.errors import CourseError
from course_utils.models import LeNet5


@pytest.fixture
def split():
    """Two classes that a line can tell apart: bright on the left, or on the right."""
    rng = np.random.default_rng(0)

    def half(count):
        labels = np.arange(count) % 2
        images = rng.uniform(0, 0.3, (count, 1, 4, 4)).astype(np.float32)
        images[labels == 0, :, :, :2] += 0.7
        images[labels == 1, :, :, 2:] += 0.7
        return images, labels

    train, test = half(50), half(20)
    return SimpleNamespace(
        train_images=train[0], train_labels=train[1], test_images=test[0], test_labels=test[1]
    )


def small_net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(16, 2),
    )


def test_a_network_is_made_and_trained_from_one_seed(split):
    adam = lambda parameters: torch.optim.Adam(parameters, lr=0.01)  # noqa: E731
    make = lambda: nn.Sequential(nn.Flatten(), nn.Linear(16, 2))  # noqa: E731
    falls = lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 1)  # noqa: E731
    go = {"epochs": 3, "batch_size": 10, "schedule": falls}
    (one, watched), (same, end), (other, _) = (
        training.trained(make, split, adam, seed=seed, watch=watch, **go)
        for seed, watch in ((4, True), (4, False), (5, False))
    )
    assert torch.equal(one[1].weight, same[1].weight)
    assert not torch.equal(one[1].weight, other[1].weight)
    assert watched.train_loss == end.train_loss
    assert np.allclose(watched.lr, [0.01, 0.001, 0.0001])
    assert len(watched.validation_loss) == 3
    assert end.validation_accuracy == watched.validation_accuracy[-1:]
    assert not one.training


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def fit(model, split, **options):
    train, test = training.loaders(split, 16)
    options = {"epochs": 3, "optimizer": sgd(model), "progress": False, "device": "cpu"} | options
    return training.fit(model, train, test, **options)


def same(one, other):
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_it_learns(split):
    model = small_net()
    history = fit(model, split, epochs=5)
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert history.validation_accuracy[-1] == 1
    assert len(history.lr) == len(history.seconds) == len(history.validation_loss) == 5
    assert not model.training


def test_real_digits_are_learned():
    train, test = training.loaders(load_digits(16))
    torch.manual_seed(0)
    model = LeNet5(image_size=16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    training.fit(model, train, test, epochs=8, optimizer=optimizer, progress=False)
    assert training.evaluate(model, test).accuracy > 0.9


def test_the_same_seed_gives_the_same_result(split):
    one, other, third = small_net(), small_net(), small_net()
    assert fit(one, split, seed=1).train_loss == fit(other, split, seed=1).train_loss
    assert same(one, other)
    fit(third, split, seed=2)
    assert not same(one, third)


def test_training_loss_is_the_mean_over_examples(split):
    """The last batch has 2 of 50 examples, and must not count as much as the others."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    history = fit(model, split, epochs=1, optimizer=sgd(model, lr=0.0))
    images, labels = torch.as_tensor(split.train_images), torch.as_tensor(split.train_labels)
    expected = F.cross_entropy(model(images), labels)
    assert history.train_loss[0] == pytest.approx(expected.item(), rel=1e-6)


def test_accuracy_is_the_mean_over_examples():
    inputs = torch.tensor([[2.0, 0], [2, 0], [2, 0]])
    loader = DataLoader(TensorDataset(inputs, torch.tensor([0, 0, 1])), batch_size=2)
    score = training.evaluate(nn.Identity(), loader)
    assert score.accuracy == pytest.approx(2 / 3)
    assert score.loss == pytest.approx(F.cross_entropy(inputs, torch.tensor([0, 0, 1])).item())


def test_evaluate_gives_each_module_its_own_mode_back(split):
    model = small_net()
    model.train()
    model[1].eval()  # a frozen BatchNorm
    before = copy.deepcopy(model)
    _, test = training.loaders(split)
    training.evaluate(model, test)
    assert [m.training for m in model.modules()] == [m.training for m in before.modules()]
    assert same(model, before)  # no statistics were learnt
    with pytest.raises(RuntimeError):
        training.evaluate(model, [(torch.zeros(1, 9), torch.zeros(1).long())])
    assert model.training
    assert not model[1].training


def test_evaluate_leaves_no_gradients(split):
    model = small_net()
    training.evaluate(model, training.loaders(split)[1])
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_regression_has_a_loss_and_no_accuracy():
    inputs = torch.ones(4, 1)
    loader = DataLoader(TensorDataset(inputs, 2 * inputs), batch_size=3)
    model = nn.Linear(1, 1)
    optimizer = sgd(model, 0.05)
    training.fit(
        model, loader, epochs=60, optimizer=optimizer, loss_function=F.mse_loss, progress=False
    )
    score = training.evaluate(model, loader, loss_function=F.mse_loss)
    assert score.loss < 1e-3
    assert score.accuracy == 0


def test_early_stopping_goes_back_to_the_best_weights(split):
    """Labels of the validation are noise for the net, so its loss soon rises."""
    model = small_net()
    split.test_labels = 1 - split.test_labels
    kept = {}
    history = fit(
        model,
        split,
        epochs=30,
        patience=2,
        after_epoch=lambda epoch: kept.update({epoch: copy.deepcopy(model.state_dict())}),
    )
    assert history.stopped_early
    assert len(history.train_loss) == history.best_epoch + 2
    best = kept[history.best_epoch]
    assert all(torch.equal(value, best[name]) for name, value in model.state_dict().items())


def test_a_schedule_is_followed_and_remembered(split):
    model = small_net()
    optimizer = sgd(model, 0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    history = fit(model, split, epochs=5, optimizer=optimizer, schedule=schedule)
    assert history.lr == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])


@pytest.mark.parametrize("cut_at", [1, 2, 3])
def test_a_resumed_run_equals_an_uninterrupted_one(split, tmp_path, cut_at):
    def run(model, epochs, path, stop_at=None):
        optimizer = sgd(model)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)

        def cut(epoch):
            if epoch == stop_at:
                raise KeyboardInterrupt

        options = {"optimizer": optimizer, "schedule": schedule, "patience": 4}
        return fit(model, split, epochs=epochs, checkpoint=path, after_epoch=cut, **options)

    whole, cut = small_net(), small_net()
    expected = run(whole, 5, tmp_path / "whole.pt")
    with pytest.raises(KeyboardInterrupt):
        run(cut, 5, tmp_path / "cut.pt", stop_at=cut_at)
    resumed = small_net(seed=9)  # a new process begins with other weights
    history = run(resumed, 5, tmp_path / "cut.pt")
    assert same(resumed, whole)
    assert history.train_loss == expected.train_loss
    assert history.lr == expected.lr


def test_a_finished_run_is_not_trained_again(split, tmp_path):
    model = small_net()
    fit(model, split, checkpoint=tmp_path / "run.pt")
    again = small_net(seed=3)
    history = fit(again, split, checkpoint=tmp_path / "run.pt")
    assert same(model, again)
    assert len(history.train_loss) == 3


def test_a_damaged_checkpoint_is_named(split, tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(CourseError, match=r"run\.pt cannot be read.*delete it"):
        fit(small_net(), split, checkpoint=path)
    assert path.read_bytes() == b"no checkpoint"


def test_a_checkpoint_of_another_model_is_refused(split, tmp_path):
    fit(small_net(), split, checkpoint=tmp_path / "run.pt")
    other = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    with pytest.raises(CourseError, match="belongs to another model"):
        fit(other, split, checkpoint=tmp_path / "run.pt")


def test_a_cut_off_save_leaves_the_old_checkpoint(split, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    fit(small_net(), split, epochs=1, checkpoint=path)
    before = path.read_bytes()

    def full(state, file):
        file.write_bytes(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(training.torch, "save", full)
    with pytest.raises(OSError, match="No space"):
        fit(small_net(), split, epochs=2, checkpoint=path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_stops_training(split, value):
    model = small_net()
    split.train_images[:] = value
    before = [p.clone() for p in model.parameters()]
    with pytest.raises(training.LossNotFinite, match=r"step 1 of epoch 1.*try 0\.01"):
        fit(model, split)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


def test_too_large_a_rate_is_told(split):
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Linear(8, 2))
    with pytest.raises(training.LossNotFinite, match="learning rate"):
        fit(model, split, epochs=50, optimizer=sgd(model, 1e20))


def test_predict_takes_arrays_and_keeps_the_mode(split):
    model = small_net().train()
    logits = training.predict(model, split.test_images, batch_size=7)
    assert logits.shape == (20, 2)
    assert not logits.requires_grad
    assert model.training
    model.eval()
    torch.testing.assert_close(logits, model(torch.as_tensor(split.test_images)).detach())


def test_the_loader_shuffles_only_the_training_half(split):
    train, test = training.loaders(split, 8, seed=3)
    first, second = (torch.cat([x for x, _ in train]) for _ in range(2))
    assert not torch.equal(first, second)
    again, _ = training.loaders(split, 8, seed=3)
    assert torch.equal(first, torch.cat([x for x, _ in again]))
    assert torch.equal(torch.cat([y for _, y in test]), torch.as_tensor(split.test_labels))


def test_each_image_keeps_its_label(split):
    train, _ = training.loaders(split, 8)
    known = list(zip(torch.as_tensor(split.train_images), split.train_labels, strict=True))
    batches = [(image, label) for batch in train for image, label in zip(*batch, strict=True)]
    assert len(batches) == len(known)
    for image, label in batches:
        assert any(torch.equal(image, x) and label == y for x, y in known)


def test_images_without_channel_get_one():
    train, _ = training.loaders(load_digits(8))
    images, labels = next(iter(train))
    assert images.shape == (64, 1, 8, 8)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs"),
        ({"patience": 0}, "patience"),
    ],
)
def test_arguments_that_make_no_sense(split, options, words):
    with pytest.raises(ValueError, match=words):
        fit(small_net(), split, **options)


def test_patience_needs_a_validation(split):
    model = small_net()
    train, _ = training.loaders(split)
    with pytest.raises(ValueError, match="validation_loader"):
        training.fit(model, train, epochs=1, optimizer=sgd(model), patience=1)


def test_nothing_to_work_on(split):
    model = small_net()
    with pytest.raises(ValueError, match="nothing to train on"):
        training.fit(model, [], epochs=1, optimizer=sgd(model))
    with pytest.raises(ValueError, match="nothing to evaluate"):
        training.evaluate(model, [])
    with pytest.raises(ValueError, match="nothing to predict"):
        training.predict(model, np.zeros((0, 1, 4, 4), np.float32))
    with pytest.raises(ValueError, match="batch_size"):
        training.loaders(split, 0)
    split.train_labels = split.train_labels[:-1]
    with pytest.raises(ValueError, match="50 images, but 49 labels"):
        training.loaders(split)


def test_the_bar_disappears(split, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr("course_utils.training.tqdm", tqdm)  # once ipykernel is imported: a widget
    fit(small_net(), split, progress=True)
    shown = capsys.readouterr().err
    assert "/3 [" in shown
    assert "validation 100.0%" in shown
    assert shown.endswith("\r")
    fit(small_net(), split, progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    fit(small_net(), split, progress=True)
    assert capsys.readouterr().err == ""


def test_learning_by_steps_draws_up_to_32_examples_and_asks_before_each():
    net, asked, drawn = nn.Linear(1, 2), [], []
    net.register_forward_pre_hook(lambda module, inputs: drawn.append(inputs[0][:, 0].tolist()))
    x, y = torch.arange(40.0)[:, None] / 40, torch.arange(40) // 20
    sgd = torch.optim.SGD(net.parameters(), 1.0)
    before = net.weight.clone()
    kept = training.learn(net, sgd, x, y, seed=1, steps=3, before=asked.append)
    assert kept is net
    assert not net.training
    assert not torch.equal(before, net.weight)
    assert asked == [0, 1, 2]
    assert [len(set(batch)) for batch in drawn] == [32] * 3
    assert drawn[0] != drawn[1]
