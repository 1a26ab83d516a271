"""a3's experiment: a trial is watched while it runs, and only its own numbers support a claim."""

import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures import verdict
from course_utils.checks.engine import CheckFailed
from course_utils.course import notebooks
from course_utils.repository import ROOT

IMAGES = torch.randn(600, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LABELS = IMAGES[:, 0, :, :5].sum(dim=1).argmax(dim=1)  # five classes of ten
UNSEEN = [(IMAGES[500:], LABELS[500:])]


def batches(seed):
    return list(zip(IMAGES[:500].split(50), LABELS[:500].split(50), strict=True))


class Block(nn.Module):
    def __init__(self, link, bias):
        super().__init__()
        self.link = link
        self.convs = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1, bias=bias) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(8) for _ in range(2))

    def forward(self, x):
        first, second = zip(self.convs, self.norms, strict=True)
        out = second[1](second[0](F.relu(first[1](first[0](x)))))
        return F.relu(out + x if self.link else out)


def trial_with(**changed):
    """A right trial, or one with something changed."""
    way = SimpleNamespace(link=None, more=0, bias=False, precision=torch.float64, momentum=0.9,
                          epochs=4, falls=True, seeded=True, tells=lambda right: right)  # fmt: skip
    vars(way).update(changed)

    def trial(link, blocks, lr, seed, batches, unseen):
        if way.seeded:
            torch.manual_seed(seed if way.seeded is True else way.seeded)
        link = link if way.link is None else way.link
        blocks = (Block(link, way.bias) for _ in range(blocks + way.more))
        stem = nn.Conv2d(1, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()
        head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
        net = nn.Sequential(*stem, *blocks, *head).to(way.precision)
        optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=way.momentum)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 4)
        for _ in range(way.epochs):
            for x, y in batches:
                optimizer.zero_grad()
                F.cross_entropy(net(x.to(way.precision)), y).backward()
                optimizer.step()
            if way.falls:
                schedule.step()
        net.eval()
        x, y = unseen[0]
        return way.tells((net(x.to(way.precision)).argmax(dim=1) == y).double().mean().item())

    return trial


def test_a_right_trial_passes(capsys):
    verdict.check_trial(trial_with(), batches(0), UNSEEN)
    assert "✓ trial" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"link": False}, r"trial\(True, 2, …\): the blocks have no link"),
        ({"link": True}, r"trial\(False, 2, …\): the blocks have a link"),
        ({"more": 1}, "7 convolutions, expected 5"),
        ({"bias": True}, "2578 parameters, expected 2546"),
        ({"precision": torch.float32}, "double precision"),
        ({"momentum": 0.8}, "the momentum is not 0.9"),
        ({"epochs": 3}, "6 steps for 2 batches, expected 4 epochs"),
        ({"falls": False}, "CosineAnnealingLR"),
        ({"tells": lambda right: right / 2 + 0.4}, "but its network is right on"),
        ({"seeded": False}, "the seed decides all"),
        ({"seeded": 5}, "two seeds start from the same weights"),
    ],
)
def test_a_wrong_trial_is_told_what_is_wrong(changed, told):
    with pytest.raises(CheckFailed, match=told):
        verdict.check_trial(trial_with(**changed), batches(0), UNSEEN)


def test_who_draws_before_the_chain_does_not_start_all_ways_alike():
    right = trial_with(seeded=False)

    def drawn(link, blocks, lr, seed, *parts):
        torch.manual_seed(2 * seed + link)
        return right(link, blocks, lr, seed, *parts)

    with pytest.raises(CheckFailed, match="with and without links one seed gives other weights"):
        verdict.check_trial(drawn, batches(0), UNSEEN)


def test_a_number_without_a_network_is_no_trial():
    with pytest.raises(CheckFailed, match="no network has given logits"):
        verdict.check_trial(lambda *given: 0.5, batches(0), UNSEEN)


# What is handed in ------------------------------------------------------------------------------


def results(**scores):
    tuned = {way: [[0.2, 0.8, 0.3]] * 2 for way in verdict.WAYS}
    usual = {way: [0.8, 0.81, 0.82, 0.79, 0.8] for way in verdict.WAYS}
    return {"rates": [0.01, 0.1, 1.0], "tuned": tuned, "scores": usual | scores}


