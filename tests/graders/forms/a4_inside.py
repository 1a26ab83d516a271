"""Mistakes in a4 as people make them, alone or two at once. Each stands alone."""

import contextlib
import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graders.candidates import mutant

# receptive_field ---------------------------------------------------------------------------------


def _valid(layers):
    for layer in layers:
        if len(layer) != 4:
            raise ValueError("each layer has four numbers")
        for name, value, least in zip(
            ("kernel_size", "stride", "padding", "dilation"), layer, (1, 1, 0, 1), strict=True
        ):
            if value < least:
                raise ValueError(f"{name} is too small: {value}")


@mutant("receptive_field", "The start does not know of padding")
def neither_holes_nor_start(layers):
    size, jump = 1, 1
    for k, s, _, _ in layers:
        size += (k - 1) * jump
        jump *= s
    return size, jump, 0


@mutant("receptive_field", "A layer's own stride is multiplied in too early")
def own_stride_and_wrong_sign(layers):
    size, jump, start = 1, 1, 0
    for k, s, p, d in layers:
        size += d * (k - 1) * jump * s
        start += p * jump
        jump *= s
    return size, jump, start


@mutant("receptive_field", "The stride is that of the last layer alone")
def last_stride_and_own_padding(layers):
    size, jump, start = 1, 1, 0
    for k, s, p, d in layers:
        size += d * (k - 1) * jump
        start -= p
        jump = s
    return size, jump, start


@mutant("receptive_field", "Each layer adds k, not k − 1")
def adds_k(layers):
    size, jump, start = 1, 1, 0
    for k, s, p, d in layers:
        size += (d * (k - 1) + 1) * jump
        start -= p * jump
        jump *= s
    return size, jump, start


@mutant("receptive_field", "as many names as there are values on the right")
def without_dilation_in_the_loop(layers):
    size, jump = 1, 1
    for k, s, _ in layers:
        size += (k - 1) * jump
        jump *= s
    return size, jump, 0


@mutant("receptive_field", "(size, stride, start)")
def size_alone(layers):
    return 1 + sum(d * (k - 1) for k, _, _, d in layers)


# pointing_game -----------------------------------------------------------------------------------


def _points(heatmaps, peak=np.argmax):
    places = [peak(m) for m in heatmaps]
    return zip(*np.unravel_index(places, heatmaps.shape[1:]), strict=True)


@mutant("pointing_game", "Two things at once: ")
def closed_and_percent(heatmaps, boxes):
    hits = [top <= y <= bottom and left <= x <= right for (y, x), (top, left, bottom, right) in
            zip(_points(heatmaps), boxes, strict=True)]  # fmt: skip
    return float(100 * np.mean(hits))


@mutant("pointing_game", "Two things at once: ")
def exchanged_misses(heatmaps, boxes):
    hits = [top <= x < bottom and left <= y < right for (y, x), (top, left, bottom, right) in
            zip(_points(heatmaps), boxes, strict=True)]  # fmt: skip
    return float(1 - np.mean(hits))


@mutant("pointing_game", "The place is divided by the height")
def divides_by_height(heatmaps, boxes):
    height, hits = heatmaps.shape[1], []
    for m, (top, left, bottom, right) in zip(heatmaps, boxes, strict=True):
        y, x = divmod(int(m.argmax()), height)
        hits.append(top <= y < bottom and left <= x < right)
    return float(np.mean(hits))


@mutant("pointing_game", "`if`, `and` and `or` want one True or False")
def and_of_arrays(heatmaps, boxes):
    y = torch.as_tensor(heatmaps).flatten(1).argmax(1) // heatmaps.shape[2]
    boxes = torch.as_tensor(boxes)
    hits = (y >= boxes[:, 0]) and (y < boxes[:, 2])
    return float(hits.double().mean())


# feature_maps ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _looking(model, *, restore=True):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for m, mode in modes if restore else ():
            m.training = mode


def _maps(model, x, layer, graph=False):
    kept = []
    modules = dict(model.named_modules())
    if layer not in modules:
        raise ValueError(f"no layer {layer}")
    hook = modules[layer].register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    try:
        with torch.set_grad_enabled(graph):
            out = model(x)
    finally:
        hook.remove()
    return kept[0], out


