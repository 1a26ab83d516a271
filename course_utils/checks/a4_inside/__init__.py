"""Checks of assignment a4: what a network sees, and what to believe of it, in PyTorch."""

from course_utils.checks.a4_inside import verdict
from course_utils.checks.a4_inside.covering import check_occlusion_map
from course_utils.checks.a4_inside.deconvolution import check_deconvnet
from course_utils.checks.a4_inside.fields import check_receptive_field
from course_utils.checks.a4_inside.gradients import check_grad_cam, check_saliency
from course_utils.checks.a4_inside.maps import check_feature_maps
from course_utils.checks.a4_inside.maximising import check_maximise_activation
from course_utils.checks.a4_inside.measured import check_measured_receptive_field
from course_utils.checks.a4_inside.pointing import check_pointing_game

__all__ = [
    "check_deconvnet",
    "check_feature_maps",
    "check_grad_cam",
    "check_maximise_activation",
    "check_measured_receptive_field",
    "check_occlusion_map",
    "check_pointing_game",
    "check_receptive_field",
    "check_saliency",
    "verdict",
]
