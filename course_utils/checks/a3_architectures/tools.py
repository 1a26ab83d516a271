"""What a3 leaves out: with these, a network or a loop would not be built but fetched."""

import contextlib
from collections.abc import Iterator
from typing import Any

from course_utils.checks.models import beside

BUILD_IT_YOURSELF = (
    "torchvision",
    "course_utils.models",
    "course_utils.tracing",
    "course_utils.training",
)


@contextlib.contextmanager
def optimisers_used(home: Any) -> Iterator[set[int]]:
    """A set of those that make a step meanwhile, where `home` lives."""
    made, identity, kept = set(), beside(home, "builtins").id, []

    def note(optimizer: Any, args: Any, kwargs: Any) -> None:
        kept.append(optimizer)  # so that no other one gets its number
        made.add(identity(optimizer))

    hook = beside(home, "torch.optim.optimizer").register_optimizer_step_pre_hook(note)
    try:
        yield made
    finally:
        hook.remove()