@mutant("feature_maps", "Two things at once: A ReLU is applied to the maps")
def rectified_mean(model, x, layer):
    with _looking(model):
        maps, _ = _maps(model, x, layer)
    return maps.relu().mean(0, keepdim=True)


@mutant("feature_maps", "The batch is missing")
def first_only(model, x, layer):
    with _looking(model):
        return _maps(model, x, layer)[0][0]


@mutant("feature_maps", "This is what the whole network gives, not the layer.")
def the_wrong_thing(model, x, layer):
    with _looking(model), torch.no_grad():
        return model(x)


@mutant("feature_maps", "The model is left in eval mode")
def stays_in_eval(model, x, layer):
    with _looking(model, restore=False):
        return _maps(model, x, layer)[0]


# saliency, grad_cam ------------------------------------------------------------------------------


def _score(model, x, target, of=lambda logits: logits, join=torch.sum):
    logits = model(x)
    targets = torch.as_tensor(target)
    if targets.ndim and len(targets) != len(x):
        raise ValueError("as many targets as images")
    if bool((targets < 0).any()) or bool((targets >= logits.shape[1]).any()):
        raise ValueError("no such target")
    targets = targets.expand(len(x))
    return join(of(logits)[torch.arange(len(x)), targets])


def _saliency(model, x, target, reduce, **how):
    with _looking(model):
        x = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(_score(model, x, target, **how), x)
    return reduce(gradient)


@mutant("saliency", "\n  and: The channels are added up: take their maximum.")
def summed_of_a_mean(model, x, target):
    return _saliency(model, x, target, lambda g: g.abs().sum(1), join=torch.mean)


@mutant("saliency", "Two things at once: The gradient is signed")
def signed_of_a_probability(model, x, target):
    return _saliency(model, x, target, lambda g: g.amax(1), of=lambda logits: logits.softmax(1))


@mutant("saliency", "The channels are averaged: take their maximum.")
def averaged(model, x, target):
    return _saliency(model, x, target, lambda g: g.abs().mean(1))


@mutant("saliency", "The value is not connected with what its gradient is asked of")
def forgets_requires_grad(model, x, target):
    with _looking(model):
        loss = _score(model, x, target).detach()
        (gradient,) = torch.autograd.grad(loss, x)
    return gradient.abs().amax(1)


def _cam(model, x, target, layer, weigh, end=F.relu):
    with _looking(model):
        x = x.detach().clone().requires_grad_()
        kept = []
        modules = dict(model.named_modules())
        if layer not in modules:
            raise ValueError(f"no layer {layer}")

        def hand_on(module, inputs, output):
            kept.append(output)
            return output.clone()

        hook = modules[layer].register_forward_hook(hand_on)
        try:
            value = _score(model, x, target)
        finally:
            hook.remove()
        if kept[0].ndim != 4:
            raise ValueError(f"layer {layer} has no maps")
        (gradient,) = torch.autograd.grad(value, kept[0])
    return end((weigh(gradient) * kept[0]).sum(1)).detach()


@mutant("grad_cam", "Two things at once: ")
def summed_without_relu(model, x, target, layer):
    return _cam(model, x, target, layer, lambda g: g.sum((2, 3), keepdim=True), lambda m: m)


@mutant("grad_cam", "The gradients are not averaged over the places")
def pixel_by_pixel(model, x, target, layer):
    return _cam(model, x, target, layer, lambda g: g)


@mutant("grad_cam", "The weight of a channel is its largest gradient: take the mean.")
def by_the_largest(model, x, target, layer):
    return _cam(model, x, target, layer, lambda g: g.amax((2, 3), keepdim=True))


# occlusion_map -----------------------------------------------------------------------------------


def _occluded(model, x, target, size, stride, fill, drop=torch.sub, of=lambda logits: logits):
    with _looking(model), torch.no_grad():
        before = of(model(x))
        targets = torch.as_tensor(target).expand(len(x))
        rows = []
        for top in range(0, x.shape[2] - size + 1, stride):
            row = []
            for left in range(0, x.shape[3] - size + 1, stride):
                covered = x.clone()
                covered[:, :, top : top + size, left : left + size] = fill
                change = drop(before, of(model(covered)))
                row.append(change[torch.arange(len(x)), targets])
            rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


@mutant("occlusion_map", "Two things at once: This is the rise, not the drop")
def rise_with_zeros(model, x, target, *, size, stride, fill):
    return -_occluded(model, x, target, size, stride, 0.0)


