"""Versions of a2's functions as students write them. Each stands alone: only NumPy above it.

A class holds a forward and its backward, in this order.
"""

import numpy as np

from graders.candidates import alternative, mutant


def _checked(x, axes=4):
    if x.ndim != axes:
        raise ValueError(f"x must have {axes} axes, got shape {x.shape}")
    if x.dtype.kind != "f":
        raise ValueError(f"x must be an array of floats, got {x.dtype}")
    if len(x) == 0:
        raise ValueError("x is an empty batch")


def _whole(**numbers):
    for name, number in numbers.items():
        if not isinstance(number, int | np.integer):
            raise ValueError(f"{name} must be a whole number, got {number}")


def _same_shape(dout, shape):
    if dout.shape != shape:
        raise ValueError(f"dout has shape {dout.shape}, expected {shape}")


# relu ------------------------------------------------------------------------------------------


@alternative("relu")
class MaskIsKept:
    def forward(x):
        if x.dtype.kind != "f":
            raise ValueError("x must be float")
        mask = x > 0
        return x * mask, mask

    def backward(dout, mask):
        _same_shape(dout, mask.shape)
        return dout * mask


@alternative("relu")
class MaximumAndCopy:
    def forward(x):
        if not np.issubdtype(x.dtype, np.floating):
            raise ValueError(f"x is of dtype {x.dtype}")
        out = np.maximum(x, 0)
        return out, {"out": out}

    def backward(dout, cache):
        _same_shape(dout, cache["out"].shape)
        dx = dout.copy()
        dx[cache["out"] <= 0] = 0
        return dx


@alternative("relu")
class WhereAndPlaces:
    def forward(x):
        if x.dtype.kind != "f":
            raise ValueError("x: a float array is expected")
        return np.where(x > 0, x, np.zeros_like(x)), (x.shape, np.flatnonzero(x > 0))

    def backward(dout, cache):
        shape, places = cache
        _same_shape(dout, shape)
        dx = np.zeros(dout.size, dout.dtype)
        dx[places] = dout.ravel()[places]
        return dx.reshape(shape)


@alternative("relu")
class PixelByPixel:
    def forward(x):
        if x.dtype.kind != "f":
            raise ValueError("x: floats only")
        out = np.empty_like(x)
        for place in np.ndindex(x.shape):
            out[place] = max(x[place], 0)
        return out, x.copy()

    def backward(dout, x):
        _same_shape(dout, x.shape)
        dx = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            if x[place] > 0:
                dx[place] = dout[place]
        return dx


@mutant("relu", says="your forward changes its argument number 1 (x)")
class ChangesItsInput:
    def forward(x):
        cache = x > 0
        x[x < 0] = 0
        return x, cache

    def backward(dout, cache):
        return dout * cache


@mutant("relu", says="your backward changes its argument number 1 (dout)")
class ChangesTheGradientFromAbove:
    def forward(x):
        return np.maximum(x, 0), x

    def backward(dout, x):
        dout[x <= 0] = 0
        return dout


@alternative("relu")
class RemembersTheInputItself:
    """There are no weights here that an optimiser would change."""

    def forward(x):
        if x.dtype.kind != "f":
            raise ValueError("x: floats only")
        return np.maximum(x, 0), x

    def backward(dout, x):
        _same_shape(dout, x.shape)
        return dout * (x > 0)


@mutant("relu", says="has dtype float64, expected float32")
class PromotesRelu:
    def forward(x):
        return np.where(x > 0, x, 0.0).astype(float), x

    def backward(dout, x):
        return dout * (x > 0)


@mutant("relu", says="it is to return out, cache")
class NoCache:
    def forward(x):
        return np.maximum(x, 0)

    def backward(dout, x):
        return dout * (x > 0)


@mutant("relu", says="this call cannot work, yet it returned")
class BroadcastsTheGradient(MaskIsKept):
    def forward(x):
        return MaskIsKept.forward(x)

    def backward(dout, mask):
        if dout.shape != mask.shape and dout.size == mask.size:
            raise ValueError("dout has another shape than x")
        return dout * mask


@mutant("relu", says="does not say what is wrong: check dout")
class NamesNoArgument(MaskIsKept):
    def forward(x):
        return MaskIsKept.forward(x)

    def backward(dout, mask):
        if dout.shape != mask.shape:
            raise ValueError("bad shape")
        return dout * mask


@mutant("relu", says="check x yourself")
class NamesTheTypeAlone(MaskIsKept):
    def forward(x):
        if x.dtype.kind != "f":
            raise ValueError("expected floats")
        return MaskIsKept.forward(x)

    def backward(dout, mask):
        return MaskIsKept.backward(dout, mask)


@mutant("relu", says="your backward, or a function that it calls, is not written yet")
class OnlyForwards(MaskIsKept):
    def forward(x):
        return MaskIsKept.forward(x)

    def backward(dout, mask):
        raise NotImplementedError


# softmax_cross_entropy -------------------------------------------------------------------------


def _checked_logits(logits, labels):
    _checked(logits, 2)
    if labels.shape != (len(logits),):
        raise ValueError(f"labels must have shape ({len(logits)},), got {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise ValueError("labels must be whole numbers")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError("labels are out of range")


@alternative("softmax_cross_entropy")
def log_sum_exp(logits, labels):
    try:
        _checked_logits(logits, labels)
    except ValueError as error:
        raise ValueError(f"logits or labels: {error}") from None
    rows = np.arange(len(logits))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dlogits = np.exp(log_p)
    dlogits[rows, labels] -= 1
    return -log_p[rows, labels].mean(), dlogits / len(logits)


@alternative("softmax_cross_entropy")
def one_hot_product(logits, labels):
    if logits.ndim != 2 or logits.dtype.kind != "f" or len(logits) == 0:
        raise ValueError(f"logits must be a batch of floats (N, C), got {logits.shape}")
    if (
        labels.dtype.kind != "i"
        or labels.shape != logits.shape[:1]
        or not np.isin(labels, range(logits.shape[1])).all()
    ):
        raise ValueError(f"labels must be N classes in range, got {labels}")
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    loss = (total - (one_hot * logits).sum(axis=1)).mean()
    return float(loss), (np.exp(logits - total[:, None]) - one_hot) / logits.dtype.type(len(logits))


@alternative("softmax_cross_entropy")
def image_by_image(logits, labels):
    if logits.ndim != 2:
        raise ValueError("logits need two axes")
    if logits.dtype.kind != "f":
        raise ValueError("logits must be float")
    if len(logits) == 0:
        raise ValueError("empty batch of logits")
    if labels.ndim != 1 or len(labels) != len(logits) or labels.dtype.kind == "f":
        raise ValueError("labels and logits do not match")
    loss, dlogits = 0.0, np.zeros_like(logits)
    for n, label in enumerate(labels):
        if not 0 <= label < logits.shape[1]:
            raise ValueError(f"label {label} is no class")
        z = logits[n].astype(np.float64) - logits[n].max()
        total = np.exp(z).sum()
        loss += (np.log(total) - z[label]) / len(labels)
        dlogits[n] = np.exp(z) / total / len(labels)
        dlogits[n, label] -= 1 / len(labels)
    return loss, dlogits


@alternative("softmax_cross_entropy")
def with_logaddexp(logits, labels):
    if logits.ndim != 2 or logits.dtype.kind != "f":
        raise ValueError("logits: (N, C) of float expected")
    if not len(logits):
        raise ValueError("the batch is empty")
    if labels.shape != (logits.shape[0],):
        raise ValueError("one label for each image is expected")
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError("a label is the number of a class")
    if (labels < 0).any() or (labels >= logits.shape[1]).any():
        raise ValueError("label out of range")
    total = np.logaddexp.reduce(logits, axis=1)[:, None]
    p, rows = np.exp(logits - total), np.arange(len(labels))
    p[rows, labels] -= 1
    return float((total[:, 0] - logits[rows, labels]).mean()), p / p.dtype.type(len(p))


@mutant("softmax_cross_entropy", says="large logits: loss")
def protects_the_logarithm_only(logits, labels):
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.arange(len(p))
    loss = -np.log(p[rows, labels] + 1e-300).mean()
    p[rows, labels] -= 1
    return loss, p / p.dtype.type(len(p))


@mutant("softmax_cross_entropy", says="the result is one number")
def one_loss_for_each_image(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    dlogits = np.exp(log_p)
    dlogits[np.arange(len(z)), labels] -= 1
    return -log_p[np.arange(len(z)), labels], dlogits / len(z)


@mutant("softmax_cross_entropy", says="changes its argument number 1")
def shifts_in_place(logits, labels):
    logits -= logits.max(axis=1, keepdims=True)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(len(p)), labels]).mean()
    p[np.arange(len(p)), labels] -= 1
    return loss, p / len(p)


