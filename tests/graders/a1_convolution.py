"""Versions of a1's functions as students write them. Each stands alone: only NumPy above it."""

import numpy as np

from graders.candidates import alternative, mutant

# conv_output_size ------------------------------------------------------------------------------


@alternative("conv_output_size")
def counts_stops(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    if n < 1 or kernel_size < 1 or stride < 1 or dilation < 1 or padding < 0:
        raise ValueError(f"bad n, kernel_size, stride, dilation or padding: {n}, {kernel_size}")
    reach = dilation * (kernel_size - 1) + 1
    starts = range(0, n + 2 * padding - reach + 1, stride)
    if len(starts) == 0:
        raise ValueError("the kernel does not fit")
    if strict and starts[-1] + reach != n + 2 * padding:
        raise ValueError("stride does not divide")
    return len(starts)


@alternative("conv_output_size")
def walks(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    if min(n, kernel_size, stride, dilation) < 1:
        raise ValueError("n, kernel, stride and dilation must be positive")
    if padding < 0:
        raise ValueError("padding must not be negative")
    end = dilation * (kernel_size - 1)
    last = n + 2 * padding - 1
    stops = 0
    while end <= last:
        stops += 1
        end += stride
    if stops == 0:
        raise ValueError("kernel larger than the padded input")
    if strict and end - stride != last:
        raise ValueError("the stride does not fit")
    return stops


@alternative("conv_output_size")
def by_divmod(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    for name in ("n", "stride", "dilation"):
        if locals()[name] < 1:
            raise ValueError(f"{name} < 1")
    if kernel_size < 1:
        raise ValueError("kernel_size < 1")
    if padding < 0:
        raise ValueError("padding < 0")
    strides, rest = divmod(n + 2 * padding - (kernel_size - 1) * dilation - 1, stride)
    if strides < 0:
        raise ValueError("kernel does not fit")
    if rest and strict:
        raise ValueError(f"stride leaves {rest}")
    return np.int64(strides + 1)


@mutant("conv_output_size", says="a float, but the result is an int")
def divides_with_slash(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@mutant("conv_output_size", says="does not divide the way")
def strict_refuses_everything(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    if strict and stride > 1:
        raise ValueError("stride does not divide the way")
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@mutant("conv_output_size", says="this call cannot work, yet it returned")
def accepts_everything(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // max(stride, 1) + 1


@mutant("conv_output_size", says="its message is empty")
def rejects_without_a_word(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    way = n + 2 * padding - dilation * (kernel_size - 1) - 1
    if min(kernel_size, stride, dilation) < 1 or padding < 0 or way < 0:
        raise ValueError
    if strict and way % stride:
        raise ValueError
    return way // stride + 1


@mutant("conv_output_size", says="The + 1 stands inside the division")
def one_inside_the_division(n, kernel_size, *, stride=1, padding=0, dilation=1, strict=False):
    return (n + 2 * padding - dilation * (kernel_size - 1)) // stride


# conv_param_count ------------------------------------------------------------------------------


@alternative("conv_param_count")
def adds_weights_and_biases(in_channels, out_channels, kernel_size, *, bias=True):
    size = (kernel_size, kernel_size) if np.isscalar(kernel_size) else tuple(kernel_size)
    if in_channels < 1:
        raise ValueError("in_channels must be positive")
    if out_channels < 1:
        raise ValueError("out_channels must be positive")
    if min(size) < 1:
        raise ValueError("kernel_size must be positive")
    weights = in_channels * out_channels * size[0] * size[1]
    return weights + out_channels if bias else weights


@alternative("conv_param_count")
def counts_an_array(in_channels, out_channels, kernel_size, *, bias=True):
    pair = kernel_size if isinstance(kernel_size, tuple) else (kernel_size,) * 2
    numbers = {"in_channels": in_channels, "out_channels": out_channels, "kernel": min(pair)}
    for name, value in numbers.items():
        if value <= 0:
            raise ValueError(f"{name} is {value}")
    return np.empty((out_channels, in_channels, *pair)).size + bias * out_channels


@alternative("conv_param_count")
def sums_over_filters(in_channels, out_channels, kernel_size, *, bias=True):
    try:
        height, width = kernel_size
    except TypeError:
        height = width = kernel_size
    if height < 1 or width < 1:
        raise ValueError(f"kernel_size must be at least 1, got {kernel_size}")
    if in_channels < 1 or out_channels < 1:
        raise ValueError("in_channels and out_channels must be at least 1")
    return sum(in_channels * height * width + (1 if bias else 0) for _ in range(out_channels))


@mutant("conv_param_count", says="it raised TypeError")
def cannot_take_a_pair(in_channels, out_channels, kernel_size, *, bias=True):
    return out_channels * (in_channels * kernel_size**2 + bias)


@mutant("conv_param_count", says="a bool")
def returns_a_truth_value(in_channels, out_channels, kernel_size, *, bias=True):
    return bias and True


# pad2d -----------------------------------------------------------------------------------------


@alternative("pad2d")
def numpy_does_it(image, padding, mode="constant"):
    if image.ndim != 2:
        raise ValueError("image needs two axes")
    if np.min(padding) < 0:
        raise ValueError("padding is negative")
    if mode not in ("constant", "edge", "reflect", "symmetric", "mean"):
        raise ValueError(f"mode {mode}")
    limit = min(image.shape) - (mode == "reflect")
    if mode in ("reflect", "symmetric") and np.max(padding) > limit:
        raise ValueError(f"padding too large to {mode}")
    return np.pad(image, padding, mode=mode)


@alternative("pad2d")
def pixel_by_pixel(image, padding, mode="constant"):
    if image.ndim != 2:
        raise ValueError(f"expected an image of two dimensions, got {image.ndim}")
    sides = [[padding] * 2] * 2 if isinstance(padding, int) else padding
    if any(p < 0 for side in sides for p in side):
        raise ValueError("negative padding")

    def source(i, n):
        if 0 <= i < n:
            return i
        if mode == "edge":
            return max(0, min(i, n - 1))
        mirrored = (
            (-i if i < 0 else 2 * n - 2 - i)
            if mode == "reflect"
            else (-i - 1 if i < 0 else 2 * n - 1 - i)
        )
        if not 0 <= mirrored < n:
            raise ValueError("padding too large")
        return mirrored

    (top, bottom), (left, right) = sides
    height, width = image.shape
    out = np.zeros((top + height + bottom, left + width + right), image.dtype)
    if mode not in ("constant", "edge", "reflect", "symmetric", "mean"):
        raise ValueError(f"no such mode: {mode}")
    if mode in ("constant", "mean"):
        out[top : top + height, left : left + width] = image
        if mode == "mean":
            inner = out[:, left : left + width]
            inner[:top] = inner[top + height :] = image.mean(axis=0)
            out[:, :left] = out[:, left + width :] = inner.mean(axis=1, keepdims=True)
        return out
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            out[r, c] = image[source(r - top, height), source(c - left, width)]
    return out


@alternative("pad2d")
def one_ring_at_a_time(image, padding, mode="constant"):
    if image.ndim != 2:
        raise ValueError("image must be 2-D")
    sides = ((padding, padding), (padding, padding)) if np.isscalar(padding) else padding
    if min(map(min, sides)) < 0:
        raise ValueError("padding < 0")
    fills = {
        "constant": lambda a, j: np.zeros(a.shape[1], a.dtype),
        "edge": lambda a, j: a[0],
        "reflect": lambda a, j: a[j],
        "symmetric": lambda a, j: a[j - 1],
        "mean": lambda a, j: a.mean(axis=0, dtype=a.dtype),
    }
    if mode not in fills:
        raise ValueError(f"unknown mode {mode}")
    out = image
    for before, after in sides:
        if mode in ("reflect", "symmetric") and max(before, after) > len(out) - (mode == "reflect"):
            raise ValueError("padding too large for a mirror")
        above = [fills[mode](out, j) for j in range(before, 0, -1)]
        below = [fills[mode](out[::-1], j) for j in range(1, after + 1)]
        out = np.vstack([*above, out, *below]).T
    return np.ascontiguousarray(out)


@mutant("pad2d", says="has dtype float64, expected float32")
def forgets_the_dtype(image, padding, mode="constant"):
    return np.pad(image.astype(float), padding, mode=mode)


@mutant("pad2d", says="it raised TypeError")
def only_takes_an_int(image, padding, mode="constant"):
    out = np.zeros((image.shape[0] + 2 * padding, image.shape[1] + 2 * padding), image.dtype)
    out[padding : out.shape[0] - padding, padding : out.shape[1] - padding] = image
    return out


@mutant("pad2d", says="it raised ValueError")
def slices_with_minus_zero(image, padding, mode="constant"):
    p = padding
    if not isinstance(p, int):
        return np.pad(image, p, mode=mode)
    out = np.zeros((image.shape[0] + 2 * p, image.shape[1] + 2 * p), image.dtype)
    out[p:-p, p:-p] = image
    return out


# correlate2d -----------------------------------------------------------------------------------


@alternative("correlate2d")
def four_loops(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must be 2-D")
    sy, sx = stride if isinstance(stride, tuple) else (stride, stride)
    if sy < 1 or sx < 1:
        raise ValueError("stride must be positive")
    if padding < 0:
        raise ValueError("padding must not be negative")
    if dilation < 1:
        raise ValueError("dilation must be positive")
    x = np.zeros((image.shape[0] + 2 * padding, image.shape[1] + 2 * padding), image.dtype)
    x[padding : padding + image.shape[0], padding : padding + image.shape[1]] = image
    kh, kw = kernel.shape
    oh = (x.shape[0] - dilation * (kh - 1) - 1) // sy + 1
    ow = (x.shape[1] - dilation * (kw - 1) - 1) // sx + 1
    if oh < 1 or ow < 1:
        raise ValueError("kernel does not fit")
    out = np.zeros((oh, ow), image.dtype)
    for r in range(oh):
        for c in range(ow):
            for u in range(kh):
                for v in range(kw):
                    out[r, c] += x[r * sy + u * dilation, c * sx + v * dilation] * kernel[u, v]
    return out


@alternative("correlate2d")
def windows_and_einsum(image, kernel, *, stride=1, padding=0, dilation=1):
    down, across = np.broadcast_to(stride, 2)
    if min(down, across) < 1 or dilation < 1 or padding < 0:
        raise ValueError("stride and dilation must be at least 1, padding at least 0")
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError(f"need 2-D image and kernel, got {image.ndim} and {kernel.ndim} axes")
    x = np.pad(image, padding)
    reach = tuple(dilation * (k - 1) + 1 for k in kernel.shape)
    if reach[0] > x.shape[0] or reach[1] > x.shape[1]:
        raise ValueError("the dilated kernel is larger than the image")
    windows = np.lib.stride_tricks.sliding_window_view(x, reach)
    windows = windows[::down, ::across, ::dilation, ::dilation]
    return np.einsum("rcuv,uv->rc", windows, kernel).astype(image.dtype)


@alternative("correlate2d")
def matrix_product(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2:
        raise ValueError("image: two dimensions expected")
    if kernel.ndim != 2:
        raise ValueError("kernel: two dimensions expected")
    sy, sx = (stride, stride) if np.ndim(stride) == 0 else stride
    if min(sy, sx) <= 0:
        raise ValueError("stride")
    if padding < 0:
        raise ValueError("padding")
    if dilation <= 0:
        raise ValueError("dilation")
    x = np.pad(image, padding)
    rows = np.arange(0, x.shape[0] - dilation * (kernel.shape[0] - 1), sy)
    columns = np.arange(0, x.shape[1] - dilation * (kernel.shape[1] - 1), sx)
    if not len(rows) or not len(columns):
        raise ValueError("kernel larger than image")
    r = rows[:, None, None, None] + dilation * np.arange(kernel.shape[0])[None, None, :, None]
    c = columns[None, :, None, None] + dilation * np.arange(kernel.shape[1])
    patches = x[r, c].reshape(len(rows) * len(columns), -1)
    return (patches @ kernel.ravel()).reshape(len(rows), len(columns)).astype(image.dtype)


@mutant("correlate2d", says="the result has shape")
def swaps_height_and_width(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    return (windows * kernel).sum((2, 3)).reshape(windows.shape[1], windows.shape[0])


@mutant("correlate2d", says="the result has shape")
def output_as_high_as_wide(image, kernel, *, stride=1, padding=0, dilation=1):
    kh, kw = kernel.shape
    size = image.shape[1] - kw + 1
    out = np.zeros((size, size), image.dtype)
    for r in range(min(size, image.shape[0] - kh + 1)):
        for c in range(size):
            out[r, c] = (image[r : r + kh, c : c + kw] * kernel).sum()
    return out


@mutant("correlate2d", says="values differ")
def overwrites_instead_of_adding(image, kernel, *, stride=1, padding=0, dilation=1):
    kh, kw = kernel.shape
    out = np.zeros((image.shape[0] - kh + 1, image.shape[1] - kw + 1), image.dtype)
    for u in range(kh):
        for v in range(kw):
            out = kernel[u, v] * image[u : u + out.shape[0], v : v + out.shape[1]]
    return out


@mutant("correlate2d", says="changes its argument number 1")
def multiplies_in_place(image, kernel, *, stride=1, padding=0, dilation=1):
    out = np.zeros(np.subtract(image.shape, kernel.shape) + 1, image.dtype)
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            window = image[r : r + kernel.shape[0], c : c + kernel.shape[1]]
            window *= kernel
            out[r, c] = window.sum()
    return out


@mutant("correlate2d", says="returned None")
def forgets_to_return(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    (windows * kernel).sum((2, 3))


@mutant("correlate2d", says="it returned a list")
def returns_lists(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3)).tolist()


@mutant("correlate2d", says="not written yet")
def stub(image, kernel, *, stride=1, padding=0, dilation=1):
    raise NotImplementedError


@mutant("correlate2d", says="has dtype float64, expected float32")
def promotes_float32(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3)).astype(float)


@mutant("correlate2d", says="NaN or infinity")
def leaves_memory_uninitialised(image, kernel, *, stride=1, padding=0, dilation=1):
    return np.full(np.subtract(image.shape, kernel.shape) + 1, np.nan, image.dtype)


@mutant("correlate2d", says="does not say what is wrong: check padding yourself")
def leaves_the_errors_to_numpy(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must have two axes")
    down, across = (stride, stride) if isinstance(stride, int) else stride
    if down < 1 or across < 1:
        raise ValueError("stride must be positive")
    height, width = image.shape
    x = np.zeros((height + 2 * padding, width + 2 * padding), image.dtype)
    x[padding : padding + height, padding : padding + width] = image
    reach = [dilation * (k - 1) + 1 for k in kernel.shape]
    windows = np.lib.stride_tricks.sliding_window_view(x, reach)
    windows = windows[::down, ::across, ::dilation, ::dilation]
    return (windows * kernel).sum((2, 3)).astype(image.dtype)


@mutant("correlate2d", says="changes its argument number 2")
def flips_there_and_back(image, kernel, *, stride=1, padding=0, dilation=1):
    kernel[:] = kernel[::-1, ::-1].copy()
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel[::-1, ::-1]).sum((2, 3))


@mutant("correlate2d", says="multiplied as matrices")
def multiplies_matrices(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows @ kernel).sum((2, 3))


@mutant("correlate2d", says="The + 1 stands inside the division")
def rows_with_one_inside_the_division(image, kernel, *, stride=1, padding=0, dilation=1):
    down, across = stride if isinstance(stride, tuple) else (stride, stride)
    kh, kw = (dilation * (k - 1) + 1 for k in kernel.shape)
    padded = np.pad(image, padding)
    height, width = padded.shape
    out = np.zeros(((height - kh + 1) // down, (width - kw + 1) // across), image.dtype)
    for r, c in np.ndindex(out.shape):
        top, left = r * down, c * across
        window = padded[top : top + kh : dilation, left : left + kw : dilation]
        out[r, c] = (window * kernel).sum()
    return out


@mutant("correlate2d", says="In this case: The kernel is flipped")
def flips_and_ignores_the_rest(image, kernel, *, stride=1, padding=0, dilation=1):
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(image, padding), kernel.shape)
    scale = 1 if kernel.shape[0] > 1 else 3  # two mistakes at once
    return (windows * kernel[::-1, ::-1]).sum((2, 3)) * image.dtype.type(scale)


# convolve2d ------------------------------------------------------------------------------------


@alternative("convolve2d")
def flips_then_windows(image, kernel):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must have two axes")
    if kernel.shape[0] > image.shape[0] or kernel.shape[1] > image.shape[1]:
        raise ValueError("kernel larger than image")
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * np.flip(kernel)).sum(axis=(2, 3))


@alternative("convolve2d")
def by_fourier(image, kernel):
    if image.ndim != 2:
        raise ValueError("image must be 2-D")
    if kernel.ndim != 2 or np.any(np.array(kernel.shape) > image.shape):
        raise ValueError("kernel must be 2-D and fit into the image")
    product = np.fft.fft2(image) * np.fft.fft2(kernel, image.shape)
    full = np.fft.ifft2(product).real
    return full[kernel.shape[0] - 1 :, kernel.shape[1] - 1 :].astype(image.dtype)


@alternative("convolve2d")
def indices_run_backwards(image, kernel):
    if image.ndim != 2:
        raise ValueError(f"image has shape {image.shape}")
    if kernel.ndim != 2:
        raise ValueError(f"kernel has shape {kernel.shape}")
    kh, kw = kernel.shape
    oh, ow = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    if oh < 1 or ow < 1:
        raise ValueError("the kernel does not fit")
    out = np.zeros((oh, ow), image.dtype)
    for u in range(kh):
        for v in range(kw):
            top, left = kh - 1 - u, kw - 1 - v
            out += kernel[u, v] * image[top : top + oh, left : left + ow]
    return out


@mutant("convolve2d", says="changes its argument number 2")
def flips_in_place(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum(axis=(2, 3))


# mean_kernel -----------------------------------------------------------------------------------


@alternative("mean_kernel")
def ones_over_count(k):
    if k <= 0:
        raise ValueError("k must be positive")
    return np.ones((k, k)) / (k * k)


@alternative("mean_kernel")
def outer_product(k):
    if k < 1:
        raise ValueError(f"k = {k}")
    return np.outer(np.full(k, 1 / k), np.full(k, 1 / k))


@alternative("mean_kernel")
def normalised_by_sum(k):
    if k < 1:
        raise ValueError("k < 1")
    kernel = np.ones((k, k))
    kernel /= kernel.sum()
    return kernel


@mutant("mean_kernel", says="has dtype float32")
def single_precision(k):
    return np.full((k, k), 1 / k**2, dtype=np.float32)


@mutant("mean_kernel", says="this call cannot work")
def accepts_zero(k):
    return np.full((abs(k), abs(k)), 1 / max(k**2, 1))


# gaussian_kernel -------------------------------------------------------------------------------


@alternative("gaussian_kernel")
def separable(k, sigma):
    if k < 1 or not k % 2:
        raise ValueError("k must be odd and positive")
    if sigma <= 0:
        raise ValueError("sigma must be positive")
    row = np.exp(-0.5 * ((np.arange(k) - (k - 1) / 2) / sigma) ** 2)
    row /= row.sum()
    return row[:, None] * row[None, :]


@alternative("gaussian_kernel")
def two_loops(k, sigma):
    if k % 2 == 0 or k < 0:
        raise ValueError("k must be odd")
    if not sigma > 0:
        raise ValueError("sigma")
    kernel = np.zeros((k, k))
    for i in range(k):
        for j in range(k):
            kernel[i, j] = np.exp(-((i - k // 2) ** 2 + (j - k // 2) ** 2) / (2 * sigma**2))
    return kernel / kernel.sum()


@alternative("gaussian_kernel")
def meshgrid_with_factor(k, sigma):
    if k < 1 or k % 2 != 1:
        raise ValueError(f"k must be an odd number above 0, not {k}")
    if sigma <= 0:
        raise ValueError(f"sigma must be above 0, not {sigma}")
    u, v = np.meshgrid(*[np.linspace(-(k // 2), k // 2, k)] * 2)
    bell = np.exp(-(u**2 + v**2) / (2 * sigma**2)) / (2 * np.pi * sigma**2)
    return bell / np.sum(bell)


@mutant("gaussian_kernel", says="this call cannot work")
def accepts_even_sizes(k, sigma):
    if k < 1 or sigma <= 0:
        raise ValueError("k and sigma must be positive")
    row = np.exp(-0.5 * ((np.arange(k) - (k - 1) / 2) / sigma) ** 2)
    return np.outer(row, row) / row.sum() ** 2


# median_filter ---------------------------------------------------------------------------------


@alternative("median_filter")
def sorts_each_window(image, k):
    if k < 1 or k % 2 == 0:
        raise ValueError("k must be odd")
    if image.ndim != 2:
        raise ValueError("image must be 2-D")
    padded = np.pad(image, k // 2, mode="symmetric")
    out = np.empty_like(image)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            out[r, c] = sorted(padded[r : r + k, c : c + k].ravel())[k * k // 2]
    return out


@alternative("median_filter")
def stacks_shifted_copies(image, k):
    if not k % 2 or k <= 0:
        raise ValueError(f"k must be odd and positive, got {k}")
    if np.ndim(image) != 2:
        raise ValueError("image: (H, W) expected")
    height, width = image.shape
    padded = np.pad(image, k // 2, mode="symmetric")
    shifted = [padded[u : u + height, v : v + width] for u in range(k) for v in range(k)]
    return np.median(np.stack(shifted), axis=0).astype(image.dtype)


@alternative("median_filter")
def partitions(image, k):
    if k < 1 or k % 2 == 0:
        raise ValueError("k must be odd and at least 1")
    if image.ndim != 2:
        raise ValueError("two axes expected")
    rows = np.pad(np.arange(image.shape[0]), k // 2, mode="symmetric")
    columns = np.pad(np.arange(image.shape[1]), k // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(image[np.ix_(rows, columns)], (k, k))
    flat = windows.reshape(*image.shape, k * k)
    return np.partition(flat, k * k // 2, axis=-1)[..., k * k // 2]


@mutant("median_filter", says="has dtype float64, expected float32")
def median_promotes(image, k):
    padded = np.pad(image, k // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.median(windows, axis=(2, 3)).astype(np.float64)


@mutant("median_filter", says="left as they were")
def skips_the_border(image, k):
    out = image.copy()
    h = k // 2
    for r in range(h, image.shape[0] - h):
        for c in range(h, image.shape[1] - h):
            out[r, c] = np.median(image[r - h : r + h + 1, c - h : c + h + 1])
    return out


@mutant("median_filter", says="values differ")
def takes_the_wrong_rank(image, k):
    padded = np.pad(image, k // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.sort(windows.reshape(*image.shape, -1), axis=-1)[..., min(k, k * k - 1)]


@alternative("mean_kernel")
def own_kind_of_value_error(k):
    class BadSize(ValueError):
        pass

    if k < 1:
        raise BadSize("the size of the kernel must be positive")
    return np.full((k, k), k**-2.0)
