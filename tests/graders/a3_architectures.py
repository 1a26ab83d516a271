"""Versions of a3's functions and networks as students write them. Each stands alone."""

import itertools
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graders.candidates import alternative, mutant


def _at_least_one(**given):
    for name, value in given.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


# shape_trace -------------------------------------------------------------------------------------


@alternative("shape_trace")
def one_hook_for_all(model, input_shape):
    if any(n <= 0 for n in input_shape):
        raise ValueError(f"input_shape {input_shape} has a number below 1")
    names = {module: name for name, module in model.named_modules()}
    found, handles, modes = [], [], {}

    def hook(module, args, output):
        count = sum(p.numel() for p in module.parameters(recurse=False))
        found.append([names[module], list(output.size()), count])

    for module in names:
        modes[module] = module.training
        if next(module.children(), None) is None:
            handles.append(module.register_forward_hook(hook))
    weight = next(iter(model.parameters()))
    model.eval()
    try:
        with torch.inference_mode():
            model(torch.zeros(*input_shape, dtype=weight.dtype))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            setattr(module, "training", mode)  # noqa: B010 - another style
    return found


@alternative("shape_trace")
def forward_replaced_for_a_while(model, input_shape):
    """Without hooks: each layer's own call is wrapped."""
    if min(input_shape) < 1:
        raise ValueError("input_shape must hold positive numbers")
    notes = []

    def wrapped(name, module):
        plain = module.forward

        def forward(x):
            out = plain(x)
            notes.append((name, tuple(out.shape), sum(p.numel() for p in module.parameters())))
            return out

        return forward

    leaves = [(n, m) for n, m in model.named_modules() if len(list(m.children())) == 0]
    modes = [m.training for m in model.modules()]
    for name, module in leaves:
        module.forward = wrapped(name, module)
    try:
        model.eval()
        model(torch.zeros(tuple(input_shape)).to(next(model.parameters()).dtype))
    finally:
        for _, module in leaves:
            del module.forward
        for module, mode in zip(model.modules(), modes, strict=True):
            module.training = mode
    return notes


@alternative("shape_trace")
class TracerAsCallable:
    """A class may do it as well: calling it gives the list."""

    def __new__(cls, model, input_shape):
        if not all(n > 0 for n in input_shape):
            raise ValueError("every number of input_shape must be positive")
        self = super().__new__(cls)
        self.notes, training = [], [(m, m.training) for m in model.modules()]
        handles = [
            m.register_forward_hook(self.note(name))
            for name, m in model.named_modules()
            if not list(m.children())
        ]
        parameter = next(model.parameters())
        try:
            model.eval()(torch.zeros(input_shape, dtype=parameter.dtype))
        finally:
            [h.remove() for h in handles]
            for m, mode in training:
                m.training = mode
        return self.notes

    def note(self, name):
        def hook(m, i, o):
            self.notes.append((name, tuple(o.shape), sum(p.numel() for p in m.parameters())))

        return hook


def _traced(model, input_shape, chosen, bound=True, tidy=True):
    """A tracer with hooks on chosen modules, whose names are bound or not."""
    found, handles, modes = [], [], [(m, m.training) for m in model.modules()]
    for name, module in model.named_modules():
        if chosen(module):

            def hook(m, i, o, own=name):
                said = own if bound else name  # noqa: B023 - the mistake
                found.append((said, tuple(o.shape), sum(p.numel() for p in m.parameters())))

            handles.append(module.register_forward_hook(hook))
    model.eval()
    model(torch.zeros(input_shape, dtype=next(model.parameters()).dtype))
    for handle in handles:
        handle.remove()
    for module, mode in modes:
        module.training = mode
    return found


@mutant("shape_trace", "The containers are listed too")
def lists_containers(model, input_shape):
    return _traced(model, input_shape, lambda module: True)


@mutant("shape_trace", "Bind it (Hint 2).")
def late_bound_name(model, input_shape):
    return _traced(model, input_shape, lambda module: not list(module.children()), bound=False)


@mutant("shape_trace", "put things back in a finally")
def without_finally(model, input_shape):
    handles = []
    for module in model.modules():
        if not list(module.children()):
            handles.append(module.register_forward_hook(lambda *_: None))
    model.eval()
    if input_shape[1] == 2 or len(input_shape) == 3:
        model.train()
        if len(input_shape) == 4:
            model[2][1].eval()
        [handle.remove() for handle in handles]
        return forward_replaced_for_a_while(model, input_shape)
    return model(torch.zeros(input_shape))


@mutant("shape_trace", "has learnt statistics from the trace")
def in_training_mode(model, input_shape):
    found = forward_replaced_for_a_while(model, input_shape)
    model(torch.zeros(input_shape))
    return found


@mutant("shape_trace", "gradients afterwards: it is switched off for the whole notebook")
def switches_gradients_off(model, input_shape):
    torch.set_grad_enabled(False)
    return one_hook_for_all(model, input_shape)


@mutant("shape_trace", "what learns: it is less than before")
def freezes_instead_of_no_grad(model, input_shape):
    model.requires_grad_(False)
    return one_hook_for_all(model, input_shape)


@mutant("shape_trace", "at place 0: it is weight")
def only_parameters(model, input_shape):
    return [(name.rpartition(".")[2], tuple(p.shape), p.numel()) for name, p in
            model.named_parameters()]  # fmt: skip


@mutant("shape_trace", "it returned None")
def makes_a_text_and_forgets_it(model, input_shape):
    text = "\n".join(f"{name} {type(module)}" for name, module in model.named_modules())
    text.splitlines()


# LeNet5 ------------------------------------------------------------------------------------------


@alternative("LeNet5")
class LayerByLayer(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        if num_classes <= 0:
            raise ValueError(f"num_classes is {num_classes}")
        self.fc3 = nn.Linear(84, num_classes)  # defined in another order than used
        self.fc2 = nn.Linear(120, 84)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.conv1 = nn.Conv2d(1, 6, 5)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc3(torch.tanh(self.fc2(x)))


@alternative("LeNet5")
class WithC5AsConvolution(nn.Module):
    """The paper's C5: a 5×5 convolution on 5×5 maps, which is a dense layer."""

    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, (5, 5)), nn.Tanh(), nn.AvgPool2d(2, 2),
            nn.Conv2d(6, 16, (5, 5)), nn.Tanh(), nn.AvgPool2d(2, 2),
            nn.Conv2d(16, 120, (5, 5)), nn.Tanh(),
        )  # fmt: skip
        self.head = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes))

    def forward(self, x):
        return self.head(self.features(x).squeeze(3).squeeze(2))