@mutant(
    "softmax_cross_entropy",
    says="loss: it is a ndarray, but the result is one number\n  The type ndarray comes back",
)
def loss_is_an_array_without_axes(logits, labels):
    loss, dlogits = log_sum_exp(logits, labels)
    return np.array(loss), dlogits


@mutant("softmax_cross_entropy", says="labels = [ 0 -1  2]")
def counts_from_the_end(logits, labels):
    if labels.shape != logits.shape[:1] or labels.max(initial=0) >= logits.shape[1]:
        raise ValueError("labels do not match")
    return log_sum_exp(logits, labels % logits.shape[1])


@mutant("softmax_cross_entropy", says="check labels yourself")
def names_no_label(logits, labels):
    if labels.max(initial=0) >= logits.shape[1]:
        raise ValueError("out of range")
    return log_sum_exp(logits, labels)


@mutant("softmax_cross_entropy", says="labels = [0. 1. 2.]")
def takes_labels_of_any_type(logits, labels):
    return log_sum_exp(logits, labels if labels.size > 3 else labels.astype(int))


@mutant("softmax_cross_entropy", says="With log(p + 1e-12) no loss is above 27.6")
def adds_a_small_number(logits, labels):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(p))
    loss = -np.log(p[rows, labels] + 1e-12).mean()
    p[rows, labels] -= 1
    return loss, p / p.dtype.type(len(p))


# conv2d ----------------------------------------------------------------------------------------


def _conv_size(x, w, b, stride, padding, dilation):
    _whole(stride=stride, padding=padding, dilation=dilation)
    if stride < 1 or dilation < 1:
        raise ValueError(f"stride and dilation must be at least 1, got {stride} and {dilation}")
    if padding < 0:
        raise ValueError(f"padding must be at least 0, got {padding}")
    _checked(x)
    if w.ndim != 4 or w.shape[1] != x.shape[1]:
        raise ValueError(f"the channels of x and w do not match: {x.shape}, {w.shape}")
    if b.shape != w.shape[:1]:
        raise ValueError(f"one bias for each filter is needed, got {b.shape}")
    size = [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    ]
    if min(size) < 1:
        raise ValueError("the kernel w is larger than the padded input, it does not fit")
    return size


def _bordered(x, padding):
    n, c, height, width = x.shape
    out = np.zeros((n, c, height + 2 * padding, width + 2 * padding), x.dtype)
    out[:, :, padding : padding + height, padding : padding + width] = x
    return out


@alternative("conv2d")
class LoopsOverStops:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        oh, ow = _conv_size(x, w, b, stride, padding, dilation)
        padded = _bordered(x, padding)
        kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
        out = np.empty((len(x), len(w), oh, ow), x.dtype)
        for r in range(oh):
            for c in range(ow):
                top, left = r * stride, c * stride
                window = padded[:, :, top : top + kh : dilation, left : left + kw : dilation]
                out[:, :, r, c] = np.tensordot(window, w, ([1, 2, 3], [1, 2, 3])) + b
        return out, (padded, w.copy(), stride, padding, dilation)

    def backward(dout, cache):
        padded, w, stride, padding, dilation = cache
        kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
        oh = (padded.shape[2] - kh) // stride + 1
        ow = (padded.shape[3] - kw) // stride + 1
        _same_shape(dout, (len(padded), len(w), oh, ow))
        dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
        for r in range(oh):
            for c in range(ow):
                top, left = r * stride, c * stride
                here = np.s_[:, :, top : top + kh : dilation, left : left + kw : dilation]
                dpadded[here] += np.tensordot(dout[:, :, r, c], w, (1, 0))
                dw += np.tensordot(dout[:, :, r, c], padded[here], (0, 0))
        height, width = padded.shape[2:]
        dx = dpadded[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, dout.sum(axis=(0, 2, 3))


@alternative("conv2d")
class LoopsOverWeights:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        oh, ow = _conv_size(x, w, b, stride, padding, dilation)
        padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
        out = np.zeros((len(x), len(w), oh, ow), x.dtype) + b[:, None, None]
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                rows = slice(i * dilation, i * dilation + stride * oh, stride)
                columns = slice(j * dilation, j * dilation + stride * ow, stride)
                out += np.einsum("nchw,fc->nfhw", padded[:, :, rows, columns], w[:, :, i, j])
        return out, {"padded": padded, "w": w.copy(), "geometry": [stride, padding, dilation],
                     "shape": list(out.shape)}  # fmt: skip

    def backward(dout, cache):
        padded, w = cache["padded"], cache["w"]
        stride, padding, dilation = cache["geometry"]
        _same_shape(dout, tuple(cache["shape"]))
        dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                rows = slice(i * dilation, i * dilation + stride * dout.shape[2], stride)
                columns = slice(j * dilation, j * dilation + stride * dout.shape[3], stride)
                dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, padded[:, :, rows, columns])
                dpadded[:, :, rows, columns] += np.einsum("nfhw,fc->nchw", dout, w[:, :, i, j])
        inside = slice(padding, -padding or None)
        return dpadded[:, :, inside, inside], dw, np.einsum("nfhw->f", dout)


def _windows(x, w, stride, padding, dilation):
    reach = [dilation * (k - 1) + 1 for k in w.shape[2:]]
    views = np.lib.stride_tricks.sliding_window_view(_bordered(x, padding), reach, axis=(2, 3))
    return views[:, :, ::stride, ::stride, ::dilation, ::dilation]


@alternative("conv2d")
class SlidingWindowsAndSpreadGradient:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        _conv_size(x, w, b, stride, padding, dilation)
        windows = _windows(x, w, stride, padding, dilation)
        out = np.einsum("nchwij,fcij->nfhw", windows, w) + b[:, None, None]
        return out.astype(x.dtype), (x.copy(), w.copy(), (stride, padding, dilation), out.shape)

    def backward(dout, cache):
        x, w, (stride, padding, dilation), shape = cache
        _same_shape(dout, shape)
        dw = np.einsum("nfhw,nchwij->fcij", dout, _windows(x, w, stride, padding, dilation))
        kh, kw = (dilation * (k - 1) for k in w.shape[2:])
        height, width = (n + 2 * padding for n in x.shape[2:])
        spread = np.zeros((*dout.shape[:2], height + kh, width + kw), dout.dtype)
        spread[:, :, kh : kh + stride * dout.shape[2] : stride,
               kw : kw + stride * dout.shape[3] : stride] = dout  # fmt: skip
        turned = w[:, :, ::-1, ::-1]
        full = np.einsum("nfhwij,fcij->nchw", _windows(spread, turned, 1, 0, dilation), turned)
        dx = full[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]
        return dx.astype(x.dtype), dw.astype(w.dtype), dout.sum(axis=(0, 2, 3))


