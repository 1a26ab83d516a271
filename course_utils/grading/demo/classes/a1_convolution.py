"""The sample class of a1_convolution: typical mistakes, and four ways to hand in trouble."""

from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe

FLIPPED = """
def correlate2d(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must have two axes")
    down, across = (stride, stride) if isinstance(stride, int) else stride
    kh, kw = kernel.shape
    sizes = dict(padding=padding, dilation=dilation)
    height = conv_output_size(image.shape[0], kh, stride=down, **sizes)
    width = conv_output_size(image.shape[1], kw, stride=across, **sizes)
    padded = pad2d(image, padding)
    flipped = kernel[::-1, ::-1]
    out = np.zeros((height, width), dtype=image.dtype)
    for r in range(height):
        for c in range(width):
            top, left = r * down, c * across
            window = padded[top:, left:][: dilation * kh : dilation, : dilation * kw : dilation]
            out[r, c] = (window[:kh, :kw] * flipped).sum()
    return out
"""

WITHOUT_STRIDE = """
def correlate2d(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must have two axes")
    if np.min(stride) < 1:
        raise ValueError("stride must be at least 1")
    kh, kw = kernel.shape
    height = conv_output_size(image.shape[0], kh, padding=padding, dilation=dilation)
    width = conv_output_size(image.shape[1], kw, padding=padding, dilation=dilation)
    padded = pad2d(image, padding)
    out = np.zeros((height, width), dtype=image.dtype)
    for u in range(kh):
        for v in range(kw):
            top, left = dilation * u, dilation * v
            out += kernel[u, v] * padded[top : top + height, left : left + width]
    return out
"""

HEIGHT_AND_WIDTH_SWAPPED = """
def correlate2d(image, kernel, *, stride=1, padding=0, dilation=1):
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError("image and kernel must have two axes")
    down, across = (stride, stride) if isinstance(stride, int) else stride
    kh, kw = kernel.shape
    sizes = dict(padding=padding, dilation=dilation)
    width = conv_output_size(image.shape[0], kh, stride=down, **sizes)
    height = conv_output_size(image.shape[1], kw, stride=across, **sizes)
    padded = pad2d(image, padding)
    out = np.zeros((height, width), dtype=image.dtype)
    for r in range(height):
        for c in range(width):
            top, left = r * down, c * across
            window = padded[top : top + kh : dilation, left : left + kw : dilation]
            out[r, c] = (window * kernel[: len(window)]).sum()
    return out
"""

HALF_OF_THE_SIZES = """
size_plain = 24  # 28×28 image, 5×5 kernel
size_large_kernel = 57  # 64×64, 7×7
size_same = 20  # 20×20, 3×3, padding 1
size_halved = 114  # 225×225, 7×7, stride 2, padding 3
size_uneven = 4  # 12×12, 4×4, stride 3
size_two_layers = 12  # 32×32 through two 5×5 layers, the second with stride 2
"""

FORGOTTEN_NAME = """
def gaussian_kernel(k, sigma=DEFAULT_SIGMA):
    if k < 1 or k % 2 == 0 or sigma <= 0:
        raise ValueError(f"k must be odd and sigma above 0, got {k} and {sigma}")
    distance = np.arange(k) - k // 2
    bell = np.exp(-(distance[:, None] ** 2 + distance**2) / (2 * sigma**2))
    return bell / bell.sum()
"""

NEVER_DONE = """
def conv_param_count(in_channels, out_channels, kernel_size, *, bias=True):
    height, width = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
    for name, value in [("in_channels", in_channels), ("out_channels", out_channels)]:
        if value < 1:
            raise ValueError(f"{name} must be at least 1")
    weights, filters = 0, 0
    while filters < out_channels:
        weights += in_channels * height * width + int(bias)
    return weights
"""

BORDER_OF_ZEROS = """
def median_filter(image, k):
    if k < 1 or k % 2 == 0:
        raise ValueError(f"k must be odd and at least 1, got {k}")
    padded = pad2d(image, k // 2)
    out = np.empty_like(image)
    for r in range(image.shape[0]):
        for c in range(image.shape[1]):
            out[r, c] = np.median(padded[r : r + k, c : c + k])
    return out
"""

ALL_OF_CORRELATE = {
    "check-correlate-plain": 9,
    "check-correlate-stride": 8,
    "check-correlate-dilation": 6,
    "check-convolve": 7,
}

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "flips the kernel in correlate2d, and explains half of it",
        cells={"correlate2d": FLIPPED},
        by_hand={"written-answer": 1},
        lost=ALL_OF_CORRELATE | {"written-answer": 2},
    ),
    Recipe(
        "cleo",
        "ignores the stride",
        cells={"correlate2d": WITHOUT_STRIDE},
        lost={"check-correlate-stride": 8, "check-correlate-dilation": 6},
    ),
    Recipe(
        "dan",
        "swaps height and width of the result, and gets half of the sizes right",
        cells={"correlate2d": HEIGHT_AND_WIDTH_SWAPPED, "quiz-sizes": HALF_OF_THE_SIZES},
        lost=ALL_OF_CORRELATE | {"check-quiz-sizes": 3},
    ),
    BLANK,
    Recipe(
        "finn",
        "uses a name that an earlier version of the notebook had, so the cell raises",
        cells={"gaussian_kernel": FORGOTTEN_NAME},
        lost={"check-gaussian-kernel": 6, "check-smoothing-invalid": 1},
    ),
    Recipe(
        "gus",
        "counts for ever",
        cells={"conv_param_count": NEVER_DONE},
        lost={"check-param-count": 5, "check-sizes-invalid": 1},
    ),
    Recipe(
        "hana",
        "pads the median filter with zeros, and deleted the test that said so",
        cells={"median_filter": BORDER_OF_ZEROS},
        deleted=("check-median",),
        lost={"check-median": 8},
    ),
]
