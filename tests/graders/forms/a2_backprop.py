"""Mistakes in a2 as people make them, alone or two at once. Each stands alone: only NumPy above."""

import numpy as np

from graders.candidates import mutant


def _sizes(x, w, stride, padding, dilation):
    return [
        (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1
        for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    ]


def _windows(x, w, stride, padding, dilation):
    """The padded image, and what of it each stop sees."""
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kh, kw = (dilation * (k - 1) + 1 for k in w.shape[2:])
    oh, ow = _sizes(x, w, stride, padding, dilation)
    stops = {
        (r, c): np.s_[
            :,
            :,
            r * stride : r * stride + kh : dilation,
            c * stride : c * stride + kw : dilation,
        ]
        for r, c in np.ndindex(oh, ow)
    }
    return xp, stops, (oh, ow)


def _convolved(x, w, b, stride=1, padding=0, dilation=1):
    xp, stops, size = _windows(x, w, stride, padding, dilation)
    out = np.zeros((len(x), len(w), *size), x.dtype)
    for (r, c), here in stops.items():
        out[:, :, r, c] = np.einsum("nckl,fckl->nf", xp[here], w) + b
    return out


def _back(dout, x, w, stride, padding, dilation):
    """dxp, dw and db, all right."""
    xp, stops, _ = _windows(x, w, stride, padding, dilation)
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for (r, c), here in stops.items():
        dxp[here] += np.einsum("nf,fckl->nckl", dout[:, :, r, c], w)
        dw += np.einsum("nf,nckl->fckl", dout[:, :, r, c], xp[here])
    return dxp, dw, dout.sum(axis=(0, 2, 3))


def _kept(x, w, stride, padding, dilation):
    return np.array(x), np.array(w), stride, padding, dilation


# conv2d: of several results each is explained, whatever the others are ---------------------------


@mutant(
    "conv2d", "dx: [p:-p] is empty where the padding p is 0. Count from the front: [p : p + H].\n"
)
class EmptyAndOverTheBatch:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        kept = _kept(x, w, stride, padding, dilation)
        return _convolved(x, w, b, stride, padding, dilation), kept

    def backward(dout, cache):
        p = cache[3]
        dxp, dw, _ = _back(dout, *cache)
        return dxp[:, :, p:-p, p:-p], dw, dout.sum(axis=0)


@mutant("conv2d", "db: it is summed over the batch only; one bias is added at every place too.")
class OverTheBatchAndEmpty(EmptyAndOverTheBatch):
    forward = EmptyAndOverTheBatch.forward
    backward = EmptyAndOverTheBatch.backward


@mutant("conv2d", "db: only the first image counts; add over the batch and all places.")
class TwoGradientsWrong:
    forward = EmptyAndOverTheBatch.forward

    def backward(dout, cache):
        x, p = cache[0], cache[3]
        dxp, dw, _ = _back(dout, *cache)
        dx = dxp[:, :, p : p + x.shape[2], p : p + x.shape[3]]
        return dx, dw[..., ::-1, ::-1].copy(), dout[0].sum(axis=(1, 2))


@mutant("conv2d", "dw: it is flipped. dw[i, j] belongs to w[i, j]")
class FlippedAndWild:
    """One gradient that nobody foresaw silences none of the others."""

    forward = EmptyAndOverTheBatch.forward

    def backward(dout, cache):
        x = cache[0]
        _, dw, db = _back(dout, *cache)
        return np.cos(x), dw[..., ::-1, ::-1].copy(), db


@mutant("conv2d", "dw: it is averaged over the batch")
class MeansEverywhere:
    forward = EmptyAndOverTheBatch.forward

    def backward(dout, cache):
        x, p = cache[0], cache[3]
        dxp, dw, _ = _back(dout, *cache)
        n = x.dtype.type(len(x))
        return dxp[:, :, p : p + x.shape[2], p : p + x.shape[3]], dw / n, dout.mean(axis=(0, 2, 3))


@mutant("conv2d", "Two things at once: The stride is ignored.\n  and: The padding is ignored.")
class NeitherPaddingNorStride:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        kept = _kept(x, w, stride, padding, dilation)
        return _convolved(x, w, b, 1, 0, dilation), kept

    def backward(dout, cache):
        return _back(dout, *cache)


@mutant("conv2d", "The bias is added once for each channel, or each pixel of the kernel")
class BiasInsideTheSum:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        xp, stops, size = _windows(x, w, stride, padding, dilation)
        out = np.zeros((len(x), len(w), *size), x.dtype)
        for (r, c), here in stops.items():
            for f in range(len(w)):
                out[:, f, r, c] = (xp[here] * w[f] + b[f]).sum(axis=(1, 2, 3))
        return out, None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "By its shape: The width of the result is computed from the height")