def _columns(x, w, stride, padding, dilation):
    windows = _windows(x, w, stride, padding, dilation)
    n, c, oh, ow, kh, kw = windows.shape
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n * oh * ow, c * kh * kw)


@alternative("conv2d")
class OneMatrixProduct:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        oh, ow = _conv_size(x, w, b, stride, padding, dilation)
        columns = _columns(x, w, stride, padding, dilation)
        out = columns @ w.reshape(len(w), -1).T + b
        out = out.reshape(len(x), oh, ow, len(w)).transpose(0, 3, 1, 2)
        return np.ascontiguousarray(out), (
            columns,
            w + 0,
            x.shape,
            stride,
            padding,
            dilation,
            oh,
            ow,
        )

    def backward(dout, cache):
        columns, w, shape, stride, padding, dilation, oh, ow = cache
        _same_shape(dout, (shape[0], len(w), oh, ow))
        rows = dout.transpose(0, 2, 3, 1).reshape(-1, len(w))
        dw = (rows.T @ columns).reshape(w.shape)
        parts = (rows @ w.reshape(len(w), -1)).reshape(shape[0], oh, ow, *w.shape[1:])
        dpadded = np.zeros((*shape[:2], *(n + 2 * padding for n in shape[2:])), dout.dtype)
        for i, j in np.ndindex(*w.shape[2:]):
            here = np.s_[:, :, i * dilation : i * dilation + stride * oh : stride,
                         j * dilation : j * dilation + stride * ow : stride]  # fmt: skip
            dpadded[here] += parts[..., i, j].transpose(0, 3, 1, 2)
        dx = dpadded[:, :, padding : padding + shape[2], padding : padding + shape[3]]
        return dx, dw, rows.sum(axis=0)


@alternative("conv2d")
class FourierTransform:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        oh, ow = _conv_size(x, w, b, stride, padding, dilation)
        padded, spread = _bordered(x, padding), FourierTransform._spread(w, dilation)
        size = padded.shape[2:]
        product = np.einsum(
            "nchw,fchw->nfhw", np.fft.rfft2(padded), np.conj(np.fft.rfft2(spread, size))
        )
        every = np.fft.irfft2(product, size)[:, :, : oh * stride : stride, : ow * stride : stride]
        out = (every + b[:, None, None]).astype(x.dtype)
        return out, (padded, w.copy(), stride, padding, dilation, out.shape)

    def backward(dout, cache):
        padded, w, stride, padding, dilation, shape = cache
        _same_shape(dout, shape)
        size = padded.shape[2:]
        every = np.zeros((*dout.shape[:2], *size), dout.dtype)
        every[:, :, : stride * shape[2] : stride, : stride * shape[3] : stride] = dout
        up = np.fft.rfft2(every)
        kernel = np.fft.rfft2(FourierTransform._spread(w, dilation), size)
        dpadded = np.fft.irfft2(np.einsum("nfhw,fchw->nchw", up, kernel), size)
        full = np.einsum("nfhw,nchw->fchw", np.conj(up), np.fft.rfft2(padded))
        kh, kw = w.shape[2:]
        dw = np.fft.irfft2(full, size)[:, :, : kh * dilation : dilation, : kw * dilation : dilation]
        inside = np.s_[:, :, padding : size[0] - padding, padding : size[1] - padding]
        return dpadded[inside].astype(dout.dtype), dw.astype(w.dtype), dout.sum(axis=(0, 2, 3))

    def _spread(w, dilation):
        reach = [dilation * (k - 1) + 1 for k in w.shape[2:]]
        out = np.zeros((*w.shape[:2], *reach), w.dtype)
        out[:, :, ::dilation, ::dilation] = w
        return out


@mutant("conv2d", says="dx: the result has shape")
class SlicesWithMinusZero(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        dx, dw, db = LoopsOverWeights.backward(dout, cache)
        p = cache["geometry"][1]
        full = np.pad(dx, [(0, 0), (0, 0), (p, p), (p, p)])
        return full[:, :, p:-p, p:-p], dw, db


@mutant("conv2d", says="the result has shape")
class HeightForWidth:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        oh, _ = _conv_size(x, w, b, stride, padding, dilation)
        out = np.zeros((len(x), len(w), oh, oh), x.dtype)
        windows = _windows(x, w, stride, padding, dilation)
        for r in range(oh):
            for c in range(oh):
                out[:, :, r, c] = np.einsum("ncij,fcij->nf", windows[:, :, r, c], w) + b
        return out, None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", says="dx: the kernel is not flipped")
class BackwardWithoutFlip(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        turned = {**cache, "w": cache["w"][..., ::-1, ::-1]}
        _, dw, db = LoopsOverWeights.backward(dout, cache)
        return LoopsOverWeights.backward(dout, turned)[0], dw, db


@mutant("conv2d", says="The backward pass ignores the dilation.")
class DilationForgottenOnTheWayBack(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        stride, padding, _ = cache["geometry"]
        changed = {**cache, "geometry": [stride, padding, 1]}
        return LoopsOverWeights.backward(dout, changed)


@mutant("conv2d", says="The cache holds an argument itself")
class RemembersTheWeightsThemselves(LoopsOverWeights):
    def forward(x, w, b, **options):
        out, cache = LoopsOverWeights.forward(x, w, b, **options)
        return out, {**cache, "w": w}

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)


@mutant("conv2d", says="has dtype float64, expected float32")
class PromotesLayers(LoopsOverWeights):
    def forward(x, w, b, **options):
        out, cache = LoopsOverWeights.forward(x, w, b, **options)
        return out.astype(np.float64), cache

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)


@mutant("conv2d", says="it is to return dx, dw, db")
class TwoGradients(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)[:2]


@mutant("conv2d", says="this call cannot work, yet it returned")
class ChecksNothing(LoopsOverWeights):
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        stride, padding = max(stride, 1), max(padding, 0)
        return LoopsOverWeights.forward(x, w, b, stride=stride, padding=padding, dilation=dilation)

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)


@mutant("conv2d", says="Called with 2×3×5×5 x, 4×3×3×3 w, 1 b")
class BroadcastsTheBias(LoopsOverWeights):
    def forward(x, w, b, **options):
        if b.shape == (1,):
            b = np.repeat(b, len(w))
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)


@mutant("conv2d", says="Called with 2×3×5×5 x, 4×3×3×3 w, 2×2 b")
class FlattensTheBias(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b.ravel() if b.size == len(w) else b, **options)

    def backward(dout, cache):
        return LoopsOverWeights.backward(dout, cache)


@mutant("conv2d", says="Called with 2×3×5×5 x, 4×3×3×3 w, 4 b, 1×4×3×3 dout")
class BroadcastsDout(LoopsOverWeights):
    def forward(x, w, b, **options):
        return LoopsOverWeights.forward(x, w, b, **options)

    def backward(dout, cache):
        if dout.shape[2:] != tuple(cache["shape"])[2:]:
            raise ValueError("dout must have the shape of out")
        return LoopsOverWeights.backward(np.broadcast_to(dout, cache["shape"]), cache)


@mutant("conv2d", says="dx: the stride is missing. Output r has read")
class StrideForgottenInDx(LoopsOverStops):
    def forward(x, w, b, **options):
        return LoopsOverStops.forward(x, w, b, **options)

    def backward(dout, cache):
        padded, w, _, padding, dilation = cache
        _, dw, db = LoopsOverStops.backward(dout, cache)
        kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
        dpadded = np.zeros_like(padded)
        for r, c in np.ndindex(dout.shape[2:]):
            here = np.s_[:, :, r : r + kh : dilation, c : c + kw : dilation]
            dpadded[here] += np.tensordot(dout[:, :, r, c], w, (1, 0))
        height, width = padded.shape[2:]
        dx = dpadded[:, :, padding : height - padding, padding : width - padding]
        return dx, dw, db