@alternative("LeNet5")
def lenet_from_a_list(num_classes=10):
    _at_least_one(num_classes=num_classes)
    layers, channels = [], 1
    for out in (6, 16):
        layers += [
            nn.Conv2d(channels, out, 5),
            nn.Tanh(),
            nn.AdaptiveAvgPool2d(14 if out == 6 else 5),
        ]
        channels = out
    layers.append(nn.Flatten())
    for inputs, outputs in [(400, 120), (120, 84), (84, num_classes)]:
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


@alternative("LeNet5")
class AllConvolutions(nn.Module):
    """Every dense layer as a convolution, the later ones of 1×1 on maps of one pixel."""

    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Conv2d(16, 120, 5), nn.Tanh(), nn.Conv2d(120, 84, 1), nn.Tanh(),
            nn.Conv2d(84, num_classes, 1), nn.Flatten(),
        )  # fmt: skip

    def forward(self, x):
        return self.net(x)


@mutant("LeNet5", "or do its layers stand in a plain list?")
class LayersInAList(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.layers = list(lenet_from_a_list(num_classes))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@mutant("LeNet5", "the model returned None. Is a `return` missing in forward?")
class ReturnsNothing(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.net = lenet_from_a_list(num_classes)

    def forward(self, x):
        self.net(x)


@mutant("LeNet5", "something is random: dropout?")
class LeNetWithDropout(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.net, self.dropout = lenet_from_a_list(num_classes), nn.Dropout(0.1)

    def forward(self, x):
        return self.net(self.dropout(x))


@mutant("LeNet5", "The convolutions have no activation after them.")
class ForgotTanhAfterConvolutions(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.f1, self.f2 = nn.Linear(400, 120), nn.Linear(120, 84)
        self.f3 = nn.Linear(84, num_classes)

    def forward(self, x):
        x = F.avg_pool2d(self.c2(F.avg_pool2d(self.c1(x), 2)), 2).view(len(x), -1)
        return self.f3(torch.tanh(self.f2(torch.tanh(self.f1(x)))))


@mutant("LeNet5", "no layer that forward calls has these")
class LayerThatIsNeverUsed(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.f1, self.f2 = nn.Linear(400, 120), nn.Linear(120, 84)
        self.f3 = nn.Linear(84, num_classes)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c2(x)), 2).flatten(1)
        return self.f3(torch.tanh(self.f2(torch.tanh(F.linear(x, self.f1.weight)))))


@mutant("LeNet5", "no gradient comes through it")
class DetachedOnTheWay(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.net = lenet_from_a_list(num_classes)

    def forward(self, x):
        with torch.no_grad():
            return self.net(x)


@mutant("LeNet5", "A tensor that forward makes must be made on the device of its input")
class AddsATensorOfTheProcessor(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.net, self.num_classes = lenet_from_a_list(num_classes), num_classes

    def forward(self, x):
        return self.net(x) + torch.zeros(self.num_classes, dtype=x.dtype)


# vgg_block ---------------------------------------------------------------------------------------


@alternative("vgg_block")
def named_layers(in_channels, out_channels, num_convs):
    _at_least_one(in_channels=in_channels, out_channels=out_channels, num_convs=num_convs)
    block = nn.Sequential()
    for number in range(num_convs):
        width = in_channels if number == 0 else out_channels
        block.add_module(f"conv{number}", nn.Conv2d(width, out_channels, 3, padding="same"))
        block.add_module(f"relu{number}", nn.ReLU(inplace=True))
    block.add_module("pool", nn.MaxPool2d(kernel_size=2, stride=2))
    return block


@alternative("vgg_block")
class BlockAsModule(nn.Module):
    def __init__(self, in_channels, out_channels, num_convs):
        super().__init__()
        _at_least_one(in_channels=in_channels, out_channels=out_channels, num_convs=num_convs)
        widths = [in_channels] + [out_channels] * num_convs
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, (3, 3), padding=(1, 1)) for a, b in itertools.pairwise(widths)
        )

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return F.max_pool2d(x, 2)


@alternative("vgg_block")
def block_by_recursion(in_channels, out_channels, num_convs):
    _at_least_one(in_channels=in_channels, out_channels=out_channels, num_convs=num_convs)
    first = nn.Conv2d(in_channels, out_channels, kernel_size=3, stride=1, padding=1)
    if num_convs == 1:
        return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(
        first, nn.ReLU(), block_by_recursion(out_channels, out_channels, num_convs - 1)
    )


@mutant("vgg_block", "the first gets in_channels, each later one gets out_channels")
def channels_never_updated(in_channels, out_channels, num_convs):
    layers = []
    for _ in range(num_convs + 1):
        layers += [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def _halving(end, in_channels, out_channels, num_convs, last=1):
    _at_least_one(in_channels=in_channels, out_channels=out_channels, num_convs=num_convs)
    layers = []
    for i in range(num_convs):
        stride = last if i == num_convs - 1 else 1
        layers += [nn.Conv2d(in_channels, out_channels, 3, stride, padding=1), nn.ReLU()]
        in_channels = out_channels
    return nn.Sequential(*layers, *end)


@mutant("vgg_block", "The window of the pooling is 3×3")
def pooling_of_three(in_channels, out_channels, num_convs):
    end = [nn.MaxPool2d(3, stride=2, padding=1)]
    return _halving(end, in_channels, out_channels, num_convs)


@mutant("vgg_block", "The window of the pooling is 3×3: it is 2×2, and nothing is padded")
def pooling_of_three_inside(in_channels, out_channels, num_convs):
    return _halving([nn.MaxPool2d(3, stride=2)], in_channels, out_channels, num_convs)


@mutant("vgg_block", "A convolution of stride 2 halves the image")
def strided_convolution_for_pooling(in_channels, out_channels, num_convs):
    return _halving([], in_channels, out_channels, num_convs, last=2)


@mutant("vgg_block", "it made a list, which is no nn.Module")
def a_list_of_layers(in_channels, out_channels, num_convs):
    return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]


# SmallVGG ----------------------------------------------------------------------------------------


def _vgg_features():
    layers, channels = [], 3
    for item in (16, "M", 32, 32, "M", 64, 64, "M"):
        if item == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, item, 3, padding=1), nn.ReLU()]
            channels = item
    return layers


@alternative("SmallVGG")
def vgg_from_letters(num_classes=10):
    _at_least_one(num_classes=num_classes)
    head = nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, num_classes)
    return nn.Sequential(*_vgg_features(), *head)


