"""What cells of lecture 08 must find."""

import re

import numpy as np
from scipy import stats

from course_utils import quiz


def alexnet_trace(first):
    assert first.output_shape == (1, 64, 55, 55) and first.parameters == (11 * 11 * 3 + 1) * 64
    assert first.multiply_adds == 55 * 55 * 64 * 11 * 11 * 3  # output values × weights of each


def where_plot(published, fc):
    assert [round(fc[name, "parameters"]) for name in published] == [96, 89, 4]
    assert quiz.truth("where-vgg") == round(fc["vgg16", "parameters"])


def pattern_run(words, slide, other):
    assert words["vgg16"] == "CRCRP" * 2 + "CRCRCRP" * 3 + "FRFRF"
    assert re.fullmatch(slide, "CRPFCRPF") and not re.fullmatch(other, "CRPFCRPF")  # both can fail
    for name, word in words.items():
        fits = [bool(re.fullmatch(pattern, word)) for pattern in (slide, other)]
        assert fits == [False, name != "resnet18"]


def stack_reach(reached):
    assert all(reach == 2 * depth + 1 for depth, reach in reached.items())
    assert reached[3] == quiz.truth("stack-three")


def blocks_run(lengths, maps, first_block, volume, together):
    assert sum(lengths) + 3 == 19  # the number in the name of the last, VGG-19
    assert [m[1] for m in maps] == [224 // 2**i for i in range(1, 6)]
    assert [m[1] for m in maps] == quiz.truth("blocks-rows")
    assert first_block[0].output_shape == (1, 64, 224, 224) and first_block[0].parameters == 1792
    second = first_block[2]  # behind the first ReLU: more work than all of ResNet-18
    assert second.parameters < 40_000 and round(second.multiply_adds / 1e9, 2) == 1.85 > 1.82
    assert volume == quiz.truth("vgg-volume") and together > 9 * volume / 2


def stage_trace(stage_work, volume):
    assert volume == (1, 512, 7, 7) and min(stage_work) > 0.85 * max(stage_work)
    assert stage_work[0] == max(stage_work)


def published_run(deeper, errors, Chain, tracing, torchvision, digits, torch):
    with torch.device("meta"):
        theirs = tracing.parameter_count(torchvision.models.resnet34())
    for times in (
        theirs / tracing.parameter_count(Chain(32, True, True)),
        1.28e6 / len(digits.train_images),
    ):
        assert 900 < times < 1100  # "a thousand times as many images and weights"
    assert [round(m, 2) for m, _ in deeper.values()] == [0.6, -2.85]
    assert [round(h, 2) for _, h in deeper.values()] == [0.56, 0.55]
    assert round(errors["plain"][0] - errors["residual"][0], 2) == 0.06


def today_plot(today, recipe, depth, torchvision):
    for name, version in today:  # "224 for all nine"
        weights = torchvision.models.get_model_weights(name)[f"IMAGENET1K_{version}"]
        assert weights.transforms().crop_size == [224]
    assert round(recipe, 1) == 4.7 and round(depth, 1) == 2.2
    assert max(today, key=lambda name: today[name][2]) == ("convnext_tiny", "V1")
    v2, top = today["resnet50", "V2"][2], {name: row[2] for (name, _), row in today.items()}
    assert (
        max(top["swin_t"], top["vit_b_16"]) < v2 + 1 and round(top["convnext_tiny"] - v2, 1) == 1.7
    )
    work = {name: row[1] for (name, _), row in today.items()}
    assert work["mobilenet_v2"] < work["googlenet"] / 4.9 and top["mobilenet_v2"] > top["googlenet"]
    assert work["efficientnet_b0"] < work["googlenet"] / 3.8


def weights_run(resnets, ready):
    assert [w.transforms().resize_size for w in resnets] == [[256], [232]]
    assert ready.shape == (3, 224, 224) and resnets.DEFAULT is resnets.IMAGENET1K_V2
    assert all(len(w.meta["categories"]) == 1000 for w in resnets)


def identity_run(split, moved):
    assert split <= 1e-6 and moved == 0


def stack_gaps(gaps, more_loss):
    assert round(stats.t.ppf(0.975, 4), 3) == 2.776
    assert all(abs(mean) < 3 for mean, _ in gaps.values())
    mean, half = more_loss["two, no ReLU"]
    assert mean > half  # the ReLU between lowers the training loss
    beyond = [abs(m) > h for m, h in (*gaps.values(), *more_loss.values())]
    assert abs(sum(beyond) - quiz.truth("stack-intervals")) <= 2


def bottleneck_count(weights, layers):
    assert sum(x.parameters for x in layers) == list(weights.values())[2] == 69_632
    assert 16 < weights["two 3×3, 256 channels"] / 69_632 < 17


def degradation_plot(losses):
    for both in losses.values():
        assert both["plain"][:, 3].mean() > both["plain"][:, 1].mean() + 0.6  # 32 layers, 8


def slow_plot(ends, stored):
    plain_8, plain, residual, no_norm, _ = ends.values()
    assert min(plain.min(), no_norm.min()) > 2 * max(
        plain_8.max(), residual.max()
    )  # no catching up
    assert max(plain.max(), no_norm.max()) < 0.3  # slow, not stuck
    assert no_norm.mean() < plain.mean()  # BatchNorm is not what makes them train
    *_, last = stored.values()
    assert np.min(list(last["last"].values())) > 2.25  # PyTorch's start, all rates: at log 10


def gradients_measure(ratio, links):
    assert ratio["plain, PyTorch"] < 1e-10  # vanished
    assert all(0.1 < ratio[f"{link}, He"] < 10 for link in links.values())  # level
    assert ratio["plain, He, BatchNorm"] > 15  # they grow towards the first layer
    assert ratio["residual, He, BatchNorm"] < 10  # within one power of ten
    assert 0.4**32 < 2e-13 and 47_000 < 1.4**32 < 48_000  # the numbers in the text


def basic_block_run(projections, blocks, cost):
    assert len(blocks) == 8 and len(projections) == 3 and cost / 11_689_512 < 0.02
    assert quiz.truth("block-projections") == len(projections)
    assert quiz.truth("block-cost") == round(100 * cost / 11_689_512, 1)


def table_run(rows):
    assert [rows[n][0] for n in ("alexnet", "vgg16", "resnet18", "resnet152")] == [8, 16, 18, 152]


def table_plot(rows):
    assert rows["resnet18"][3] < rows["vgg16"][3] < rows["resnet34"][3]
    assert (
        rows["vgg16"][2] > 8 * rows["resnet18"][2] and rows["vgg16"][1] > 11 * rows["resnet18"][1]
    )


def predictions_record(experiment, losses):
    assert set(experiment.repeats) == {"stacks", *(f"chains, {kind}" for kind in losses)}
    stale = [name for name, repeat in experiment.repeats.items() if not repeat.agrees]
    assert not stale, "run benchmarks/starts.py"
