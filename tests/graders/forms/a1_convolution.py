"""Mistakes in a1 as people make them, alone or two at once. Each stands alone: only NumPy above."""

import numpy as np

from graders.candidates import mutant

# conv_output_size ------------------------------------------------------------------------------


@mutant("conv_output_size", "The + 1 stands inside the division")
def one_inside(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - dilation * (kernel_size - 1)) // stride


@mutant("conv_output_size", "The padding is added on one side only")
def padding_once(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@mutant("conv_output_size", "and: A dilated kernel reaches over d(k-1) + 1 pixels, not d·k.")
def holes_and_no_padding(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n - dilation * kernel_size) // stride + 1


@mutant("conv_output_size", "Two things at once: The + 1 is missing")
def no_one_and_padding_once(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + padding - dilation * (kernel_size - 1) - 1) // stride


@mutant("conv_output_size", "You round up.")
def ceils(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return int(np.ceil((n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride)) + 1


@mutant("conv_output_size", "it returned 5.0, a float, but the result is an int")
def true_division(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


# conv_param_count ------------------------------------------------------------------------------


@mutant("conv_param_count", "There are out_channels filters: multiply by that too.")
def one_filter(in_channels, out_channels, kernel_size, *, bias=True):
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    return in_channels * kh * kw + bias


@mutant("conv_param_count", "A size may come as one number or as a pair")
def unpacks_always(in_channels, out_channels, kernel_size, *, bias=True):
    kh, kw = kernel_size
    return (in_channels * kh * kw + bias) * out_channels


@mutant("conv_param_count", "Two things at once: The biases are missing")
def square_without_bias(in_channels, out_channels, kernel_size, *, bias=True):
    k = kernel_size[0] if isinstance(kernel_size, tuple) else kernel_size
    return in_channels * out_channels * k * k


# pad2d -----------------------------------------------------------------------------------------


@mutant("pad2d", "Height and width of the result are exchanged.")
def turned(image, padding, mode="constant"):
    return np.pad(image, padding, mode=mode).T.copy()


@mutant("pad2d", "The padding is 1, whatever the argument says.")
def always_one(image, padding, mode="constant"):
    return np.pad(image, 1, mode=mode)


@mutant("pad2d", "np.zeros(shape) and np.ones(shape) are float64")
def doubles(image, padding, mode="constant"):
    (a, b), (c, d) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    out = np.zeros((image.shape[0] + a + b, image.shape[1] + c + d))
    out[a : a + image.shape[0], c : c + image.shape[1]] = image
    return out


@mutant("pad2d", "What stands on the right of = has another shape")
def makes_room_on_one_side(image, padding, mode="constant"):
    (a, b), (c, d) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    out = np.zeros((image.shape[0] + a, image.shape[1] + c), image.dtype)
    out[a + b : a + b + image.shape[0], c + d : c + d + image.shape[1]] = image
    return out


@mutant("pad2d", "Only the bottom and the right are padded.")
def behind_only(image, padding, mode="constant"):
    (_, b), (_, d) = ((padding, padding),) * 2 if isinstance(padding, int) else padding
    return np.pad(image, ((0, b), (0, d)), mode=mode)


# correlate2d -----------------------------------------------------------------------------------


def _loops(image, kernel, out_shape, stride=(1, 1), dilation=1):
    kh, kw = kernel.shape
    out = np.zeros(out_shape, image.dtype)
    for r, c in np.ndindex(*out_shape):
        top, left = r * stride[0], c * stride[1]
        window = image[
            top : top + dilation * (kh - 1) + 1 : dilation,
            left : left + dilation * (kw - 1) + 1 : dilation,
        ]
        out[r, c] = (window * kernel[: window.shape[0], : window.shape[1]]).sum()
    return out


def _sizes(image, kernel, stride, dilation):
    return [
        (n - dilation * (k - 1) - 1) // s + 1
        for n, k, s in zip(image.shape, kernel.shape, stride, strict=True)
    ]


def _pair(stride):
    return stride if isinstance(stride, tuple) else (stride, stride)


@mutant("correlate2d", "By its shape: The width of the result is computed from the height")
def width_from_height(image, kernel, *, stride=1, padding=0, dilation=1):
    image = np.pad(image, padding)
    height, _ = _sizes(image, kernel, _pair(stride), dilation)
    return np.zeros((height, height), image.dtype)


@mutant("correlate2d", "Height and width of the result are exchanged.")
def exchanged(image, kernel, *, stride=1, padding=0, dilation=1):
    image = np.pad(image, padding)
    sizes = _sizes(image, kernel, _pair(stride), dilation)
    return _loops(image, kernel, sizes, _pair(stride), dilation).T.copy()


@mutant("correlate2d", "Two things at once: The kernel is flipped")
def flips_and_averages(image, kernel, *, stride=1, padding=0, dilation=1):
    image = np.pad(image, padding)
    sizes = _sizes(image, kernel, _pair(stride), dilation)
    return _loops(image, kernel[::-1, ::-1], sizes, _pair(stride), dilation) / image.dtype.type(
        kernel.size
    )


@mutant("correlate2d", "The padding is 1 wherever there is one")
def pads_by_one(image, kernel, *, stride=1, padding=0, dilation=1):
    image = np.pad(image, 1) if padding else image
    return _loops(
        image, kernel, _sizes(image, kernel, _pair(stride), dilation), _pair(stride), dilation
    )


@mutant("correlate2d", "/ gives one even where nothing remains, // gives an int.")
def slash(image, kernel, *, stride=1, padding=0, dilation=1):
    image, (s, t) = np.pad(image, padding), _pair(stride)
    height = (image.shape[0] - kernel.shape[0]) / s + 1
    return np.zeros((height, (image.shape[1] - kernel.shape[1]) / t + 1), image.dtype)


@mutant("correlate2d", "A tuple stands where one array or number is meant")
def stride_is_a_number(image, kernel, *, stride=1, padding=0, dilation=1):
    image = np.pad(image, padding)
    height = (image.shape[0] - dilation * (kernel.shape[0] - 1) - 1) // stride + 1
    width = (image.shape[1] - dilation * (kernel.shape[1] - 1) - 1) // stride + 1
    return _loops(image, kernel, (height, width), (stride, stride), dilation)


@mutant("correlate2d", "setting an array element with a sequence")
def forgets_to_add_up(image, kernel, *, stride=1, padding=0, dilation=1):
    out = np.zeros(_sizes(image, kernel, (1, 1), 1), image.dtype)
    for r, c in np.ndindex(*out.shape):
        out[r, c] = image[r : r + kernel.shape[0], c : c + kernel.shape[1]] * kernel
    return out


@mutant("correlate2d", "Two arrays are joined number by number, of the shapes (3,2) and (3,3)")
def runs_over_the_edge(image, kernel, *, stride=1, padding=0, dilation=1):
    image, (s, t), (kh, kw) = np.pad(image, padding), _pair(stride), kernel.shape
    rows = [
        [(image[r : r + kh, c : c + kw] * kernel).sum() for c in range(0, image.shape[1] - 1, t)]
        for r in range(0, image.shape[0] - 1, s)
    ]
    return np.array(rows, image.dtype)


# convolve2d ------------------------------------------------------------------------------------


@mutant("convolve2d", "Transposing a kernel is not flipping it.")
def transposes(image, kernel):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel need two axes")
    sizes = [n - k + 1 for n, k in zip(image.shape, kernel.T.shape, strict=True)]
    return _loops(image, kernel.T, sizes)


@mutant("convolve2d", "Two things at once: ")
def upside_down_and_averaged(image, kernel):
    sizes = _sizes(image, kernel, (1, 1), 1)
    return (_loops(image, kernel[::-1], sizes) / kernel.size).astype(image.dtype)


@mutant("convolve2d", "The result has one row and one column too few")
def one_stop_short(image, kernel):
    sizes = [n - k for n, k in zip(image.shape, kernel.shape, strict=True)]
    return _loops(image, kernel[::-1, ::-1], sizes)


# mean_kernel, gaussian_kernel, median_filter -----------------------------------------------------


@mutant("mean_kernel", "An array of ints cuts off what comes after the point")
def ints(k):
    return np.ones((k, k), int) // k**2


@mutant("gaussian_kernel", "Two things at once: ")
def sharp_and_unnormalised(k, sigma):
    along = np.arange(k) - k // 2
    weights = np.exp(-(along[:, None] ** 2 + along**2) / sigma**2)
    return weights / weights.max()


@mutant("gaussian_kernel", "The distance is measured from the corner")
def from_the_corner(k, sigma):
    y, x = np.mgrid[:k, :k]
    weights = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return weights / weights.sum()


@mutant("median_filter", "Beyond the border you go on at the other side (wrap); use symmetric.")
def wraps(image, k):
    padded = np.pad(image, k // 2, mode="wrap")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.median(windows, axis=(2, 3)).astype(image.dtype)


@mutant("median_filter", "Height and width of the result are exchanged.")
def on_its_side(image, k):
    padded = np.pad(image, k // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.median(windows, axis=(2, 3)).astype(image.dtype).T.copy()


# mistakes that were taken for others -------------------------------------------------------------


@mutant("conv_output_size", "The dilation is added to k - 1: it multiplies it")
def adds_dilation(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - (dilation + (kernel_size - 1)) - 1) // stride + 1


@mutant("pad2d", "symmetric is filled with zeros: it mirrors the image")
def no_symmetric(image, padding, mode="constant"):
    return np.pad(image, padding, mode="constant" if mode == "symmetric" else mode)


@mutant("gaussian_kernel", "one pixel too far to the upper left")
def middle_one_off(k, sigma):
    along = np.arange(k) - (k // 2 - 1)
    bell = np.exp(-(along[:, None] ** 2 + along**2) / (2 * sigma**2))
    return bell / bell.sum()


@mutant("gaussian_kernel", "σ stands to the third power in the exponent: it is squared.")
def sigma_cubed(k, sigma):
    along = np.arange(k) - k // 2
    bell = np.exp(-(along[:, None] ** 2 + along**2) / (2 * sigma**3))
    return bell / bell.sum()


@mutant("median_filter", "The image is padded by one pixel too little")
def little_padding(image, k):
    padded = np.pad(image, max(0, k // 2 - 1), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.median(windows, axis=(2, 3)).astype(image.dtype)