@alternative("SmallVGG")
class FunctionalDropout(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.features = nn.Sequential(*_vgg_features())
        self.hidden, self.out = nn.Linear(64 * 4 * 4, 128), nn.Linear(128, num_classes)

    def forward(self, x):
        x = self.features(x).reshape(x.shape[0], -1)
        return self.out(F.dropout(F.relu(self.hidden(x)), 0.5, training=self.training))


@alternative("SmallVGG")
class DenseAsConvolution(nn.Module):
    """The dense layer as a 4×4 convolution on 4×4 maps."""

    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.body = nn.Sequential(*_vgg_features(), nn.Conv2d(64, 128, 4), nn.ReLU(), nn.Dropout())
        self.out = nn.Linear(128, num_classes)

    def forward(self, x):
        return self.out(self.body(x)[:, :, 0, 0])


@alternative("SmallVGG")
class LazyLayers(nn.Module):
    """The number of features is found out when the first image comes."""

    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.body = nn.Sequential(*_vgg_features(), nn.Flatten())
        self.head = nn.Sequential(nn.LazyLinear(128), nn.ReLU(), nn.Dropout())
        self.out = nn.LazyLinear(num_classes)

    def forward(self, x):
        return self.out(self.head(self.body(x)))


@mutant("SmallVGG", "dropout: it is not before the last layer alone")
class MapsAreDropped(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.body = nn.Sequential(*_vgg_features(), nn.Dropout2d(0.5), nn.Flatten())
        self.head = nn.Sequential(nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, num_classes))

    def forward(self, x):
        return self.head(self.body(x))


@mutant("SmallVGG", "This is AlphaDropout, which puts another value than 0")
class DropsAlpha(FunctionalDropout):
    def forward(self, x):
        x = F.relu(self.hidden(self.features(x).flatten(1)))
        return self.out(F.alpha_dropout(x, 0.5, training=self.training))


@mutant("SmallVGG", "One mask is drawn for the whole batch")
class OneMaskForAll(FunctionalDropout):
    def forward(self, x):
        x = F.relu(self.hidden(self.features(x).flatten(1)))
        kept = F.dropout(torch.ones_like(x[:1]), 0.5, training=self.training)
        return self.out(x * kept)


@mutant("SmallVGG", "dropout: it is of whole images at once")
class DropsImages(FunctionalDropout):
    def forward(self, x):
        x = F.relu(self.hidden(self.features(x).flatten(1)))
        return self.out(F.dropout(torch.ones_like(x[:, :1]), 0.5, self.training) * x)


@mutant("SmallVGG", "Dropout stands earlier in the network too, or instead")
class DropsTwice(FunctionalDropout):
    def forward(self, x):
        x = F.dropout(self.features(x).flatten(1), 0.5, training=self.training)
        return self.out(F.dropout(F.relu(self.hidden(x)), 0.5, training=self.training))


@mutant("SmallVGG", "dropout: it is without doubling what is kept")
class DropsByHand(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.body = nn.Sequential(*_vgg_features(), nn.Flatten(), nn.Linear(1024, 128), nn.ReLU())
        self.out = nn.Linear(128, num_classes)

    def forward(self, x):
        x = self.body(x)
        return self.out(x * (torch.rand_like(x) < 0.5) if self.training else x)


@mutant("SmallVGG", "Softmax stands at the end")
class ProbabilitiesInsteadOfLogits(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(*_vgg_features())
        self.hidden, self.out = nn.Linear(1024, 128), nn.Linear(128, num_classes)
        self.dropout = nn.Dropout()

    def forward(self, x):
        x = self.dropout(F.relu(self.hidden(self.features(x).flatten(1))))
        return F.softmax(self.out(x), dim=1)


# ResidualBlock -----------------------------------------------------------------------------------


@alternative("ResidualBlock")
class ShortcutFirst(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        _at_least_one(in_channels=in_channels, out_channels=out_channels, stride=stride)
        self.projection = None
        if stride > 1 or in_channels != out_channels:
            self.projection = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
            self.projection_norm = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        shortcut = x
        if self.projection is not None:
            shortcut = self.projection_norm(self.projection(x))
        x = self.norm1(self.conv1(x)).relu()
        return (self.norm2(self.conv2(x)) + shortcut).relu()


@alternative("ResidualBlock")
class EmptyShortcut(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        _at_least_one(in_channels=in_channels, out_channels=out_channels, stride=stride)
        conv = {"kernel_size": 3, "padding": 1, "bias": False}
        self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, stride=stride, **conv)
        self.conv2 = nn.Conv2d(out_channels, out_channels, **conv)
        self.shortcut = nn.Sequential()
        if (stride, in_channels) != (1, out_channels):
            project = nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(out_channels))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


@alternative("ResidualBlock")
class DictOfLayers(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        _at_least_one(in_channels=in_channels, out_channels=out_channels, stride=stride)
        self.layers = nn.ModuleDict({
            "a": nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False),
            "b": nn.BatchNorm2d(out_channels),
            "c": nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False),
            "d": nn.BatchNorm2d(out_channels),
        })  # fmt: skip
        if stride != 1 or in_channels != out_channels:
            self.layers["e"] = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.layers["f"] = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        y, get = x, self.layers
        for name in "ab":
            y = get[name](y)
        y = torch.clamp(y, min=0)
        for name in "cd":
            y = get[name](y)
        short = get["f"](get["e"](x)) if "e" in get else x
        return torch.clamp(y + short, min=0)


def _residual(forward, *, stride_of_projection=None, **_):
    """A block with another forward, or another stride in its projection."""

    class Block(nn.Module):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__()
            _at_least_one(in_channels=in_channels, out_channels=out_channels, stride=stride)
            self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
            self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
            self.short = nn.Identity()
            if stride != 1 or in_channels != out_channels:
                step = stride_of_projection or stride
                project = nn.Conv2d(in_channels, out_channels, 1, step, bias=False)
                self.short = nn.Sequential(project, nn.BatchNorm2d(out_channels))

    Block.forward = forward
    return Block


def _usual(self, x):
    out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
    return F.relu(out + self.short(x))


@mutant("ResidualBlock", "the shortcut is a 1×1 convolution with the same stride")
def projection_without_stride(in_channels, out_channels, stride=1):
    return _residual(_usual, stride_of_projection=1)(in_channels, out_channels, stride)


@mutant("ResidualBlock", "input: it is changed in place: write x + y, not x += y")
def adds_in_place(in_channels, out_channels, stride=1):
    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        shortcut = self.short(x)
        shortcut += out
        return F.relu(shortcut)

    return _residual(forward)(in_channels, out_channels, stride)


@mutant("ResidualBlock", "There is no ReLU after the addition.")
def sum_at_the_end(in_channels, out_channels, stride=1):
    def forward(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.short(x)

    return _residual(forward)(in_channels, out_channels, stride)


@mutant("ResidualBlock", "The input is never added")
def shortcut_computed_and_forgotten(in_channels, out_channels, stride=1):
    def forward(self, x):
        self.short(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))

    return _residual(forward)(in_channels, out_channels, stride)


@mutant("ResidualBlock", "output")
def shortcut_is_multiplied(in_channels, out_channels, stride=1):
    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) * self.short(x))

    return _residual(forward)(in_channels, out_channels, stride)


