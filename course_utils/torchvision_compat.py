"""Lets torchvision be imported beside a CPU-only PyTorch: `from ... import torchvision`.

The registry's torchvision wheel is built against CUDA. Beside a CPU-only PyTorch its compiled
operators cannot load, and `import torchvision` fails with "operator torchvision::nms does not
exist", although models, transforms, data sets and feature extraction need none of them. This module
declares the two operators that the import asks for. Where torchvision's own operators load,
nothing is declared. Calling a declared one still fails: detection models need the real ones.
"""

import importlib.util
from pathlib import Path

import torch

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def declare_missing_operators() -> list[str]:
    """Declare the operators that torchvision's import asks for and that cannot load.

    Returns
    -------
    list of str
        Names of the operators that were declared now; empty where all are there.
    """
    if _own_operators_load():
        return []
    missing = [name for name in _SCHEMAS if not _exists(name)]
    for name in missing:
        _library().define(_SCHEMAS[name])
    return missing


def _library() -> torch.library.Library:
    """The one library object, kept alive: its declarations last as long as it does."""
    if not _LIBRARIES:
        _LIBRARIES.append(torch.library.Library("torchvision", "FRAGMENT"))
    return _LIBRARIES[0]


_LIBRARIES: list[torch.library.Library] = []


def _exists(name: str) -> bool:
    return hasattr(torch.ops.torchvision, name)


def _own_operators_load() -> bool:
    """Try to load torchvision's compiled operators, without importing torchvision."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None:
        raise ModuleNotFoundError(
            "torchvision is not installed; `course doctor` says how to mend it"
        )
    for path in Path(spec.origin).parent.glob("_C*.*"):  # since 0.29 it is _C_stable
        try:
            torch.ops.load_library(path)
        except OSError:  # built for another PyTorch, or against libraries that are not here
            continue
        return True
    return False


declare_missing_operators()

import torchvision  # noqa: E402 - only now can it be imported

__all__ = ["declare_missing_operators", "torchvision"]
