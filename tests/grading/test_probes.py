"""Who patches a probe, to say what is right without doing it, has to make up the right numbers."""

import pytest

from course_utils.checks import a2_backprop, a3_architectures, a4_inside, a5_transfer
from course_utils.checks.engine import CheckFailed
from course_utils.grading.candidate import Candidate
from course_utils.grading.sandbox import Limits

CODE = """
import copy, importlib, torch
import numpy as np
from torch import nn
from course_utils.probes import calls, insight, layers, models, optimisers, training, transfer

def forward(x):
    return np.maximum(x, 0), x > 0

def backward(dout, cache):
    return dout  # without the gate

class Net(nn.Sequential):
    def __init__(self, num_classes=10):
        layers = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, num_classes)
        super().__init__(*layers)

def evaluate(model, loader):
    model.eval()
    return 0.5

def step(params, grads, state, lr, momentum=0.9):
    return [p - lr * g for p, g in zip(params, grads)], {}

def feature_maps(model, x, layer):
    model.register_forward_hook(lambda *_: None)
    return model(x)

def freeze(model, up_to):
    return model

def right_freeze(model, up_to):
    names = [name for name, _ in model.named_children()]
    last = -1 if up_to is None else names.index(up_to)
    for i, child in enumerate(model.children()):
        child.requires_grad_(i > last)
        for module in child.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                vars(module).pop("train", None)
                if i <= last:
                    module.eval()
                    module.train = lambda mode=True, module=module: module
    return model
"""
RELOAD = "for module in (models, training, layers, optimisers, insight, transfer):\n" \
         "    importlib.reload(module)"  # fmt: skip
PATCHED = {
    "slopes and gradients agree": (
        a2_backprop.check_relu, ("forward", "backward"), "numeric",
        "def layer(forward, backward, x, dout, **_):\n"
        "    return {'gradients': {'dx': dout}, 'slopes': {'dx': dout}}\n"
        "layers.layer = layer",
    ),
    "all outputs are alike": (
        a3_architectures.check_lenet5, ("Net",), "output",
        "models._output = lambda model, x: np.zeros((len(x), 10))",
    ),
    "the word right in every place": (
        a3_architectures.check_lenet5, ("Net",), "no dropout",
        "models.behaviour = lambda *_, **__: {f'two outputs in {mode} mode': 'right'"
        " for mode in ('training', 'eval')}",
    ),
    "nothing is seen": (
        a3_architectures.check_evaluate, ("evaluate",), "traces",
        "training.weights_of = lambda model: {}",
    ),
    "always the same weights": (
        a3_architectures.check_evaluate, ("evaluate",), "modes",
        "training._modes = lambda model: [True] * 5",
    ),
    "no step is looked at": (
        a3_architectures.check_sgd_momentum_step, ("step",), "first steps",
        "optimisers._demand_untouched = optimisers._demand_the_same_again = lambda *_: None",
    ),
    "no hook is counted, no mode is lost": (
        a4_inside.check_feature_maps, ("feature_maps",), "left behind",
        "insight.HOOKS = ()\ninsight._state = lambda model: {'layers': [], 'own forward': False,"
        " 'hooks': 0, 'modes': [], 'weights': {}, 'gradients': {}, 'requires_grad': {},"
        " 'recording': True}",
    ),
    "more calls than anybody can compare": (
        a5_transfer.check_sample_size_curve, ("step",), "lists",
        "transfer.sample_size_curve = lambda *_: {'curve': np.zeros((2, 3, 2)),"
        " 'calls': [(0, n * (2**61 - 1), 0) for n in range(100_000)]}",
    ),
    "more names than anybody can compare": (
        a5_transfer.check_freeze, ("freeze",), "weights",
        "names = [f'{n}.weight' for n in range(100_000)]\n"
        "transfer._of_a_step = lambda *_: dict.fromkeys(('before', 'names', 'moved', 'learns',"
        " 'training', 'eval', 'moved by eval'), names)",
    ),
    "nothing ever moves": (
        a5_transfer.check_freeze, ("freeze",), "weights",
        "transfer.changed = lambda before, after: []",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def kernel(sandboxed):
    kernel = Candidate(Limits())
    assert kernel.run(CODE) == []
    yield kernel
    kernel.end()


@pytest.mark.parametrize(("check", "functions", "part", "patch"), PATCHED.values(), ids=PATCHED)
def test_a_patched_probe_earns_nothing(kernel, check, functions, part, patch):
    assert kernel.run(patch) == []
    with kernel.questions(), pytest.raises(CheckFailed):
        check(*map(kernel.named, functions), part)
    assert kernel.run(RELOAD) == []


def test_the_same_kernel_is_believed_where_it_is_right(kernel, capsys):
    with kernel.questions():
        a5_transfer.check_freeze(kernel.named("right_freeze"), "weights", "BatchNorm", "again")
    assert capsys.readouterr().out.count("✓") == 3