@pytest.mark.parametrize(
    ("handed_in", "told"),
    [
        (None, "nothing is there yet"),
        ("0.8", "paste what the experiment printed"),
        (results(plain=[0.9] * 4), "paste what the experiment printed"),
        (results(plain=[0.9, 0.9, 0.9, 0.9, 1.2]), "paste what the experiment printed"),
        (results(plain=[0.9, 0.9, 0.9, 0.9, float("nan")]), "paste what the experiment printed"),
        (results() | {"rates": [0.1, 1.0]}, "paste what the experiment printed"),
        (results() | {"rates": [0.1, 0.01, 1.0]}, "from small to large"),
        (results() | {"tuned": {way: [[0.2, 0.3, 0.8]] * 2 for way in verdict.WAYS}},
         "shallow: 1 does best .* go on to 3"),
        (results(shallow=[0.1] * 5), "the control, the shallow network, is right on 10%"),
    ],
)  # fmt: skip
def test_what_is_no_whole_experiment_is_told(handed_in, told):
    with pytest.raises(CheckFailed, match=told):
        verdict.check_results(handed_in, trial_with(), batches, UNSEEN)


@pytest.fixture
def small(monkeypatch):
    """Chains of one block and a run of one batch each; what is learnt does not matter."""
    monkeypatch.setattr(verdict, "WAYS", {way: (way == "residual", 1) for way in verdict.WAYS})
    monkeypatch.setattr(verdict, "CONTROL", 0.0)
    return lambda seed: batches(seed)[seed : seed + 1]


def concluded(made, learnt, **given):
    supported = {name: word for name, (word, _) in verdict.supported(made).items()}
    return verdict.experiment_points(
        made, trial_with(), learnt, UNSEEN, seed=1, **supported | given
    )


def test_made_up_numbers_support_no_conclusion(small):
    """Which seed is run again depends on them; no seed gives what these say."""
    made_up = results(residual=[1.0] * 5, plain=[0.95] * 5, shallow=[0.9] * 5)
    with pytest.raises(CheckFailed, match="Has it changed since"):
        concluded(made_up, small)
    with pytest.raises(CheckFailed, match="'shallow' with seed 0 they say"):
        verdict.check_results(made_up, trial_with(), small, UNSEEN)


def test_numbers_of_the_own_trial_do_and_saying_more_costs(small, capsys):
    trial, made = trial_with(), results()
    for way, (link, blocks) in verdict.WAYS.items():
        made["scores"][way] = [trial(link, blocks, 0.1, s, small(s), UNSEEN) for s in verdict.SEEDS]
    verdict.check_results(made, trial, small, UNSEEN)
    assert concluded(made, small) == 7
    assert concluded(made, small, sentence=5, link_at_depth=None) == 5
    assert re.search("✗ link_at_depth: residual minus plain, your five", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("residual", "plain", "sentence"),
    [(0.95, 0.3, 1), (0.8, 0.3, 2), (0.7, 0.3, 2), (0.8, 0.8, 3), (0.3, 0.5, 4)],
)
def test_the_sentence_goes_as_far_as_the_intervals(residual, plain, sentence):
    near = (0.0, 0.01, -0.01, 0.02, -0.02)
    made = results(residual=[residual + e for e in near], plain=[plain + 2 * e for e in near],
                   shallow=[0.8 - e for e in near])  # fmt: skip
    assert verdict.supported(made)["sentence"][0] == sentence


def test_what_is_demanded_stands_in_the_task():
    cells = notebooks.read(ROOT / "solutions/a3_architectures/a3_architectures.ipynb").cells
    by_id = {cell.id: cell.source for cell in cells}
    text = by_id["experiment-task"] + by_id["results-task"] + by_id["conclusions-task"]
    demands = ["double precision", r"\*\*four\*\* epochs", "momentum 0.9 and nothing else",
               "CosineAnnealingLR` after each epoch", "8 channels", "nothing added",
               "the seed alone decides it", "one seed gives both the same weights",
               "the number that you give is the network's", "grid whose end does best",
               "run again, by your `trial`", "two percentage points",
               f"right on {verdict.CONTROL:.0%}".replace("%", " %")]  # fmt: skip
    assert [demand for demand in demands if not re.search(demand, text)] == []
    numbered = re.findall(r"^\| (\d) \|", by_id["conclusions-task"], re.M)
    assert numbered == [str(number) for number in verdict.SENTENCES]
