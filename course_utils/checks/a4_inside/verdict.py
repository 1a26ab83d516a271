"""What a student concludes from hit rates, held against intervals of the student's own rates."""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from captum import attr
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks import conclusions
from course_utils.checks.engine import CheckFailed
from course_utils.insight import hits

INSTRUMENTS = ("saliency", "occlusion", "Grad-CAM", "deconvnet")
# Each claim compares two rows of rates, (ending, weights, instrument), of the same three starts.
CLAIMS = {
    "cam_saliency": (("mean", "trained", "Grad-CAM"), ("mean", "trained", "saliency")),
    "cam_deconvnet": (("maximum", "trained", "Grad-CAM"), ("maximum", "trained", "deconvnet")),
    "cam_learned": (("mean", "trained", "Grad-CAM"), ("mean", "random", "Grad-CAM")),
    "saliency_learned": (("mean", "trained", "saliency"), ("mean", "random", "saliency")),
    "occlusion_saliency": (("maximum", "trained", "occlusion"), ("maximum", "trained", "saliency")),
}
Rates = dict[str, dict[str, list[dict[str, float]]]]


def all_rates(hit_rates: Callable, networks: dict, *given: object) -> Rates:
    """What the student's function says of each network: by ending, weights and start.

    Raises
    ------
    CheckFailed
        If it says something else than a share for each instrument.
    """
    found: Rates = {}
    for ending, kinds in networks.items():
        found[ending] = {
            kind: [_shares(hit_rates(net, *given)) for net in nets] for kind, nets in kinds.items()
        }
    return found


def compared(networks: dict) -> dict:
    """The networks of which the claims speak; what is said of the others decides nothing."""
    needed = {row[:2] for rows in CLAIMS.values() for row in rows}
    return {
        ending: {kind: nets for kind, nets in kinds.items() if (ending, kind) in needed}
        for ending, kinds in networks.items()
    }


def _shares(rates: object) -> dict[str, float]:
    if not isinstance(rates, dict) or {*rates} != {*INSTRUMENTS}:
        raise CheckFailed(f"✗ hit_rates — must give a dict with {', '.join(INSTRUMENTS)}")
    for name, rate in rates.items():
        if not isinstance(rate, int | float) or isinstance(rate, bool) or not 0 <= rate <= 1:
            raise CheckFailed(f"✗ hit_rates — {name} must be a share, a float in 0 to 1")
    return rates


def by_captum(networks: dict, images: Tensor, labels: Tensor, boxes: Tensor) -> Rates:
    """The same as `all_rates` for a right function, from captum's instruments."""
    rows, columns = (torch.arange(32)[None, :, None], torch.arange(32)[None, None])
    top, left, bottom, right = boxes.T[:, :, None, None]
    inside = ((top <= rows) & (rows < bottom) & (left <= columns) & (columns < right)).flatten(1)

    def rates(net: nn.Module) -> dict[str, float]:
        asked = images.clone().requires_grad_()
        window = {"sliding_window_shapes": (3, 8, 8), "strides": (3, 8, 8), "baselines": 0.5}
        covered = attr.Occlusion(net).attribute(images, target=labels, **window)[:, 0]
        cam = attr.LayerGradCam(net, net[10]).attribute(asked, labels, relu_attributions=True)
        heat = torch.zeros_like(covered)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it leaves hooks for a while
            for label, channel in enumerate(net[-1].weight.argmax(dim=1).tolist()):
                tool = attr.NeuronDeconvolution(net, net[10])
                found = tool.attribute(
                    images[labels == label].requires_grad_(),
                    neuron_selector=lambda out, k=channel: out[:, k].flatten(1).amax(1),
                )
                heat[labels == label] = found.detach().abs().amax(dim=1)
        maps = (
            attr.Saliency(net).attribute(asked, labels).amax(dim=1),
            F.interpolate(covered[:, None, ::8, ::8], size=32, mode="bilinear")[:, 0],
            F.interpolate(cam, size=32, mode="bilinear")[:, 0],
            heat,
        )
        return dict(zip(INSTRUMENTS, hits([m.detach() for m in maps], inside), strict=True))

    return {
        ending: {kind: [rates(net) for net in nets] for kind, nets in kinds.items()}
        for ending, kinds in networks.items()
    }


def rates_points(rates: Rates, expected: Rates, *, tolerance: float = 0.051) -> int:
    """A point for each instrument whose rates are those of the reference; 5 for all four.

    `tolerance` lets two of forty images change sides: equal maxima may be broken otherwise.
    """
    points = 0
    for name in INSTRUMENTS:
        apart = max(
            abs(mine[name] - theirs[name])
            for ending, kinds in expected.items()
            for kind, row in kinds.items()
            for mine, theirs in zip(rates[ending][kind], row, strict=True)
        )
        right = apart <= tolerance
        points += right
        print(
            f"✓ hit_rates: {name}"
            if right
            else f"✗ hit_rates: {name} is {apart:.2f} away from what captum's map gives in one of "
            "the networks: the map, its enlargement, or the layer and channel it is asked about"
        )
    return points + (points == len(INSTRUMENTS))


def says(rates: Rates, claim: str) -> tuple[str, str]:
    """What an interval of paired differences says of a claim, as `conclusions.says` has it."""
    first, second = (
        np.array([one[instrument] for one in rates[ending][kind]])
        for ending, kind, instrument in CLAIMS[claim]
    )
    return conclusions.says(first - second)


def answered(**given: object) -> None:
    """Say which conclusions are missing or cannot be one; right or wrong is not told."""
    conclusions.answered(dict.fromkeys(CLAIMS, conclusions.WORDS), **given)


def conclusions_points(rates: Rates, **given: object) -> int:
    """How many conclusions are what the student's own intervals say; tells of the others why."""
    found = {name: says(rates, name) for name in CLAIMS}
    supported = {n: (word, f"your three differences, {told}") for n, (word, told) in found.items()}
    return conclusions.conclusions_points(supported, **given)
