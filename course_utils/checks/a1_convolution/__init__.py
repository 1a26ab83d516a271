"""Checks of assignment a1: sizes, padding, correlation, convolution, smoothing, quiz."""

from course_utils.checks.a1_convolution.correlation import check_convolve2d, check_correlate2d
from course_utils.checks.a1_convolution.padding import check_pad2d
from course_utils.checks.a1_convolution.quiz import (
    check_geometry,
    check_parameters,
    check_sizes,
    check_slides,
)
from course_utils.checks.a1_convolution.sizes import check_conv_output_size, check_conv_param_count
from course_utils.checks.a1_convolution.smoothing import (
    check_gaussian_kernel,
    check_mean_kernel,
    check_median_filter,
)

__all__ = [
    "check_conv_output_size",
    "check_conv_param_count",
    "check_convolve2d",
    "check_correlate2d",
    "check_gaussian_kernel",
    "check_geometry",
    "check_mean_kernel",
    "check_median_filter",
    "check_pad2d",
    "check_parameters",
    "check_sizes",
    "check_slides",
]
