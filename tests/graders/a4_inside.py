"""Versions of a4's functions as students write them. Each stands alone."""

import contextlib
import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from graders.candidates import alternative, mutant

# receptive_field ---------------------------------------------------------------------------------


def _valid(layers):
    for number, layer in enumerate(layers):
        if len(layer) != 4:
            raise ValueError(f"layer {number} must be four numbers")
        for name, value, least in zip(
            ("kernel_size", "stride", "padding", "dilation"), layer, (1, 1, 0, 1), strict=True
        ):
            if value < least:
                raise ValueError(f"{name} of layer {number} must be at least {least}, got {value}")


@alternative("receptive_field")
def from_the_last_layer_back(layers):
    """The field of units 0 and 1, followed back to the image."""
    _valid(layers)
    first, last, second = 0, 0, 1
    for k, s, p, d in reversed(layers):
        first, second, last = first * s - p, second * s - p, last * s - p + d * (k - 1)
    return last - first + 1, second - first, first


@alternative("receptive_field")
def with_products_of_numpy(layers):
    _valid(layers)
    table = np.array(layers, dtype=int).reshape(-1, 4)
    k, s, p, d = table.T
    jumps = np.concatenate([[1], np.cumprod(s)])
    size = 1 + (d * (k - 1) * jumps[:-1]).sum()
    return [int(size), int(jumps[-1]), -int((p * jumps[:-1]).sum())]


@alternative("receptive_field")
def one_layer_at_a_time(layers):
    _valid(layers)
    if not layers:
        return 1, 1, 0
    size, jump, start = one_layer_at_a_time(layers[:-1])
    k, s, p, d = layers[-1]
    return size + (k - 1) * d * jump, jump * s, start - p * jump


@mutant("receptive_field", "A layer's own stride is multiplied in too early")
def stride_first(layers):
    _valid(layers)
    size, jump, start = 1, 1, 0
    for k, s, p, d in layers:
        start -= p * jump
        jump *= s
        size += d * (k - 1) * jump
    return size, jump, start


@mutant("receptive_field", "but the result is (size, stride, start)")
def only_the_size(layers):
    _valid(layers)
    return 1 + sum(k - 1 for k, *_ in layers)


@alternative("receptive_field")
def takes_the_list_apart(layers):
    _valid(layers)
    size, jump, start = 1, 1, 0
    while layers:
        k, s, p, d = layers.pop(0)
        size, start, jump = size + d * (k - 1) * jump, start - p * jump, jump * s
    return size, jump, start


@mutant("receptive_field", "Padding does not change the size")
def padding_makes_it_larger(layers):
    _valid(layers)
    size, jump, start = with_products_of_numpy(layers)
    return size - 2 * start, jump, start


@mutant("receptive_field", "this call cannot work, yet it returned")
def a_fifth_number_is_overlooked(layers):
    for layer in layers:
        if len(layer) < 4:
            raise ValueError("each layer must be four numbers")
    return with_products_of_numpy([layer[:4] for layer in layers])


# measured_receptive_field ------------------------------------------------------------------------


def _valid_shape(input_shape):
    if len(input_shape) != 4 or min(input_shape) < 1:
        raise ValueError(f"input_shape must be four positive numbers, got {input_shape}")


def _from_first_to_last(seen):
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


@alternative("measured_receptive_field")
def many_random_inputs(model, input_shape):
    """Random weights; whatever any of the inputs moves is seen."""
    twin = copy.deepcopy(model)
    torch.manual_seed(0)
    for module in twin.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return _any_of_many_inputs(twin, input_shape)


@mutant("measured_receptive_field", "convolutions: height: it returned")
def many_inputs_to_the_model_as_it_is(model, input_shape):
    return _any_of_many_inputs(model, input_shape)


