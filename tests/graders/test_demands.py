"""Everything that a check demands stands in the task: who reads only the notebook is not surprised.

Below stands for each rung of each check which sentences of the notebook demand it, and what all
rungs of an assignment demand besides. A rung that is added needs its sentence here, and there.
"""

import re
from pathlib import Path

import nbformat
import pytest

from course_utils.checks.engine import Check
from course_utils.repository import ROOT
from graders import candidates
from graders.candidates import ASSIGNMENTS

# Of all checks of an assignment, whatever the rung.
EVERYWHERE = {
    "a1_convolution": [
        "come back in the precision in which they came in",
        "Never change an argument",
        "raises `ValueError` with a sentence that names it as the signature does",
        "Not allowed inside your functions: PyTorch, SciPy",
    ],
    "a2_backprop": [
        "come back in the precision in which they came in",
        "Never change an argument",
        "raises `ValueError` with a sentence that names it as the signature does",
        "refuses an array of whole numbers, which has no slopes, here and wherever",
        "A gradient `dx` has the shape of `x`",
        "(PyTorch|torch).*SciPy",
    ],
    "a3_architectures": [
        "raises `ValueError` with a sentence that names it as the signature does",
        "BatchNorm has PyTorch's `eps` and `momentum`",
        "computes in any precision, since the checks use float64, and on any device",
        "Convolutions before a BatchNorm have no bias",
        "no softmax at its end",
        "torchvision",
    ],
    "a4_inside": [
        "raises `ValueError`",
        "Every function leaves the model as it was: its layers and their options, weights and "
        "their gradients, `requires_grad`, the mode of each module, and no hook, "
        r"\*\*even where the network raises an error\*\*",
        "It computes in eval mode",
        "captum",
    ],
    "a5_transfer": ["raises `ValueError`", "scikit-learn|sklearn"],
}
IMPOSSIBLE = r"Raises\s+(-+\s+)?ValueError|ValueError"
LEFT = "leaves the model as it was"
RULE = [r"change nothing in place", "keep nothing outside: the same call gives the same result"]
OTHER_RATE = "the checks halve it half-way through a run"
OPTIONS = "at least 0"
SLOPES = r"slopes of \*your own\* forward"
COPIES = r"Keep \*\*copies\*\* in the cache"
DEVICE = "on any device"
STEP = "after one step of training, in which a gradient has to reach every weight"
NOTHING_ELSE = "What a description does not name, such as dropout, a network does not have"
RUNGS = {
    "a1_convolution": {
        "conv_output_size": {"sizes": r"\\lfloor", "strict": "if the stride does not divide"},
        "conv_param_count": {"layers": r"kernel_size : int or \(int, int\)"},
        "pad2d": {"constant": "nothing is there", "modes": "mirror .{0,4}on.{0,4} the border"},
        "correlate2d": {
            "plain": "nothing is flipped",
            "stride and padding": r"stride : int or \(down, across\)",
            "dilation": "dilation : int, at least 1",
        },
        "convolve2d": {"valid": "the kernel is flipped in both directions"},
        "mean_kernel": {"sizes": r"array \(k, k\) of float64 with sum 1"},
        "gaussian_kernel": {"bells": "If k is even or below 1"},
        "median_filter": {"filters": r"border mirrored \(symmetric\)"},
    },
    "a2_backprop": {
        "numeric_gradient": {
            "one number": "An \\$f\\$ may give \\$x\\$ itself, or a view of it",
            "with df": r"\$df\$ weighs its entries",
        },
        "relu": {"forward": "array like x", "backward": "exactly 0|at 0", "numeric": SLOPES},
        "softmax_cross_entropy": {"small logits": "mean", "large logits": "1000|overflow"},
        "conv2d": {
            "forward": "no flip",
            "forward, stride and all": "stride",
            "backward": "A gradient `dx` has the shape of `x`",
            "backward, stride and all": "dilation",
            "numeric": SLOPES,
            "cache": COPIES,
        },
        "im2col": {"columns": "row by row|C·KH·KW"},
        "col2im": {"images": "add"},
        "max_pool": {
            "forward": "maximum",
            "backward": "winner",
            "ties": "first .{0,20}row order|row order",
            "numeric": SLOPES,
        },
        "avg_pool": {"forward": "mean|average", "backward": "share", "numeric": SLOPES},
        "global_avg_pool": {"forward": r"\(N, C\)", "backward": "share|like", "numeric": SLOPES},
        "conv_matrix": {"matrices": "row by row"},
        "conv_transpose2d": {"transposed": r"\(C, OC, KH, KW\)"},
    },
    "a3_architectures": {
        "shape_trace": {"trace": "once for each call", "left behind": "hook"},
        "sgd_momentum_step": {"first steps": RULE[0], "50 steps": OTHER_RATE, "options": OPTIONS},
        "adagrad_step": {"first steps": RULE[1], "50 steps": OTHER_RATE, "options": OPTIONS},
        "rmsprop_step": {"first steps": RULE[1], "50 steps": OTHER_RATE, "options": OPTIONS},
        "adam_step": {"first steps": RULE[1], "50 steps": OTHER_RATE, "options": OPTIONS},
        "LeNet5": {"parameters": "5×5", "output": "tanh", "no dropout": NOTHING_ELSE,
                   "step": STEP, "device": DEVICE},
        "evaluate": {"value": "A loader need not give all that its dataset holds",
                     "modes": "each module is in the mode that it had",
                     "traces": "without recording gradients"},
        "train_epoch": {"one epoch": "mean", "two epochs": "training mode"},
        "overfit_batch": {
            "losses": r"The loss in each step is that \*before\* the step",
            "result": "with 100 steps or more the last loss has to be below 0.1",
        },
        "vgg_block": {"parameters": "have biases", "output": "halves", "step": STEP,
                      "device": DEVICE},
        "SmallVGG": {"parameters": "128", "modes": "[Dd]ropout", "output": "ReLU", "step": STEP,
                     "device": DEVICE},
        "ResidualBlock": {
            "parameters": "1×1",
            "output": "addition|add",
            "training": "at its output in eval and in training mode",
            "step": STEP,
            "device": DEVICE,
        },
        "ResNet20": {"parameters": "three", "output": "average", "no dropout": NOTHING_ELSE,
                     "step": STEP, "device": DEVICE},
    },
    "a4_inside": {
        "receptive_field": {
            "one layer": "kernel \\$k\\$, stride \\$s\\$",
            "stacks": "a layer's own stride counts for the layers",
            "padding": "padding",
            "dilation": "dilation",
            "networks": "VGG|LeNet",
        },
        "measured_receptive_field": {
            "convolutions": "the central output unit sees",
            "pooling and norm": "pooling|statistics",
            "small images": "border|ends|end of the image|edge",
            "left behind": LEFT,
        },
        "feature_maps": {"maps": "what the layer gives, detached",
                         "in place": "nothing that the model does later changes it",
                         "left behind": LEFT},
        "saliency": {"one target": r"\*\*logit\*\* of the target",
                     "own targets": "one for (all|each)|each image", "left behind": LEFT},
        "grad_cam": {"one target": "ReLU", "own targets": "A ReLU in place would write over",
                     "left behind": LEFT},
        "occlusion_map": {"overlapping": "drop", "own targets": "fill", "left behind": LEFT},
        "deconvnet": {"one layer back": "strongest", "through the network": "ReLU",
                      "left behind": LEFT},
        "maximise_activation": {"image": "keep every pixel in 0 to 1",
                                "seeds": "seed", "left behind": LEFT},
        "pointing_game": {"random maps": "share|hit rate", "borders": "outside",
                          "ties": "row order|first"},
    },
    "a5_transfer": {
        "replace_head": {"head": "ready to learn even if the old one was frozen",
                         "rest": "All else stays as it was, down to the objects",
                         "device": "the same precision, the same device"},
        "freeze": {"weights": "no parameter of theirs has requires_grad",
                   "BatchNorm": r"\(1d, 2d, 3d, however deep\)",
                   "again": "also if an earlier call froze them",
                   "eval": r"follow model.train\(\) and model.eval\(\)"},
        "param_groups": {"rates": "at least 0",
                         "frozen": "a frozen one in none. Leave a group out when nothing is left"},
        "unfreeze_schedule": {"epochs": "in forward order", "later": r"from 6 on \| all"},
        "probe_layers": {"accuracy": "λ = 1",
                         "left behind": "The probe leaves no traces, "
                         r"\*\*also when the network raises an error\*\*"},
        "sample_size_curve": {"lists": "each exactly once",
                              "other sequences": "may be lists, tuples or arrays"},
    },
}  # fmt: skip


