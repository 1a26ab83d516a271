"""Check of probe_layers: the accuracy of a ridge regression on the features of each layer."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a5_transfer import regressions
from course_utils.checks.a5_transfer.networks import (
    BUILD_IT_YOURSELF,
    build,
    changed,
    inputs,
    widths_for,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import beside, usual_settings, weights_of
from course_utils.checks.outcome import Unusable

FEW = 16  # examples that train, where details of the regression decide
MANY = 2000  # to choose such examples from
TOO_MANY_CHANNELS = 9  # more than any network here takes, so that its forward raises
LAYERS = {
    "plain": ("stage1.0", "stage1", "stage2", "head"),
    "BatchNorm": ("stage1.1", "stage2", "head.0", "head"),
    "nested": ("stage1.0.0", "stage2", "maps", "head.1"),
    "dense": ("layer1", "norm1", "relu2", "head"),
    "LeNet5": ("features.2", "features", "classifier.3", "classifier"),
}


def _arrange(probe_layers: Callable) -> Callable:
    def ask(x, y, kind, widths, layers, *, look_at: str) -> dict[str, Any]:
        with usual_settings(probe_layers):
            model = _network(probe_layers, kind, widths)
            if x.dtype == np.float32:
                model.float()
            images, labels = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
            if look_at == "accuracy":
                return _accuracies(probe_layers(model, images, labels, list(layers)), layers)
            return _traces(probe_layers, model, images, labels, list(layers), look_at)

    return ask


def _traces(
    probe_layers: Callable, model: Any, x: Tensor, y: Tensor, layers: list[str], look_at: str
) -> dict[str, Any]:
    """What a probe leaves behind, also after an error, which is then provoked."""
    modules = [module for _, module in model.named_modules()]
    modes, before = [m.training for m in modules], weights_of(model)
    learns = [p.requires_grad for p in model.parameters()]
    slopes = []
    modules[-1].register_forward_hook(lambda module, given, out: slopes.append(_records(out)))
    own = sum(len(m._forward_hooks) for m in modules)
    if look_at == "left behind":
        _accuracies(probe_layers(model, x, y, layers), tuple(layers))
    else:
        if look_at == "after an error":
            x = torch.cat([x] * TOO_MANY_CHANNELS, 1)
        else:
            layers = [*layers, "stage9"]
        try:
            probe_layers(model, x, y, layers)
        except NotImplementedError:
            raise
        except Exception:  # whatever is said of such images, or of such a name
            slopes.clear()
    asked = bool(slopes) or look_at != "left behind"
    still = [p.requires_grad for p in model.parameters()] == learns
    recording = beside(model, "torch").is_grad_enabled()
    return _left_behind(modules, modes, own) | {
        "network": "right" if asked else "never called, so nothing can be said of its layers",
        "weights and statistics": "changed" if changed(before, weights_of(model)) else "right",
        "what learns": "right" if still else "not what learned before",
        "gradients": "recorded, which nobody needs" if any(slopes) else "right",
        "gradients afterwards": "right" if recording else "switched off in the whole notebook",
    }


def _records(out: Any) -> bool:
    return isinstance(out, Tensor) and out.requires_grad


def _network(home: Any, kind: str, widths: tuple[int, ...]) -> Any:
    """In training mode, with one layer that is in eval mode and frozen.

    A channel of the first stage is always 0 after ReLU.
    """
    model = build(home, kind, widths, seed=1)
    state = weights_of(model)
    first = next(name for name in state if name.endswith("bias"))
    state[first][0] = -1000.0
    model.load_state_dict(state)
    frozen = [module for _, module in model.named_modules()][1]
    frozen.eval()
    frozen.requires_grad_(False)
    return model


def _accuracies(given: Any, layers: tuple[str, ...]) -> dict[str, Any]:
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(given, dict):
        raise Unusable(f"it returned a {type(given).__name__}, but the result is a dict")
    if set(given) != set(layers):
        missing = [name for name in layers if name not in given]
        told = f"{missing[0]} is missing" if missing else "there are more than were asked for"
        if [*given] == [*layers[-1:]]:
            told += ". A hook that is made in a loop sees the last name, unless it is given its own"
        raise Unusable(f"the names in the dict are not those of layers: {told}")
    return {f"accuracy of {name}": given[name] for name in layers}


def _left_behind(modules: list, modes: list[bool], own: int) -> dict[str, Any]:
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules) - own
    now = [module.training for module in modules]
    told = "all training" if all(now) else "mixed up" if any(now) else "all eval"
    return {
        "hooks afterwards": "right" if hooks == 0 else "not as before: some are left",
        "modes afterwards": "right" if now == modes else told,
    }


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
    model = _network(_detailed_case, "dense", widths)
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


check_probe_layers = Check(
    "probe_layers",
    oracle=_probe_layers,
    tool="scikit-learn's StandardScaler and Ridge",
    parts={
        "accuracy": _accuracy_cases,
        "left behind": _left_cases,
    },
    suspects={
        "The training half is tested: test on the examples with odd index.": _probing(
            halves=lambda count: (regressions.halves(count)[0],) * 2
        ),
        "The halves are exchanged: examples with even index train.": _probing(
            halves=lambda count: regressions.halves(count)[::-1]
        ),
        "The data are cut in the middle: even index trains, odd index tests.": _probing(
            halves=regressions.first_and_second_half
        ),
        "All examples train, those of the test too.": _probing(
            halves=lambda count: (np.arange(count), regressions.halves(count)[1])
        ),
        "All examples are tested, those that trained too.": _probing(
            halves=lambda count: (regressions.halves(count)[0], np.arange(count))
        ),
        "The features are not standardised.": _probing(scale=regressions.unscaled),
        "Each half is standardised by itself: the test half gets the training half's mean and "
        "deviation.": _probing(scale=regressions.each_half_by_itself),
        "The features are divided by their variance: divide by its square root.": _probing(
            scale=regressions.by_variance
        ),
        "The deviation divides by N - 1: here it divides by N, as NumPy does.": _probing(
            scale=regressions.by_one_less
        ),
        "A feature that is always the same is divided by 0: divide it by 1.": _probing(
            regressions.with_nan
        ),
        "Mean and deviation are those of all data: the test half must not be looked at.": _probing(
            scale=regressions.scaled_by_all
        ),
        "The maps are flattened: take their mean over the places.": _probing(mean=regressions.flat),
        "(N, C, L) is averaged too: of four axes take the mean, flatten everything else.": (
            _probing(mean=regressions.mean_of_rows_too)
        ),
        "The maximum over the places is taken, not the mean.": _probing(
            mean=regressions.max_over_places
        ),
        "These are features of what comes into the layer: take its output.": _probing(
            of_input=True
        ),
        "The regression has no bias: centre the targets, and add their mean again.": _probing(
            shift=regressions.no_mean
        ),
        "The mean row is that of all targets: take the training half's.": _probing(
            shift=regressions.mean_of_all
        ),
        "A column of ones stands for the bias, so the ridge holds it back as well: centre the "
        "targets, and add their mean again.": _probing(column_of_ones=True),
        "The ridge is missing: λ is 1.": _probing(ridge=lambda count: 1e-9),
        "The ridge grows with the number of examples: λ is 1.": _probing(
            ridge=lambda count: float(count)
        ),
        "This is the share of wrong answers.": _probing(regressions.error_rate),
        "These are percent: give a share, from 0 to 1.": _probing(regressions.percent),
        "The network computes in training mode: call eval() first.": _arrange(_in_training_mode),
        "Hooks are left in the model: keep what register_forward_hook gives, and remove it.": (
            _probing(after=_leave_hooks)
        ),
        "After an unknown name hooks are left in the model: look at all names first.": _probing(
            on_unknown=_leave_hooks
        ),
        "After an error hooks are left in the model: remove them in a `finally`.": _probing(
            on_error=_leave_hooks
        ),
        "The model is left in eval mode: give each module back the mode that it had.": _probing(
            after=lambda model, layers: model.eval(),
            on_error=lambda model, layers: model.eval(),
        ),
        "After an error the model is left in eval mode: give the modes back in a `finally`.": (
            _probing(on_error=lambda model, layers: model.eval())
        ),
        "All modules are left in training mode, one of them was not: keep the mode of each.": (
            _probing(
                after=lambda model, layers: model.train(),
                on_error=lambda model, layers: model.train(),
            )
        ),
        "Gradients are recorded: compute inside torch.no_grad().": _probing(recording=True),
        "Gradients are switched off for good: torch.no_grad() as a `with` ends with its block.": (
            _probing(after=_stop_recording, on_error=_stop_recording, on_unknown=_stop_recording)
        ),
        "Other parameters learn than before: torch.no_grad() needs no requires_grad_.": _probing(
            after=_freeze_all, on_error=_freeze_all, on_unknown=_freeze_all
        ),
    },
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
