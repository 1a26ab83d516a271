"""Mistakes in a3 as people make them, alone or two at once. Each stands alone."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graders.candidates import mutant

# LeNet5, vgg_block, SmallVGG ---------------------------------------------------------------------


@mutant("LeNet5", "A dense layer is made for 256 features, but 400 arrive")
def for_images_of_28(num_classes=10):
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(256, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh()),
        nn.Linear(84, num_classes),
    )


def _lenet(activation=nn.Tanh, pooling=nn.AvgPool2d, end=(), num_classes=10, kernel=5):
    side = ((32 - kernel + 1) // 2 - kernel + 1) // 2
    return nn.Sequential(
        *(nn.Conv2d(1, 6, kernel), activation(), pooling(2)),
        *(nn.Conv2d(6, 16, kernel), activation(), pooling(2), nn.Flatten()),
        *(nn.Linear(16 * side**2, 120), activation(), nn.Linear(120, 84), activation()),
        *(nn.Linear(84, num_classes), *end),
    )


@mutant("LeNet5", "Two things at once: In 1998 the activation was tanh, not ReLU.")
def of_today(num_classes=10):
    return _lenet(nn.ReLU, nn.MaxPool2d, num_classes=num_classes)


@mutant("LeNet5", "The kernels are 3×3: LeNet's are 5×5.")
def small_kernels(num_classes=10):
    return _lenet(kernel=3, num_classes=num_classes)


@mutant("LeNet5", "Softmax stands at the end")
def with_softmax(num_classes=10):
    return _lenet(end=(nn.Softmax(1),), num_classes=num_classes)


@mutant("LeNet5", "super().__init__() is missing")
class NeverBorn(nn.Module):
    def __init__(self, num_classes=10):
        self.conv = nn.Conv2d(1, 6, 5)


@mutant("LeNet5", "A Misspelt has no conv_1: is it spelled as where it is made")
class Misspelt(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        if num_classes < 1:
            raise ValueError("num_classes must be positive")
        self.conv1 = nn.Conv2d(1, 6, 5)

    def forward(self, x):
        return self.conv_1(x)


@mutant("vgg_block", "the first gets in_channels, each later one gets out_channels")
def all_with_in_channels(in_channels, out_channels, num_convs):
    layers = []
    for _ in range(num_convs):
        layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


@mutant("vgg_block", "There is one convolution, whatever num_convs says.")
def one_for_all(in_channels, out_channels, num_convs):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    )


@mutant("vgg_block", "Two things at once: ")
def wide_and_one_too_many(in_channels, out_channels, num_convs):
    layers = []
    for i in range(num_convs + 1):
        layers += [nn.Conv2d(out_channels if i else in_channels, out_channels, 5, padding=2)]
        layers += [nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def _vgg(plan=((16,), (32, 32), (64, 64)), hidden=(128,), num_classes=10, drop=0.5, norm=False):
    layers, before = [], 3
    for block in plan:
        for width in block:
            layers += [nn.Conv2d(before, width, 3, padding=1)]
            layers += [nn.BatchNorm2d(width)] if norm else []
            layers += [nn.ReLU()]
            before = width
        layers += [nn.MaxPool2d(2)]
    layers, before = [*layers, nn.Flatten()], before * (32 // 2 ** len(plan)) ** 2
    for width in hidden:
        layers, before = [*layers, nn.Linear(before, width), nn.ReLU()], width
    return nn.Sequential(*layers, nn.Dropout(drop), nn.Linear(before, num_classes))


@mutant("SmallVGG", "The second block has one convolution, it is to have two.")
def one_in_the_second(num_classes=10):
    return _vgg(((16,), (32,), (64, 64)), num_classes=num_classes)


@mutant("SmallVGG", "The hidden dense layer has 256 features, it is to have 128.")
def twice_as_wide(num_classes=10):
    return _vgg(hidden=(256,), num_classes=num_classes)


@mutant("SmallVGG", "The channels are 32, 64 and 128: they are 16, 32 and 64.")
def wider(num_classes=10):
    return _vgg(((32,), (64, 64), (128, 128)), num_classes=num_classes)


@mutant("SmallVGG", "BatchNorm came a year later: VGG of 2014 has none.")
def normed(num_classes=10):
    return _vgg(norm=True, num_classes=num_classes)


@mutant("SmallVGG", "Two things at once: ")
def short_and_wide(num_classes=10):
    return _vgg(((16, 16), (32, 32), (64,)), num_classes=num_classes)


# ResNet20: each says something else than a bare number of parameters ---------------------------


class _Block(nn.Module):
    def __init__(self, before, width, stride, bias=False):
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=bias)
        self.norm1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=bias)
        self.norm2 = nn.BatchNorm2d(width)
        self.short = nn.Sequential()
        if stride != 1 or before != width:
            self.short = nn.Sequential(
                nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x):
        out = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(out + self.short(x))


def _resnet(num_classes, counts=(3, 3, 3), kernel=3, stride=1, bias=False, again=False):
    layers = [nn.Conv2d(3, 16, kernel, stride, kernel // 2, bias=False)]
    layers, before = [*layers, nn.BatchNorm2d(16), nn.ReLU()], 16
    for width, first, count in zip((16, 32, 64), (1, 2, 2), counts, strict=True):
        for i in range(count):
            if again and i > 1:
                layers.append(layers[-1])
            else:
                layers.append(_Block(before, width, first if i == 0 else 1, bias))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes))


@mutant("ResNet20", "There are two blocks in each stage: with n = 3 there are three.")
def two_each(num_classes=10):
    return _resnet(num_classes, (2, 2, 2))


@mutant("ResNet20", "The stages have 3, 4 and 6 blocks, as ResNet-34 does")
def as_in_34(num_classes=10):
    return _resnet(num_classes, (3, 4, 6))


@mutant("ResNet20", "The kernel of the first convolution is 7×7, as for ImageNet")
def large_stem(num_classes=10):
    return _resnet(num_classes, kernel=7)


@mutant("ResNet20", "One block is used more than once: each block of a stage is to be made anew.")
def one_block_thrice(num_classes=10):
    return _resnet(num_classes, again=True)


@mutant("ResNet20", "A layer is made that is never called, such as a second head")
class TwoHeads(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        if num_classes < 1:
            raise ValueError("num_classes must be at least 1")
        self.net = _resnet(num_classes)
        self.second = nn.Linear(64, num_classes)

    def forward(self, x):
        return self.net(x)


@mutant("ResNet20", "Two things at once: ")
def fewer_and_larger(num_classes=10):
    return _resnet(num_classes, (2, 2, 2), kernel=5)


@mutant("ResNet20", "Two things at once: ")
def four_each_with_biases(num_classes=10):
    return _resnet(num_classes, (4, 4, 4), bias=True)


@mutant("ResNet20", "smaller than the window that is to slide over them")
def pools_by_eight(num_classes=10):
    model = _resnet(num_classes)
    model[-3] = nn.AvgPool2d(8)
    return model


# update rules ----------------------------------------------------------------------------------


def _kept(state, params):
    return [np.array(s) for s in state["s"]] if state else [np.zeros_like(p) for p in params]


@mutant("adam_step", "The count of steps stays 1: keep it in the state that you return")
def counts_never(params, grads, state, lr, *, betas=(0.9, 0.999), eps=1e-8):
    t = 1
    m = state.get("m") or [np.zeros_like(p) for p in params]
    v = state.get("v") or [np.zeros_like(p) for p in params]
    m = [betas[0] * a + (1 - betas[0]) * g for a, g in zip(m, grads, strict=True)]
    v = [betas[1] * a + (1 - betas[1]) * g * g for a, g in zip(v, grads, strict=True)]
    new = [
        p - lr * a / (1 - betas[0] ** t) / (np.sqrt(b / (1 - betas[1] ** t)) + eps)
        for p, a, b in zip(params, m, v, strict=True)
    ]
    return new, {"m": m, "v": v}


@mutant("adam_step", "\n  and: ")
def uncorrected_and_uphill(params, grads, state, lr, *, betas=(0.9, 0.999), eps=1e-8):
    m = state.get("m") or [np.zeros_like(p) for p in params]
    v = state.get("v") or [np.zeros_like(p) for p in params]
    m = [betas[0] * a + (1 - betas[0]) * g for a, g in zip(m, grads, strict=True)]
    v = [betas[1] * a + (1 - betas[1]) * g * g for a, g in zip(v, grads, strict=True)]
    new = [p + lr * a / (np.sqrt(b) + eps) for p, a, b in zip(params, m, v, strict=True)]
    return new, {"m": m, "v": v}


@mutant("rmsprop_step", "Two things at once: The step goes uphill: subtract it.")
def uphill_and_inside(params, grads, state, lr, *, alpha=0.99, eps=1e-8):
    s = [alpha * a + (1 - alpha) * g * g for a, g in zip(_kept(state, params), grads, strict=True)]
    new = [p + lr * g / np.sqrt(a + eps) for p, g, a in zip(params, grads, s, strict=True)]
    return new, {"s": s}


@mutant("adagrad_step", "Two things at once: The root is missing")
def averaged_and_no_root(params, grads, state, lr, *, eps=1e-10):
    n = state.get("n", 0) + 1
    s = [a + g * g for a, g in zip(_kept(state, params), grads, strict=True)]
    new = [p - lr * g / (a / n + eps) for p, g, a in zip(params, grads, s, strict=True)]
    return new, {"s": s, "n": n}


@mutant("sgd_momentum_step", "Two things at once: ")
def damped_and_uphill(params, grads, state, lr, *, momentum=0.9):
    v = [momentum * a + (1 - momentum) * g for a, g in zip(_kept(state, params), grads,
                                                            strict=True)]  # fmt: skip
    return [p + lr * a for p, a in zip(params, v, strict=True)], {"s": v}


@mutant("sgd_momentum_step", "The rate is missing: multiply the velocity by lr.")
def without_a_rate(params, grads, state, lr, *, momentum=0.9):
    v = [momentum * a + g for a, g in zip(_kept(state, params), grads, strict=True)]
    return [p - a for p, a in zip(params, v, strict=True)], {"s": v}


# loops -------------------------------------------------------------------------------------------


@mutant("evaluate", "Two things at once: ")
def percent_and_left_in_eval(model, loader):
    model.eval()
    with torch.no_grad():
        shares = [(model(x).argmax(1) == y).double().mean().item() for x, y in loader]
    if not shares:
        raise ValueError("the loader is empty")
    model.train()
    return 100 * sum(shares) / len(shares)


@mutant("train_epoch", "Two things at once: ")
def last_loss_and_no_zero_grad(model, loader, optimizer):
    model.train()
    loss = None
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    if loss is None:
        raise ValueError("the loader is empty")
    return loss.item()


@mutant("train_epoch", "the mean loss is a Tensor, but the result is one float")
def forgets_item(model, loader, optimizer):
    model.train()
    total = 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.detach() * len(x)
    return total


@mutant("train_epoch", "The value is not connected with what its gradient is asked of")
def under_no_grad(model, loader, optimizer):
    model.train()
    with torch.no_grad():
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return 0.0
