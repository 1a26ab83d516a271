"""What each layer of a model makes of an input: shapes, parameters, multiply-adds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.training import evaluating

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class Layer:
    """One module without modules inside, at one call.

    A layer that a model calls twice is listed twice; its parameters count at the first call.
    What a model computes without a module, such as the addition of a residual link, is not listed.
    """

    name: str  # as in `named_modules()`: "features.0"
    kind: str  # its class: "Conv2d"
    output_shape: tuple[int, ...]  # with the batch first
    parameters: int
    multiply_adds: int  # of convolutions and linear layers, without biases; 0 for all others


def trace(model: nn.Module, input_shape: Sequence[int]) -> list[Layer]:
    """Send one input through and note what each layer gives.

    Nothing is changed: the model computes in eval mode without gradients, and every module is in
    its own mode again afterwards. A model on the device "meta" has shapes without numbers, which
    costs neither time nor memory: `with torch.device("meta"): model = vgg16()`.

    Parameters
    ----------
    model
        Any module that takes one tensor.
    input_shape
        Of one batch, `(N, C, H, W)`.

    Returns
    -------
    list of Layer
        In the order of computation. Multiply-adds are of the whole batch.

    Raises
    ------
    ValueError
        If the input shape is not made of positive whole numbers.
    """
    shape = tuple(input_shape)
    if not shape or not all(isinstance(n, int) and n > 0 for n in shape):
        raise ValueError(f"input_shape must be positive whole numbers (N, C, H, W), got {shape}")
    layers: list[Layer] = []
    counted: set[int] = set()

    def note(name: str):
        def hook(module: nn.Module, inputs: tuple, output: object) -> None:
            if not isinstance(output, Tensor):
                return
            own = [p for p in module.parameters() if id(p) not in counted]
            counted.update(map(id, own))
            layers.append(
                Layer(
                    name,
                    type(module).__name__,
                    tuple(output.shape),
                    sum(p.numel() for p in own),
                    _multiply_adds(module, inputs, output),
                )
            )

        return hook

    leaves = [(name, m) for name, m in model.named_modules() if not any(m.children())]
    hooks = [module.register_forward_hook(note(name)) for name, module in leaves]
    first = next(model.parameters(), torch.empty(0))
    try:
        with evaluating(model):
            model(torch.zeros(shape, dtype=first.dtype, device=first.device))
    finally:
        for hook in hooks:
            hook.remove()
    return layers


def table(layers: Sequence[Layer]) -> str:
    """The layers as lines of text, one each, with the sums of the last two columns below."""
    sums = [sum(numbers) for numbers in zip(*map(_numbers, layers), strict=True)] or [0, 0]
    rows = [("layer", "kind", "output", "parameters", "multiply-adds")]
    for layer in layers:
        shape = "×".join(map(str, layer.output_shape[1:]))
        rows.append((layer.name, layer.kind, shape, *map(_spaced, _numbers(layer))))
    rows.append(("together", "", "", *map(_spaced, sums)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [str.ljust, str.ljust, str.ljust, str.rjust, str.rjust]
    return "\n".join(
        "  ".join(align(cell, w) for align, cell, w in zip(aligned, row, widths, strict=True))
        for row in rows
    )


def _numbers(layer: Layer) -> tuple[int, int]:
    return layer.parameters, layer.multiply_adds


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")  # a narrow space between thousands


def parameter_count(model: nn.Module) -> int:
    """Numbers that the model learns, each shared one counted once."""
    return sum(p.numel() for p in model.parameters())


def _multiply_adds(module: nn.Module, inputs: tuple, output: Tensor) -> int:
    """One product and one sum for each weight that each output value uses."""
    if isinstance(module, CONVOLUTIONS):
        per_output = math.prod(module.kernel_size) * module.in_channels // module.groups
        return output.numel() * per_output
    if isinstance(module, TRANSPOSED):  # each input value is spread over the kernel
        per_input = math.prod(module.kernel_size) * module.out_channels // module.groups
        return inputs[0].numel() * per_input
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    return 0
