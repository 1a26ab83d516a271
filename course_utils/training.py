"""One training loop, written out: read it once, use it from lecture 06 on.

`fit` is the loop. What it needs stands around it: `loaders` cut a data set into batches,
`evaluate` measures, `predict` answers, `History` remembers, `Checkpoint` keeps.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, TensorDataset
from tqdm.auto import tqdm

from course_utils.errors import CourseError
from course_utils.reproducibility import device as fastest_device
from course_utils.reproducibility import seed_everything

Schedule = torch.optim.lr_scheduler.LRScheduler
LossFunction = Callable[[Tensor, Tensor], Tensor]


class LossNotFinite(ArithmeticError):
    """Training ran into NaN or infinity; the text says at which step, and what to try."""


@dataclass
class History:
    """What happened in each epoch; lists of equal length, `validation_*` empty without a set."""

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped_early: bool = False

    @property
    def best_epoch(self) -> int:
        """Number of the epoch, from 1, with the lowest validation loss; 0 before there is one."""
        losses = self.validation_loss
        return losses.index(min(losses)) + 1 if losses else 0


@dataclass(frozen=True)
class Score:
    """Mean loss and share of right answers over all examples of a loader."""

    loss: float
    accuracy: float


def loaders(split: Any, batch_size: int = 64, *, seed: int = 0) -> tuple[DataLoader, DataLoader]:
    """Cut a data set into batches: one loader that shuffles for training, one that does not.

    Parameters
    ----------
    split
        With `train_images` and `test_images` `(N, C, H, W)` or `(N, H, W)`, a channel being added,
        and `train_labels` and `test_labels` `(N,)`, as everything in `course_utils.data`.
    batch_size
        Examples in a batch; the last one of an epoch may have fewer.
    seed
        Decides the order of the training examples, another one in each epoch.

    Returns
    -------
    train_loader, test_loader
        Of batches `(images float32, labels int64)`.

    Raises
    ------
    ValueError
        If `batch_size` is below 1, or there are not as many labels as images.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    order = torch.Generator().manual_seed(seed)
    train = _dataset(split.train_images, split.train_labels)
    test = _dataset(split.test_images, split.test_labels)
    return (
        DataLoader(train, batch_size, shuffle=True, generator=order, collate_fn=tuple),
        DataLoader(test, max(batch_size, 256), collate_fn=tuple),
    )


def fit(
    model: nn.Module,
    train_loader: DataLoader,
    validation_loader: DataLoader | None = None,
    *,
    epochs: int,
    optimizer: Optimizer,
    schedule: Schedule | None = None,
    loss_function: LossFunction = F.cross_entropy,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    device: torch.device | str | None = None,
    seed: int = 0,
    progress: bool = True,
    after_epoch: Callable[[int], None] | None = None,
) -> History:
    """Train a model, epoch by epoch; the model is changed in place and ends in eval mode.

    Parameters
    ----------
    model
        Takes a batch `(N, ...)`, gives logits `(N, num_classes)`, or what `loss_function` takes.
    train_loader, validation_loader
        Of batches `(inputs, targets)`. Without the second there is no validation, no early stop.
    epochs
        How often all training examples are used.
    optimizer
        Of the model's parameters.
    schedule
        Told after each epoch that it is over; changes the learning rate.
    loss_function
        Takes the model's output and the targets, gives the mean loss of the batch.
    patience
        Stop after so many epochs without a lower validation loss, and go back to the best weights.
    checkpoint
        File in which everything is kept after each epoch. If it exists, training goes on where it
        ended, and comes out as if it had never been interrupted.
    device
        Where to compute; by default the fastest that is there. The model stays there.
    seed
        Of dropout and of the order of the examples: the same seed gives the same result.
    progress
        Show a bar with the time that is left; it disappears at the end.
    after_epoch
        Called with the number of the epoch, from 1, as in `after_epoch=lambda epoch: ...`.

    Returns
    -------
    History

    Raises
    ------
    LossNotFinite
        At the first loss that is NaN or infinite, before it can spoil the weights.
    ValueError
        If `epochs` or `patience` make no sense, or there is nothing to train on.
    CourseError
        If the checkpoint is damaged or belongs to another model.
    """
    _check_arguments(train_loader, validation_loader, epochs, patience)
    device = torch.device(device) if device is not None else fastest_device()
    model.to(device)
    seed_everything(seed)
    if isinstance(getattr(train_loader, "generator", None), torch.Generator):
        train_loader.generator.manual_seed(seed)
    run = _Run(model, optimizer, schedule, train_loader)
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(Path(checkpoint), device)
    history = run.history
    first = len(history.train_loss) + 1
    hidden = not progress or bool(os.environ.get("TQDM_DISABLE"))  # which its notebook form ignores
    bar = tqdm(total=epochs, initial=first - 1, unit="epoch", leave=False, disable=hidden)
    with bar:
        for epoch in range(first, epochs + 1):
            if history.stopped_early:
                break
            start = time.perf_counter()
            history.lr.append(optimizer.param_groups[0]["lr"])
            history.train_loss.append(
                _train_epoch(model, train_loader, optimizer, loss_function, device, epoch)
            )
            if validation_loader is not None:
                score = evaluate(model, validation_loader, loss_function=loss_function)
                history.validation_loss.append(score.loss)
                history.validation_accuracy.append(score.accuracy)
            if schedule is not None:
                schedule.step()
            history.seconds.append(time.perf_counter() - start)
            if history.best_epoch == epoch and patience is not None:
                run.keep_best()
            history.stopped_early = patience is not None and epoch - history.best_epoch >= patience
            if checkpoint is not None:
                run.save(Path(checkpoint))
            bar.set_postfix_str(_describe(history))
            bar.update()
            if after_epoch is not None:
                after_epoch(epoch)
    if run.best is not None:
        model.load_state_dict(run.best)
    model.eval()
    return history


