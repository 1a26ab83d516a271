"""Checks of evaluate and train_epoch."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks.a3_architectures.tools import BUILD_IT_YOURSELF
from course_utils.checks.changes import result
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look
from course_utils.probes import training as probes
from course_utils.probes.training import CLASSES, FEATURES


def _batches(rng, look_at: str = "value") -> Iterator[Case]:
    """Sizes of batches that do not divide the number of examples."""
    for count, batch_size in [(11, 4), (int(rng.integers(18, 24)), 8)]:  # never a batch of one
        x = rng.normal(size=(count, FEATURES))
        yield case(x, rng.integers(0, CLASSES, count), batch_size, look_at=look_at)


def _and_incomplete(look_at: str) -> Callable:
    """A loader that leaves out the last batch as well: its dataset is larger than what it gives."""

    def cases(rng) -> Iterator[Case]:
        yield from _batches(rng, look_at)
        x, y = rng.normal(size=(11, FEATURES)), rng.integers(0, CLASSES, 11)
        yield case(x, y, 4, drop_last=True, look_at=look_at)

    return cases


def _modes_cases(rng) -> Iterator[Case]:
    """One loader is empty: the modes are to come back even then."""
    yield from _batches(rng, "modes")
    yield case(np.zeros((0, FEATURES)), np.zeros(0, int), 4, look_at="modes")


def _parts(*looks: str) -> dict[str, Callable]:
    return {look: lambda rng, look=look: _batches(rng, look) for look in looks}


# evaluate ----------------------------------------------------------------------------------------


def _read_evaluation(found: dict[str, Any], *_: Any, look_at: str, **__: Any) -> dict[str, Any]:
    if look_at == "value":
        return found
    if look_at == "modes":
        return {"modes afterwards": _modes(found["modes"])}
    before, after = probes.weights_of(probes.small_network()), found["weights"]
    same = all(torch.equal(after[name], before[name]) for name in before)
    on, recorded = found["recording"], any(found["graphs"])
    return {
        "gradients": "recorded, which costs memory for nothing" if recorded else "right",
        "weights and statistics": "right" if same else "changed by the evaluation",
        "gradients afterwards": "right" if on else "switched off for the whole notebook",
    }


def _modes(modes: list[bool]) -> str:
    wanted = [True, True, False, True, True]
    return "right" if modes == wanted else "all training" if all(modes) else "not as before"


_arrange_evaluate = Look(probes.evaluate, _read_evaluation)


@torch.no_grad()
def _right_answers(model: nn.Module, loader) -> list[Tensor]:
    """For each batch, which answers are right; modes as they were."""
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    right = [model(x).argmax(1) == y for x, y in loader]
    for module, training in modes:
        module.training = training
    return right


def _accuracy(model: nn.Module, loader) -> float:
    return torch.cat(_right_answers(model, loader)).double().mean().item()


def _evaluate(x, y, batch_size, **options):
    return _arrange_evaluate(_accuracy)(x, y, batch_size, **options)


def _evaluating(accuracy: Callable = _accuracy, after: Callable = lambda model: None) -> Callable:
    """An evaluate that counts otherwise, or does something to the model at its end."""

    def evaluate(model: nn.Module, loader) -> float:
        try:
            return float(accuracy(model, loader))
        finally:
            after(model)

    return _arrange_evaluate(evaluate)


def _restored_too_late(model: nn.Module, loader) -> float:
    if not list(loader):
        model.eval()
    return _accuracy(model, loader)


def _in_training_mode(model: nn.Module, loader) -> float:
    with torch.no_grad():
        right = [model(x).argmax(1) == y for x, y in loader]
    return torch.cat(right).double().mean()


def _with_gradients(model: nn.Module, loader) -> float:
    if len(loader):
        model(next(iter(loader))[0].double()) if not model.training else _once(model, loader)
    return _accuracy(model, loader)


def _once(model: nn.Module, loader) -> None:
    modes = [(m, m.training) for m in model.modules()]
    model.eval()(next(iter(loader))[0])
    for module, training in modes:
        module.training = training


# fmt: off
_EVALUATIONS = {
    "The accuracies of the batches are averaged, but the last batch is smaller: count right "
    "answers and divide once.":
        {"accuracy": lambda m, ld: np.mean([r.double().mean() for r in _right_answers(m, ld)])},
    "The model computes in training mode, where BatchNorm uses the batch: call model.eval() first.":
        {"accuracy": _in_training_mode},
    "The model is left in eval mode: give it back the mode that it had.":
        {"after": lambda model: model.eval()},
    "All modules are left in training mode, one of them was not: keep the mode of each.":
        {"after": lambda model: model.train()},
    "These are percent; the accuracy is a share between 0 and 1.":
        result(lambda accuracy: 100 * accuracy, "accuracy"),
    "This is the number of right answers, not their share.":
        {"accuracy": lambda m, ld: sum(r.sum() for r in _right_answers(m, ld))},
    "Only the last batch is counted: add up over all of them.":
        {"accuracy": lambda m, ld: _right_answers(m, ld)[-1].double().mean()},
    "Only the first batch is counted: a return stands in the loop.":
        {"accuracy": lambda m, ld: _right_answers(m, ld)[0].double().mean()},
    "The right answers are divided by the size of the dataset, but this loader leaves some out: "
    "count what the batches hold.":
        {
            "accuracy": lambda m, ld: (
                sum(r.sum() for r in _right_answers(m, ld)) / max(1, len(ld.dataset))
            )
        },
    "This is the share of wrong answers.": result(lambda accuracy: 1 - accuracy, "accuracy"),
    "The right answers are divided by the number of batches: divide by that of the examples.":
        {"accuracy": lambda m, ld: sum(r.sum() for r in _right_answers(m, ld)) / len(list(ld))},
    "The loader is empty, and the error leaves the model in eval mode: give the modes back in a "
    "finally.": {"accuracy": _restored_too_late},
    "Nothing can be trained afterwards: use `with torch.no_grad():`, which ends by itself.":
        {"after": lambda model: torch.set_grad_enabled(False)},
    "Gradients are recorded: compute inside torch.no_grad().": {"accuracy": _with_gradients},
}
# fmt: on


check_evaluate = Check(
    "evaluate",
    oracle=_evaluate,
    tool="counting by hand",
    parts={"value": _and_incomplete("value"), "modes": _modes_cases} | _parts("traces"),
    suspects=_EVALUATIONS,
    recipe=_evaluating,
    rejects=[
        rejection(
            "loader|empty|example|batch",
            np.zeros((0, FEATURES)),
            np.zeros(0, int),
            4,
            look_at="value",
        )
    ],
    arrange=_arrange_evaluate,
    forbidden=BUILD_IT_YOURSELF,
)


STEP_TOO_EARLY = {
    "modified by an inplace operation": "The weights change between model(x) and loss.backward(): "
    "call optimizer.step() after both."
}


# train_epoch -------------------------------------------------------------------------------------


def _read_epoch(found: dict[str, Any], x: np.ndarray, *_: Any, **__: Any) -> dict[str, Any]:
    used = "right"
    if len(x) and not (found["used"] and found["moved"]):
        used = _why_unused(*(found[name] for name in ("steps", "moved", "gradients", "left")))
    training = "right" if all(found["modes"]) else "eval mode, training mode is promised"
    return {
        "optimizer": used,
        "mean loss": found["loss"],
        "weights afterwards": found["weights"],
        "running mean of BatchNorm": found["mean"],
        "mode afterwards": training,
    }


_arrange_train_epoch = Look(probes.train_epoch, _read_epoch)


def _why_unused(stepped: bool, moved: bool, went_back: bool, left: bool) -> str:
    """Why the optimizer that was given has made no step with a gradient."""
    if moved and not stepped:
        return "unused: only its step() is to change weights"
    if not stepped:
        return "never asked for a step(), and nothing else changes the weights"
    if not went_back:
        return "asked for a step(), but no loss.backward() has brought gradients to the weights"
    when = "it comes before loss.backward()" if left else "zero_grad() has deleted them before it"
    return f"asked for a step() while there are no gradients: {when}"


def _epoch(
    *,
    mode: Callable = nn.Module.train,
    order: str = "zero back step",
    own: Callable = lambda model, optimizer: optimizer,
    after: Callable = lambda model: None,
    mean: Callable = lambda losses, sizes: np.average(losses, weights=sizes),
    loss: Callable = F.cross_entropy,
    batches: slice = slice(None),
) -> Callable:
    """An epoch with one thing changed."""

    def train_epoch(model: nn.Module, loader, optimizer) -> float:
        mode(model)
        losses, sizes, optimizer = [], [], own(model, optimizer)
        for x, y in list(loader)[batches]:
            value = loss(model(x), y)
            deeds = {
                "zero": optimizer.zero_grad,
                "back": value.backward,
                "step": optimizer.step,
            }
            for deed in order.split():
                deeds[deed]()
            losses.append(value.item())
            sizes.append(len(x))
        after(model)
        return float(mean(losses, sizes)) if losses else 0.0

    return _arrange_train_epoch(train_epoch)


def _train_epoch(x, y, batch_size, **options):
    return _epoch()(x, y, batch_size, **options)


def _over_the_dataset() -> Callable:
    """An epoch whose mean counts the examples that the loader leaves out."""

    def train_epoch(model: nn.Module, loader, optimizer) -> float:
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        return total / max(1, len(loader.dataset))

    return _arrange_train_epoch(train_epoch)


def _loss_afterwards(model: nn.Module, loader, optimizer) -> float:
    model.train()
    losses, sizes = [], []
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        losses.append(F.cross_entropy(model(x), y).item())  # BatchNorm sees the batch once more
        sizes.append(len(x))
    return float(np.average(losses, weights=sizes))


# fmt: off
_EPOCHS = {
    "The losses of the batches are averaged, but the last batch is smaller: weigh each by its "
    "size.": {"mean": lambda losses, sizes: np.mean(losses)},
    "The losses are added up, not averaged.": {"mean": lambda losses, sizes: sum(losses)},
    "This is the loss of the last batch, not the mean of all.":
        {"mean": lambda losses, sizes: losses[-1]},
    "The total is divided by the size of the dataset, but this loader leaves some examples out: "
    "count what the batches hold.": _over_the_dataset(),
    "The gradients of earlier batches are still there: call optimizer.zero_grad().":
        {"order": "back step"},
    "optimizer.step() is missing.": {"order": "zero back"},
    "No gradient reaches the weights: call loss.backward() before the step, of the loss that "
    "comes from model(x).": {"order": "zero step"},
    "optimizer.step() comes after zero_grad() and before loss.backward(): it finds no gradients.":
        {"order": "zero step back"},
    "zero_grad() stands between loss.backward() and optimizer.step(), and deletes what the step "
    "needs.": {"order": "back zero step"},
    "The optimizer makes two steps with each gradient.": {"order": "zero back step step"},
    "Another optimizer is made here: use the one that is given.":
        {"own": lambda model, optimizer: torch.optim.SGD(model.parameters(), lr=0.1)},
    "The total is not divided by the number of examples.": {"mean": np.dot},
    "The model is left in eval mode: the docstring promises training mode.":
        {"after": nn.Module.eval},
    "The model trains in eval mode: call model.train() first.": {"mode": nn.Module.eval},
    "Only the first batch is used: a return stands in the loop.": {"batches": slice(1)},
    "The loss is measured after the step: it is to be that which the step came from.":
        _arrange_train_epoch(_loss_afterwards),
    "Softmax is applied before cross_entropy, which contains it already.":
        {"loss": lambda logits, y: F.cross_entropy(logits.softmax(1), y)},
    "The loss of a batch is summed over its examples: with the mean, the rate keeps its meaning.":
        {
            "loss": lambda logits, y: F.cross_entropy(logits, y, reduction="sum"),
            "mean": lambda losses, sizes: sum(losses) / sum(sizes),
        },
}
# fmt: on


check_train_epoch = Check(
    "train_epoch",
    oracle=_train_epoch,
    tool="the same steps by hand",
    parts={"one epoch": _and_incomplete("one epoch")} | _parts("two epochs"),
    suspects=_EPOCHS,
    recipe=_epoch,
    rejects=[
        rejection(
            "loader|empty|example|batch",
            np.zeros((0, FEATURES)),
            np.zeros(0, int),
            4,
            look_at="one epoch",
        )
    ],
    arrange=_arrange_train_epoch,
    forbidden=BUILD_IT_YOURSELF,
    hints=STEP_TOO_EARLY,
)