@mutant("occlusion_map", "and: stride is ignored: the patch moves by its own size.")
def own_size_and_probability(model, x, target, *, size, stride, fill):
    return _occluded(model, x, target, size, size, fill, of=lambda logits: logits.softmax(1))


@mutant("occlusion_map", "These are the logits with the patch")
def logits_alone(model, x, target, *, size, stride, fill):
    return _occluded(model, x, target, size, stride, fill, drop=lambda before, after: after)


# deconvnet, measured_receptive_field, maximise_activation ----------------------------------------


@mutant("deconvnet", "This is the plain gradient")
def plain_gradient(model, x, layer, channel):
    with _looking(model):
        x = x.detach().clone().requires_grad_()
        maps, _ = _maps(model, x, layer, graph=True)
        best = maps[:, channel].flatten(1).max(1).values.sum()
        return torch.autograd.grad(best, x)[0]


@mutant("measured_receptive_field", "Height and width are exchanged.")
def width_first(model, input_shape):
    if len(input_shape) != 4 or min(input_shape) < 1:
        raise ValueError("input_shape is (N, C, H, W)")
    twin = copy.deepcopy(model).double().eval()
    for module in twin:
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    twin = nn.Sequential(
        *(
            nn.AvgPool2d(m.kernel_size, m.stride, m.padding) if isinstance(m, nn.MaxPool2d) else m
            for m in twin
        )
    )
    for p in twin.parameters():
        p.requires_grad_(True)
        p.data.fill_(0.1)
    x = torch.ones(input_shape, dtype=torch.float64, requires_grad=True)
    out = twin(x)
    unit = out[..., out.shape[2] // 2, out.shape[3] // 2].sum()
    (gradient,) = torch.autograd.grad(unit, x)
    seen = gradient.abs().sum((0, 1))
    rows, columns = (seen.sum(axis).nonzero()[:, 0] for axis in (1, 0))
    return int(columns[-1] - columns[0]) + 1, int(rows[-1] - rows[0]) + 1


@mutant("maximise_activation", "The batch is missing: the image is (1, C, 32, 32).")
def no_batch(model, layer, channel, *, steps, seed):
    return _ascended(model, layer, channel, steps, seed)[0]


@mutant("maximise_activation", "The steps go downhill")
def descends(model, layer, channel, *, steps, seed):
    return _ascended(model, layer, channel, steps, seed, rate=-0.1)


def _ascended(model, layer, channel, steps, seed, rate=0.1):
    with _looking(model):
        weight = next(model.parameters())
        shape = (1, weight.shape[1], 32, 32)
        x = torch.rand(shape, generator=torch.Generator().manual_seed(seed)).to(weight.dtype)
        for _ in range(steps):
            x = x.detach().requires_grad_()
            maps, _ = _maps(model, x, layer, graph=True)
            (gradient,) = torch.autograd.grad(maps[:, channel].mean(), x)
            x = (x + rate * gradient / gradient.square().mean().sqrt()).clamp(0, 1)
    return x.detach()


# mistakes that were taken for others -------------------------------------------------------------


def _recursion(layers, first=1, reach=lambda k, d: d * (k - 1), add=lambda r, jump: r * jump):
    size, jump, start = first, 1, 0
    for k, s, p, d in layers:
        size += add(reach(k, d), jump)
        start -= p * jump
        jump *= s
    return size, jump, start


@mutant("receptive_field", "The size begins with 2: it is to begin with 1")
def begins_with_two(layers):
    return _recursion(layers, first=2)


@mutant("receptive_field", "The dilation is added to k − 1: it multiplies it, d(k − 1).")
def adds_dilation(layers):
    return _recursion(layers, reach=lambda k, d: d + k - 1)


@mutant("receptive_field", "The strides before a layer are added to its reach")
def adds_jump(layers):
    return _recursion(layers, add=lambda reach, jump: reach + jump)


@mutant("receptive_field", "Each layer adds d(k − 2), not d(k − 1)")
def takes_two(layers):
    return _recursion(layers, reach=lambda k, d: d * (k - 2))


@mutant("maximise_activation", "every pixel is 1")
def clamps_to_one(model, layer, channel, *, steps, seed):
    return _ascended(model, layer, channel, steps, seed).clamp(1, 1)
