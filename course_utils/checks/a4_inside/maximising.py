"""Check of maximise_activation, by what such an image must do: excite its channel, and repeat."""

import copy
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a4_inside.networks import (
    NOT_HERE,
    leave_gradients,
    leave_hook,
    traces,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import insight
from course_utils.probes.insight import SIZE, network

RANDOM_IMAGES = 24
REACHED = 0.5  # share of the way from random images to the best that is known
HARDLY = 0.06  # the mean change of a pixel
RATE = 0.1
LAYERS = {"plain": "features.2", "strided": "features.2", "pooled": "features.4"}


def _read(
    seen: dict[str, Any],
    network_kind: str,
    channels: int,
    layer: str,
    channel: int,
    *,
    look_at: str,
    dtype: str = "float64",
    **_: Any,
) -> dict[str, Any]:
    if look_at == "seeds":
        return _repeats(*seen["found"])
    if "found" not in seen:
        return traces(seen)
    image = seen["found"]
    found = {"shape": image.shape, "dtype": str(image.dtype), "values": _range(image)}
    if (image.shape, image.dtype) == ((1, channels, SIZE, SIZE), dtype):
        told = _excitement(network_kind, image, layer, channel)
        moved = np.abs(image - seen["one step"]).mean() if "one step" in seen else HARDLY
        if told != "right" and np.ptp(image) == 0:
            told = f"not what it could be: every pixel is {image.flat[0]:g}"
        elif told != "right" and moved < HARDLY:
            told = "not what it could be: the image hardly moves in all its steps"
        found["activation"] = told
    if "weights" in seen:  # a network that learns along excites itself
        before, now = seen["weights"]
        same = all(torch.equal(now[name], value) for name, value in before.items())
        found = {"weights": "right" if same else "changed as well"} | found
    return traces(seen) | found


_arrange = Look(insight.maximise_activation, _read)


def _repeats(
    image: np.ndarray, again: np.ndarray, other_seed: np.ndarray, more_steps: np.ndarray
) -> dict[str, str]:
    alike = "the same image"
    return {
        "with the same seed again": "right" if np.array_equal(again, image) else "another image",
        "with another seed": alike if np.array_equal(other_seed, image) else "right",
        "with more steps": alike if np.array_equal(more_steps, image) else "right",
    }


def _range(image: np.ndarray) -> str:
    if not np.isfinite(image).all():
        return "NaN or infinity"
    if image.min() >= 0 and image.max() <= 1:
        return "right"
    return "in −1 to 1, not in 0 to 1" if np.abs(image).max() <= 1 else "not all in 0 to 1"


@lru_cache(maxsize=32)
def _known(kind: str, channels: int, dtype: str, layer: str) -> tuple[Tensor, Tensor]:
    """Mean activation of each channel for random images, and the best that is known."""
    model = network(kind, np.zeros((1, channels, SIZE, SIZE), dtype)).eval()
    rng = np.random.default_rng(0)
    noise = rng.uniform(size=(RANDOM_IMAGES, channels, SIZE, SIZE)).astype(dtype)
    low = _activations(model, torch.from_numpy(noise), layer).mean(0)
    best = [
        _activations(model, _ascend(model, layer, c, steps=40, seed=0), layer)[0, c]
        for c in range(len(low))
    ]
    return low, torch.stack(best)


def _excitement(kind: str, image: np.ndarray, layer: str, channel: int) -> str:
    """Where the image stands between random ones, 0, and the best that is known, 1."""
    channels, dtype = image.shape[1], str(image.dtype)
    low, best = _known(kind, channels, dtype, layer)
    model = network(kind, image).eval()
    given = _activations(model, torch.from_numpy(np.array(image)), layer)[0]
    shares = ((given - low) / (best - low)).tolist()
    own = shares.pop(channel)
    if own >= REACHED:
        return "right"
    if own < -REACHED:
        return "far below that of random images"
    more = sum(share >= own + REACHED for share in shares)
    if more:
        which = (
            "another channel of the layer is" if more == 1 else "other channels of the layer are"
        )
        return f"low, {which} excited more"
    return "little above that of random images" if own > 0.04 else "like that of random images"


@torch.no_grad()
def _activations(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    """The mean of each channel of the layer, `(N, channels)`."""
    return _maps(model, images, layer).mean((2, 3))


def _maps(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    kept = []
    hook = model.get_submodule(layer).register_forward_hook(lambda m, a, out: kept.append(out))
    try:
        model(images)
    finally:
        hook.remove()
    return kept[0]


def _start(model: nn.Module, seed: int) -> Tensor:
    weight = model.features[0].weight
    shape = (1, weight.shape[1], SIZE, SIZE)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (0.4 + 0.2 * noise).to(weight.dtype)


def _ascend(
    model: nn.Module,
    layer: str,
    channel: int,
    *,
    steps: int,
    seed: int,
    rate: float = RATE,
    bounds: tuple[float, float] = (0.0, 1.0),
    start: Callable = _start,
    other: int = 0,
    choose: Callable = lambda maps, channel: maps[:, channel],
    end: Callable = lambda image: image,
) -> Tensor:
    """Steps uphill of one length each, cut to 0 to 1; or with one thing changed."""
    x = start(model, seed)
    model(x)
    for _ in range(steps):
        x.requires_grad_()
        maps = _maps(model, x, layer)
        chosen = choose(maps, (channel + other) % maps.shape[1])
        (gradient,) = torch.autograd.grad(chosen.mean(), x)
        length = gradient.square().mean().sqrt().clamp(min=1e-12)
        x = (x.detach() + rate * gradient / length).clamp(*bounds)
    return end(x)


def _clean(function: Callable) -> Callable:
    def looking(model: nn.Module, layer: str, channel: int, **options: int) -> Tensor:
        return function(copy.deepcopy(model).eval(), layer, channel, **options)

    return looking


def _max(**changes: Any) -> Callable:
    """An ascent with one thing changed; `steps` and `seed` may be among them."""

    def ascend(model: nn.Module, layer: str, channel: int, **options: int) -> Tensor:
        return _ascend(model, layer, channel, **options | changes)

    return _arrange(_clean(ascend))


def _maximise_activation(
    network, channels, layer, channel, *, steps, seed, look_at, dtype="float64"
):
    options = {"steps": steps, "seed": seed, "look_at": look_at, "dtype": dtype}
    return _max()(network, channels, layer, channel, **options)


def _counting() -> Callable:
    """Each call starts from another image, as where the generator is never seeded."""
    calls = []

    def start(model: nn.Module, seed: int) -> Tensor:
        calls.append(seed)
        return _start(model, seed + len(calls))

    return start


def _same_for_seeds(model: nn.Module, seed: int) -> Tensor:
    return _start(model, 0)


def _leaving(trace: Callable, *, on_error: bool | None = None) -> Callable:
    """Leave a trace at the end, or only where the network raises, or only where it does not."""

    def looking(model: nn.Module, layer: str, channel: int, **options: int) -> Tensor:
        try:
            return _clean(_ascend)(model, layer, channel, **options)
        finally:
            raised = isinstance(model.features[3], nn.Linear)
            if on_error is None or on_error == raised:
                trace(model, None)

    return _arrange(looking)


@torch.no_grad()
def _train_weights(model: nn.Module, x: None) -> None:
    for p in model.parameters():
        p.add_(0.01)


def _images(rng) -> Iterator[Case]:
    options = {"steps": 40, "look_at": "image"}
    for kind, channels, dtype in [("strided", 3, "float32"), ("pooled", 1, "float64")]:
        channel, seed = int(rng.integers(1, 5)), int(rng.integers(1000))
        layer = LAYERS[kind]
        yield case(kind, channels, layer, channel, seed=seed, dtype=dtype, **options)


def _seeds(rng) -> Iterator[Case]:
    for seed in (0, int(rng.integers(1, 1000))):
        yield case("plain", 3, LAYERS["plain"], 2, steps=5, seed=seed, look_at="seeds")
    yield case("plain", 3, LAYERS["plain"], 2, steps=1, seed=seed, look_at="seeds")


def _looks(rng) -> Iterator[Case]:
    seed = int(rng.integers(1000))
    for look_at in ("left behind", "after an error"):
        yield case("pooled", 3, LAYERS["pooled"], 1, steps=40, seed=seed, look_at=look_at)


OPTIONS = {"steps": 3, "seed": 0, "look_at": "image"}
# fmt: off
_SUSPECTS = {
    "The steps go downhill: add the gradient, or minimise minus the activation.": {"rate": -RATE},
    "40 steps hardly move the image: are they far too small, or clamped, or not divided by the "
    "size of the gradient?": {"rate": RATE / 60},
    "steps is ignored: that many steps uphill are asked for.": {"steps": 40},
    "This is hardly better than a random image: climb the mean over the whole channel, steps "
    "times, in steps that are large enough. A raw gradient is often tiny, so divide it by its own "
    "size.": {"steps": 0},
    "Does the model compute in training mode? There BatchNorm uses the batch: call model.eval() "
    "first.":
        _arrange(
            lambda model, *args, **options: _ascend(copy.deepcopy(model).train(), *args, **options)
        ),
    "Another channel is maximised: the first is number 0.": {"other": 1},
    "The mean over all channels is maximised: take maps[:, channel].":
        {"choose": lambda maps, channel: maps},
    "The image leaves 0 to 1: clamp it after each step.": {"bounds": (-9.0, 9.0)},
    "The values are between −1 and 1: they are to be in 0 to 1.": {"bounds": (-1.0, 1.0)},
    "The batch is missing: the image is (1, C, 32, 32).": {"end": lambda image: image[0]},
    "The image has one channel: it has as many as the first convolution takes.":
        {"end": lambda image: image[:, :1]},
    "The seed is ignored: start from random numbers of torch.Generator().manual_seed(seed).":
        {"start": _same_for_seeds},
    "The same seed gives different images: seed a generator in each call.": {"start": _counting()},
    "The weights are trained instead of the image: the optimiser gets the image alone.":
        _leaving(_train_weights),
    "The hook must be removed at the end: keep what register_forward_hook returns.":
        _leaving(leave_hook),
    "Where the network raises an error the hook stays in the model: remove it in a finally.":
        _leaving(leave_hook, on_error=True),
    "The model is left in eval mode: give each module back the mode that it had.":
        _leaving(lambda model, x: model.eval()),
    "All modules are left in training mode, one of them was not: keep the mode of each.":
        _leaving(lambda model, x: model.train()),
    "The weights got gradients: torch.autograd.grad gives the one that you want and leaves the "
    "others alone.": _leaving(leave_gradients, on_error=False),
    "zero_grad() deletes gradients that were there before: with torch.autograd.grad there is "
    "nothing to delete.": _leaving(lambda model, x: model.zero_grad()),
}
# fmt: on


check_maximise_activation = Check(
    "maximise_activation",
    oracle=_maximise_activation,
    tool="what such an image must do",
    parts={"image": _images, "seeds": _seeds, "left behind": _looks},
    suspects=_SUSPECTS,
    recipe=_max,
    most_pairs={"": 15},
    rejects=[
        rejection("layer|features.17", "plain", 3, "features.17", 0, **OPTIONS),
        rejection("channel", "plain", 3, "features.2", 6, **OPTIONS),
        rejection("channel", "plain", 3, "features.2", -1, **OPTIONS),
        rejection("steps", "plain", 3, "features.2", 0, **OPTIONS | {"steps": 0}),
    ],
    arrange=_arrange,
    forbidden=NOT_HERE,
)
