"""The experiment of a3: whether a link helps depth, by the student's own runs."""

import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from course_utils import experiment
from course_utils.checks import conclusions
from course_utils.checks.a3_architectures.tools import asked
from course_utils.checks.engine import CheckFailed
from course_utils.probes import residual

Batches = list[tuple[Tensor, Tensor]]

WAYS = {"shallow": (False, 1), "plain": (False, 6), "residual": (True, 6)}  # link, blocks
TUNING_SEEDS, SEEDS = (100, 101), (0, 1, 2, 3, 4)
EPOCHS, MOMENTUM = 4, 0.9
CONTROL = 0.6  # share that the shallow network reaches at least, or nothing was learnt at all
NEAR = 0.02  # share of the images that a run may differ by on another machine
# Each claim compares two ways.
CLAIMS = {
    "link_at_depth": ("residual", "plain"),
    "depth_without_links": ("plain", "shallow"),
    "depth_with_links": ("residual", "shallow"),
}
SENTENCES = (1, 2, 3, 4, 5, 6)
POSSIBLE = dict.fromkeys(CLAIMS, conclusions.WORDS) | {"sentence": SENTENCES}


def check_trial(trial: Any, batches: Batches, unseen: Batches, *, seed: int = 7) -> None:
    """Look at a trial of small chains: what it trains, how, and whether it tells the truth.

    Raises
    ------
    CheckFailed
        With a sentence for each thing that is not as the task has it.
    """
    batches, unseen, lr = batches[:2], [tuple(part[:90] for part in unseen[0])], 0.037
    cases = [(False, 2, seed), (True, 2, seed), (True, 2, seed), (True, 1, seed + 1)]
    found = [_trial(trial, *case[:2], lr, case[2], batches, unseen) for case in cases]
    wrong = [
        sentence
        for (link, blocks, _), one in zip(cases, found, strict=True)
        for sentence in _faults(one, link, blocks, lr, len(batches))
    ]
    plain, linked, again, other = found
    if linked != again:
        wrong.append("the same call gives something else a second time: the seed decides all")
    if linked["start"] == other["start"]:
        wrong.append("two seeds start from the same weights: torch.manual_seed(seed) comes first")
    elif linked["start"] != plain["start"]:
        wrong.append(
            "with and without links one seed gives other weights: the chain is to be made right "
            "after torch.manual_seed(seed), its stem first"
        )
    if wrong:
        raise CheckFailed("\n".join(f"✗ trial: {sentence}" for sentence in dict.fromkeys(wrong)))
    print(f"✓ trial: {len(cases)} runs are what was asked for")


def _trial(
    trial: Any, link: bool, blocks: int, lr: float, seed: int, batches: Batches, unseen: Batches
) -> dict[str, Any]:
    x, y = (np.concatenate([part.numpy() for part in each]) for each in zip(*batches, strict=True))
    judging = (part.numpy() for part in unseen[0])
    size = len(batches[0][0])
    return asked("trial", residual.trial, trial, link, blocks, lr, seed, x, y, size, *judging)


def _faults(found: dict[str, Any], link: bool, blocks: int, lr: float, batches: int) -> list[str]:
    """What is wrong with one trial, in sentences."""
    kind = f"trial({link}, {blocks}, …)"
    wanted = 178 + 1184 * blocks  # stem and head, and two convolutions with BatchNorm a block
    falling = [lr * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2 for epoch in range(EPOCHS)]
    rates = np.repeat(falling, batches)
    faults = {
        f"{kind} trains a network with {found['convs']} convolutions, expected {1 + 2 * blocks}":
            found["convs"] != 1 + 2 * blocks,
        f"{kind} trains {found['parameters']} parameters, expected {wanted}: 8 channels, no "
        "convolution with a bias": found["parameters"] != wanted,
        f"{kind}: the blocks have " + ("no link" if link else "a link"): found["linked"] != link,
        f"{kind} does not compute in double precision: .double()": not found["double"],
        f"{kind} makes {len(found['rates'])} steps for {batches} batches, expected "
        f"{EPOCHS} epochs": len(found["rates"]) != len(rates),
        f"{kind}: the momentum is not {MOMENTUM}": {*found["momenta"]} != {MOMENTUM},
        f"{kind}: the rate is to be lr, and to fall by CosineAnnealingLR after each epoch":
            len(found["rates"]) == len(rates) and not np.allclose(found["rates"], rates),
        f"{kind} says {found['told']:.3f}, but its network is right on {found['seen']:.3f} of the "
        "unseen images in eval mode": not abs(found["told"] - found["seen"]) < 1e-6,
    }  # fmt: skip
    return [sentence for sentence, so in faults.items() if so]


