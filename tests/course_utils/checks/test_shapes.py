"""The oracle of sizes, against counting: properties that hold for every geometry."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_utils.checks.shapes import layer_size, transposed_size

SIZES = st.integers(1, 60)
KERNELS = st.integers(1, 9)
STRIDES = st.integers(1, 5)
PADDINGS = st.integers(0, 4)
DILATIONS = st.integers(1, 4)
UNTIMED = settings(deadline=None)  # the first call of PyTorch takes its time


@UNTIMED
@given(SIZES, KERNELS, STRIDES, PADDINGS, DILATIONS)
def test_a_size_is_the_number_of_stops(n, kernel_size, stride, padding, dilation):
    reach = dilation * (kernel_size - 1) + 1
    starts = range(0, n + 2 * padding - reach + 1, stride)
    geometry = {"stride": stride, "padding": padding, "dilation": dilation}
    if starts:
        assert layer_size(n, kernel_size, **geometry) == len(starts)
    else:
        with pytest.raises(RuntimeError):
            layer_size(n, kernel_size, **geometry)


@UNTIMED
@given(SIZES, KERNELS, STRIDES, PADDINGS)
def test_transposed_sizes_come_back(n, kernel_size, stride, padding):
    assume(stride * (n - 1) + kernel_size > 2 * padding)
    enlarged = transposed_size(n, kernel_size, stride=stride, padding=padding)
    assert enlarged == stride * (n - 1) + kernel_size - 2 * padding
    assume(enlarged + 2 * padding >= kernel_size)
    assert layer_size(enlarged, kernel_size, stride=stride, padding=padding) == n