@mutant("measured_receptive_field", "The model's own weights or statistics are measured")
def weights_as_they_are(model, input_shape):
    """Only max pooling is met; the images are those of any student."""
    _valid_shape(input_shape)
    twin = copy.deepcopy(model).double().eval()
    x = torch.ones(tuple(input_shape)).double().requires_grad_()
    out = twin(x)
    unit = out[..., out.shape[2] // 2, out.shape[3] // 2].sum()
    seen = torch.autograd.grad(unit, x)[0].abs().sum((0, 1)).numpy() > 0
    return _from_first_to_last(seen) if seen.any() else (0, 0)


@mutant("measured_receptive_field", "No row or no column is counted here: print the gradient.")
def rows_in_which_every_pixel_counts(model, input_shape):
    _valid_shape(input_shape)
    twin = copy.deepcopy(model).double().eval()
    for p in twin.parameters():
        p.data = torch.full_like(p, 0.5)
    x = torch.ones(tuple(input_shape)).double().requires_grad_()
    out = twin(x)
    unit = out[..., out.shape[2] // 2, out.shape[3] // 2].sum()
    seen = torch.autograd.grad(unit, x)[0].abs().sum((0, 1)).numpy() > 0
    rows, columns = np.flatnonzero(seen.all(1)), np.flatnonzero(seen.all(0))
    return int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def _any_of_many_inputs(model, input_shape):
    _valid_shape(input_shape)
    twin = copy.deepcopy(model).double().eval()
    generator, seen = torch.Generator().manual_seed(0), None
    for _ in range(64):
        x = torch.randn(tuple(input_shape), generator=generator).double().requires_grad_()
        out = twin(x)
        out[..., out.shape[2] // 2, out.shape[3] // 2].square().sum().backward()
        moved = (x.grad != 0).any(0).any(0).numpy()
        seen = moved if seen is None else seen | moved
    return _from_first_to_last(seen)


@alternative("measured_receptive_field")
def positive_weights_of_the_same_model(model, input_shape):
    """The weights are put back afterwards; max pooling is met with many inputs."""
    _valid_shape(input_shape)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    try:
        model.load_state_dict({
            name: 0 * value if "running_mean" in name else value.abs() + 0.1
            for name, value in weights.items()
        })  # fmt: skip
        generator, total = torch.Generator().manual_seed(0), 0
        for _ in range(30):
            x = 9 + torch.rand(tuple(input_shape), generator=generator)
            x = x.to(next(model.parameters()).dtype).requires_grad_()
            out = model(x)
            unit = out[0, 0, out.shape[2] // 2, out.shape[3] // 2]
            total = total + torch.autograd.grad(unit, x)[0].abs().sum((0, 1))
    finally:
        model.load_state_dict(weights)
        for m, mode in modes:
            m.training = mode
    return _from_first_to_last((total > 0).numpy())


@alternative("measured_receptive_field")
def averages_for_maxima(model, input_shape):
    _valid_shape(input_shape)
    twin = copy.deepcopy(model).eval()
    for name, module in list(twin.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            parent, _, own = name.rpartition(".")
            pool = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            setattr(twin.get_submodule(parent), own, pool)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    twin.double()
    for p in twin.parameters():
        p.data = torch.full_like(p, 0.5)
        p.requires_grad = False
    x = torch.ones(*input_shape, dtype=torch.float64, requires_grad=True)
    y = twin(x)
    seed = torch.zeros_like(y)
    seed[:, :, y.shape[2] // 2, y.shape[3] // 2] = 1
    y.backward(seed)
    return _from_first_to_last(x.grad[0, 0].numpy() > 0)


@alternative("measured_receptive_field")
def poisoned_rows_and_columns(model, input_shape):
    """No gradients: what is no number makes every unit that sees it no number."""
    _valid_shape(input_shape)
    twin, sizes = copy.deepcopy(model).eval(), []
    for axis in (2, 3):
        seen = []
        for place in range(input_shape[axis]):
            x = torch.zeros(input_shape, dtype=next(model.parameters()).dtype)
            x.select(axis, place).fill_(torch.nan)
            with torch.no_grad():
                out = twin(x)
            if out[:, :, out.shape[2] // 2, out.shape[3] // 2].isnan().any():
                seen.append(place)
        sizes.append(seen[-1] - seen[0] + 1)
    return tuple(sizes)


@mutant("measured_receptive_field", "layers afterwards: it is now (3): AvgPool2d(")
def pools_of_the_model_itself(model, input_shape):
    _valid_shape(input_shape)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.MaxPool2d):
            parent, _, own = name.rpartition(".")
            mean = nn.AvgPool2d(module.kernel_size, module.stride, module.padding)
            setattr(model.get_submodule(parent), own, mean)
    return averages_for_maxima(model, input_shape)


@mutant("measured_receptive_field", "it raised no error here, where the network cannot compute")
def channels_of_its_own(model, input_shape):
    _valid_shape(input_shape)
    channels = next(m for m in model.modules() if isinstance(m, nn.Conv2d)).in_channels
    return averages_for_maxima(model, (1, channels, *input_shape[2:]))


@mutant("measured_receptive_field", "Height and width are exchanged.")
def width_first(model, input_shape):
    return averages_for_maxima(model, input_shape)[::-1]


@mutant("measured_receptive_field", "it returned a int, but the result is (height, width)")
def one_number_for_squares(model, input_shape):
    return averages_for_maxima(model, input_shape)[0]


# Shared by the functions that look into a network ------------------------------------------------


@contextlib.contextmanager
def _in_eval_mode(model):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for m, mode in modes:
            m.training = mode


def _named(model, layer):
    modules = dict(model.named_modules())
    if layer not in modules:
        raise ValueError(f"there is no layer {layer!r}, only {', '.join(modules)}")
    return modules[layer]


def _valid_target(target, n, classes):
    target = torch.as_tensor(target)
    if target.ndim not in (0, 1) or (target.ndim == 1 and len(target) != n):
        raise ValueError(f"target must be one class, or one for each of {n} images")
    if target.min() < 0 or target.max() >= classes:
        raise ValueError(f"target must be in 0 to {classes - 1}, got {target.tolist()}")
    return target.expand(n)


def _output_of(model, x, layer):
    """The layer's output, on the graph, and what the network gives."""
    kept = {}

    def keep(module, inputs, output):
        kept["out"] = output
        return output.clone()

    hook = _named(model, layer).register_forward_hook(keep)
    try:
        return model(x), kept["out"]
    finally:
        hook.remove()


def _overwritten_output_of(model, x, layer):
    """The same, but layers that work in place write over what is kept."""
    kept = {}
    hook = _named(model, layer).register_forward_hook(lambda m, a, output: kept.update(out=output))
    try:
        return model(x), kept["out"]
    finally:
        hook.remove()


# feature_maps ------------------------------------------------------------------------------------


@alternative("feature_maps")
def clone_in_the_hook(model, x, layer):
    module, kept = _named(model, layer), []

    def hook(module, inputs, output):
        kept.append(output.detach().clone())

    handle = module.register_forward_hook(hook)
    with _in_eval_mode(model):
        try:
            model(x)
        finally:
            handle.remove()
    return kept[0]


class _Enough(Exception):
    pass


@alternative("feature_maps")
def stop_at_the_layer(model, x, layer):
    """What comes behind the layer is never computed, nor are gradients."""
    kept = []
    if layer not in [name for name, _ in model.named_modules()]:
        raise ValueError(f"unknown layer {layer}")

    def stop(module, inputs, output):
        kept.append(output)
        raise _Enough

    handle = model.get_submodule(layer).register_forward_hook(stop)
    modes = [m.training for m in model.modules()]
    model.train(False)
    try:
        with torch.no_grad(), contextlib.suppress(_Enough):
            model(x)
    finally:
        handle.remove()
        for m, mode in zip(model.modules(), modes, strict=True):
            m.training = mode
    return kept[0]


@alternative("feature_maps")
def in_a_copy(model, x, layer):
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    found = {}
    for name, module in twin.named_modules():
        module.register_forward_hook(
            lambda m, i, out, name=name: found.__setitem__(name, 1 * out.detach())
        )
    twin(x)
    try:
        return found[layer]
    except KeyError:
        raise ValueError(f"layer {layer!r} is not in the model") from None


@alternative("feature_maps")
def another_forward_for_a_while(model, x, layer):
    module, kept = _named(model, layer), []
    own = module.forward

    def forward(*args):
        out = own(*args)
        kept.append(out.detach().clone())
        return out

    module.forward = forward
    try:
        with _in_eval_mode(model):
            model(x)
    finally:
        del module.forward
    return kept[0]


@mutant("feature_maps", "does not say what is wrong: check features.17 yourself, and name it")
def names_no_layer(model, x, layer):
    if layer not in dict(model.named_modules()):
        raise ValueError("this layer is not there")
    return in_a_copy(model, x, layer)


@mutant("feature_maps", "A forward of your own stays in the model")
def another_forward_for_good(model, x, layer):
    module, kept = _named(model, layer), []
    own = module.forward

    def forward(*args):
        out = own(*args)
        kept.append(out.detach().clone())
        return out

    module.forward = forward
    with _in_eval_mode(model):
        model(x)
    return kept[0]


@mutant("feature_maps", "A ReLU works in place no longer")
def nothing_works_in_place_any_more(model, x, layer):
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    with _in_eval_mode(model), torch.no_grad():
        return _output_of(model, x, layer)[1]


@mutant("feature_maps", "Gradients are switched off for all that follows")
def no_gradients_any_more(model, x, layer):
    torch.set_grad_enabled(False)
    return clone_in_the_hook(model, x, layer)


@mutant("feature_maps", "and let the hook return nothing")
def hook_that_returns_what_it_keeps(model, x, layer):
    """What a hook returns replaces the output, so the next layer works on what was kept."""
    kept = {}
    hook = _named(model, layer).register_forward_hook(
        lambda module, inputs, output: kept.setdefault("out", output.detach().clone())
    )
    try:
        with _in_eval_mode(model), torch.no_grad():
            model(x)
    finally:
        hook.remove()
    return kept["out"]


@mutant("feature_maps", "still hangs on the graph of gradients")
def forgot_to_detach(model, x, layer):
    with _in_eval_mode(model):
        return _output_of(model, x, layer)[1].clone()


@mutant("feature_maps", "A later layer works in place and has overwritten your maps")
def forgot_to_clone(model, x, layer):
    with _in_eval_mode(model), torch.no_grad():
        return _overwritten_output_of(model, x, layer)[1]


@mutant("feature_maps", "Where the network raises an error the hook stays in the model")
def removes_the_hook_in_the_end(model, x, layer):
    kept = []
    hook = _named(model, layer).register_forward_hook(lambda m, i, out: kept.append(out.clone()))
    with _in_eval_mode(model), torch.no_grad():
        model(x)
    hook.remove()
    return kept[0]


# saliency ----------------------------------------------------------------------------------------


@alternative("saliency")
def gradient_of_the_sum(model, x, target):
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(inputs)
    rows = torch.arange(len(x))
    score = logits[rows, _valid_target(target, *logits.shape)].sum()
    return torch.autograd.grad(score, inputs)[0].abs().max(dim=1).values


@alternative("saliency")
def image_by_image(model, x, target):
    found = []
    with _in_eval_mode(model):
        with torch.no_grad():
            targets = _valid_target(target, len(x), model(x).shape[1])
        for image, wanted in zip(x, targets, strict=True):
            image = image[None].detach().requires_grad_()
            (gradient,) = torch.autograd.grad(model(image)[0, int(wanted)], image)
            found.append(gradient[0].abs().amax(0))
    return torch.stack(found)


@alternative("saliency")
def backward_through_a_copy(model, x, target):
    twin = copy.deepcopy(model).eval()
    leaf = x.clone().detach()
    leaf.requires_grad = True
    logits = twin(leaf)
    chosen = F.one_hot(_valid_target(target, *logits.shape), logits.shape[1]).to(x.dtype)
    logits.backward(gradient=chosen)
    return torch.maximum(leaf.grad, -leaf.grad).amax(dim=1)


@alternative("saliency")
def gradients_of_the_weights_put_back(model, x, target):
    earlier = [p.grad for p in model.parameters()]
    inputs = x.detach().clone().requires_grad_()
    try:
        with _in_eval_mode(model):
            logits = model(inputs)
        for p in model.parameters():
            p.grad = None
        targets = _valid_target(target, *logits.shape)
        logits.gather(1, targets[:, None]).sum().backward()
    finally:
        for p, gradient in zip(model.parameters(), earlier, strict=True):
            p.grad = gradient
    return inputs.grad.abs().max(1)[0]


@mutant("saliency", "The weights got gradients")
def by_backward(model, x, target):
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(inputs)
        rows = torch.arange(len(x))
        logits[rows, _valid_target(target, *logits.shape)].sum().backward()
    return inputs.grad.abs().amax(1)


@mutant("saliency", "x is left with requires_grad")
def asks_for_gradients_of_x_itself(model, x, target):
    x.requires_grad_()
    with _in_eval_mode(model):
        logits = model(x)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    return torch.autograd.grad(score, x)[0].abs().amax(1)


@mutant("saliency", "Each image gets the targets of all")
def targets_of_all_images(model, x, target):
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(inputs)
    _valid_target(target, *logits.shape)
    return torch.autograd.grad(logits[:, target].sum(), inputs)[0].abs().amax(1)


@mutant("saliency", "The logits of all classes are added up")
def all_classes_together(model, x, target):
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(inputs)
    _valid_target(target, *logits.shape)
    return torch.autograd.grad(logits.sum(), inputs)[0].abs().amax(1)


@mutant("saliency", "invalid: this call cannot work, yet it returned")
def one_target_of_many_images(model, x, target):
    images = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(images)
    classes = logits.shape[1]
    targets = torch.as_tensor(target)
    if targets.min() < 0 or targets.max() >= classes or len(x) % max(1, targets.numel()):
        raise ValueError(f"target must be in 0 to {classes - 1}, one for each image")
    score = logits[torch.arange(len(x)), targets.expand(len(x))].sum()
    return torch.autograd.grad(score, images)[0].abs().amax(1)


@mutant("saliency", "The gradient is signed")
def largest_gradient(model, x, target):
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        logits = model(inputs)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    return torch.autograd.grad(score, inputs)[0].amax(1)


# occlusion_map -----------------------------------------------------------------------------------


def _valid_patch(x, size, stride):
    if not 1 <= size <= min(x.shape[2:]):
        raise ValueError(f"size must be 1 to {min(x.shape[2:])}, got {size}")
    if stride < 1:
        raise ValueError(f"stride must be at least 1, got {stride}")


@alternative("occlusion_map")
@torch.no_grad()
def loops_over_places(model, x, target, *, size, stride, fill):
    _valid_patch(x, size, stride)
    tops = range(0, x.shape[2] - size + 1, stride)
    lefts = range(0, x.shape[3] - size + 1, stride)
    with _in_eval_mode(model):
        logits = model(x)
        targets = _valid_target(target, *logits.shape)[:, None]
        drops = torch.zeros(len(x), len(tops), len(lefts), dtype=logits.dtype)
        for i, top in enumerate(tops):
            for j, left in enumerate(lefts):
                covered = x.clone()
                covered[:, :, top : top + size, left : left + size] = fill
                drops[:, i, j] = (logits - model(covered)).gather(1, targets)[:, 0]
    return drops


@alternative("occlusion_map")
def all_places_as_one_batch(model, x, target, *, size, stride, fill):
    _valid_patch(x, size, stride)
    height, width = x.shape[2:]
    ones = torch.zeros(height * width, height * width)
    ones[range(height * width), range(height * width)] = 1
    masks = F.max_pool2d(ones.reshape(-1, 1, height, width), 1)  # (H*W, 1, H, W), one pixel each
    corners = [
        (top, left)
        for top in range(0, height - size + 1, stride)
        for left in range(0, width - size + 1, stride)
    ]
    patches = torch.stack([
        masks.reshape(height, width, height, width)[t : t + size, w : w + size].sum((0, 1)) > 0
        for t, w in corners
    ])  # fmt: skip
    with _in_eval_mode(model), torch.inference_mode():
        plain = model(x)
        targets = _valid_target(target, *plain.shape)
        rows = []
        for image, logits, wanted in zip(x, plain, targets, strict=True):
            batch = torch.where(patches[:, None], torch.tensor(fill, dtype=x.dtype), image)
            rows.append(logits[wanted] - model(batch)[:, wanted])
    shape = (len(x), (height - size) // stride + 1, (width - size) // stride + 1)
    return torch.stack(rows).reshape(shape).clone()


@alternative("occlusion_map")
def puts_the_pixels_back(model, x, target, *, size, stride, fill):
    _valid_patch(x, size, stride)
    twin, work = copy.deepcopy(model).eval(), x.detach().clone().contiguous()
    with torch.no_grad():
        before = twin(work)
        wanted = _valid_target(target, *before.shape)
        maps = []
        for top in range((x.shape[2] - size) // stride + 1):
            for left in range((x.shape[3] - size) // stride + 1):
                window = work.narrow(2, top * stride, size).narrow(3, left * stride, size)
                kept = window.clone()
                window.fill_(fill)
                after = twin(work)
                window.copy_(kept)
                maps.append(torch.stack([
                    b[t] - a[t] for b, a, t in zip(before, after, wanted, strict=True)
                ]))  # fmt: skip
    return torch.stack(maps, 1).unflatten(1, ((x.shape[2] - size) // stride + 1, -1))


@mutant("occlusion_map", "this call cannot work, yet it returned")
def only_the_height_is_looked_at(model, x, target, *, size, stride, fill):
    if not 1 <= size <= x.shape[2]:
        raise ValueError(f"size must be 1 to {x.shape[2]}, got {size}")
    if size > x.shape[3]:
        return torch.zeros(len(x), 1, 0)
    options = {"size": size, "stride": stride, "fill": fill}
    return loops_over_places(model, x, target, **options)


@mutant("occlusion_map", "This is the rise, not the drop")
def covered_minus_plain(model, x, target, *, size, stride, fill):
    options = {"size": size, "stride": stride, "fill": fill}
    return -loops_over_places(model, x, target, **options)


@mutant("occlusion_map", "it returned None")
def draws_and_returns_nothing(model, x, target, *, size, stride, fill):
    options = {"size": size, "stride": stride, "fill": fill}
    loops_over_places(model, x, target, **options)


# grad_cam ----------------------------------------------------------------------------------------


def _valid_maps(maps, layer):
    if maps.ndim != 4:
        raise ValueError(f"layer {layer!r} has no maps: its output has shape {tuple(maps.shape)}")


@alternative("grad_cam")
def by_autograd(model, x, target, layer):
    with _in_eval_mode(model):
        logits, maps = _output_of(model, x.detach().clone().requires_grad_(), layer)
    _valid_maps(maps, layer)
    rows = torch.arange(len(x))
    score = logits[rows, _valid_target(target, *logits.shape)].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    weights = gradient.mean((2, 3))
    return torch.einsum("nc,nchw->nhw", weights, maps).relu().detach()


@alternative("grad_cam")
def with_two_hooks(model, x, target, layer):
    """The gradient is caught at the layer's output as it goes back, in a copy."""
    twin = copy.deepcopy(model).eval()
    module, kept = _named(twin, layer), {}

    def forward_hook(module, inputs, output):
        kept["maps"] = output.detach().clone()
        if output.requires_grad:
            output.register_hook(lambda gradient: kept.update(gradient=gradient))

    module.register_forward_hook(forward_hook)
    logits = twin(x.detach().clone().requires_grad_())
    _valid_maps(kept["maps"], layer)
    logits.gather(1, _valid_target(target, *logits.shape)[:, None]).sum().backward()
    weights = kept["gradient"].flatten(2).mean(2)[:, :, None, None]
    return (weights * kept["maps"]).sum(1).clamp(min=0)


@alternative("grad_cam")
def one_image_after_the_other(model, x, target, layer):
    maps_of_all = []
    with _in_eval_mode(model):
        logits, maps = _output_of(model, x.detach().clone().requires_grad_(), layer)
        _valid_maps(maps, layer)
        targets = _valid_target(target, *logits.shape)
        for n in range(len(x)):
            logits, maps = _output_of(model, x[n : n + 1].clone().requires_grad_(), layer)
            (gradient,) = torch.autograd.grad(logits[0, targets[n]], maps)
            total = sum(g.mean() * m for g, m in zip(gradient[0], maps[0], strict=True))
            maps_of_all.append(torch.maximum(total, torch.zeros_like(total)))
    return torch.stack(maps_of_all).detach()


@alternative("grad_cam")
def gradient_of_what_is_added(model, x, target, layer):
    """A hook that adds zeros to the maps: their gradient is that of the maps."""
    kept = {}

    def add_zeros(module, inputs, output):
        kept.update(maps=output.detach().clone(), zeros=torch.zeros_like(output).requires_grad_())
        return output.detach() + kept["zeros"]

    hook = _named(model, layer).register_forward_hook(add_zeros)
    try:
        with _in_eval_mode(model):
            logits = model(x)
    finally:
        hook.remove()
    _valid_maps(kept["maps"], layer)
    score = logits.gather(1, _valid_target(target, *logits.shape)[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, kept["zeros"])
    return (gradient.mean((-1, -2))[..., None, None] * kept["maps"]).sum(1).relu()


@mutant("grad_cam", "The ReLU at the end is missing")
def without_relu(model, x, target, layer):
    with _in_eval_mode(model):
        logits, maps = _output_of(model, x.detach().clone().requires_grad_(), layer)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1).detach()


@mutant("grad_cam", "A later layer works in place and has overwritten the maps")
def maps_overwritten_in_place(model, x, target, layer):
    with _in_eval_mode(model):
        images = x.detach().clone().requires_grad_()
        logits, maps = _overwritten_output_of(model, images, layer)
    _valid_maps(maps, layer)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1).relu().detach()


@mutant("grad_cam", "In a frozen network nothing requires a gradient but what you ask it of")
def needs_weights_that_learn(model, x, target, layer):
    with _in_eval_mode(model):
        logits, maps = _output_of(model, x, layer)
    _valid_maps(maps, layer)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    return (gradient.mean((2, 3), keepdim=True) * maps).sum(1).relu().detach()


@mutant("grad_cam", "The gradients are added over the places")
def summed_weights(model, x, target, layer):
    with _in_eval_mode(model):
        logits, maps = _output_of(model, x.detach().clone().requires_grad_(), layer)
    score = logits[torch.arange(len(x)), _valid_target(target, *logits.shape)].sum()
    (gradient,) = torch.autograd.grad(score, maps)
    return F.relu((gradient.sum((2, 3), keepdim=True) * maps).sum(1)).detach()


# maximise_activation -----------------------------------------------------------------------------


def _first_convolution(model):
    return next(m for m in model.modules() if isinstance(m, nn.Conv2d))


def _valid_channel(maps, channel, layer):
    _valid_maps(maps, layer)
    if not 0 <= channel < maps.shape[1]:
        raise ValueError(f"channel must be in 0 to {maps.shape[1] - 1}, got {channel}")


def _valid_steps(steps):
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")


@alternative("maximise_activation")
def with_adam(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    weight = _first_convolution(model).weight
    shape = (1, weight.shape[1], 32, 32)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    image = (0.5 + 0.1 * (noise - 0.5)).to(weight.dtype).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.05)
    with _in_eval_mode(model):
        for _ in range(steps):
            _, maps = _output_of(model, image, layer)
            _valid_channel(maps, channel, layer)
            (image.grad,) = torch.autograd.grad(-maps[:, channel].mean(), image)
            optimizer.step()
            image.data.clamp_(0, 1)
    return image.detach()


@alternative("maximise_activation")
def by_signs_in_a_copy(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    twin = copy.deepcopy(model).eval()
    conv = _first_convolution(twin)
    rng = np.random.default_rng(seed)
    image = torch.tensor(rng.uniform(0.3, 0.7, (1, conv.in_channels, 32, 32))).to(conv.weight)
    for _ in range(steps):
        image.requires_grad_()
        _, maps = _output_of(twin, image, layer)
        _valid_channel(maps, channel, layer)
        maps[0, channel].sum().backward()
        image = (image.detach() + 0.05 * image.grad.sign()).clip(0, 1)
    return image


@alternative("maximise_activation")
def through_a_sigmoid(model, layer, channel, *, steps, seed):
    """The image is a sigmoid of what is optimised, so it never leaves 0 to 1."""
    _valid_steps(steps)
    weight = _first_convolution(model).weight
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    free = 0.1 * torch.randn(1, weight.shape[1], 32, 32, dtype=weight.dtype)
    torch.set_rng_state(state)
    with _in_eval_mode(model):
        for _ in range(steps):
            free.requires_grad_()
            _, maps = _output_of(model, torch.sigmoid(free), layer)
            _valid_channel(maps, channel, layer)
            (gradient,) = torch.autograd.grad(maps[:, channel].mean(), free)
            free = free.detach() + 0.5 * gradient / (gradient.pow(2).mean().sqrt() + 1e-12)
    return torch.sigmoid(free)


@alternative("maximise_activation")
def no_further_than_the_layer(model, layer, channel, *, steps, seed):
    """What comes behind the layer is never computed."""
    _valid_steps(steps)
    twin, kept = copy.deepcopy(model).eval(), []

    def stop(module, inputs, output):
        kept.append(output)
        raise _Enough

    _named(twin, layer).register_forward_hook(stop)
    weight = _first_convolution(twin).weight
    noise = torch.rand(1, weight.shape[1], 32, 32, generator=torch.Generator().manual_seed(seed))
    image = noise.to(weight.dtype)
    for _ in range(steps):
        image.requires_grad_()
        with contextlib.suppress(_Enough):
            twin(image)
        maps = kept.pop()
        _valid_channel(maps, channel, layer)
        (gradient,) = torch.autograd.grad(maps[:, channel].sum(), image)
        image = (image.detach() + 0.2 * gradient / gradient.abs().max().clamp(1e-12)).clamp(0, 1)
    return image


@mutant("maximise_activation", "steps is ignored")
def always_forty_steps(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    return by_signs_in_a_copy(model, layer, channel, steps=40, seed=seed)


@mutant("maximise_activation", "A raw gradient is often tiny")
def gradient_as_it_is(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    twin = copy.deepcopy(model).eval()
    weight = _first_convolution(twin).weight
    noise = torch.rand(1, weight.shape[1], 32, 32, generator=torch.Generator().manual_seed(seed))
    image = noise.to(weight.dtype)
    for _ in range(steps):
        image.requires_grad_()
        _, maps = _output_of(twin, image, layer)
        (gradient,) = torch.autograd.grad(maps[:, channel].mean(), image)
        image = (image.detach() + 0.1 * gradient).clamp(0, 1)
    return image


@mutant("maximise_activation", "The steps go downhill")
def forgot_the_minus(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    weight = _first_convolution(model).weight
    shape = (1, weight.shape[1], 32, 32)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    image = noise.to(weight.dtype).requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.1)
    with _in_eval_mode(model):
        for _ in range(steps):
            _, maps = _output_of(model, image, layer)
            (image.grad,) = torch.autograd.grad(maps[:, channel].mean(), image)
            optimizer.step()
            image.data.clamp_(0, 1)
    return image.detach()


def _climb(model, image, layer, steps, choose):
    """Steps of one length uphill, along what `choose` takes from the maps."""
    for _ in range(steps):
        image = image.detach().requires_grad_()
        _, maps = _output_of(model, image, layer)
        (gradient,) = torch.autograd.grad(choose(maps), image)
        length = gradient.square().mean().sqrt().clamp(min=1e-12)
        image = (image.detach() + 0.1 * gradient / length).clamp(0, 1)
    return image


def _grey(model, seed):
    weight = _first_convolution(model).weight
    shape = (1, weight.shape[1], 32, 32)
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    return (0.4 + 0.2 * noise).to(weight)


@mutant("maximise_activation", "The mean over all channels is maximised")
def mean_over_all_channels(model, layer, channel, *, steps, seed):
    with _in_eval_mode(model):
        return _climb(model, _grey(model, seed), layer, steps, lambda maps: maps.mean())


@mutant("maximise_activation", "weights: it is changed as well")
def weights_trained_along(model, layer, channel, *, steps, seed):
    image = _grey(model, seed).requires_grad_()
    optimizer = torch.optim.Adam([image, *model.parameters()], lr=0.05)
    with _in_eval_mode(model):
        for _ in range(steps):
            optimizer.zero_grad()
            _, maps = _output_of(model, image, layer)
            (-maps[:, channel].mean()).backward()
            optimizer.step()
            image.data.clamp_(0, 1)
    return image.detach()


@mutant("maximise_activation", "the image hardly moves in all its steps")
def tiny_steps(model, layer, channel, *, steps, seed):
    start = _grey(model, seed)
    with _in_eval_mode(model):
        end = _climb(model, start, layer, steps, lambda maps: maps[:, channel].mean())
    return start + 0.01 * (end - start)


@mutant("maximise_activation", "The weights got gradients")
def fills_gradients(model, layer, channel, *, steps, seed):
    _valid_steps(steps)
    conv = _first_convolution(model)
    noise = torch.rand(1, conv.in_channels, 32, 32, generator=torch.Generator().manual_seed(seed))
    image = noise.to(conv.weight.dtype)
    with _in_eval_mode(model):
        for _ in range(steps):
            image.requires_grad_()
            _, maps = _output_of(model, image, layer)
            _valid_channel(maps, channel, layer)
            maps[0, channel].sum().backward()
            image = (image.detach() + 0.05 * image.grad.sign()).clip(0, 1)
    return image


# deconvnet ---------------------------------------------------------------------------------------


def _strongest(maps, channel, layer):
    _valid_channel(maps, channel, layer)
    return maps[:, channel].flatten(1).max(dim=1).values


@alternative("deconvnet")
def hooks_at_each_relu(model, x, layer, channel):
    def cut(module, grad_input, grad_output):
        return (grad_output[0].clamp(min=0),)

    _named(model, layer)
    relus = [m for m in model.modules() if isinstance(m, nn.ReLU)]
    hooks = [m.register_full_backward_hook(cut) for m in relus]
    inputs = x.detach().clone().requires_grad_()
    try:
        with _in_eval_mode(model):
            _, maps = _output_of(model, inputs, layer)
        start = _strongest(maps, channel, layer).sum()
        return torch.autograd.grad(start, inputs)[0]
    finally:
        for hook in hooks:
            hook.remove()


class _CutOnTheWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, signal):
        return signal.clamp(min=0)


class _Rectifier(nn.Module):
    def forward(self, x):
        return _CutOnTheWayBack.apply(x)


@alternative("deconvnet")
def another_relu_in_a_copy(model, x, layer, channel):
    twin = copy.deepcopy(model).eval()
    _named(twin, layer)
    for name, module in list(twin.named_modules()):
        if isinstance(module, nn.ReLU):
            parent, _, own = name.rpartition(".")
            setattr(twin.get_submodule(parent), own, _Rectifier())
    inputs = x.clone().detach().requires_grad_()
    _, maps = _output_of(twin, inputs, layer)
    _strongest(maps, channel, layer).sum().backward()
    return inputs.grad


@alternative("deconvnet")
def one_at_the_strongest_place(model, x, layer, channel):
    """All other activations are set to zero, then that signal goes back."""
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    _named(twin, layer)
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda m, gi, go: (F.relu(go[0]),))
    inputs = x.detach().clone().requires_grad_(True)
    _, maps = _output_of(twin, inputs, layer)
    _valid_channel(maps, channel, layer)
    signal = torch.zeros_like(maps)
    for n, own in enumerate(maps[:, channel]):
        row, column = divmod(int(own.argmax()), own.shape[1])
        signal[n, channel, row, column] = 1
    return torch.autograd.grad(maps, inputs, signal)[0]


@alternative("deconvnet")
def rectifiers_exchanged_for_a_while(model, x, layer, channel):
    _named(model, layer)
    inputs, own = x.detach().clone().requires_grad_(), []
    try:
        with _in_eval_mode(model):
            for name, module in list(model.named_modules()):
                if isinstance(module, nn.ReLU):
                    parent, _, last = name.rpartition(".")
                    own.append((model.get_submodule(parent), last, module))
                    setattr(*own[-1][:2], _Rectifier())
            _, maps = _output_of(model, inputs, layer)
    finally:
        for parent, last, module in own:
            setattr(parent, last, module)
    return torch.autograd.grad(_strongest(maps, channel, layer).sum(), inputs)[0]


@mutant("deconvnet", "layers afterwards: it is now (2): _Rectifier() and was (2): ReLU()")
def rectifiers_exchanged_for_good(model, x, layer, channel):
    _named(model, layer)
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        for name, module in list(model.named_modules()):
            if isinstance(module, nn.ReLU):
                parent, _, own = name.rpartition(".")
                setattr(model.get_submodule(parent), own, _Rectifier())
        _, maps = _output_of(model, inputs, layer)
    return torch.autograd.grad(_strongest(maps, channel, layer).sum(), inputs)[0]


@mutant("deconvnet", "Of equal activations each starts a part of the signal")
def by_amax(model, x, layer, channel):
    twin = copy.deepcopy(model).eval()
    _named(twin, layer)
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda m, gi, go: (go[0].clamp(min=0),))
    inputs = x.detach().clone().requires_grad_()
    _, maps = _output_of(twin, inputs, layer)
    _valid_channel(maps, channel, layer)
    return torch.autograd.grad(maps[:, channel].amax((1, 2)).sum(), inputs)[0]


@mutant("deconvnet", "This is guided backpropagation")
def guided(model, x, layer, channel):
    twin = copy.deepcopy(model).eval()
    _named(twin, layer)
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda m, gi, go: (gi[0].clamp(min=0),))
    inputs = x.detach().clone().requires_grad_()
    _, maps = _output_of(twin, inputs, layer)
    return torch.autograd.grad(_strongest(maps, channel, layer).sum(), inputs)[0]


@mutant("deconvnet", "or: The map at the image is cut at 0: only the ReLU layers cut.")
def cut_at_the_image_too(model, x, layer, channel):
    """Behind one layer this is what a ReLU at the end alone would give; later it is told apart."""
    return hooks_at_each_relu(model, x, layer, channel).clamp(min=0)


@mutant("deconvnet", "The hook must be removed at the end")
def backward_hooks_stay(model, x, layer, channel):
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_full_backward_hook(lambda m, gi, go: (go[0].clamp(min=0),))
    inputs = x.detach().clone().requires_grad_()
    with _in_eval_mode(model):
        _, maps = _output_of(model, inputs, layer)
    return torch.autograd.grad(_strongest(maps, channel, layer).sum(), inputs)[0]


# pointing_game -----------------------------------------------------------------------------------


def _valid_game(heatmaps, boxes):
    if heatmaps.ndim != 3 or len(heatmaps) == 0:
        raise ValueError(f"heatmaps must be (N, H, W), N at least 1, got {tuple(heatmaps.shape)}")
    if boxes.ndim != 2 or tuple(boxes.shape) != (len(heatmaps), 4):
        raise ValueError(f"boxes must be ({len(heatmaps)}, 4), got {tuple(boxes.shape)}")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError("each box must have a bottom below its top, a right beyond its left")


@alternative("pointing_game")
def one_map_at_a_time(heatmaps, boxes):
    _valid_game(heatmaps, boxes)
    hits = 0
    for heat, (top, left, bottom, right) in zip(heatmaps, boxes.tolist(), strict=True):
        row, column = divmod(heat.flatten().tolist().index(heat.max().item()), heat.shape[1])
        hits += top <= row < bottom and left <= column < right
    return hits / len(heatmaps)


@alternative("pointing_game")
def all_maps_at_once(heatmaps, boxes):
    _valid_game(heatmaps, boxes)
    flat = heatmaps.flatten(1)
    places = torch.arange(flat.shape[1]).expand_as(flat)
    first = places.masked_fill(flat < flat.max(1, keepdim=True).values, flat.shape[1]).amin(1)
    rows, columns = first // heatmaps.shape[2], first % heatmaps.shape[2]
    top, left, bottom, right = boxes.T
    inside = (top <= rows) & (rows < bottom) & (left <= columns) & (columns < right)
    return inside.double().mean().item()


@alternative("pointing_game")
def by_numpy(heatmaps, boxes):
    _valid_game(heatmaps, boxes)
    maps, hits = heatmaps.numpy(), []
    for heat, box in zip(maps, boxes.numpy(), strict=True):
        peak = np.array(np.unravel_index(heat.argmax(), heat.shape))
        hits.append(bool((box[:2] <= peak).all() and (peak < box[2:]).all()))
    return np.mean(hits)


@mutant("pointing_game", "this call cannot work, yet it returned")
def empty_by_its_area(heatmaps, boxes):
    """A box that is turned round in both ways has an area too."""
    if heatmaps.ndim != 3 or len(heatmaps) == 0:
        raise ValueError("heatmaps must be (N, H, W)")
    if tuple(boxes.shape) != (len(heatmaps), 4):
        raise ValueError("boxes must be (N, 4)")
    sides = boxes[:, 2:] - boxes[:, :2]
    if (sides.prod(1) <= 0).any():
        raise ValueError("a box is empty")
    peaks = heatmaps.flatten(1).argmax(1)
    places = torch.stack([peaks // heatmaps.shape[2], peaks % heatmaps.shape[2]], 1)
    return ((boxes[:, :2] <= places) & (places < boxes[:, 2:])).all(1).double().mean().item()


@mutant("pointing_game", "The box is closed at its end")
def closed_boxes(heatmaps, boxes):
    hits = []
    for heat, (top, left, bottom, right) in zip(heatmaps, boxes.tolist(), strict=True):
        row, column = divmod(int(heat.argmax()), heat.shape[1])
        hits.append(top <= row <= bottom and left <= column <= right)
    return sum(hits) / len(hits)


@mutant("pointing_game", "it returned a Tensor, but the result is one float: take .item()")
def share_as_a_tensor(heatmaps, boxes):
    return torch.tensor(one_map_at_a_time(heatmaps, boxes))
