"""Checks of assignment a5: transfer learning, from a new head to a curve of evidence."""

from course_utils.checks.a5_transfer import verdict
from course_utils.checks.a5_transfer.curves import check_sample_size_curve
from course_utils.checks.a5_transfer.freezing import check_freeze
from course_utils.checks.a5_transfer.heads import check_replace_head
from course_utils.checks.a5_transfer.probes import check_probe_layers
from course_utils.checks.a5_transfer.rates import check_param_groups
from course_utils.checks.a5_transfer.schedule import check_unfreeze_schedule

__all__ = [
    "check_freeze",
    "check_param_groups",
    "check_probe_layers",
    "check_replace_head",
    "check_sample_size_curve",
    "check_unfreeze_schedule",
    "verdict",
]
