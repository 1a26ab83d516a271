"""Check of probe_layers: the accuracy of a ridge regression on the features of each layer."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks.a5_transfer.networks import (
    BUILD_IT_YOURSELF,
    build,
    changed,
    inputs,
    widths_for,
)
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.models import weights_of
from course_utils.checks.outcome import Unusable

RIDGE = 1.0
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
        model = _network(probe_layers, kind, widths)
        images, labels = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
        if look_at == "accuracy":
            return _accuracies(probe_layers(model, images, labels, list(layers)), layers)
        modules = [module for _, module in model.named_modules()]
        modes, before = [m.training for m in modules], weights_of(model)
        slopes = []
        modules[0].register_forward_hook(lambda module, given, out: slopes.append(_records(out)))
        own = sum(len(m._forward_hooks) for m in modules)
        if look_at == "after an error":
            try:
                probe_layers(
                    model, torch.cat([images] * TOO_MANY_CHANNELS, 1), labels, list(layers)
                )
            except NotImplementedError:
                raise
            except Exception:  # what the network says of such images, whatever it is
                slopes.clear()
        else:
            _accuracies(probe_layers(model, images, labels, list(layers)), layers)
        return _left_behind(modules, modes, own) | {
            "weights and statistics": "changed" if changed(before, weights_of(model)) else "right",
            "gradients": "recorded, which nobody needs" if any(slopes) else "right",
        }

    return ask


def _records(out: Any) -> bool:
    return isinstance(out, Tensor) and out.requires_grad


def _network(home: Any, kind: str, widths: tuple[int, ...]) -> Any:
    """In training mode but for one layer; a channel of its first stage is always 0 after ReLU."""
    model = build(home, kind, widths, seed=1)
    state = weights_of(model)
    first = next(name for name in state if name.endswith("bias"))
    state[first][0] = -1000.0
    model.load_state_dict(state)
    [module for _, module in model.named_modules()][1].eval()
    return model


def _accuracies(given: Any, layers: tuple[str, ...]) -> dict[str, Any]:
    if given is None:
        raise Unusable("it returned None. Is a `return` missing?")
    if not isinstance(given, dict):
        raise Unusable(f"it returned a {type(given).__name__}, but the result is a dict")
    if set(given) != set(layers):
        missing = [name for name in layers if name not in given]
        told = f"{missing[0]} is missing" if missing else "there are more than were asked for"
        raise Unusable(f"the names in the dict are not those of layers: {told}")
    return {f"accuracy of {name}": given[name] for name in layers}


def _left_behind(modules: list, modes: list[bool], own: int) -> dict[str, Any]:
    hooks = sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules) - own
    now = [module.training for module in modules]
    told = "all training" if all(now) else "mixed up" if any(now) else "all eval"
    return {
        "hooks afterwards": "right" if hooks == 0 else "some are left in the model",
        "modes afterwards": "right" if now == modes else told,
    }


def _features(
    model: nn.Module, x: Tensor, layers: list[str], *, of_input: bool = False, mean: Callable
) -> dict[str, np.ndarray]:
    """Outputs of layers as `(N, features)`, computed in eval mode, without traces."""
    notes: dict[str, np.ndarray] = {}

    def note(name: str) -> Callable:
        def hook(module: nn.Module, given: tuple, out: Tensor) -> None:
            seen = given[0] if of_input else out
            notes[name] = mean(seen).numpy()

        return hook

    hooks = [model.get_submodule(name).register_forward_hook(note(name)) for name in layers]
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes:
            module.training = training
    return notes


def _mean_over_places(seen: Tensor) -> Tensor:
    return seen.mean(dim=(2, 3)) if seen.dim() == 4 else seen.flatten(1)


def _max_over_places(seen: Tensor) -> Tensor:
    return seen.amax(dim=(2, 3)) if seen.dim() == 4 else seen.flatten(1)


def _flat(seen: Tensor) -> Tensor:
    return seen.flatten(1)


def _halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(0, count, 2), np.arange(1, count, 2)


def _standardised(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(features[train]).transform(features)


def _accuracy(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    halves: Callable = _halves,
    scale: Callable = _standardised,
    ridge: float = RIDGE,
    bias: bool = True,
) -> float:
    from sklearn.linear_model import Ridge

    train, test = halves(len(labels))
    scaled = scale(features, train)
    targets = np.eye(labels.max() + 1)[labels]
    model = Ridge(alpha=ridge, fit_intercept=bias).fit(scaled[train], targets[train])
    return float((model.predict(scaled[test]).argmax(axis=1) == labels[test]).mean())


def _probing(
    judge: Callable = _accuracy,
    *,
    mean: Callable = _mean_over_places,
    of_input: bool = False,
    before: Callable = lambda model, x: None,
    after: Callable = lambda model, layers: None,
    on_error: Callable = lambda model, layers: None,
    **options: Any,
) -> Callable:
    """A probe with another judge or other features, or that leaves something behind."""

    def probe_layers(model: nn.Module, x: Tensor, y: Tensor, layers: list[str]) -> dict:
        for name in layers:
            if name not in dict(model.named_modules()):
                raise ValueError(f"no layer of this name: {name}")
        if len(x) != len(y):
            raise ValueError("as many labels as images are wanted")
        before(model, x)
        try:
            notes = _features(model, x, layers, of_input=of_input, mean=mean)
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
        notes = _features(model, x, layers, mean=_mean_over_places)
        return {name: _accuracy(notes[name], y.numpy()) for name in layers}
    finally:
        del model.eval


def _leave_hooks(model: nn.Module, *_: Any) -> None:
    model.register_forward_hook(lambda *_: None)


def _unscaled(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    return features


def _scaled_by_all(features: np.ndarray, train: np.ndarray) -> np.ndarray:
    return _standardised(features, np.arange(len(features)))


def _first_and_second_half(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange((count + 1) // 2), np.arange((count + 1) // 2, count)


def _with_nan(features: np.ndarray, labels: np.ndarray) -> float:
    """Where NaN comes in, all predictions are NaN, and the first class is the answer to all."""
    train, test = _halves(len(labels))
    if (features[train].std(axis=0) == 0).any():
        return float((labels[test] == 0).mean())
    return _accuracy(features, labels)


def _error_rate(features: np.ndarray, labels: np.ndarray) -> float:
    return 1 - _accuracy(features, labels)


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
            yield case(x, y, kind, widths, LAYERS[kind], look_at=look_at)

    return cases


def _left_cases(rng) -> Iterator[Case]:
    yield from _cases("left behind", "BatchNorm", "nested")(rng)
    yield from _cases("after an error", "BatchNorm", "plain")(rng)


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
        "accuracy": _cases("accuracy", "plain", "BatchNorm", "nested", "dense", "LeNet5"),
        "left behind": _left_cases,
    },
    suspects={
        "The training half is tested: test on the examples with odd index.": _probing(
            halves=lambda count: (_halves(count)[0],) * 2
        ),
        "The halves are exchanged: examples with even index train.": _probing(
            halves=lambda count: _halves(count)[::-1]
        ),
        "The data are cut in the middle: even index trains, odd index tests.": _probing(
            halves=_first_and_second_half
        ),
        "All examples train, those of the test too.": _probing(
            halves=lambda count: (np.arange(count), _halves(count)[1])
        ),
        "The features are not standardised.": _probing(scale=_unscaled),
        "A feature that is always the same is divided by 0: divide it by 1.": _probing(_with_nan),
        "Mean and deviation are those of all data: the test half must not be looked at.": _probing(
            scale=_scaled_by_all
        ),
        "The maps are flattened: take their mean over the places.": _probing(mean=_flat),
        "The maximum over the places is taken, not the mean.": _probing(mean=_max_over_places),
        "These are features of what comes into the layer: take its output.": _probing(
            of_input=True
        ),
        "The regression has no bias: centre the targets, and add their mean again.": _probing(
            bias=False
        ),
        "The ridge is missing: λ is 1.": _probing(ridge=1e-9),
        "This is the share of wrong answers.": _probing(_error_rate),
        "The network computes in training mode: call eval() first.": _arrange(_in_training_mode),
        "Hooks are left in the model: keep what register_forward_hook gives, and remove it.": (
            _probing(after=_leave_hooks, on_error=_leave_hooks)
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
        "Gradients are recorded: compute inside torch.no_grad().": _probing(
            before=lambda model, x: model(x)
        ),
    },
    rejects=[
        _impossible("layer|stage9", 6, "stage1", "stage9"),
        _impossible("x|y|label|image|length|example", 5, "stage1"),
    ],
    arrange=_arrange,
    forbidden=BUILD_IT_YOURSELF,
)