def _block_with(projected, shortcut=None, **strides):
    """A block that decides otherwise where to project, or has another shortcut without layers."""

    class Block(nn.Module):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__()
            _at_least_one(in_channels=in_channels, out_channels=out_channels, stride=stride)
            second = stride if strides.get("both") else 1
            self.more, self.stride = out_channels - in_channels, stride
            self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(out_channels, out_channels, 3, second, 1, bias=False)
            self.bn1, self.bn2 = nn.BatchNorm2d(out_channels), nn.BatchNorm2d(out_channels)
            self.project = None
            if projected(in_channels, out_channels, stride):
                project = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
                self.project = nn.Sequential(project, nn.BatchNorm2d(out_channels))

        def forward(self, x):
            out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if self.project is not None:
                x = self.project(x)
            elif shortcut is not None:
                x = shortcut(self, x)
            return F.relu(out + x)

    return Block


def _zeros_around(self, x):
    """Option A in another form: the new channels stand on both sides."""
    before = self.more // 2
    x = x[..., :: self.stride, :: self.stride]
    return F.pad(x, (0, 0, 0, 0, before, self.more - before))


@mutant("ResidualBlock", "one that is padded with zeros (option A): here it is projected")
def zeros_for_new_channels(in_channels, out_channels, stride=1):
    return _block_with(lambda *_: False, _zeros_around)(in_channels, out_channels, stride)


@mutant("ResidualBlock", "projected wherever they differ")
def projection_where_channels_grow(in_channels, out_channels, stride=1):
    make = _block_with(lambda before, after, stride: stride != 1 or after > before)
    return make(in_channels, out_channels, stride)


@mutant("ResidualBlock", "where the stride is not 1 the shortcut is a 1×1 convolution")
def projection_for_stride_two(in_channels, out_channels, stride=1):
    make = _block_with(lambda before, after, stride: stride == 2 or after != before)
    return make(in_channels, out_channels, stride)


@mutant("ResidualBlock", "of the two 3×3 convolutions the first alone has the stride")
def stride_in_both_convolutions(in_channels, out_channels, stride=1):
    make = _block_with(lambda before, after, stride: stride != 1 or after != before, both=True)
    return make(in_channels, out_channels, stride)


@alternative("ResidualBlock")
def block_that_asserts(in_channels, out_channels, stride=1):
    """It needs a number to go on, which the device of a check may not have."""

    def forward(self, x):
        assert not torch.isnan(x).any()
        return _usual(self, x)

    return _residual(forward)(in_channels, out_channels, stride)


# ResNet20 ----------------------------------------------------------------------------------------