def trained(
    make: Callable[[], nn.Module],
    split: Any,
    optimizer: Callable[[Iterator[nn.Parameter]], Optimizer],
    *,
    seed: int,
    batch_size: int = 64,
    schedule: Callable[[Optimizer], Schedule] | None = None,
    watch: bool = False,
    device: torch.device | str = "cpu",
    **options: Any,
) -> tuple[nn.Module, History]:
    """Make a network and train it, all from one seed: its weights, and the order of the images.

    Parameters
    ----------
    make
        Called without arguments, gives the network.
    split
        What it learns from and is tested on, as `loaders` takes it.
    optimizer, schedule
        Take the network's parameters, and the optimiser, and give an optimiser and a schedule:
        `lambda p: torch.optim.Adam(p, lr=0.003)`.
    seed, batch_size
        One run, and the examples in its batches.
    watch
        Test after each epoch; else once, at the end.
    device, options
        Further arguments of `fit`, such as `epochs`; no bar is drawn unless they ask for it.

    Returns
    -------
    model, history
        The model in eval mode. Unless watched, `validation_loss` and `validation_accuracy` have
        one value each.

    Raises
    ------
    LossNotFinite, ValueError
        As `fit` does.
    """
    seed_everything(seed)
    model = make()
    train_loader, test_loader = loaders(split, batch_size, seed=seed)
    steps = optimizer(model.parameters())
    options = {"progress": False, "schedule": schedule and schedule(steps)} | options
    options |= {"optimizer": steps, "seed": seed, "device": device}
    history = fit(model, train_loader, test_loader if watch else None, **options)
    if not watch:
        end = evaluate(model, test_loader)
        history.validation_loss, history.validation_accuracy = [end.loss], [end.accuracy]
    return model, history


