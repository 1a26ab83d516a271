"""Check of occlusion_map, against captum's FeatureAblation."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from captum.attr import FeatureAblation
from torch import Tensor, nn

from course_utils.checks.a4_inside.gradients import (
    FIRST_TARGET,
    INVALID,
)
from course_utils.checks.a4_inside.networks import (
    NOT_HERE,
    clean,
    common_suspects,
    look_into,
    spread,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.probes.insight import CLASSES

_arrange = look_into("maps")


def _by_captum(
    model: nn.Module, x: Tensor, target: Any, *, size: int, stride: int, fill: float
) -> Tensor:
    """What captum says of each patch as a feature; patches that overlap are asked about apart."""
    tops, lefts = (range(0, n - size + 1, stride) for n in x.shape[2:])
    drops, apart = x.new_zeros(len(x), len(tops), len(lefts)), -(-size // stride)
    for rows, columns in itertools.product(range(apart), repeat=2):
        patches = torch.zeros(1, 1, *x.shape[2:], dtype=torch.long)
        group = list(itertools.product(tops[rows::apart], lefts[columns::apart]))
        for number, (top, left) in enumerate(group):
            patches[..., top : top + size, left : left + size] = number + 1
        found = FeatureAblation(model).attribute(
            x, baselines=fill, target=target, feature_mask=patches, perturbations_per_eval=8
        )
        for top, left in group:
            drops[:, top // stride, left // stride] = found[:, 0, top, left]
    return drops


def _occlusion_map(x, network, target, *, size, stride, fill, look_at):
    options = {"size": size, "stride": stride, "fill": fill}
    return _arrange(clean(_by_captum))(x, network, target, **options, look_at=look_at)


def _covering(
    *,
    of: Callable = lambda logits: logits,
    choose: Callable = lambda logits, targets: targets,
    cover: Callable | None = None,
    change: Callable = torch.sub,
    end: Callable = lambda drops: drops,
    last: int = 0,
    **unheard: Callable,
) -> Callable:
    """Occlusion with one thing changed; `unheard` are options that are not listened to."""
    cover = cover or _cover

    @torch.no_grad()
    def occlusion_map(model: nn.Module, x: Tensor, target: Any, **options: Any) -> Tensor:
        options |= {name: value(x, options["size"]) for name, value in unheard.items()}
        size, stride, fill = (options[name] for name in ("size", "stride", "fill"))
        logits = of(model(x))
        targets = choose(logits, torch.as_tensor(target).expand(len(x)))
        rows = []
        for top in range(0, x.shape[2] - size + 1 + last, stride):
            rows.append([])
            for left in range(0, x.shape[3] - size + 1 + last, stride):
                place = slice(top, top + size), slice(left, left + size)
                drop = change(logits, of(model(cover(x, place, fill))))  # (N, classes)
                rows[-1].append(drop[torch.arange(len(x)), targets])
        return end(torch.stack([torch.stack(row, -1) for row in rows], -2))

    return occlusion_map


def _occ(**changes: Any) -> Callable:
    return _arrange(clean(_covering(**changes)))


def _cover(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
    covered = x.clone()
    covered[:, :, place[0], place[1]] = fill
    return covered


def _first_channel(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
    covered = x.clone()
    covered[:, 0, place[0], place[1]] = fill
    return covered


def _larger(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
    rows, columns = (slice(each.start, each.stop + 1) for each in place)
    return _cover(x, (rows, columns), fill)


def _all_but(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
    covered = torch.full_like(x, fill)
    covered[:, :, place[0], place[1]] = x[:, :, place[0], place[1]]
    return covered


def _added(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
    covered = x.clone()
    covered[:, :, place[0], place[1]] += fill
    return covered


def _never_uncovered() -> Callable:
    """Each patch is put into the images where the earlier ones still are."""
    kept: dict[str, Tensor] = {}

    def cover(x: Tensor, place: tuple[slice, slice], fill: float) -> Tensor:
        if place[0].start == place[1].start == 0:
            kept["x"] = x.clone()
        kept["x"][:, :, place[0], place[1]] = fill
        return kept["x"]

    return cover


def _values(*, many: bool, stride: list[int]) -> Callable:
    def cases(rng) -> Iterator[Case]:
        shapes = [(1, 1, 6, 9), (1, 3, 10, 7)] if not many else [(2, 3, 9, 11), (3, 1, 10, 8)]
        for number, shape in enumerate(shapes):
            for kind in ("plain", "pooled"):
                x = rng.normal(size=shape)
                targets = (rng.integers(CLASSES) + np.arange(len(x))) % CLASSES
                yield case(
                    x if kind == "plain" else spread(x) if number else x.astype(np.float32),
                    kind,
                    targets if many else int(targets[0]),
                    size=int(rng.integers(2, 5)),
                    stride=stride[number % len(stride)],
                    fill=round(float(rng.uniform(0.3, 0.9)), 2),
                    look_at="values",
                )
        target = np.array([1]) if many else 1
        x = rng.normal(size=(1, 1, 5, 6))
        for size in (1, 5):  # the smallest and the largest
            yield case(x, "plain", target, size=size, stride=1, fill=0.5, look_at="values")

    return cases


def _looks(rng) -> Iterator[Case]:
    x = rng.normal(size=(2, 3, 8, 9))
    for look_at in ("left behind", "after an error"):
        options = {"size": 3, "stride": 2, "fill": 0.5, "look_at": look_at}
        yield case(x, "pooled", np.array([1, 2]), **options)


OPTIONS = {"size": 3, "stride": 2, "fill": 0.5, "look_at": "values"}
IMAGES = np.ones((2, 3, 8, 9))
# fmt: off
_SUSPECTS = {
    "This is the rise, not the drop: logit before minus logit with the patch.": {"end": torch.neg},
    "The sign is lost: where covering helps the class, the drop is negative.": {"end": torch.abs},
    "Negative drops are cut to 0: keep them.": {"end": torch.relu},
    "Rows and columns are exchanged: the result is (N, rows, columns) of places.":
        {"end": lambda drops: drops.transpose(-1, -2)},
    "fill is ignored: the patch is filled with zeros.": {"fill": lambda x, size: 0.0},
    "fill is ignored: the patch is filled with the mean of the images.":
        {"fill": lambda x, size: float(x.mean())},
    "fill is added to the pixels: it replaces them.": {"cover": _added},
    "stride is ignored: the patch moves one pixel at a time.": {"stride": lambda x, size: 1},
    "stride is ignored: the patch moves by its own size.": {"stride": lambda x, size: size},
    "There is one place too many: patches that reach beyond the border are left out.": {"last": 1},
    "There is one place too few: the last patch ends exactly at the border.": {"last": -1},
    "Only the first channel is covered: cover all of them.": {"cover": _first_channel},
    "The patch is one pixel too large: a slice ends before its end.": {"cover": _larger},
    "Row and column of the patch are exchanged: the third axis is the height.":
        {"cover": lambda x, place, fill: _cover(x, place[::-1], fill)},
    "Everything but the patch is covered.": {"cover": _all_but},
    "The earlier patches are still there: cover a fresh copy each time.":
        {"cover": _never_uncovered()},
    "This is the drop of a probability: take that of the logit, without softmax.":
        {"of": lambda logits: logits.softmax(1)},
    "This is the drop of a log-probability: take that of the logit.":
        {"of": lambda logits: logits.log_softmax(1)},
    "These are the logits with the patch; subtract them from those without.":
        {"change": lambda before, covered: covered},
    "The logit is that of the predicted class: the target need not be the answer.":
        {"choose": lambda logits, targets: logits.argmax(1)},
    FIRST_TARGET: {"choose": lambda logits, targets: targets[:1].expand(len(targets))},
    **common_suspects(_arrange, _covering()),
}
# fmt: on


check_occlusion_map = Check(
    "occlusion_map",
    oracle=_occlusion_map,
    tool="captum's FeatureAblation, patch by patch",
    parts={
        "overlapping": _values(many=False, stride=[1, 2]),
        "own targets": _values(many=True, stride=[2, 3]),
        "left behind": _looks,
    },
    suspects=_SUSPECTS,
    recipe=_occ,
    most_pairs={"": 100},
    rejects=[
        *(rejection(w, x, "plain", target, **OPTIONS) for w, x, target in INVALID),
        rejection("size", IMAGES, "plain", 0, **OPTIONS | {"size": 0}),
        rejection("size", IMAGES, "plain", 0, **OPTIONS | {"size": 9}),
        rejection("size", IMAGES.swapaxes(2, 3), "plain", 0, **OPTIONS | {"size": 9}),
        rejection("stride", IMAGES, "plain", 0, **OPTIONS | {"stride": 0}),
        rejection("stride", IMAGES, "plain", 0, **OPTIONS | {"stride": -1}),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
)
