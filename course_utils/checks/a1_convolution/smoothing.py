"""Checks of smoothing kernels and the median filter, against PyTorch and SciPy."""

from collections.abc import Iterator

import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional as F

from course_utils.checks.a1_convolution.arrays import images
from course_utils.checks.changes import args, result, transposed
from course_utils.checks.engine import Case, Check, case, rejection


def _impulse(size: int) -> np.ndarray:
    """One pixel of value 1 in the middle: a linear filter answers with its own kernel."""
    image = np.zeros((size, size))
    image[size // 2, size // 2] = 1
    return image


def _mean_kernel(k):
    """What each pixel of a k×k window counts for in its average: the gradient of the average."""
    window = torch.zeros(1, 1, k, k, dtype=torch.float64, requires_grad=True)
    F.avg_pool2d(window, k).sum().backward()
    return window.grad[0, 0].numpy()


def _kernel_sizes(rng) -> Iterator[Case]:
    for k in (1, 2, 3, 5, int(rng.integers(6, 12))):
        yield case(k)


# fmt: off
_MEANS = {
    "The weights must add up to 1: divide by their number.": result(lambda out, k: out * k * k),
    "There are k·k weights, not k: divide by k².": result(lambda out, k: out * k),
    "The kernel must be (k, k), not a row of k.": lambda k: np.full(k, 1 / k),
    "The kernel must be (k, k), not one long row.": result(np.ravel),
    "Whole-number division makes the weights zero: use / and not //.":
        lambda k: np.full((k, k), float(1 // k**2)),
    "The middle pixel counts too: divide by k², not k² - 1.":
        result(lambda out, k: out * k * k / max(k * k - 1, 1)),
    "Only the middle has a weight: that kernel changes nothing.": _impulse,
}
# fmt: on

check_mean_kernel = Check(
    "mean_kernel",
    oracle=_mean_kernel,
    tool="torch.nn.functional.avg_pool2d",
    parts={"sizes": _kernel_sizes},
    suspects=_MEANS,
    rejects=[rejection("k\\b|size|kernel", 0), rejection("k\\b|size|kernel", -3)],
)


def _gaussian(k, sigma):
    return ndimage.gaussian_filter(_impulse(k), sigma, mode="constant", radius=k // 2)


def _bell(exponent=lambda r2, sigma: -r2 / (2 * sigma**2), total=np.sum, middle=lambda k: k // 2):
    """The recipe: what stands in the exponent, what is divided by, and where the middle is."""

    def kernel(k, sigma):
        along = np.arange(k) - middle(k)
        weights = np.exp(exponent(along[:, None] ** 2 + along**2, sigma))
        return weights / (total(weights) if total else 2 * np.pi * sigma**2)

    return kernel


def _bells(rng) -> Iterator[Case]:
    for k in (3, 1, 5, 7):
        for sigma in (1.0, 0.5, float(rng.uniform(0.6, 3))):
            yield case(k, sigma)


# fmt: off
_BELLS = {
    "The exponent is r²/(2σ²); without the 2 (a slide has it so) the bell is too narrow.":
        {"exponent": lambda r2, sigma: -r2 / sigma**2},
    "The weights do not add up to 1: divide by their sum; the formula's factor will not do.":
        {"total": None},
    "σ stands squared in the exponent.": {"exponent": lambda r2, sigma: -r2 / (2 * sigma)},
    "The exponent needs the squared distance, not the distance.":
        {"exponent": lambda r2, sigma: -np.sqrt(r2) / (2 * sigma**2)},
    "The distance is measured from the corner: the middle of the kernel is at k // 2.":
        {"middle": lambda k: 0},
    "The middle of the kernel is taken one pixel too far to the upper left: it is at k // 2.":
        {"middle": lambda k: k // 2 - 1},
    "The middle of the kernel is taken one pixel too far to the lower right: it is at k // 2.":
        {"middle": lambda k: k // 2 + 1},
    "σ stands to the third power in the exponent: it is squared.":
        {"exponent": lambda r2, sigma: -r2 / (2 * sigma**3)},
    "The largest weight is 1: divide by the sum of the weights, not by their maximum.":
        {"total": np.max},
    "The minus sign of the exponent is missing: the weights grow towards the rim.":
        {"exponent": lambda r2, sigma: r2 / (2 * sigma**2)},
    "The exponent is multiplied with σ²: put 2 * sigma**2 into brackets.":
        {"exponent": lambda r2, sigma: -r2 / 2 * sigma**2},
    "Each row is normalised by itself: divide by the sum of all weights.":
        {"total": lambda weights: weights.sum(axis=1, keepdims=True)},
    "The kernel is one row: combine the row with the column, (k, k).":
        result(lambda out: out.sum(axis=0)),
}
# fmt: on

check_gaussian_kernel = Check(
    "gaussian_kernel",
    oracle=_gaussian,
    tool="scipy.ndimage.gaussian_filter",
    parts={"bells": _bells},
    recipe=_bell,
    suspects=_BELLS,
    rejects=[
        rejection("k\\b|odd|even|size|kernel", 4, 1.0),
        rejection("k\\b|odd|even|size|kernel", 0, 1.0),
        rejection("k\\b|odd|even|size|kernel", -1, 1.0),
        rejection("sigma|σ|standard|deviation", 3, 0.0),
        rejection("sigma|σ|standard|deviation", 3, -1.0),
    ],
)


def _median(image, k, *, mode="reflect"):
    return ndimage.median_filter(image, size=k, mode=mode)


def _inside(out, k):
    return out[k // 2 : out.shape[0] - k // 2, k // 2 : out.shape[1] - k // 2]


def _border_kept(out, image, k):
    kept = np.array(image)
    _inside(kept, k)[...] = _inside(out, k)
    return kept


def _window_cut(image, k):
    padded = np.pad(image.astype(float), k // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.nanmedian(windows, axis=(2, 3)).astype(image.dtype)


def _noisy_images(rng) -> Iterator[Case]:
    spot = np.zeros((4, 5))
    spot[1, 2] = 9
    yield case(spot, 3)
    yield case(np.array([[7.0, 1, 9, 4], [2, 12, 3, 8], [6, 10, 5, 11]]), 3)
    for image in images(rng, [(7, 9), (11, 6), (8, 8)]):
        for k in (1, 3, 5):
            yield case(image, k)
            yield case(np.round(image), k)  # many equal values


# fmt: off
_MEDIANS = {
    "That is the mean of the window; the median is the middle one of the sorted values.":
        lambda image, k: ndimage.uniform_filter(image, k, mode="reflect"),
    "Beyond the border you take zeros: mirror the image, border pixel included (symmetric).":
        args(mode="constant"),
    "Beyond the border you leave the border pixel out of the mirror image (reflect); use "
    "symmetric.": args(mode="mirror"),
    "Beyond the border you repeat the border pixel (edge); use symmetric.": args(mode="nearest"),
    "Beyond the border you go on at the other side (wrap); use symmetric.": args(mode="wrap"),
    "That is the largest value of the window.":
        lambda image, k: ndimage.maximum_filter(image, k, mode="reflect"),
    "That is the smallest value of the window.":
        lambda image, k: ndimage.minimum_filter(image, k, mode="reflect"),
    "The median of the row medians is not the median of the window: sort all k² values.":
        lambda image, k: _median(_median(image, (1, k)), (k, 1)),
    "The median of the column medians is not the median of the window: sort all k² values.":
        lambda image, k: _median(_median(image, (k, 1)), (1, k)),
    "The pixels at the border are left as they were: mirror the image there.":
        result(_border_kept),
    "The window is cut off at the border; fill it up by mirroring the image.": _window_cut,
    "The result must be as large as the image: pad it first.": result(_inside),
    "The image is padded by one pixel too little: by k // 2 on each side.":
        result(lambda out: out[1:-1, 1:-1]),
    "Height and width of the result are exchanged.": result(transposed),
}
# fmt: on

check_median_filter = Check(
    "median_filter",
    oracle=_median,
    tool="scipy.ndimage.median_filter",
    parts={"filters": _noisy_images},
    tolerance={"float64": 1e-9, "float32": 1e-4, "int64": 0},
    suspects=_MEDIANS,
    rejects=[
        rejection("k\\b|odd|even|size|window|kernel", np.ones((4, 4)), 2),
        rejection("k\\b|odd|even|size|window|kernel", np.ones((4, 4)), 0),
        rejection("k\\b|odd|even|size|window|kernel", np.ones((4, 4)), -1),
        rejection("image|dimension|2|two|ax|shape|array", np.ones((4, 4, 3)), 3),
    ],
)