def _checks(assignment):
    return {c.name: c for c in candidates.found(assignment, Check).values()}


def _text(assignment):
    """All that a student reads: cells of text, and docstrings of what is to be written."""
    path = Path(ROOT, "solutions", assignment, f"{assignment}.ipynb")
    texts = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown":
            texts.append(cell.source)
        else:
            texts += re.findall(r'"""(.*?)"""', cell.source, re.DOTALL)
    return re.sub(r"\s+", " ", "\n".join(texts))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_each_rung_has_its_sentence_in_the_task(assignment):
    text, missing = _text(assignment), []
    for sentence in EVERYWHERE[assignment]:
        if not re.search(sentence, text):
            missing.append(sentence)
    for name, rungs in RUNGS[assignment].items():
        missing += [f"{name}, {r}: {s}" for r, s in rungs.items() if not re.search(s, text)]
    assert not missing


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_rung_is_without_a_sentence(assignment):
    rungs = {name: [*check.parts] for name, check in _checks(assignment).items()}
    assert {name: [*said] for name, said in RUNGS[assignment].items()} == rungs


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_names_that_an_error_must_hold_are_those_of_the_signature(assignment):
    """The first word of a rejection is an argument of the function, or what a docstring names."""
    text = _text(assignment)
    for name, check in _checks(assignment).items():
        for rejected in check.rejects:
            word = re.match(r"[\w.]+", rejected.words.replace("\\b", "")).group()
            own = word in str((rejected.case.args, rejected.case.kwargs))  # the name of a layer
            assert own or word in text, f"{name}: {rejected.words}"
        assert not check.rejects or re.search(IMPOSSIBLE, text)