def check_results(results: Any, trial: Any, batches: Callable, unseen: Batches) -> None:
    """Whether what was handed in is a whole comparison; one cheap run is done again.

    Raises
    ------
    CheckFailed
        If something is missing, no grid goes on past its best rate, the control has not learnt, or
        the run gives another number now.
    """
    _whole(results)
    _done_again(results, trial, batches, unseen, "shallow", 0)
    print(f"✓ results: {len(WAYS)} ways, {len(SEEDS)} seeds, each at a rate that was bracketed")


def _whole(results: Any) -> None:
    if results is None:
        raise CheckFailed(
            "✗ results: nothing is there yet. Run the experiment, paste what it gives"
        )
    try:
        rates = [float(rate) for rate in results["rates"]]
        tuned, scores = results["tuned"], results["scores"]
        shapes = {way: (np.shape(tuned[way]), np.shape(scores[way])) for way in WAYS}
        values = np.concatenate([np.ravel(each[w]) for each in (tuned, scores) for w in WAYS])
        usable = bool(((values >= 0) & (values <= 1)).all())
    except (TypeError, KeyError, IndexError, ValueError):
        usable, shapes, rates = False, {}, ()
    expected = (len(TUNING_SEEDS), len(rates)), (len(SEEDS),)
    if not usable or {*shapes.values()} != {expected}:
        raise CheckFailed("✗ results: paste what the experiment printed, all of it, unchanged")
    try:
        experiment.bracketed(results)
    except ValueError as error:
        raise CheckFailed(f"✗ results: {error}") from None
    if (control := float(np.mean(scores["shallow"]))) < CONTROL:
        raise CheckFailed(
            f"✗ results: the control, the shallow network, is right on {control:.0%}: whoever has "
            f"learnt nothing tests nothing. With the rates that suit it, it reaches {CONTROL:.0%}"
        )


def _done_again(
    results: Any, trial: Any, batches: Callable, unseen: Batches, way: str, place: int
) -> None:
    lr, seed = experiment.bracketed(results)[way], SEEDS[place]
    learnt, (link, blocks) = batches(seed), WAYS[way]
    found = _trial(trial, link, blocks, lr, seed, learnt, unseen)
    told = results["scores"][way][place]
    if wrong := _faults(found, link, blocks, lr, len(learnt)):
        raise CheckFailed("\n".join(f"✗ trial: {sentence}" for sentence in wrong))
    if abs(found["told"] - told) > NEAR:
        raise CheckFailed(
            f"✗ results: for {way!r} with seed {seed} they say {told:.3f}, your trial says "
            f"{found['told']:.3f} now. Has it changed since? Then set results = None, run the "
            "experiment again, and look at your conclusions again"
        )


def supported(results: dict[str, Any]) -> dict[str, tuple[object, str]]:
    """What may be concluded from these results, and from which intervals."""
    found: dict[str, tuple[object, str]] = {}
    for name, (first, second) in CLAIMS.items():
        word, told = conclusions.says(experiment.paired(results, first, second))
        found[name] = word, f"{first} minus {second}, your five differences: {told}"
    link, pays = found["link_at_depth"][0], found["depth_with_links"][0]
    sentence = {"open": 3, "lower": 4}.get(str(link), 1 if pays == "higher" else 2)
    words = ", ".join(f"{name} is {word!r}" for name, (word, _) in found.items())
    return found | {"sentence": (sentence, f"in your runs {words}")}


def experiment_points(
    results: Any, trial: Any, batches: Callable, unseen: Batches, *, seed: int, **given: object
) -> int:
    """Three points for results that the trial gives again, and one for each right conclusion.

    Of each way the run of one seed is done again, which depends on `seed` and on the results.
    Whoever has other numbers than those of a run has nothing to conclude from.
    """
    _whole(results)
    place = (zlib.crc32(repr(results["scores"]).encode()) + seed) % len(SEEDS)
    for way in WAYS:
        _done_again(results, trial, batches, unseen, way, place)
    print("✓ results: done again for one seed, the numbers are the same")
    return 3 + conclusions.conclusions_points(supported(results), **given)


def answered(**given: object) -> None:
    """Say which conclusions are missing or cannot be one; right or wrong is not told."""
    conclusions.answered(POSSIBLE, **given)
