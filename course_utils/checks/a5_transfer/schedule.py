"""Check of unfreeze_schedule: which layers learn in which epoch."""

from collections.abc import Callable, Iterator

from course_utils.checks.a5_transfer.networks import BUILD_IT_YOURSELF
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.outcome import Look

LAYERS = ["stage1", "stage2", "stage3", "head"]
EPOCHS_EACH = 2


def _unfreeze_schedule(epoch):
    return LAYERS[max(3 - epoch // EPOCHS_EACH, 0) :]


def _last(count: int) -> list[str]:
    """The last so many layers, in forward order."""
    return LAYERS[len(LAYERS) - min(max(count, 0), len(LAYERS)) :]


def _from_the_front(epoch):
    return [*LAYERS[: min(epoch // EPOCHS_EACH, 3)], "head"]


def _one_at_a_time(epoch):
    newest = LAYERS[max(3 - epoch // EPOCHS_EACH, 0)]
    return [newest] if newest == "head" else [newest, "head"]


def _frozen_ones(epoch):
    return LAYERS[: max(3 - epoch // EPOCHS_EACH, 0)]


def _without_head(epoch):
    return _unfreeze_schedule(epoch)[:-1]


def _read(given: object, epoch: int) -> object:
    return list(given) if isinstance(given, list) else given  # as it is now: it may grow


def _below_zero(epoch):
    return LAYERS[3 - epoch // EPOCHS_EACH :]


def _epochs(epochs: Callable) -> Callable:
    def cases(rng) -> Iterator[Case]:
        for epoch in epochs(rng):
            yield case(int(epoch))

    return cases


check_unfreeze_schedule = Check(
    "unfreeze_schedule",
    oracle=_unfreeze_schedule,
    tool="the table",
    parts={
        "epochs": _epochs(lambda rng: [*range(9), 1]),  # the last one asked again
        "later": _epochs(lambda rng: [9, 20, *rng.integers(8, 500, 3)]),
    },
    suspects={
        "The layers wake from the front: begin at the back, next to the head.": _from_the_front,
        "A stage wakes one epoch late: stage3 is awake in epoch 2.": lambda epoch: _last(
            1 + max(epoch - 1, 0) // EPOCHS_EACH
        ),
        "A stage wakes one epoch early: the head is alone in epochs 0 and 1.": lambda epoch: _last(
            1 + (epoch + 1) // EPOCHS_EACH
        ),
        "The head is missing: it always learns.": _without_head,
        "The names stand from back to front: give them in forward order.": lambda epoch: (
            _unfreeze_schedule(epoch)[::-1]
        ),
        "A stage wakes in each epoch: it is every second one.": lambda epoch: _last(1 + epoch),
        "Only the newest stage learns: those that woke before stay awake.": _one_at_a_time,
        "These are the layers that are frozen; give those that learn.": _frozen_ones,
        "The first stage never wakes: all learn from epoch 6 on.": lambda epoch: _last(
            min(1 + epoch // EPOCHS_EACH, 3)
        ),
        "The head is never alone: it learns by itself in epochs 0 and 1.": lambda epoch: _last(
            2 + epoch // EPOCHS_EACH
        ),
        "From epoch 8 on the slice begins below 0, which counts from the end: max(…, 0).": (
            _below_zero
        ),
        "Everything learns from the start: that is no fade-out.": lambda epoch: list(LAYERS),
    },
    rejects=[
        rejection("epoch", -1),
        rejection("epoch", 2.5),
        rejection("epoch", "3"),
    ],
    arrange=Look(read=_read),
    forbidden=BUILD_IT_YOURSELF,
)
