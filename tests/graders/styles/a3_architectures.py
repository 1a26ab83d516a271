"""Right versions of a3 in odd styles. Each stands alone."""

import collections
import contextlib
import dataclasses
import functools
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graders.candidates import alternative

# What an optimiser remembers ---------------------------------------------------------------------


class Velocities(NamedTuple):
    arrays: Any


def _demand(params, grads, lr, **shares):
    if not lr > 0:
        raise ValueError("lr must be above 0")
    if len(params) != len(grads) or any(
        p.shape != g.shape for p, g in zip(params, grads, strict=True)
    ):
        raise ValueError("grads must have the shapes of params")
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise ValueError(f"{name} must be at least 0 and below 1")


def _roll(params, grads, old, lr, momentum):
    old = old or [np.zeros_like(p) for p in params]
    new = [momentum * v + g for v, g in zip(old, grads, strict=True)]
    return [p - lr * v for p, v in zip(params, new, strict=True)], new


@alternative("sgd_momentum_step")
def state_of_a_namedtuple(params, grads, state, lr, *, momentum=0.9):
    _demand(params, grads, lr, momentum=momentum)
    old = state["v"].arrays if state else None
    params, new = _roll(params, grads, old, lr, momentum)
    return params, {"v": Velocities(new)}


@dataclasses.dataclass(frozen=True)
class Memory:
    velocities: list


@alternative("sgd_momentum_step")
def state_of_a_dataclass(params, grads, state, lr, *, momentum=0.9):
    _demand(params, grads, lr, momentum=momentum)
    params, new = _roll(params, grads, state["m"].velocities if state else None, lr, momentum)
    return params, {"m": Memory(new)}


@alternative("sgd_momentum_step")
def state_is_a_namedtuple(params, grads, state, lr, *, momentum=0.9):
    _demand(params, grads, lr, momentum=momentum)
    params, new = _roll(params, grads, list(state.arrays) if state else None, lr, momentum)
    return params, Velocities(tuple(new))


@alternative("sgd_momentum_step")
def state_is_ordered(params, grads, state, lr, *, momentum=0.9):
    _demand(params, grads, lr, momentum=momentum)
    params, new = _roll(params, grads, list(state.values()), lr, momentum)
    return tuple(params), collections.OrderedDict(enumerate(new))


@alternative("sgd_momentum_step")
def state_of_deques(params, grads, state, lr, *, momentum=0.9):
    _demand(params, grads, lr, momentum=momentum)
    params, new = _roll(params, grads, list(state.get("v", ())), lr, momentum)
    return params, {"v": collections.deque(new, maxlen=99)}


@alternative("adagrad_step")
def state_with_numpy_keys(params, grads, state, lr, *, eps=1e-10):
    _demand(params, grads, lr)
    if eps < 0:
        raise ValueError("eps must be at least 0")
    new = {np.int64(i): state.get(np.int64(i), 0) + g * g for i, g in enumerate(grads)}
    return [p - lr * g / (s**0.5 + eps) for p, g, s in
            zip(params, grads, new.values(), strict=True)], new  # fmt: skip


# Networks ----------------------------------------------------------------------------------------


@alternative("LeNet5")
def a_class_made_in_a_function(num_classes=10):
    if num_classes < 1:
        raise ValueError("num_classes must be at least 1")

    class Local(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleDict(
                {
                    "c1": nn.LazyConv2d(6, 5),
                    "c3": nn.LazyConv2d(16, 5),
                    "f5": nn.LazyLinear(120),
                    "f6": nn.LazyLinear(84),
                    "out": nn.LazyLinear(num_classes),
                }
            )

        def forward(self, x):
            for name in ("c1", "c3"):
                x = F.avg_pool2d(self.parts[name](x).tanh(), 2)
            x = x.flatten(1)
            for name in ("f5", "f6"):
                x = self.parts[name](x).tanh()
            return self.parts["out"](x)

    return Local()


@alternative("vgg_block")
def from_a_generator(in_channels, out_channels, num_convs):
    for name, value in [("in_channels", in_channels), ("out_channels", out_channels),
                        ("num_convs", num_convs)]:  # fmt: skip
        if value < 1:
            raise ValueError(f"{name} must be at least 1")

    def layers():
        for number in range(num_convs):
            before = in_channels if number == 0 else out_channels
            yield f"conv{number}", nn.Conv2d(before, out_channels, 3, padding="same")
            yield f"relu{number}", nn.ReLU()
        yield "pool", nn.MaxPool2d(2)

    return nn.Sequential(collections.OrderedDict(layers()))


@alternative("vgg_block")
def with_add_module(in_channels, out_channels, num_convs):
    if min(in_channels, out_channels, num_convs) < 1:
        raise ValueError("in_channels, out_channels and num_convs must be at least 1")
    net, conv = nn.Sequential(), functools.partial(nn.LazyConv2d, out_channels, 3, padding=1)
    for number in range(num_convs):
        net.add_module(f"{2 * number}", conv())
        net.add_module(f"{2 * number + 1}", nn.ReLU())
    net.add_module("pool", nn.MaxPool2d(kernel_size=(2, 2), stride=(2, 2)))
    return net


# Loops -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def evaluating(model):
    modes = {module: module.training for module in model.modules()}
    try:
        with torch.inference_mode():
            yield model.eval()
    finally:
        for module, mode in modes.items():
            module.training = mode


@alternative("evaluate")
def a_context_and_a_generator(model, loader):
    with evaluating(model):
        right = [hit for x, y in loader for hit in (model(x).argmax(1) == y).tolist()]
    if not right:
        raise ValueError("the loader is empty")
    return np.mean(right)  # a numpy scalar


def averaged(step):
    """A decorator that makes an epoch of a step."""

    @functools.wraps(step)
    def epoch(model, loader, optimizer):
        model.train()
        pairs = [(step(model, x, y, optimizer), len(x)) for x, y in loader]
        if not pairs:
            raise ValueError("the loader is empty")
        losses, sizes = zip(*pairs, strict=True)
        return np.average(losses, weights=sizes)

    return epoch


@alternative("train_epoch")
@averaged
def a_decorated_step(model, x, y, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@alternative("overfit_batch")
def losses_in_an_array(model, x, y, steps):
    if steps < 1:
        raise ValueError("steps must be at least 1")
    if len(x) != len(y):
        raise ValueError("x and y must have one length")
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.03), np.zeros(steps)
    model.train()
    for number in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses[number] = loss.item()
    return losses
