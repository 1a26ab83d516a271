"""Checks of assignment a2: layers with their backward passes, in NumPy."""

from course_utils.checks.a2_backprop.activations import check_relu, check_softmax_cross_entropy
from course_utils.checks.a2_backprop.columns import check_col2im, check_im2col
from course_utils.checks.a2_backprop.convolution import check_conv2d
from course_utils.checks.a2_backprop.global_pooling import check_global_avg_pool
from course_utils.checks.a2_backprop.matrices import check_conv_matrix, check_conv_transpose2d
from course_utils.checks.a2_backprop.network import check_digits
from course_utils.checks.a2_backprop.pooling import check_avg_pool, check_max_pool
from course_utils.checks.a2_backprop.slopes import check_numeric_gradient

__all__ = [
    "check_avg_pool",
    "check_col2im",
    "check_conv2d",
    "check_conv_matrix",
    "check_conv_transpose2d",
    "check_digits",
    "check_global_avg_pool",
    "check_im2col",
    "check_max_pool",
    "check_numeric_gradient",
    "check_relu",
    "check_softmax_cross_entropy",
]
