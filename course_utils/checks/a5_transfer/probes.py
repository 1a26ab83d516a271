"""Check of probe_layers: the accuracy of a ridge regression on the features of each layer."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a5_transfer import regressions
from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF, inputs, widths_for
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import transfer

FEW = 16  # examples that train, where details of the regression decide
MANY = 2000  # to choose such examples from
LAYERS = {
    "plain": ("stage1.0", "stage1", "stage2", "head"),
    "BatchNorm": ("stage1.1", "stage2", "head.0", "head"),
    "nested": ("stage1.0.0", "stage2", "maps", "head.1"),
    "dense": ("layer1", "norm1", "relu2", "head"),
    "LeNet5": ("features.2", "features", "classifier.3", "classifier"),
}


def _read(seen: dict[str, Any], *_: Any, look_at: str) -> dict[str, Any]:
    if look_at == "accuracy":
        return seen
    before, after = seen["before"], seen["after"]
    modes, learns = after["modes"], after["learns"]
    told = "all training" if all(modes) else "mixed up" if any(modes) else "all eval"
    asked = bool(seen["recorded"]) or look_at != "left behind"
    return {
        "hooks afterwards": (
            "right" if after["hooks"] == before["hooks"] else "not as before: some are left"
        ),
        "modes afterwards": "right" if modes == before["modes"] else told,
        "network": "right" if asked else "never called, so nothing can be said of its layers",
        "weights and statistics": "changed" if seen["changed"] else "right",
        "what learns": "right" if learns == before["learns"] else "not what learned before",
        "gradients": "recorded, which nobody needs" if any(seen["recorded"]) else "right",
        "gradients afterwards": (
            "right" if seen["recording"] else "switched off in the whole notebook"
        ),
    }


_arrange = Look(transfer.probe_layers, _read)


def _probing(
    judge: Callable = regressions.accuracy,
    *,
    mean: Callable = regressions.mean_over_places,
    of_input: bool = False,
    recording: bool = False,
    after: Callable = lambda model, layers: None,
    on_error: Callable = lambda model, layers: None,
    on_unknown: Callable = lambda model, layers: None,
    **options: Any,
) -> Callable:
    """A probe with another judge or other features, or that leaves something behind."""

    def probe_layers(model: nn.Module, x: Tensor, y: Tensor, layers: list[str]) -> dict:
        for name in layers:
            if name not in dict(model.named_modules()):
                on_unknown(model, layers)
                raise ValueError(f"no layer of this name: {name}")
        if len(x) != len(y):
            raise ValueError("as many labels as images are wanted")
        looks = {"of_input": of_input, "mean": mean, "recording": recording}
        try:
            notes = regressions.features(model, x, layers, **looks)
        except Exception:
            on_error(model, layers)
            raise
        after(model, layers)
        return {name: judge(notes[name], y.numpy(), **options) for name in layers}

    return _arrange(probe_layers)


def _probe_layers(x, y, kind, widths, layers, *, look_at):
    return _probing()(x, y, kind, widths, layers, look_at=look_at)


def _in_training_mode(model: nn.Module, x: Tensor, y: Tensor, layers: list[str]) -> dict:
    """As if eval() had been forgotten: BatchNorm uses the batch, and learns from it."""
    model.eval = lambda: model
    try:
        notes = regressions.features(model, x, layers, mean=regressions.mean_over_places)
        return {name: regressions.accuracy(notes[name], y.numpy()) for name in layers}
    finally:
        del model.eval


def _leave_hooks(model: nn.Module, *_: Any) -> None:
    model.register_forward_hook(lambda *_: None)


def _freeze_all(model: nn.Module, *_: Any) -> None:
    model.requires_grad_(False)


def _stop_recording(*_: Any) -> None:
    torch.set_grad_enabled(False)


def _data(rng, kind: str, channels: int, classes: int, count: int) -> tuple:
    """Images whose class is told by a faint pattern, in classes of different sizes.

    Brightness and contrast vary, more in the half that is tested, so that it matters what the
    features are standardised with.
    """
    shares = np.arange(1, classes + 1) / (classes * (classes + 1) / 2)
    labels = rng.choice(classes, count, p=shares)
    labels[: 2 * classes] = np.repeat(np.arange(classes), 2)  # each class in either half
    patterns = inputs(rng, kind, channels, classes)
    noise = inputs(rng, kind, channels, count)
    loud = np.where(np.arange(count) % 2, rng.uniform(0.5, 12, count), 1.0)
    images = (0.6 * patterns[labels] + noise) * loud.reshape(-1, *[1] * (noise.ndim - 1))
    return images, labels


def _cases(look_at: str, *kinds: str) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for kind in kinds:
            widths = widths_for(rng, 2, channels=int(rng.integers(1, 4)))
            count = int(rng.integers(70, 90))
            x, y = _data(rng, kind, widths[0], widths[-1], count)
            if kind == "LeNet5":
                x = x.astype(np.float32)
            yield case(x, y, kind, widths, LAYERS[kind], look_at=look_at)

    return cases


def _accuracy_cases(rng) -> Iterator[Case]:
    yield _detailed_case(rng)
    yield from _cases("accuracy", "plain", "BatchNorm", "nested", "nested", "dense", "LeNet5")(rng)


def _detailed_case(rng) -> Case:
    """Few examples, and a test half at which details of the regression decide."""
    widths = widths_for(rng, 2, channels=3)
    x, y = inputs(rng, "dense", 3, FEW + MANY), np.zeros(FEW + MANY, dtype=int)
    y[: widths[-1]] = np.arange(widths[-1])  # classes of different sizes, each of them trains
    model = transfer.probed_network("dense", widths)
    seen = {"layers": ["layer1"], "mean": regressions.flat}
    features = regressions.features(model, torch.from_numpy(x), **seen)["layer1"]
    rows, labels = regressions.telling_rows(features, y, FEW)
    pairs = np.stack([np.arange(FEW), rows], axis=1).ravel()  # even rows train, odd ones test
    both = np.stack([y[:FEW], labels], axis=1).ravel()
    return case(x[pairs], both, "dense", widths, LAYERS["dense"], look_at="accuracy")


def _left_cases(rng) -> Iterator[Case]:
    yield from _cases("left behind", "BatchNorm", "nested")(rng)
    yield from _cases("after an error", "BatchNorm", "plain")(rng)
    yield from _cases("after an unknown name", "plain")(rng)


def _impossible(words: str, count: int, *layers: str) -> Any:
    return rejection(
        words, np.ones((6, 2, 8, 6)), np.arange(count) % 3, "plain", (2, 3, 4, 3), layers,
        look_at="accuracy",
    )  # fmt: skip


# fmt: off
_SUSPECTS = {
    "The training half is tested: test on the examples with odd index.":
        {"halves": lambda count: (regressions.halves(count)[0],) * 2},
    "The halves are exchanged: examples with even index train.":
        {"halves": lambda count: regressions.halves(count)[::-1]},
    "The data are cut in the middle: even index trains, odd index tests.":
        {"halves": regressions.first_and_second_half},
    "All examples train, those of the test too.":
        {"halves": lambda count: (np.arange(count), regressions.halves(count)[1])},
    "All examples are tested, those that trained too.":
        {"halves": lambda count: (regressions.halves(count)[0], np.arange(count))},
    "The features are not standardised.": {"scale": regressions.unscaled},
    "Each half is standardised by itself: the test half gets the training half's mean and "
    "deviation.": {"scale": regressions.each_half_by_itself},
    "The features are divided by their variance: divide by its square root.":
        {"scale": regressions.by_variance},
    "The deviation divides by N - 1: here it divides by N, as NumPy does.":
        {"scale": regressions.by_one_less},
    "A feature that is always the same is divided by 0: divide it by 1.":
        {"judge": regressions.with_nan},
    "Mean and deviation are those of all data: the test half must not be looked at.":
        {"scale": regressions.scaled_by_all},
    "The maps are flattened: take their mean over the places.": {"mean": regressions.flat},
    "(N, C, L) is averaged too: of four axes take the mean, flatten everything else.":
        {"mean": regressions.mean_of_rows_too},
    "The maximum over the places is taken, not the mean.": {"mean": regressions.max_over_places},
    "These are features of what comes into the layer: take its output.": {"of_input": True},
    "The regression has no bias: centre the targets, and add their mean again.":
        {"shift": regressions.no_mean},
    "The mean row is that of all targets: take the training half's.":
        {"shift": regressions.mean_of_all},
    "A column of ones stands for the bias, so the ridge holds it back as well: centre the "
    "targets, and add their mean again.": {"column_of_ones": True},
    "The ridge is missing: λ is 1.": {"ridge": lambda count: 1e-09},
    "The ridge is 2: λ is 1.": {"ridge": lambda count: 2.0},
    "The ridge is 0.5: λ is 1.": {"ridge": lambda count: 0.5},
    "The ridge grows with the number of examples: λ is 1.": {"ridge": lambda count: float(count)},
    "This is the share of wrong answers.": {"judge": regressions.error_rate},
    "These are percent: give a share, from 0 to 1.": {"judge": regressions.percent},
    "The network computes in training mode: call eval() first.": _arrange(_in_training_mode),
    "Hooks are left in the model: keep what register_forward_hook gives, and remove it.":
        {"after": _leave_hooks},
    "After an unknown name hooks are left in the model: look at all names first.":
        {"on_unknown": _leave_hooks},
    "After an error hooks are left in the model: remove them in a `finally`.":
        {"on_error": _leave_hooks},
    "The model is left in eval mode: give each module back the mode that it had.":
        {
            "after": lambda model, layers: model.eval(),
            "on_error": lambda model, layers: model.eval(),
        },
    "After an error the model is left in eval mode: give the modes back in a `finally`.":
        {"on_error": lambda model, layers: model.eval()},
    "All modules are left in training mode, one of them was not: keep the mode of each.":
        {
            "after": lambda model, layers: model.train(),
            "on_error": lambda model, layers: model.train(),
        },
    "Gradients are recorded: compute inside torch.no_grad().": {"recording": True},
    "Gradients are switched off for good: torch.no_grad() as a `with` ends with its block.":
        {"after": _stop_recording, "on_error": _stop_recording, "on_unknown": _stop_recording},
    "Other parameters learn than before: torch.no_grad() needs no requires_grad_.":
        {"after": _freeze_all, "on_error": _freeze_all, "on_unknown": _freeze_all},
}
# fmt: on


check_probe_layers = Check(
    "probe_layers",
    oracle=_probe_layers,
    tool="scikit-learn's StandardScaler and Ridge",
    parts={
        "accuracy": _accuracy_cases,
        "left behind": _left_cases,
    },
    suspects=_SUSPECTS,
    recipe=_probing,
    most_pairs={"": 0},
    rejects=[
        _impossible("layer|stage9", 6, "stage1", "stage9"),
        _impossible("x|y|label|image|length|example", 5, "stage1"),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
    hints={
        "same dtype|float != double|double != float": "The features have the precision of the "
        "network: turn them to float64 before you compute with them."
    },
)