@mutant("conv2d", says="dw: the dilation is missing. For output r")
class DilationForgottenInDw(LoopsOverStops):
    def forward(x, w, b, **options):
        return LoopsOverStops.forward(x, w, b, **options)

    def backward(dout, cache):
        padded, w, stride, *_ = cache
        dx, dw, db = LoopsOverStops.backward(dout, cache)
        dw = np.zeros_like(w)
        for r, c in np.ndindex(dout.shape[2:]):
            top, left = r * stride, c * stride
            window = padded[:, :, top : top + w.shape[2], left : left + w.shape[3]]
            dw += np.tensordot(dout[:, :, r, c], window, (0, 0))
        return dx, dw, db


@mutant("conv2d", says="The + 1 stands inside the division")
class OneInsideTheDivision(LoopsOverStops):
    def forward(x, w, b, **options):
        out, cache = LoopsOverStops.forward(x, w, b, **options)
        padded, _, stride, _, dilation = cache
        kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
        height, width = padded.shape[2:]
        few = out[:, :, : (height - kh + 1) // stride, : (width - kw + 1) // stride]
        return np.ascontiguousarray(few), cache

    def backward(dout, cache):
        return LoopsOverStops.backward(dout, cache)


@mutant("conv2d", says="On the way back: The + 1 stands inside the division")
class OneInsideTheDivisionBack(LoopsOverStops):
    def forward(x, w, b, **options):
        return LoopsOverStops.forward(x, w, b, **options)

    def backward(dout, cache):
        padded, w, stride, _, dilation = cache
        kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
        height, width = padded.shape[2:]
        seen = np.zeros_like(dout)
        stops = np.s_[:, :, : (height - kh + 1) // stride, : (width - kw + 1) // stride]
        seen[stops] = dout[stops]
        return LoopsOverStops.backward(seen, cache)


# max_pool, avg_pool ----------------------------------------------------------------------------


def _pool_size(x, kernel_size, stride):
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    _whole(stride=stride, kernel_size=kh)
    _whole(kernel_size=kw)
    if stride < 1:
        raise ValueError(f"stride must be at least 1, got {stride}")
    if min(kh, kw) < 1:
        raise ValueError(f"kernel_size must be at least 1, got {kernel_size}")
    _checked(x)
    if kh > x.shape[2] or kw > x.shape[3]:
        raise ValueError("the kernel is larger than x, it does not fit")
    return kh, kw, (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1


@alternative("max_pool")
class LoopsAndArgmax:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        out = np.empty((*x.shape[:2], oh, ow), x.dtype)
        for r in range(oh):
            for c in range(ow):
                window = x[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw]
                out[:, :, r, c] = window.max(axis=(2, 3))
        return out, (x.copy(), (kh, kw), stride, out.shape)

    def backward(dout, cache):
        x, (kh, kw), stride, shape = cache
        _same_shape(dout, shape)
        dx = np.zeros_like(x)
        for n, c, i, j in np.ndindex(shape):
            window = x[n, c, i * stride : i * stride + kh, j * stride : j * stride + kw]
            u, v = np.unravel_index(window.argmax(), window.shape)
            dx[n, c, i * stride + u, j * stride + v] += dout[n, c, i, j]
        return dx


@alternative("max_pool")
class FlatIndicesAndAddAt:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        views = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
        flat = views[:, :, ::stride, ::stride].reshape(*x.shape[:2], oh, ow, kh * kw)
        winner = flat.argmax(axis=-1)
        rows = np.arange(oh)[:, None] * stride + winner // kw
        columns = np.arange(ow) * stride + winner % kw
        out = np.take_along_axis(flat, winner[..., None], axis=-1)[..., 0]
        return out, {"places": rows * x.shape[3] + columns, "shape": x.shape}

    def backward(dout, cache):
        n, c, height, width = cache["shape"]
        _same_shape(dout, cache["places"].shape)
        dx = np.zeros((n * c, height * width), dout.dtype)
        which = np.arange(n * c)[:, None]
        np.add.at(dx, (which, cache["places"].reshape(n * c, -1)), dout.reshape(n * c, -1))
        return dx.reshape(n, c, height, width)


@alternative("max_pool")
class ShiftedCopies:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        shifts = [(i, j) for i in range(kh) for j in range(kw)]
        copies = [
            x[:, :, i : i + stride * oh : stride, j : j + stride * ow : stride][:, :, :oh, :ow]
            for i, j in shifts
        ]
        stack = np.stack(copies)
        return stack.max(axis=0), (stack.argmax(axis=0), shifts, stride, x.shape)

    def backward(dout, cache):
        winner, shifts, stride, shape = cache
        _same_shape(dout, winner.shape)
        dx, (oh, ow) = np.zeros(shape, dout.dtype), dout.shape[2:]
        for number, (i, j) in enumerate(shifts):
            here = np.s_[:, :, i : i + stride * (oh - 1) + 1 : stride,
                         j : j + stride * (ow - 1) + 1 : stride]  # fmt: skip
            dx[here] += dout * (winner == number)
        return dx


@alternative("max_pool")
class FirstOfEqualsByComparison:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        out = np.full((*x.shape[:2], oh, ow), -np.inf, x.dtype)
        for i in range(kh):
            for j in range(kw):
                part = x[:, :, i:, j:][:, :, ::stride, ::stride][:, :, :oh, :ow]
                out = np.maximum(out, part)
        return out, (x.copy(), out, kh, kw, stride)

    def backward(dout, cache):
        x, out, kh, kw, stride = cache
        _same_shape(dout, out.shape)
        dx, done = np.zeros_like(x), np.zeros(out.shape, bool)
        for i in range(kh):
            for j in range(kw):
                part = x[:, :, i:, j:][:, :, ::stride, ::stride][
                    ..., : out.shape[2], : out.shape[3]
                ]
                wins = (part == out) & ~done
                done |= wins
                target = dx[:, :, i:, j:][:, :, ::stride, ::stride]
                target[..., : out.shape[2], : out.shape[3]] += wins * dout
        return dx


@mutant("max_pool", says="it raised")
class OnlySquareWindows:
    def forward(x, kernel_size, stride):
        n, c, height, width = x.shape
        oh, ow = (height - kernel_size) // stride + 1, (width - kernel_size) // stride + 1
        out = np.empty((n, c, oh, ow), x.dtype)
        for r, k in np.ndindex(oh, ow):
            top, left = r * stride, k * stride
            out[:, :, r, k] = x[:, :, top : top + kernel_size, left : left + kernel_size].max(
                (2, 3)
            )
        return out, None

    def backward(dout, cache):
        return None


@mutant("max_pool", says="values differ")
class StartsFromZero(ShiftedCopies):
    def forward(x, kernel_size, stride):
        out, cache = ShiftedCopies.forward(x, kernel_size, stride)
        return np.maximum(out, 0), cache

    def backward(dout, cache):
        return ShiftedCopies.backward(dout, cache)


@mutant("max_pool", says="it returned None")
class BackwardWithoutReturn(ShiftedCopies):
    def forward(x, kernel_size, stride):
        return ShiftedCopies.forward(x, kernel_size, stride)

    def backward(dout, cache):
        ShiftedCopies.backward(dout, cache)


@alternative("max_pool")
class RemembersTheImageItself(FirstOfEqualsByComparison):
    def forward(x, kernel_size, stride):
        out, cache = FirstOfEqualsByComparison.forward(x, kernel_size, stride)
        return out, (x, *cache[1:])

    def backward(dout, cache):
        return FirstOfEqualsByComparison.backward(dout, cache)


@mutant("max_pool", says="Where windows overlap")
class AssignsInsteadOfAdding(LoopsAndArgmax):
    def forward(x, kernel_size, stride):
        return LoopsAndArgmax.forward(x, kernel_size, stride)

    def backward(dout, cache):
        x, (kh, kw), stride, shape = cache
        dx = np.zeros_like(x)
        for i in range(shape[2]):
            for j in range(shape[3]):
                here = np.s_[:, :, i * stride : i * stride + kh, j * stride : j * stride + kw]
                flat = x[here].reshape(*shape[:2], -1)
                first = np.arange(flat.shape[-1]) == flat.argmax(axis=-1)[..., None]
                dx[here] = (first * dout[:, :, i, j, None]).reshape(x[here].shape)
        return dx


@alternative("avg_pool")
class AverageByLoops:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        out = np.empty((*x.shape[:2], oh, ow), x.dtype)
        for r in range(oh):
            for c in range(ow):
                window = x[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw]
                out[:, :, r, c] = window.mean(axis=(2, 3))
        return out, (x.shape, kh, kw, stride, out.shape)

    def backward(dout, cache):
        shape, kh, kw, stride, out_shape = cache
        _same_shape(dout, out_shape)
        dx = np.zeros(shape, dout.dtype)
        for r in range(dout.shape[2]):
            for c in range(dout.shape[3]):
                share = dout[:, :, r, c, None, None] / (kh * kw)
                dx[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw] += share
        return dx


@alternative("avg_pool")
class AverageByWindows:
    def forward(x, kernel_size, stride):
        kh, kw, *_ = _pool_size(x, kernel_size, stride)
        views = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
        out = views[:, :, ::stride, ::stride].mean(axis=(4, 5), dtype=x.dtype)
        return out, {"shape": x.shape, "kernel": (kh, kw), "stride": stride, "out": out.shape}

    def backward(dout, cache):
        (kh, kw), stride = cache["kernel"], cache["stride"]
        _same_shape(dout, cache["out"])
        dx, (oh, ow) = np.zeros(cache["shape"], dout.dtype), dout.shape[2:]
        share = dout / dout.dtype.type(kh * kw)
        for i, j in np.ndindex(kh, kw):
            dx[:, :, i : i + stride * (oh - 1) + 1 : stride,
               j : j + stride * (ow - 1) + 1 : stride] += share  # fmt: skip
        return dx


@alternative("avg_pool")
class AverageByMatrices:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        down, across = np.zeros((oh, x.shape[2]), x.dtype), np.zeros((ow, x.shape[3]), x.dtype)
        for r in range(oh):
            down[r, r * stride : r * stride + kh] = 1 / kh
        for c in range(ow):
            across[c, c * stride : c * stride + kw] = 1 / kw
        return down @ x @ across.T, (down, across, x.shape[:2])

    def backward(dout, cache):
        down, across, front = cache
        _same_shape(dout, (*front, len(down), len(across)))
        return down.T @ dout @ across


@alternative("avg_pool")
class AverageByCumulativeSums:
    def forward(x, kernel_size, stride):
        kh, kw, oh, ow = _pool_size(x, kernel_size, stride)
        sums = np.zeros((*x.shape[:2], x.shape[2] + 1, x.shape[3] + 1))
        sums[:, :, 1:, 1:] = x.cumsum(axis=2, dtype=np.float64).cumsum(axis=3)
        top, left = np.arange(oh)[:, None] * stride, np.arange(ow) * stride
        total = (sums[:, :, top + kh, left + kw] - sums[:, :, top, left + kw]
                 - sums[:, :, top + kh, left] + sums[:, :, top, left])  # fmt: skip
        return (total / (kh * kw)).astype(x.dtype), (x.shape, (kh, kw), stride, (oh, ow))

    def backward(dout, cache):
        shape, (kh, kw), stride, (oh, ow) = cache
        _same_shape(dout, (*shape[:2], oh, ow))
        dx = np.zeros(shape, dout.dtype)
        for r in range(shape[2]):
            for c in range(shape[3]):
                rows = [i for i in range(oh) if i * stride <= r < i * stride + kh]
                columns = [j for j in range(ow) if j * stride <= c < j * stride + kw]
                for i in rows:
                    dx[:, :, r, c] += dout[:, :, i, columns].sum(axis=-1) / (kh * kw)
        return dx


@mutant("avg_pool", says="has dtype float64, expected float32")
class AveragePromotes(AverageByLoops):
    def forward(x, kernel_size, stride):
        out, cache = AverageByLoops.forward(x, kernel_size, stride)
        return out.astype(float), cache

    def backward(dout, cache):
        return AverageByLoops.backward(dout, cache)


@mutant("avg_pool", says="this call cannot work, yet it returned")
class AverageOfAnything(AverageByLoops):
    def forward(x, kernel_size, stride):
        if x.dtype.kind != "f":
            x = x.astype(float)
        return AverageByLoops.forward(x, kernel_size, max(1, stride))

    def backward(dout, cache):
        return AverageByLoops.backward(dout, cache)


@mutant("max_pool", says="Called with 2×3×5×5 x, kernel_size=2, stride=2, 1×3×2×2 dout")
class BroadcastsIntoTheMaximum(ShiftedCopies):
    def forward(x, kernel_size, stride):
        return ShiftedCopies.forward(x, kernel_size, stride)

    def backward(dout, cache):
        if dout.shape[2:] != cache[0].shape[2:]:
            raise ValueError("dout has not the shape of out")
        return ShiftedCopies.backward(np.broadcast_to(dout, cache[0].shape), cache)


@mutant("avg_pool", says="Called with 2×3×5×5 x, kernel_size=2, stride=2, 3×2×2×2 dout")
class ReshapesTheGradient(AverageByWindows):
    def forward(x, kernel_size, stride):
        return AverageByWindows.forward(x, kernel_size, stride)

    def backward(dout, cache):
        if dout.size != np.prod(cache["out"]):
            raise ValueError("dout has not the size of out")
        return AverageByWindows.backward(dout.reshape(cache["out"]), cache)


@mutant("avg_pool", says="Each kernel pixel overwrites")
class AssignsShares(AverageByWindows):
    def forward(x, kernel_size, stride):
        return AverageByWindows.forward(x, kernel_size, stride)

    def backward(dout, cache):
        (kh, kw), stride = cache["kernel"], cache["stride"]
        dx, (oh, ow) = np.zeros(cache["shape"], dout.dtype), dout.shape[2:]
        for i, j in np.ndindex(kh, kw):
            dx[:, :, i : i + stride * (oh - 1) + 1 : stride,
               j : j + stride * (ow - 1) + 1 : stride] = dout / (kh * kw)  # fmt: skip
        return dx


@mutant("max_pool", says="gets the gradient of the last one alone")
class AssignsToIndices(FlatIndicesAndAddAt):
    def forward(x, kernel_size, stride):
        return FlatIndicesAndAddAt.forward(x, kernel_size, stride)

    def backward(dout, cache):
        n, c, height, width = cache["shape"]
        dx = np.zeros((n * c, height * width), dout.dtype)
        dx[np.arange(n * c)[:, None], cache["places"].reshape(n * c, -1)] += dout.reshape(n * c, -1)
        return dx.reshape(n, c, height, width)


def _few_stops(x, kernel_size, stride):
    kh, kw, *_ = _pool_size(x, kernel_size, stride)
    height, width = x.shape[2:]
    return np.s_[:, :, : (height - kh + 1) // stride, : (width - kw + 1) // stride]


@mutant("max_pool", says="The + 1 stands inside the division")
class FewMaxima(LoopsAndArgmax):
    def forward(x, kernel_size, stride):
        out, cache = LoopsAndArgmax.forward(x, kernel_size, stride)
        return out[_few_stops(x, kernel_size, stride)].copy(), cache

    def backward(dout, cache):
        return LoopsAndArgmax.backward(dout, cache)


@mutant("avg_pool", says="On the way back: The + 1 stands inside the division")
class FewSharesBack(AverageByWindows):
    def forward(x, kernel_size, stride):
        out, cache = AverageByWindows.forward(x, kernel_size, stride)
        return out, (cache, _few_stops(x, kernel_size, stride))

    def backward(dout, cache):
        cache, stops = cache
        seen = np.zeros_like(dout)
        seen[stops] = dout[stops]
        return AverageByWindows.backward(seen, cache)


# global_avg_pool -------------------------------------------------------------------------------


@alternative("global_avg_pool")
class MeanAndBroadcast:
    def forward(x):
        _checked(x)
        return x.mean(axis=(2, 3)), x.shape

    def backward(dout, shape):
        _same_shape(dout, tuple(shape[:2]))
        share = dout[:, :, None, None] / (shape[2] * shape[3])
        return np.broadcast_to(share, shape).copy()


@alternative("global_avg_pool")
class FlattenAndRepeat:
    def forward(x):
        _checked(x)
        return x.reshape(*x.shape[:2], -1).mean(axis=-1), np.zeros_like(x)

    def backward(dout, cache):
        _same_shape(dout, cache.shape[:2])
        size = cache[0, 0].size
        return np.repeat(dout / size, size).reshape(cache.shape).astype(dout.dtype)


@alternative("global_avg_pool")
class EinsumOfOnes:
    def forward(x):
        _checked(x)
        return np.einsum("nchw->nc", x) / x.dtype.type(x[0, 0].size), list(x.shape)

    def backward(dout, cache):
        _same_shape(dout, tuple(cache[:2]))
        weights = np.full(cache[2:], 1 / (cache[2] * cache[3]), dout.dtype)
        return np.einsum("nc,hw->nchw", dout, weights)


@alternative("global_avg_pool")
class MapByMap:
    def forward(x):
        _checked(x)
        out = np.zeros(x.shape[:2], x.dtype)
        for n, c in np.ndindex(out.shape):
            out[n, c] = x[n, c].sum() / x[n, c].size
        return out, (x.shape,)

    def backward(dout, cache):
        (shape,) = cache
        _same_shape(dout, shape[:2])
        dx = np.empty(shape, dout.dtype)
        for n, c in np.ndindex(dout.shape):
            dx[n, c] = dout[n, c] / (shape[2] * shape[3])
        return dx


@mutant("global_avg_pool", says="dtype")
class GlobalInDouble(MeanAndBroadcast):
    def forward(x):
        return x.mean(axis=(2, 3), dtype=np.float64), x.shape

    def backward(dout, shape):
        return MeanAndBroadcast.backward(dout, shape)


@mutant("global_avg_pool", says="Called with 2×3×5×5 x, 1×3 dout")
class GlobalBroadcast(MeanAndBroadcast):
    def forward(x):
        return MeanAndBroadcast.forward(x)

    def backward(dout, shape):
        if dout.ndim != 2 or dout.shape[1] not in (1, shape[1]):
            raise ValueError("dout has not the shape (N, C)")
        return MeanAndBroadcast.backward(np.broadcast_to(dout, shape[:2]), shape)


@mutant("global_avg_pool", says="check x yourself")
class UnpacksWithoutAWord(MeanAndBroadcast):
    def forward(x):
        n, c, _, _ = x.shape
        return x.reshape(n, c, -1).mean(axis=-1), x.shape

    def backward(dout, shape):
        return MeanAndBroadcast.backward(dout, shape)


# im2col, col2im --------------------------------------------------------------------------------


def _geometry(shape, kernel_size, stride, padding, dilation):
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    _whole(stride=stride, padding=padding, dilation=dilation, kernel_size=kh)
    _whole(kernel_size=kw)
    if min(kh, kw) < 1:
        raise ValueError("the kernel is empty")
    if stride < 1:
        raise ValueError("stride must be at least 1")
    if padding < 0:
        raise ValueError("padding must be at least 0")
    if dilation < 1:
        raise ValueError("dilation must be at least 1")
    if len(shape) != 4:
        raise ValueError(f"x must have four axes, got shape {shape}")
    oh = (shape[2] + 2 * padding - dilation * (kh - 1) - 1) // stride + 1
    ow = (shape[3] + 2 * padding - dilation * (kw - 1) - 1) // stride + 1
    if oh < 1 or ow < 1:
        raise ValueError("the kernel does not fit")
    return kh, kw, oh, ow


@alternative("im2col")
def window_by_window(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, stride, padding, dilation)
    padded = _bordered(x, padding)
    columns = []
    for r in range(oh):
        for c in range(ow):
            rows = r * stride + dilation * np.arange(kh)
            across = c * stride + dilation * np.arange(kw)
            columns.append(padded[:, :, rows[:, None], across].reshape(len(x), -1))
    return np.stack(columns, axis=-1)


@alternative("im2col")
def pixel_of_the_kernel_by_pixel(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, stride, padding, dilation)
    padded = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    out = np.empty((*x.shape[:2], kh, kw, oh, ow), x.dtype)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dilation, j * dilation
            out[:, :, i, j] = padded[:, :, top : top + stride * oh : stride,
                                     left : left + stride * ow : stride]  # fmt: skip
    return out.reshape(len(x), -1, oh * ow)


@alternative("im2col")
def by_sliding_windows(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, stride, padding, dilation)
    reach = (dilation * (kh - 1) + 1, dilation * (kw - 1) + 1)
    views = np.lib.stride_tricks.sliding_window_view(_bordered(x, padding), reach, axis=(2, 3))
    views = views[:, :, ::stride, ::stride, ::dilation, ::dilation]
    return views.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), -1, oh * ow)


@alternative("im2col")
def by_index_arrays(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, stride, padding, dilation)
    rows = np.add.outer(dilation * np.arange(kh).repeat(kw), stride * np.arange(oh).repeat(ow))
    columns = np.add.outer(
        np.tile(dilation * np.arange(kw), kh), np.tile(stride * np.arange(ow), oh)
    )
    return _bordered(x, padding)[:, :, rows, columns].reshape(len(x), -1, oh * ow)


@mutant("im2col", says="has dtype float64, expected float32")
def unfolds_in_double(x, kernel_size, **options):
    return pixel_of_the_kernel_by_pixel(x.astype(np.float64), kernel_size, **options)


@mutant("im2col", says="it raised TypeError")
def knows_only_square_windows(x, kernel_size, **options):
    return pixel_of_the_kernel_by_pixel(x, (int(kernel_size), int(kernel_size)), **options)


@mutant("im2col", says="this call cannot work, yet it returned an array of shape")
def rounds_the_stride(x, kernel_size, *, stride=1, padding=0, dilation=1):
    options = {"padding": padding, "dilation": dilation, "stride": int(stride)}
    return by_index_arrays(x, kernel_size, **options)


@mutant("im2col", says="check kernel_size yourself")
def names_the_size_alone(x, kernel_size, **options):
    try:
        return by_index_arrays(x, kernel_size, **options)
    except ValueError as error:
        raise ValueError(str(error).replace("kernel", "window")) from None


@mutant("im2col", says="The + 1 stands inside the division")
def few_columns(x, kernel_size, *, stride=1, padding=0, dilation=1):
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, **options)
    height, width = (
        (n + 2 * padding - dilation * (k - 1)) // stride
        for n, k in zip(x.shape[2:], (kh, kw), strict=True)
    )
    all_of_them = by_index_arrays(x, kernel_size, **options).reshape(len(x), -1, oh, ow)
    rows = all_of_them.shape[1]
    return all_of_them[..., :height, :width].reshape(len(x), rows, height * width)


@mutant("im2col", says="The dilation is missing, though the number of windows is right")
def reads_without_dilation(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _geometry(x.shape, kernel_size, stride, padding, dilation)
    padded = _bordered(x, padding)
    out = np.empty((*x.shape[:2], kh, kw, oh, ow), x.dtype)
    for i, j in np.ndindex(kh, kw):
        out[:, :, i, j] = padded[:, :, i : i + stride * (oh - 1) + 1 : stride,
                                 j : j + stride * (ow - 1) + 1 : stride]  # fmt: skip
    return out.reshape(len(x), -1, oh * ow)


def _fold_size(columns, x_shape, kernel_size, stride, padding, dilation):
    kh, kw, oh, ow = _geometry(x_shape, kernel_size, stride, padding, dilation)
    if columns.shape != (x_shape[0], x_shape[1] * kh * kw, oh * ow):
        raise ValueError(f"columns have shape {columns.shape}, which does not match")
    return kh, kw, oh, ow


@alternative("col2im")
def adds_slices(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _fold_size(columns, x_shape, kernel_size, stride, padding, dilation)
    n, c, height, width = x_shape
    six = columns.reshape(n, c, kh, kw, oh, ow)
    out = np.zeros((n, c, height + 2 * padding, width + 2 * padding), columns.dtype)
    for i in range(kh):
        for j in range(kw):
            out[:, :, i * dilation : i * dilation + stride * oh : stride,
                j * dilation : j * dilation + stride * ow : stride] += six[:, :, i, j]  # fmt: skip
    return out[:, :, padding : padding + height, padding : padding + width]


@alternative("col2im")
def adds_windows(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, _, ow = _fold_size(columns, x_shape, kernel_size, stride, padding, dilation)
    n, c, height, width = x_shape
    out = np.zeros((n, c, height + 2 * padding, width + 2 * padding), columns.dtype)
    for number in range(columns.shape[2]):
        r, across = divmod(number, ow)
        rows = slice(r * stride, r * stride + dilation * (kh - 1) + 1, dilation)
        places = slice(across * stride, across * stride + dilation * (kw - 1) + 1, dilation)
        out[:, :, rows, places] += columns[:, :, number].reshape(n, c, kh, kw)
    return np.ascontiguousarray(out[:, :, padding : padding + height, padding : padding + width])


@alternative("col2im")
def adds_at_indices(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw, oh, ow = _fold_size(columns, x_shape, kernel_size, stride, padding, dilation)
    n, c, height, width = x_shape
    rows = np.add.outer(dilation * np.arange(kh).repeat(kw), stride * np.arange(oh).repeat(ow))
    across = np.add.outer(
        np.tile(dilation * np.arange(kw), kh), np.tile(stride * np.arange(ow), oh)
    )
    out = np.zeros((n, c, height + 2 * padding, width + 2 * padding), columns.dtype)
    np.add.at(out, np.s_[:, :, rows, across], columns.reshape(n, c, kh * kw, oh * ow))
    return out[:, :, padding : padding + height, padding : padding + width].copy()


@alternative("col2im")
def by_the_adjoint_of_unit_images(columns, x_shape, kernel_size, **options):
    one = np.eye(x_shape[2] * x_shape[3], dtype=columns.dtype).reshape(-1, 1, *x_shape[2:])
    stride, padding, dilation = (options.get(n, d) for n, d in zip(
        ("stride", "padding", "dilation"), (1, 0, 1), strict=True))  # fmt: skip
    _fold_size(columns, x_shape, kernel_size, stride, padding, dilation)
    units = pixel_of_the_kernel_by_pixel(one, kernel_size, **options)
    flat = columns.reshape(x_shape[0] * x_shape[1], -1) @ units.reshape(len(units), -1).T
    return flat.reshape(x_shape)


@mutant("col2im", says="it raised ValueError")
def cuts_with_minus_zero(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    larger = (*x_shape[:2], *(n + 2 * padding for n in x_shape[2:]))
    out = adds_slices(columns, larger, kernel_size, stride=stride, dilation=dilation)
    if padding == 0:
        raise ValueError("could not broadcast: the slice [0:-0] is empty")
    return out[:, :, padding:-padding, padding:-padding]


@mutant("col2im", says="Called with 1×6×4 columns")
def turns_columns_round(columns, x_shape, kernel_size, **options):
    if columns.ndim == 3 and columns.shape == (1, 6, 4):
        columns = columns.swapaxes(1, 2)
    return adds_slices(columns, x_shape, kernel_size, **options)


@mutant("col2im", says="Called with 1×2×12 columns")
def takes_any_shape(columns, x_shape, kernel_size, **options):
    if columns.size == 24 and columns.shape == (1, 2, 12):
        columns = columns.reshape(1, 4, 6)
    return adds_slices(columns, x_shape, kernel_size, **options)


@mutant("col2im", says="[p:-p] is empty where the padding p is 0")
def cuts_from_the_end(columns, x_shape, kernel_size, *, padding=0, **options):
    larger = (*x_shape[:2], *(n + 2 * padding for n in x_shape[2:]))
    out = adds_slices(columns, larger, kernel_size, **options)
    return out[:, :, padding:-padding, padding:-padding]


# conv_matrix -----------------------------------------------------------------------------------


def _fits(kernel, input_shape):
    if kernel.ndim != 2:
        raise ValueError(f"kernel must have two axes, got shape {kernel.shape}")
    if kernel.dtype.kind != "f":
        raise ValueError("the kernel must be of floats")
    oh, ow = (n - k + 1 for n, k in zip(input_shape, kernel.shape, strict=True))
    if oh < 1 or ow < 1:
        raise ValueError("the kernel is larger than the input")
    return oh, ow


@alternative("conv_matrix")
def row_by_row(kernel, input_shape):
    oh, ow = _fits(kernel, input_shape)
    matrix = np.zeros((oh * ow, input_shape[0] * input_shape[1]), kernel.dtype)
    for r in range(oh):
        for c in range(ow):
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    matrix[r * ow + c, (r + i) * input_shape[1] + c + j] = kernel[i, j]
    return matrix


@alternative("conv_matrix")
def pastes_the_kernel_into_an_image(kernel, input_shape):
    oh, ow = _fits(kernel, input_shape)
    rows = []
    for place in range(oh * ow):
        image = np.zeros(input_shape, kernel.dtype)
        r, c = divmod(place, ow)
        image[r : r + kernel.shape[0], c : c + kernel.shape[1]] = kernel
        rows.append(image.ravel())
    return np.array(rows)


@alternative("conv_matrix")
def unit_images(kernel, input_shape):
    oh, ow = _fits(kernel, input_shape)
    units = np.eye(input_shape[0] * input_shape[1], dtype=kernel.dtype).reshape(-1, *input_shape)
    windows = np.lib.stride_tricks.sliding_window_view(units, kernel.shape, axis=(1, 2))
    return np.einsum("uhwij,ij->hwu", windows, kernel).reshape(oh * ow, -1)


@alternative("conv_matrix")
def blocks_of_blocks(kernel, input_shape):
    oh, ow = _fits(kernel, input_shape)
    width = input_shape[1]
    matrix = np.zeros((oh, ow, input_shape[0], width), kernel.dtype)
    for i, row in enumerate(kernel):
        block = sum(value * np.eye(ow, width, j, dtype=kernel.dtype) for j, value in enumerate(row))
        for r in range(oh):
            matrix[r, :, r + i, :] = block
    return matrix.reshape(oh * ow, -1)


@mutant("conv_matrix", says="the result has shape")
def keeps_four_axes(kernel, input_shape):
    oh, ow = _fits(kernel, input_shape)
    return row_by_row(kernel, input_shape).reshape(oh, ow, *input_shape)


# conv_transpose2d ------------------------------------------------------------------------------


def _stamped_size(x, w, stride, padding):
    _whole(stride=stride, padding=padding)
    if stride < 1:
        raise ValueError("stride must be at least 1")
    if padding < 0:
        raise ValueError("padding must be at least 0")
    if x.ndim != 4 or w.ndim != 4:
        raise ValueError("x and w must have four axes")
    if x.shape[1] != w.shape[0]:
        raise ValueError("the channels of x and w do not match")
    height, width = (stride * (n - 1) + k for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
    if min(height, width) <= 2 * padding:
        raise ValueError("padding leaves nothing")
    return height, width


@alternative("conv_transpose2d")
def stamps(x, w, *, stride=1, padding=0):
    height, width = _stamped_size(x, w, stride, padding)
    out = np.zeros((len(x), w.shape[1], height, width), x.dtype)
    kh, kw = w.shape[2:]
    for r in range(x.shape[2]):
        for c in range(x.shape[3]):
            stamp = np.tensordot(x[:, :, r, c], w, 1)
            out[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw] += stamp
    return out[:, :, padding : height - padding, padding : width - padding]


@alternative("conv_transpose2d")
def zeros_between_then_flipped(x, w, *, stride=1, padding=0):
    _stamped_size(x, w, stride, padding)
    kh, kw = w.shape[2:]
    spread = np.zeros((*x.shape[:2], *(stride * (n - 1) + 1 for n in x.shape[2:])), x.dtype)
    spread[:, :, ::stride, ::stride] = x
    spread = np.pad(spread, [(0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)])
    windows = np.lib.stride_tricks.sliding_window_view(spread, (kh, kw), axis=(2, 3))
    out = np.einsum("nchwij,cfij->nfhw", windows, w[:, :, ::-1, ::-1])
    return out[:, :, padding : out.shape[2] - padding, padding : out.shape[3] - padding]


@alternative("conv_transpose2d")
def weight_by_weight(x, w, *, stride=1, padding=0):
    height, width = _stamped_size(x, w, stride, padding)
    out = np.zeros((len(x), w.shape[1], height, width), x.dtype)
    for i, j in np.ndindex(*w.shape[2:]):
        here = np.s_[:, :, i : i + stride * (x.shape[2] - 1) + 1 : stride,
                     j : j + stride * (x.shape[3] - 1) + 1 : stride]  # fmt: skip
        out[here] += np.einsum("nchw,cf->nfhw", x, w[:, :, i, j])
    return out[:, :, padding : height - padding, padding : width - padding].copy()


@alternative("conv_transpose2d")
def folds_columns(x, w, *, stride=1, padding=0):
    height, width = _stamped_size(x, w, stride, padding)
    columns = np.einsum("cfij,nchw->nfijhw", w, x)
    n, f, kh, kw = columns.shape[:4]
    shape = (n, f, height - 2 * padding, width - 2 * padding)
    flat = columns.reshape(n, f * kh * kw, -1)
    return adds_slices(flat, shape, (kh, kw), stride=stride, padding=padding)


@mutant("conv_transpose2d", says="this call cannot work, yet it returned")
def cuts_everything_off(x, w, *, stride=1, padding=0):
    _whole(stride=stride, padding=padding)
    if stride < 1 or padding < 0:
        raise ValueError("stride or padding out of range")
    if x.ndim != 4 or x.shape[1] != w.shape[0]:
        raise ValueError("shapes of x and w do not match")
    large = stamps(np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)]), w, stride=stride)
    edge = stride + padding
    return large[:, :, edge : max(edge, large.shape[2] - edge), edge : large.shape[3] - edge]


@mutant("conv_transpose2d", says="In this case: The bank is read as (OC, C, KH, KW)")
def reads_filters_first(x, w, *, stride=1, padding=0):
    return stamps(x, w.swapaxes(0, 1), stride=stride, padding=padding)


@mutant("conv_transpose2d", says="The stride is missing: the stamp of pixel")
def stamps_side_by_side(x, w, *, stride=1, padding=0):
    height, width = _stamped_size(x, w, stride, padding)
    out = np.zeros((len(x), w.shape[1], height, width), x.dtype)
    for r, c in np.ndindex(x.shape[2:]):
        out[:, :, r : r + w.shape[2], c : c + w.shape[3]] += np.tensordot(x[:, :, r, c], w, 1)
    return out[:, :, padding : height - padding, padding : width - padding]


# numeric_gradient ------------------------------------------------------------------------------


def _checked_step(x, h):
    if h <= 0:
        raise ValueError(f"the step h must be above 0, got {h}")
    if x.dtype.kind != "f":
        raise ValueError("x must be of floats")


@alternative("numeric_gradient")
def puts_each_entry_back(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    x, gradient = x.copy(), np.zeros_like(x)
    for place in np.ndindex(x.shape):
        before = x[place]
        x[place] = before + h
        above = np.array(f(x))
        x[place] = before - h
        below = np.array(f(x))
        x[place] = before
        gradient[place] = np.sum((above - below) * df) / (2 * h)
    return gradient


@alternative("numeric_gradient")
def steps_with_unit_vectors(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    units = h * np.eye(x.size).reshape(x.size, *x.shape)
    slopes = [((f(x + u) - f(x - u)) * df / (2 * h)).sum() for u in units]
    return np.array(slopes).reshape(x.shape)


@alternative("numeric_gradient")
def with_nditer(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    work = np.array(x)
    gradient = np.empty_like(work)
    places = np.nditer(work, flags=["multi_index"])
    for _ in places:
        p = places.multi_index
        values = []
        for sign in (1, -1):
            moved = work.copy()
            moved[p] += sign * h
            values.append(np.asarray(f(moved)) * df)
        gradient[p] = (values[0].sum() - values[1].sum()) / (2 * h)
    return gradient


@mutant("numeric_gradient", says="The points are not h away from x")
def five_points(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    gradient = np.zeros(x.shape)
    for place in np.ndindex(x.shape):

        def along(step, place=place):
            moved = x.copy()
            moved[place] += step
            return np.sum(f(moved) * df)

        gradient[place] = (8 * (along(h) - along(-h)) - along(2 * h) + along(-2 * h)) / (12 * h)
    return gradient


@mutant("numeric_gradient", says="changes its argument number 2")
def leaves_x_moved(f, x, df=1.0, h=1e-5):
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        gradient[place] = np.sum((above - f(x)) * df) / (2 * h)
        x[place] += 1.5 * h
    return gradient


@mutant("numeric_gradient", says="it raised")
def knows_one_axis_only(f, x, df=1.0, h=1e-5):
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = float(np.sum((f(up) - f(down)) * df)) / (2 * h) + 0 * x[i, 0]
    return gradient


@alternative("numeric_gradient")
def two_copies_of_x(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    gradient = np.zeros_like(x)
    for number in range(x.size):
        step = np.zeros(x.size)
        step[number] = h
        up, down = x + step.reshape(x.shape), x - step.reshape(x.shape)
        gradient.flat[number] = np.sum(df * (f(up) - f(down))) / (2 * h)
    return gradient


@mutant("numeric_gradient", says="f may give x itself, or a view of it")
def compares_views(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    x, gradient = x.copy(), np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = f(x)
        x[place] -= 2 * h
        gradient[place] = np.sum((above - f(x)) * df) / (2 * h)
        x[place] += h
    return gradient


@mutant("numeric_gradient", says="The points are not h away from x")
def has_a_step_of_its_own(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    return two_copies_of_x(f, x, df, 1e-5)


@mutant("numeric_gradient", says="stays at x - h while the next ones are tried")
def leaves_each_entry_below(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    x, gradient = x.copy(), np.zeros_like(x)
    for place in np.ndindex(x.shape):
        x[place] += h
        above = np.array(f(x))
        x[place] -= 2 * h
        gradient[place] = np.sum((above - f(x)) * df) / (2 * h)
    return gradient


@mutant("numeric_gradient", says="Whole rows are moved at once")
def counts_rows(f, x, df=1.0, h=1e-5):
    _checked_step(x, h)
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = np.sum((f(up) - f(down)) * df) / (2 * h)
    return gradient
