"""A look at a student's trial: the chain that it trains, how it does that, and what it says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

from course_utils.probes.calls import Unusable
from course_utils.probes.models import usual_settings
from course_utils.probes.training import logits, one_number

CLASSES = 10


def trial(
    trial: Callable,
    link: bool,
    blocks: int,
    lr: float,
    seed: int,
    x: np.ndarray,
    y: np.ndarray,
    size: int,
    unseen_x: np.ndarray,
    unseen_y: np.ndarray,
) -> dict[str, Any]:
    """What one trial gives, and what was seen of it meanwhile.

    Parameters
    ----------
    link, blocks, lr, seed
        As the trial takes them.
    x, y, size
        Images `(N, 1, H, W)` to learn from, their labels, and how many make a batch.
    unseen_x, unseen_y
        Those that judge.

    Returns
    -------
    dict
        `"told"` and `"seen"`, the share of right answers that it gave and that its network has; of
        this network `"convs"` that were called, `"parameters"`, whether with silent convolutions
        it still tells images apart (`"linked"`), whether its numbers have double precision
        (`"double"`), a sum of its first weights before the first step (`"start"`); of the training
        the `"rates"` and momenta of all steps.
    """
    images, labels = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
    batches = list(zip(images.split(size), labels.split(size), strict=True))
    unseen = torch.from_numpy(np.array(unseen_x)), torch.from_numpy(np.array(unseen_y))
    networks: list[nn.Module] = []
    convs: dict[int, nn.Module] = {}  # in the order in which they were first called
    steps, start = [], []

    def pass_on(module: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(module, nn.Conv2d):
            convs[id(module)] = module
            if not start:
                start.append(float(module.weight.detach().double().sum()))
        if isinstance(output, Tensor) and output.shape[1:] == (CLASSES,):
            networks[:] = [module]  # the outermost is the last that is done

    def step(optimizer: Any, args: Any, kwargs: Any) -> None:
        group = optimizer.param_groups[0]
        steps.append([float(group["lr"]), float(group.get("momentum", 0))])

    hooks = register_module_forward_hook(pass_on), register_optimizer_step_pre_hook(step)
    try:
        with usual_settings():
            told = one_number(trial(link, blocks, lr, seed, batches, [unseen]), "the accuracy")
            if not networks:
                raise Unusable("no network has given logits (N, 10)")
            network = networks[0]
            answers = logits(network, unseen[0].to(next(network.parameters()).dtype))
    finally:
        for hook in hooks:
            hook.remove()
    return {
        "told": told,
        "seen": float((answers.argmax(dim=1) == unseen[1]).double().mean()),
        "convs": len(convs),
        "parameters": sum(p.numel() for p in network.parameters()),
        "double": all(p.dtype == torch.float64 for p in network.parameters()),
        "linked": _linked(network, list(convs.values()), unseen[0]),
        "start": start[0] if start else 0.0,
        "rates": [lr for lr, _ in steps],
        "momenta": [momentum for _, momentum in steps],
    }


@torch.no_grad()
def _linked(network: nn.Module, convs: list[nn.Module], images: Tensor) -> bool:
    """Whether images still reach the logits when all convolutions but the first are silent.

    The weights of the network are lost.
    """
    for conv in convs[1:]:
        conv.weight.zero_()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    found = logits(network, images.to(next(network.parameters()).dtype))
    return bool((found - found[:1]).abs().max() > 1e-9)
