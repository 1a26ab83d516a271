"""Checks of assignment a3: networks, optimisers and the training loop, in PyTorch and NumPy."""

from course_utils.checks.a3_architectures.adaptive import (
    check_adagrad_step,
    check_adam_step,
    check_rmsprop_step,
)
from course_utils.checks.a3_architectures.loops import check_evaluate, check_train_epoch
from course_utils.checks.a3_architectures.networks import (
    check_lenet5,
    check_small_vgg,
    check_vgg_block,
)
from course_utils.checks.a3_architectures.optimisers import check_sgd_momentum_step
from course_utils.checks.a3_architectures.overfitting import check_overfit_batch
from course_utils.checks.a3_architectures.residual import check_residual_block, check_resnet20
from course_utils.checks.a3_architectures.shapes import check_shape_trace
from course_utils.checks.a3_architectures.trained import check_trained

__all__ = [
    "check_adagrad_step",
    "check_adam_step",
    "check_evaluate",
    "check_lenet5",
    "check_overfit_batch",
    "check_residual_block",
    "check_resnet20",
    "check_rmsprop_step",
    "check_sgd_momentum_step",
    "check_shape_trace",
    "check_small_vgg",
    "check_train_epoch",
    "check_trained",
    "check_vgg_block",
]