@alternative("ResNet20")
class StagesAsModules(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.fc = nn.Linear(64, num_classes)
        self.conv, self.bn = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        self.stage1 = self.stage(16, 16, 1)
        self.stage2 = self.stage(16, 32, 2)
        self.stage3 = self.stage(32, 64, 2)

    def stage(self, before, width, stride):
        first = ShortcutFirst(before, width, stride)
        return nn.Sequential(first, ShortcutFirst(width, width), ShortcutFirst(width, width))

    def forward(self, x):
        x = F.relu(self.bn(self.conv(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.fc(x.mean(dim=(2, 3)))


@alternative("ResNet20")
def resnet_from_a_table(num_classes=10):
    _at_least_one(num_classes=num_classes)
    rows = [(16, 16, 1), (16, 16, 1), (16, 16, 1), (16, 32, 2), (32, 32, 1), (32, 32, 1)]
    rows += [(32, 64, 2), (64, 64, 1), (64, 64, 1)]
    stem = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)
    body = [EmptyShortcut(*row) for row in rows]
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes)
    return nn.Sequential(*stem, *body, *head)


@alternative("ResNet20")
class BlocksInAModuleList(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        widths = [16] * 4 + [32] * 3 + [64] * 3
        self.first = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.ModuleList(
            DictOfLayers(a, b, 1 + (a != b)) for a, b in itertools.pairwise(widths)
        )
        self.last = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.norm(self.first(x)).relu()
        for block in self.blocks:
            x = block(x)
        return self.last(F.adaptive_avg_pool2d(x, 1).flatten(1))


@alternative("ResNet20")
class HeadAsConvolution(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        self.body = resnet_from_a_table(num_classes)[:-2]
        self.head = nn.Conv2d(64, num_classes, kernel_size=1)

    def forward(self, x):
        return self.head(self.body(x)).flatten(1)


@mutant("ResNet20", "The blocks stand in a plain list")
class BlocksInAList(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        widths = [16] * 4 + [32] * 3 + [64] * 3
        self.first = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        pairs = itertools.pairwise(widths)
        self.blocks = [DictOfLayers(a, b, 1 + (a != b)) for a, b in pairs]
        self.last = nn.Linear(64, num_classes)

    def forward(self, x):
        x = self.norm(self.first(x)).relu()
        for block in self.blocks:
            x = block(x)
        return self.last(x.mean((2, 3)))


@mutant("ResNet20", "one that is padded with zeros (option A): here it is projected")
class ResNetOfOptionA(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        _at_least_one(num_classes=num_classes)
        block = _block_with(lambda *_: False, _zeros_around)
        widths = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
        self.first, self.norm = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        pairs = itertools.pairwise(widths)
        self.blocks = nn.Sequential(*(block(a, b, 1 + (a != b)) for a, b in pairs))
        self.last = nn.Linear(64, num_classes)

    def forward(self, x):
        return self.last(self.blocks(self.norm(self.first(x)).relu()).mean((2, 3)))


# Optimisers --------------------------------------------------------------------------------------


def _demand(params, grads, lr, eps=0.0):
    if not lr > 0:
        raise ValueError(f"lr is {lr}, it must be positive")
    if eps < 0:
        raise ValueError(f"eps is {eps}, it must not be negative")
    if len(params) != len(grads):
        raise ValueError(f"{len(params)} params, but {len(grads)} grads")
    for p, g in zip(params, grads, strict=True):
        if p.shape != g.shape:
            raise ValueError(f"a grad of shape {g.shape} for a parameter of shape {p.shape}")


def _demand_share(name, value):
    if value < 0 or value >= 1:
        raise ValueError(f"{name} is {value}, it must be in [0, 1)")


@alternative("sgd_momentum_step")
def velocity_list_in_the_state(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    state = {"v": [g.copy() for g in grads]} if not state else {
        "v": [momentum * v + g for v, g in zip(state["v"], grads, strict=True)]
    }  # fmt: skip
    return [p - lr * v for p, v in zip(params, state["v"], strict=True)], state


@alternative("sgd_momentum_step")
def loop_over_numbers(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    new, kept = [], {}
    for i in range(len(params)):
        kept[i] = np.array(state.get(i, np.zeros_like(params[i])))
        kept[i] *= params[i].dtype.type(momentum)
        kept[i] += grads[i]
        new.append(np.subtract(params[i], params[i].dtype.type(lr) * kept[i]))
    return tuple(new), kept


@alternative("sgd_momentum_step")
def sum_of_all_gradients(params, grads, state, lr, momentum=0.9):
    """Keeps every gradient and weighs each anew: slow, and right."""
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    history = [*state.get("history", []), [g.copy() for g in grads]]
    new = []
    for i, p in enumerate(params):
        v = np.zeros_like(p)
        for old in history:
            v = momentum * v + old[i]
        new.append(p - lr * v)
    return new, {"history": history}


@mutant("sgd_momentum_step", "a dict, a list or an array inside the old state is changed in place")
def old_velocities_overwritten(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    velocities = state.get("v") or [np.zeros_like(p) for p in params]
    for v, g in zip(velocities, grads, strict=True):
        v *= momentum
        v += g
    return [p - lr * v for p, v in zip(params, velocities, strict=True)], {"v": velocities}


_VELOCITIES = {}


@mutant("sgd_momentum_step", "something outside of its arguments decides, such as a global")
def velocities_of_the_module(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    if not state:
        _VELOCITIES.clear()
    for i, g in enumerate(grads):
        _VELOCITIES[i] = momentum * _VELOCITIES.get(i, 0) + g
    return [p - lr * _VELOCITIES[i] for i, p in enumerate(params)], {"begun": True}


@mutant("sgd_momentum_step", "something outside of its arguments decides, such as a global")
def velocities_of_the_function(params, grads, state, lr, momentum=0.9):
    """An attribute that nobody ever clears."""
    _demand(params, grads, lr)
    kept = vars(velocities_of_the_function).setdefault("kept", {})
    for i, g in enumerate(grads):
        kept[i, g.shape] = momentum * kept.get((i, g.shape), 0) + g
    return [p - lr * kept[i, p.shape] for i, p in enumerate(params)], {}


@mutant("sgd_momentum_step", "something outside of its arguments decides, such as a global")
def velocities_of_a_default(params, grads, state, lr, momentum=0.9, kept={}):  # noqa: B006
    if not state:
        kept.clear()
    new = []
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        kept[i] = momentum * kept[i] + g if i in kept else g
        new.append(p - lr * kept[i])
    return new, {"steps": state.get("steps", 0) + 1}


@mutant("sgd_momentum_step", "the dict `state` itself is changed")
def velocities_put_into_the_old_dict(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    old = state.get("v", [np.zeros_like(p) for p in params])
    state["v"] = [momentum * v + g for v, g in zip(old, grads, strict=True)]
    return [p - lr * v for p, v in zip(params, state["v"], strict=True)], state


@mutant("sgd_momentum_step", "the dict `state` itself is changed")
def zeros_put_into_the_old_dict(params, grads, state, lr, momentum=0.9):
    """The results are right, but the caller's state is no longer what it was."""
    _demand(params, grads, lr)
    old = state.setdefault("v", [np.zeros_like(p) for p in params])
    velocity = [momentum * v + g for v, g in zip(old, grads, strict=True)]
    return [p - lr * v for p, v in zip(params, velocity, strict=True)], {"v": velocity}


@mutant("sgd_momentum_step", "a dict, a list or an array inside the old state is changed in place")
def items_of_the_old_list_replaced(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    kept = dict(state) or {"v": [np.zeros_like(p) for p in params]}
    for i, g in enumerate(grads):
        kept["v"][i] = momentum * kept["v"][i] + g
    return [p - lr * v for p, v in zip(params, kept["v"], strict=True)], kept


@mutant("sgd_momentum_step", "first steps: second parameter after step 1")
def velocities_by_shape(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    new, kept = [], dict(state)
    for p, g in zip(params, grads, strict=True):
        kept[p.shape] = momentum * kept.get(p.shape, 0) + g
        new.append(p - lr * kept[p.shape])
    return new, kept


@mutant("sgd_momentum_step", "an optimiser of torch.optim has made the step")
def by_the_optimiser_itself(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    optimizer = torch.optim.SGD(tensors, lr=lr, momentum=momentum)
    for i, (t, g) in enumerate(zip(tensors, grads, strict=True)):
        t.grad = torch.tensor(g)
        if state:
            optimizer.state[t]["momentum_buffer"] = torch.tensor(state["v"][i])
    optimizer.step()
    buffers = [optimizer.state[t]["momentum_buffer"].numpy() for t in tensors]
    return [t.detach().numpy() for t in tensors], {"v": buffers}


@alternative("sgd_momentum_step")
def one_long_array_as_state(params, grads, state, lr, momentum=0.9):
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    flat = np.concatenate([g.ravel() for g in grads])
    velocity = momentum * state + flat if len(state) else flat
    parts = np.split(velocity, np.cumsum([p.size for p in params])[:-1])
    return [p - lr * v.reshape(p.shape) for p, v in zip(params, parts, strict=True)], velocity


@alternative("sgd_momentum_step")
def with_tensors_inside(params, grads, state, lr, momentum=0.9):
    """Tensors reckon as arrays do: the rule is written here all the same."""
    _demand(params, grads, lr)
    _demand_share("momentum", momentum)
    given = [torch.tensor(g) for g in grads]
    old = state.get("v") or [torch.zeros_like(g) for g in given]
    velocity = [momentum * v + g for v, g in zip(old, given, strict=True)]
    return [p - lr * v.numpy() for p, v in zip(params, velocity, strict=True)], {"v": velocity}


@mutant("sgd_momentum_step", "check grad yourself")
def shapes_unchecked(params, grads, state, lr, momentum=0.9):
    if lr <= 0:
        raise ValueError(f"lr is {lr}")
    _demand_share("momentum", momentum)
    v = [momentum * v + g for v, g in zip(state.get("v", [0] * len(grads)), grads, strict=True)]
    return [p - lr * v for p, v in zip(params, v, strict=True)], {"v": v}


@mutant("sgd_momentum_step", "it changes its argument params in place")
def in_place(params, grads, state, lr, momentum=0.9):
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        state[i] = momentum * state.get(i, 0) + g
        p -= lr * state[i]
    return params, state


@mutant("sgd_momentum_step", "params is to be a list of 2 arrays, as it came in")
def forgets_the_state(params, grads, state, lr, momentum=0.9):
    return [p - lr * g for p, g in zip(params, grads, strict=True)]


def _with_dicts(rule, params, grads, state, lr, **options):
    """One dict of its own for each array."""
    _demand(params, grads, lr, options["eps"])
    new, kept = [], {}
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        kept[i] = dict(state.get(i, {}))
        new.append(rule(p, g, kept[i], lr, **options).astype(p.dtype))
    return new, kept


def _as_one_vector(rule, params, grads, state, lr, **options):
    """All parameters one after the other."""
    _demand(params, grads, lr, options["eps"])
    kept = dict(state)
    flat = [np.concatenate([a.ravel() for a in arrays]) for arrays in (params, grads)]
    moved = rule(*flat, kept, lr, **options).astype(params[0].dtype)
    parts = np.split(moved, np.cumsum([p.size for p in params])[:-1])
    return [a.reshape(p.shape) for a, p in zip(parts, params, strict=True)], kept


def _in_double_precision(rule, params, grads, state, lr, **options):
    """Computed in float64, given back as it came."""
    wide = [[a.astype(float) for a in arrays] for arrays in (params, grads)]
    new, kept = _with_dicts(rule, *wide, state, lr, **options)
    return [a.astype(p.dtype) for a, p in zip(new, params, strict=True)], kept


def _adagrad(p, g, own, lr, eps=1e-10):
    own["s"] = own.get("s", 0) + np.square(g)
    return p - lr * g / (own["s"] ** 0.5 + eps)


def _rmsprop(p, g, own, lr, alpha=0.99, eps=1e-8):
    own["s"] = own.get("s", np.zeros_like(p))
    own["s"] = own["s"] + (1 - alpha) * (g**2 - own["s"])
    return p - lr / (np.sqrt(own["s"]) + eps) * g


def _adam(p, g, own, lr, betas=(0.9, 0.999), eps=1e-8):
    own["t"] = own.get("t", 0) + 1
    own["m"] = betas[0] * own.get("m", 0 * p) + (1 - betas[0]) * g
    own["s"] = betas[1] * own.get("s", 0 * p) + (1 - betas[1]) * g**2
    m, s = (own[k] / (1 - b ** own["t"]) for k, b in zip("ms", betas, strict=True))
    return p - lr * m / (np.sqrt(s) + eps)


@alternative("adagrad_step")
def adagrad_with_dicts(params, grads, state, lr, eps=1e-10):
    return _with_dicts(_adagrad, params, grads, state, lr, eps=eps)


@alternative("adagrad_step")
def adagrad_as_one_vector(params, grads, state, lr, eps=1e-10):
    return _as_one_vector(_adagrad, params, grads, state, lr, eps=eps)


@alternative("adagrad_step")
def adagrad_in_double_precision(params, grads, state, lr, eps=1e-10):
    return _in_double_precision(_adagrad, params, grads, state, lr, eps=eps)


@mutant("adam_step", "is the step counted from 0")
def counted_from_zero(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    new, kept = [], {}
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        kept[i] = {"t": -1} | state.get(i, {})
        t, b1, b2 = kept[i]["t"] + 1, *betas
        m, s = (kept[i].get(k, 0 * p) for k in "ms")
        m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
        kept[i] = {"t": t, "m": m, "s": s}
        with np.errstate(all="ignore"):
            step = (m / (1 - b1**t)) / (np.sqrt(s / (1 - b2**t)) + eps)
        new.append(p - lr * step)
    return new, kept


@mutant("adagrad_step", "params come back as float64, but they came as float32")
def adagrad_that_widens(params, grads, state, lr, eps=1e-10):
    _demand(params, grads, lr, eps)
    old = state or [np.zeros(p.shape) for p in params]
    sums = [s + g * g for s, g in zip(old, grads, strict=True)]
    triples = zip(params, grads, sums, strict=True)
    return [p - lr * g / (np.sqrt(s) + eps) for p, g, s in triples], sums


@alternative("rmsprop_step")
def rmsprop_with_dicts(params, grads, state, lr, alpha=0.99, eps=1e-8):
    _demand_share("alpha", alpha)
    return _with_dicts(_rmsprop, params, grads, state, lr, alpha=alpha, eps=eps)


@alternative("rmsprop_step")
def rmsprop_as_one_vector(params, grads, state, lr, alpha=0.99, eps=1e-8):
    _demand_share("alpha", alpha)
    return _as_one_vector(_rmsprop, params, grads, state, lr, alpha=alpha, eps=eps)


@alternative("rmsprop_step")
def rmsprop_in_double_precision(params, grads, state, lr, alpha=0.99, eps=1e-8):
    _demand_share("alpha", alpha)
    return _in_double_precision(_rmsprop, params, grads, state, lr, alpha=alpha, eps=eps)


@mutant("rmsprop_step", "first parameter after step 1")
def one_mean_for_all_arrays(params, grads, state, lr, alpha=0.99, eps=1e-8):
    s = state.get("s", 0.0)
    new = []
    for p, g in zip(params, grads, strict=True):
        s = alpha * s + (1 - alpha) * (g**2).mean()
        new.append((p - lr * g / (np.sqrt(s) + eps)).astype(p.dtype))
    return new, {"s": s}


@alternative("adam_step")
def adam_with_dicts(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    [_demand_share("beta", beta) for beta in betas]
    return _with_dicts(_adam, params, grads, state, lr, betas=betas, eps=eps)


@alternative("adam_step")
def adam_as_one_vector(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    [_demand_share("beta", beta) for beta in betas]
    return _as_one_vector(_adam, params, grads, state, lr, betas=betas, eps=eps)


@alternative("adam_step")
def adam_in_double_precision(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    [_demand_share("beta", beta) for beta in betas]
    return _in_double_precision(_adam, params, grads, state, lr, betas=betas, eps=eps)


class Memory(NamedTuple):
    """What Adam keeps."""

    count: int = 0
    means: tuple = ()
    squares: tuple = ()


class Step(NamedTuple):
    """What Adam gives."""

    params: list
    state: dict


@alternative("adam_step")
def adam_with_a_named_tuple(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    _demand(params, grads, lr, eps)
    [_demand_share("beta", beta) for beta in betas]
    old = state["memory"] if state else Memory(0, *[[np.zeros_like(p) for p in params]] * 2)
    count = old.count + 1
    means = [betas[0] * m + (1 - betas[0]) * g for m, g in zip(old.means, grads, strict=True)]
    squares = [
        betas[1] * s + (1 - betas[1]) * g * g for s, g in zip(old.squares, grads, strict=True)
    ]
    first, second = (1 - beta**count for beta in betas)
    new = [
        p - lr * (m / first) / (np.sqrt(s / second) + eps)
        for p, m, s in zip(params, means, squares, strict=True)
    ]
    return Step(new, {"memory": Memory(count, tuple(means), tuple(squares))})


@mutant("adam_step", "first steps: second parameter after step 1")
def means_by_size(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    new, kept = [], {n: dict(own) for n, own in state.items()}
    for p, g in zip(params, grads, strict=True):
        new.append(_adam(p, g, kept.setdefault(p.size, {}), lr, betas, eps).astype(p.dtype))
    return new, kept


@mutant("adam_step", "second parameter after step 1")
def count_shared_by_all_arrays(params, grads, state, lr, betas=(0.9, 0.999), eps=1e-8):
    """The step is counted once for each array, so the second one is corrected too little."""
    new, kept = [], dict(state)
    for i, (p, g) in enumerate(zip(params, grads, strict=True)):
        own = {"t": kept.get("t", 0), **{k: kept[i, k] for k in "ms" if (i, k) in kept}}
        new.append(_adam(p, g, own, lr, betas, eps).astype(p.dtype))
        kept["t"] = own["t"]
        kept.update({(i, k): own[k] for k in "ms"})
    return new, kept


# evaluate ----------------------------------------------------------------------------------------


@alternative("evaluate")
def all_answers_in_one_tensor(model, loader):
    modes = {m: m.training for m in model.modules()}
    model.eval()
    with torch.inference_mode():
        right = [model(x).argmax(-1).eq(y) for x, y in loader]
    for m, mode in modes.items():
        m.training = mode
    if not right:
        raise ValueError("an empty loader")
    return float(torch.cat(right).float().mean())


@alternative("evaluate")
@torch.no_grad()
def weighed_means(model, loader):
    before = [m.training for m in model.modules()]
    model.train(False)
    shares, sizes = [], []
    for x, y in loader:
        shares.append((model(x).max(dim=1).indices == y).double().mean().item())
        sizes.append(len(y))
    for m, mode in zip(model.modules(), before, strict=True):
        m.training = mode
    if not sizes:
        raise ValueError("no example in the loader")
    return float(np.average(shares, weights=sizes))


@mutant("evaluate", "The right answers are divided by the size of the dataset")
def share_of_the_dataset(model, loader):
    right = sum(len(y) for _, y in loader) * by_numpy(model, loader)
    return right / len(loader.dataset)


@alternative("evaluate")
def by_numpy(model, loader):
    training = {name: m.training for name, m in model.named_modules()}
    for m in model.modules():
        m.training = False
    given, wanted = [], []
    for x, y in loader:
        with torch.no_grad():
            given += model(x).numpy().argmax(1).tolist()
        wanted += y.tolist()
    for name, m in model.named_modules():
        m.training = training[name]
    if not wanted:
        raise ValueError("loader is empty")
    return sum(a == b for a, b in zip(given, wanted, strict=True)) / len(wanted)


@mutant("evaluate", "The model is left in eval mode")
def never_back(model, loader):
    model.eval()
    right = count = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            count += len(y)
    return right / count


@mutant("evaluate", "gradients afterwards: it is switched off for the whole notebook")
def never_on_again(model, loader):
    torch.set_grad_enabled(False)
    return by_numpy(model, loader)


@mutant("evaluate", "give the modes back in a finally")
def raises_in_eval_mode(model, loader):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    right = count = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            count += len(y)
    if count == 0:
        raise ValueError("the loader is empty")
    for m, mode in modes:
        m.training = mode
    return right / count


@mutant("evaluate", "the accuracy is a Tensor, but the result is one float: take .item()")
def a_tensor(model, loader):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(x).argmax(1) == y for x, y in loader]).float().mean()


# train_epoch -------------------------------------------------------------------------------------


@alternative("train_epoch")
def summed_loss_beside(model, loader, optimizer):
    model.train()
    seen = []
    for x, y in loader:
        optimizer.zero_grad(set_to_none=True)
        losses = F.cross_entropy(model(x), y, reduction="none")
        losses.mean().backward()
        optimizer.step()
        seen.append(losses.detach())
    if not seen:
        raise ValueError("there is no batch in the loader")
    return torch.cat(seen).mean().item()


@alternative("train_epoch")
def with_a_closure(model, loader, optimizer):
    model.train(True)
    criterion, total, count = nn.CrossEntropyLoss(), 0.0, 0
    if len(loader) == 0:
        raise ValueError("the loader has no batches")
    for x, y in loader:

        def closure(x=x, y=y):
            model.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            return loss

        total += optimizer.step(closure).item() * x.shape[0]
        count += x.shape[0]
    return total / count


@alternative("train_epoch")
def log_softmax_by_hand(model, loader, optimizer):
    for module in model.modules():
        module.training = True
    losses, weights = [], []
    for x, y in loader:
        loss = -model(x).log_softmax(1)[torch.arange(len(y)), y].mean()
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        weights.append(len(y))
    if not losses:
        raise ValueError("an empty loader has no mean loss")
    return float(np.average(losses, weights=weights))


@mutant("train_epoch", "optimizer: it is unused")
def steps_by_hand(model, loader, optimizer):
    model.train()
    total = count = 0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.037 * p.grad
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count


@mutant("train_epoch", "The model is left in eval mode")
def ends_in_eval_mode(model, loader, optimizer):
    found = summed_loss_beside(model, loader, optimizer)
    model.eval()
    return found


@mutant("train_epoch", "The gradients of earlier batches are still there")
def never_forgets(model, loader, optimizer):
    model.train()
    total = count = 0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count


@mutant("train_epoch", "optimizer.step() comes after zero_grad() and before loss.backward()")
def steps_on_old_gradients(model, loader, optimizer):
    model.train()
    total = count = 0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        optimizer.step()
        loss.backward()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count


@mutant("train_epoch", "optimizer: it is never asked for a step()")
def never_steps(model, loader, optimizer):
    return _epoch_in_order(model, loader, lambda loss: (optimizer.zero_grad(), loss.backward()))


@mutant("train_epoch", "No gradient reaches the weights: call loss.backward()")
def never_goes_back(model, loader, optimizer):
    return _epoch_in_order(model, loader, lambda loss: (optimizer.zero_grad(), optimizer.step()))


@mutant("train_epoch", "no loss.backward() has brought gradients to the weights")
def goes_back_from_a_detached_loss(model, loader, optimizer):
    def deeds(loss):
        optimizer.zero_grad()
        loss.detach().requires_grad_().backward()
        optimizer.step()

    return _epoch_in_order(model, loader, deeds)


@mutant("train_epoch", "zero_grad() has deleted them before it")
def zeros_too_early(model, loader, optimizer):
    def deeds(loss):
        loss.backward()
        optimizer.zero_grad(set_to_none=False)
        optimizer.step()

    return _epoch_in_order(model, loader, deeds)


@mutant("train_epoch", "zero_grad() stands between loss.backward() and optimizer.step()")
def forgets_too_early(model, loader, optimizer):
    def deeds(loss):
        loss.backward()
        model.zero_grad()
        optimizer.step()

    return _epoch_in_order(model, loader, deeds)


@mutant("train_epoch", "The weights change between model(x) and loss.backward()")
def steps_one_batch_late(model, loader, optimizer):
    def deeds(loss):
        optimizer.step()
        optimizer.zero_grad()
        loss.backward()

    return _epoch_in_order(model, loader, deeds)


@mutant(
    "train_epoch", "asked for a step() while there are no gradients: zero_grad() has deleted them"
)
def forgets_too_early_and_measures_afterwards(model, loader, optimizer):
    """Two mistakes: what is said of the optimizer is true all the same."""

    def deeds(loss):
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()

    return 2 * _epoch_in_order(model, loader, deeds)


def _epoch_in_order(model, loader, deeds):
    model.train()
    total = count = 0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        deeds(loss)
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count


@mutant("train_epoch", "The total is divided by the size of the dataset")
def counts_the_dataset(model, loader, optimizer):
    if len(loader) == 0:
        raise ValueError("the loader has no batches")
    seen = sum(len(y) for _, y in loader)
    return log_softmax_by_hand(model, loader, optimizer) * seen / len(loader.dataset)


# overfit_batch -----------------------------------------------------------------------------------


def _demand_batch(x, y, steps):
    if steps < 1:
        raise ValueError(f"steps is {steps}, at least one is needed")
    if len(x) != len(y):
        raise ValueError(f"{len(x)} inputs in x, but {len(y)} labels in y")


@alternative("overfit_batch")
def by_momentum(model, x, y, steps):
    _demand_batch(x, y, steps)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9)
    model.train()
    losses = []
    while len(losses) < steps:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@alternative("overfit_batch")
def by_hand(model, x, y, steps):
    _demand_batch(x, y, steps)
    model.train()
    losses = torch.zeros(steps)
    parameters = list(model.parameters())
    for i in range(steps):
        loss = nn.CrossEntropyLoss()(model(x), y)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, g in zip(parameters, gradients, strict=True):
                p -= 0.5 * g
        losses[i] = loss.detach()
    return losses.tolist()


@alternative("overfit_batch")
def with_adamw_and_arrays(model, x, y, steps):
    _demand_batch(x, y, steps)
    model.train()
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr=0.05, weight_decay=0), []
    for _ in range(steps):
        loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(np.float64(loss.item()))
    return losses


@mutant("overfit_batch", "call model.train()")
def never_in_training_mode(model, x, y, steps):
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.03), []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@mutant("overfit_batch", "optimiser: it is made anew in each step")
def forgetful_adam(model, x, y, steps):
    model.train()
    return [
        summed_loss_beside(model, [(x, y)], torch.optim.Adam(model.parameters(), lr=0.01))
        for _ in range(steps)
    ]


@mutant("overfit_batch", "Is the rate too small, or zero_grad missing?")
def timid_rate(model, x, y, steps):
    _demand_batch(x, y, steps)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    return [summed_loss_beside(model, [(x, y)], optimizer) for _ in range(steps)]


@mutant("overfit_batch", "a loss is a Tensor, but the result is one float: take .item()")
def keeps_the_graphs(model, x, y, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses


@mutant("overfit_batch", "as they were before: nothing was trained")
def trains_a_copy(model, x, y, steps):
    import copy

    return by_momentum(copy.deepcopy(model), x, y, steps)


@alternative("overfit_batch")
def at_two_hundredths(model, x, y, steps):
    _demand_batch(x, y, steps)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    return [summed_loss_beside(model, [(x, y)], optimizer) for _ in range(steps)]


@mutant("overfit_batch", "losses: it is not those of the network, step by step")
def running_average(model, x, y, steps):
    losses = by_momentum(model, x, y, steps)
    return [losses[0], *(float(np.mean(losses[i - 3 : i + 1])) for i in range(1, steps))]


@mutant("overfit_batch", "it jumps up and down. Is the rate too large")
def diverging_rate(model, x, y, steps):
    _demand_batch(x, y, steps)
    optimizer = torch.optim.SGD(model.parameters(), lr=20.0)
    return [summed_loss_beside(model, [(x, y)], optimizer) for _ in range(steps)]


@mutant("overfit_batch", "it rises in each step. Does a step go uphill?")
def uphill(model, x, y, steps):
    _demand_batch(x, y, steps)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, maximize=True)
    return [summed_loss_beside(model, [(x, y)], optimizer) for _ in range(steps)]


@mutant("overfit_batch", "optimizer.step() is missing")
def only_looks(model, x, y, steps):
    return _looks_only(model, x, y, steps)


def _looks_only(model, x, y, steps):
    model.train()
    return [F.cross_entropy(model(x), y).item() for _ in range(steps)]


@mutant("overfit_batch", "with gradients from loss.backward(), with a rate above 0")
def steps_without_gradients(model, x, y, steps):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = []
    for _ in range(steps):
        losses += _looks_only(model, x, y, 1)
        optimizer.step()
    return losses


@mutant("overfit_batch", "invalid: this call cannot work, yet it returned")
def cuts_to_the_shorter(model, x, y, steps):
    """The check's own comparison raises here, which must not count as the student's."""
    if steps < 1:
        raise ValueError("steps must be at least 1")
    n = min(len(x), len(y))
    return by_momentum(model, x[:n], y[:n], steps)