class WidthFromHeight:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        height, _ = _sizes(x, w, stride, padding, dilation)
        return np.zeros((len(x), len(w), height, height), x.dtype), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "By its shape: The number of filters, F, is taken for a size of the kernel")
class FiltersForAKernel:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        k = w.shape[0]  # was to be w.shape[2]
        height, width = (
            (n + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for n in x.shape[2:]
        )
        return np.zeros((len(x), len(w), max(height, 0), max(width, 0)), x.dtype), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "Height and width of the result are exchanged.")
class HeightForWidth:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        return _convolved(x, w, b, stride, padding, dilation).swapaxes(2, 3).copy(), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "// gives an int.")
class Slash:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        height = (x.shape[2] + 2 * padding - w.shape[2]) / stride + 1
        return np.zeros((len(x), len(w), height, height)), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "np.zeros(shape) and np.ones(shape) are float64, whatever the input")
class DoublePrecision:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        xp, stops, size = _windows(x, w, stride, padding, dilation)
        out = np.zeros((len(x), len(w), *size))
        for (r, c), here in stops.items():
            out[:, :, r, c] = np.einsum("nckl,fckl->nf", xp[here], w) + b
        return out, None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "[p:-p] is empty where the padding p is 0.")
class WritesIntoNothing:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        p = padding
        xp = np.zeros((*x.shape[:2], x.shape[2] + 2 * p, x.shape[3] + 2 * p), x.dtype)
        xp[:, :, p:-p, p:-p] = x
        return _convolved(xp, w, b, stride, 0, dilation), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("conv2d", "The padding is 1, whatever the argument says.")
class AlwaysPadsByOne:
    def forward(x, w, b, *, stride=1, padding=0, dilation=1):
        return _convolved(x, w, b, stride, 1, dilation), None

    def backward(dout, cache):
        raise NotImplementedError


# im2col, col2im ----------------------------------------------------------------------------------


def _columns(x, kernel_size, stride=1, padding=0, dilation=1):
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    w = np.zeros((1, x.shape[1], kh, kw))
    xp, stops, _ = _windows(x, w, stride, padding, dilation)
    return np.stack([xp[here].reshape(len(x), -1) for here in stops.values()], axis=2)


@mutant("im2col", "Two things at once: The columns are rows")
def rows_without_dilation(x, kernel_size, *, stride=1, padding=0, dilation=1):
    return _columns(x, kernel_size, stride, padding).swapaxes(1, 2).copy()


@mutant("im2col", "The batch is lost: the result is (N, C·KH·KW, OH·OW).")
def first_image(x, kernel_size, *, stride=1, padding=0, dilation=1):
    return _columns(x, kernel_size, stride, padding, dilation)[0]


@mutant("im2col", "The channels stand on an axis of their own")
def channels_apart(x, kernel_size, *, stride=1, padding=0, dilation=1):
    columns = _columns(x, kernel_size, stride, padding, dilation)
    return columns.reshape(*x.shape[:2], -1, columns.shape[-1])


@mutant("im2col", "A size may come as one number or as a pair")
def unpacks_a_number(x, kernel_size, *, stride=1, padding=0, dilation=1):
    kh, kw = kernel_size
    return _columns(x, (kh, kw), stride, padding, dilation)