def _train_epoch(
    model: nn.Module,
    loader: DataLoader,
    optimizer: Optimizer,
    loss_function: LossFunction,
    device: torch.device,
    epoch: int,
) -> float:
    """Use each example once; returns the mean loss per example, seen while learning."""
    model.train()
    total, count = 0.0, 0
    for step, (inputs, targets) in enumerate(loader, start=1):
        inputs, targets = inputs.to(device), targets.to(device)
        loss = loss_function(model(inputs), targets)
        value = loss.item()
        if not math.isfinite(value):
            raise LossNotFinite(_advice(value, step, epoch, optimizer.param_groups[0]["lr"]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + value * len(inputs), count + len(inputs)
    return total / count


def evaluate(
    model: nn.Module, loader: DataLoader, *, loss_function: LossFunction = F.cross_entropy
) -> Score:
    """Mean loss and accuracy over all examples, in eval mode; the model's own mode comes back.

    Raises
    ------
    ValueError
        If the loader has no examples.
    """
    loss, right, count = 0.0, 0, 0
    where = _device_of(model)
    with evaluating(model):
        for inputs, targets in loader:
            inputs, targets = inputs.to(where), targets.to(where)
            outputs = model(inputs)
            loss += loss_function(outputs, targets).item() * len(inputs)
            if not targets.is_floating_point():
                right += (outputs.argmax(dim=1) == targets).sum().item()
            count += len(inputs)
    if count == 0:
        raise ValueError("there is nothing to evaluate on: the loader has no examples")
    return Score(loss / count, right / count)


def predict(model: nn.Module, images: Any, *, batch_size: int = 256) -> Tensor:
    """Logits `(N, num_classes)` on the CPU, for images `(N, C, H, W)` of NumPy or PyTorch."""
    images, where = torch.as_tensor(images), _device_of(model)
    if len(images) == 0:
        raise ValueError("there is nothing to predict: no images")
    with evaluating(model):
        parts = [model(batch.float().to(where)).cpu() for batch in images.split(batch_size)]
    return torch.cat(parts)


def learn(
    model: nn.Module,
    optimizer: Optimizer,
    x: Tensor,
    y: Tensor,
    *,
    seed: int,
    steps: int,
    before: Callable[[int], None] = lambda step: None,
) -> nn.Module:
    """Train for so many steps with up to 32 examples, drawn anew for each: for small sets.

    Parameters
    ----------
    model
        Changed; each step finds it in the mode in which `before` left it.
    optimizer
        Of its parameters.
    x, y
        All inputs `(N, ...)`, and their classes `(N,)`.
    seed
        Of the draws.
    before
        Called with the number of each step, from 0, before it.

    Returns
    -------
    nn.Module
        `model`, in eval mode.
    """
    order = torch.Generator().manual_seed(seed)
    for step in range(steps):
        before(step)
        batch = torch.randperm(len(x), generator=order)[:32]
        loss = F.cross_entropy(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[nn.Module]:
    """For a while: no gradients, every module in eval mode; then each module's own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield model
    finally:
        for module, training in modes:
            module.training = training


class _Run:
    """All that a run needs to go on later as if nothing had happened."""

    def __init__(
        self, model: nn.Module, optimizer: Optimizer, schedule: Schedule | None, loader: DataLoader
    ):
        self.model, self.optimizer, self.schedule = model, optimizer, schedule
        self.order = getattr(loader, "generator", None)
        self.history, self.best = History(), None

    def keep_best(self) -> None:
        self.best = {
            name: value.detach().clone() for name, value in self.model.state_dict().items()
        }

    def save(self, path: Path) -> None:
        """Write beside the file, then swap: a run that is cut off leaves the old one whole."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else None,
            "history": asdict(self.history),
            "best": self.best,
            "random": torch.get_rng_state(),
            "order": self.order.get_state() if self.order is not None else None,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".unfinished")
        torch.save(state, unfinished)
        os.replace(unfinished, path)

    def load(self, path: Path, device: torch.device) -> None:
        """Read what `save` wrote; `weights_only` runs no code that a file may carry."""
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            history = History(**state["history"])
        except Exception as error:  # torch raises many kinds for a damaged file
            raise CourseError(
                f"the checkpoint {path} cannot be read ({type(error).__name__}); "
                "delete it to train from the start"
            ) from error
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise CourseError(
                f"the checkpoint {path} belongs to another model or optimizer; "
                "name another file, or delete it to train from the start"
            ) from error
        if self.schedule is not None and state["schedule"] is not None:
            self.schedule.load_state_dict(state["schedule"])
        if state["best"] is not None:
            self.best = {name: value.to(device) for name, value in state["best"].items()}
        if self.order is not None and state["order"] is not None:
            self.order.set_state(state["order"])
        torch.set_rng_state(state["random"])
        self.history = history


class _Batches(TensorDataset):
    """Takes a whole batch at once, four times as fast as one example after the other."""

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, ...]:
        return tuple(tensor[indices] for tensor in self.tensors)


def _dataset(images: Any, labels: Any) -> TensorDataset:
    images, labels = torch.as_tensor(images).float(), torch.as_tensor(labels).long()
    if images.ndim == 3:
        images = images.unsqueeze(1)  # (N, 1, H, W)
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, but {len(labels)} labels")
    return _Batches(images, labels)


def _check_arguments(train: DataLoader, validation: Any, epochs: int, patience: int | None) -> None:
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if len(train) == 0:
        raise ValueError("there is nothing to train on: the loader has no batches")
    if patience is not None and patience < 1:
        raise ValueError(f"patience must be at least 1 epoch, got {patience}")
    if patience is not None and validation is None:
        raise ValueError("patience needs a validation_loader: early stopping watches its loss")


def _device_of(model: nn.Module) -> torch.device:
    """Where the model's parameters are; a model without any computes on the CPU."""
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _describe(history: History) -> str:
    words = [f"loss {history.train_loss[-1]:.3f}"]
    if history.validation_accuracy:
        words.append(f"validation {history.validation_accuracy[-1]:.1%}")
    return ", ".join(words)


def _advice(value: float, step: int, epoch: int, lr: float) -> str:
    return (
        f"the loss is {value} at step {step} of epoch {epoch}, so training stops before the "
        f"weights are spoilt. Most likely the learning rate {lr:g} is too large: try {lr / 10:g}. "
        "Else look for inputs that are not scaled or hold NaN, a log or a division by 0 in your "
        "loss, and try torch.nn.utils.clip_grad_norm_."
    )