@mutant("col2im", "[p:-p] is empty where the padding p is 0.")
def cuts_with_minus(columns, x_shape, kernel_size, *, stride=1, padding=0, dilation=1):
    n, c, height, width = x_shape
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    p, shape = padding, (n, c, kh, kw)
    _, stops, _ = _windows(np.zeros(x_shape), np.zeros(shape), stride, padding, dilation)
    out = np.zeros((n, c, height + 2 * p, width + 2 * p), columns.dtype)
    for number, here in enumerate(stops.values()):
        out[here] += columns[:, :, number].reshape(shape)
    return out[:, :, p:-p, p:-p]


# pooling -----------------------------------------------------------------------------------------


def _pool(x, kernel_size, stride, reduce):
    kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
    return reduce(windows[:, :, ::stride, ::stride], axis=(-2, -1)).astype(x.dtype)


@mutant("max_pool", "The winner's place is split by the wrong side of the kernel")
class SplitByTheHeight:
    def forward(x, kernel_size, stride):
        return _pool(x, kernel_size, stride, np.max), (np.array(x), kernel_size, stride)

    def backward(dout, cache):
        x, kernel_size, stride = cache
        kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        dx = np.zeros((*x.shape[:2], x.shape[2] + 9, x.shape[3] + 9), x.dtype)
        for n, c, r, q in np.ndindex(dout.shape):
            top, left = r * stride, q * stride
            m = x[n, c, top : top + kh, left : left + kw].argmax()
            i, j = divmod(int(m), kh)
            dx[n, c, top + i, left + j] += dout[n, c, r, q]
        return dx[:, :, : x.shape[2], : x.shape[3]].copy()


@mutant("max_pool", "Negative numbers count as 0: the maximum so far does not start at 0.")
class StartsAtZero:
    def forward(x, kernel_size, stride):
        return np.maximum(_pool(x, kernel_size, stride, np.max), 0), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("avg_pool", "\n  and: The stride is taken to be the size of the kernel.")
class SumsAndJumps:
    def forward(x, kernel_size, stride):
        kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))
        return windows[:, :, ::kh, ::kw].sum(axis=(-2, -1)), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("global_avg_pool", "Two things at once: Going back, every pixel gets all of the gradient")
class WholeAndNegative:
    def forward(x):
        return x.mean(axis=(2, 3)), x.shape

    def backward(dout, cache):
        return np.ones(cache, dout.dtype) * dout[:, :, None, None] / dout.dtype.type(cache[1])


# relu, softmax_cross_entropy, conv_matrix, conv_transpose2d, numeric_gradient --------------------


@mutant("relu", "The gradient goes through where x was negative")
class WrongWayRound:
    def forward(x):
        return np.where(x > 0, x, 0).astype(x.dtype), np.array(x)

    def backward(dout, cache):
        return np.where(cache > 0, 0, dout).astype(dout.dtype)


@mutant("relu", "`if`, `and` and `or` want one True or False")
class AsksAnArray:
    def forward(x):
        return (x if x > 0 else 0), None

    def backward(dout, cache):
        raise NotImplementedError


@mutant("softmax_cross_entropy", "dlogits: ")
def two_results_wrong(logits, labels):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    y = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    return float(-np.log((p * y).sum(axis=1)).sum()), (y - p) / p.dtype.type(len(p))


@mutant("conv_transpose2d", "Two things at once: The kernel is not flipped.")
def correlates_and_keeps_the_border(x, w, *, stride=1, padding=0):
    n, _, height, width = x.shape
    kh, kw = w.shape[2:]
    out = np.zeros((n, w.shape[1], stride * (height - 1) + kh, stride * (width - 1) + kw), x.dtype)
    for r, c in np.ndindex(height, width):
        stamp = np.einsum("nc,cokl->nokl", x[:, :, r, c], w[..., ::-1, ::-1])
        out[:, :, r * stride : r * stride + kh, c * stride : c * stride + kw] += stamp
    return out


@mutant("numeric_gradient", "Two things at once: ")
def once_too_far_and_alone(f, x, df=1.0, h=1e-5):
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += h
        down[place] -= h
        found[place] = -np.sum((f(up) - f(down)) * df) / h
    return found
