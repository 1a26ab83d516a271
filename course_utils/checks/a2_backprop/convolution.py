"""Check of the convolutional layer and its backward pass, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, W, X, batches, like
from course_utils.checks.changes import (
    args,
    fitted,
    flipped,
    result,
    transposed,
    where,
)
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.hints import MINUS_ZERO
from course_utils.checks.layers import ALSO, autograd, is_backward, is_forward, layer
from course_utils.checks.shapes import (
    ONE_INSIDE,
    ONE_SIDE_FOR_BOTH,
    ONE_TOO_FEW,
    ONE_TOO_MANY,
    stops_with_one_inside,
)

NAMES = ("dx", "dw", "db")


def _conv(x, w, b, dout=None, *, numeric=False, changed=False, **options):
    found = autograd(lambda *t: F.conv2d(*t, **options), (x, w, b), dout)
    return found if dout is None else dict(zip(NAMES, found, strict=True))


def _as_if(**wrong):
    """The gradients that a layer with other options would have, brought to the right shapes."""

    def suspect(x, w, b, dout, **options):
        changed = {**options, **wrong}
        out = _conv(x, w, b, **changed)
        given = np.zeros_like(out)
        height, width = (min(a, c) for a, c in zip(out.shape[2:], dout.shape[2:], strict=True))
        given[..., :height, :width] = dout[..., :height, :width]
        return _conv(x, w, b, given, **changed)

    return suspect


def _one(name, **wrong):
    """The same of the gradient of this name alone."""
    options = ("stride", "padding", "dilation")

    def change(found, x, w, b, dout, stride=1, padding=0, dilation=1):
        given = dict(zip(options, (stride, padding, dilation), strict=True))
        return _as_if(**wrong)(x, w, b, dout, **given)[name]

    return result(change, name)


def _stops_kept(images, stops=slice(None)):
    """dout with some images and stops alone; the stops are chosen by their number in row order."""

    def change(dout):
        chosen = np.zeros_like(dout).reshape(*dout.shape[:2], -1)
        chosen[images, :, stops] = dout.reshape(chosen.shape)[images, :, stops]
        return chosen.reshape(dout.shape)

    return args(only="dw", dout=change)


def _of_dout(change):
    """db as something that is made of dout."""
    return result(lambda db, dout: change(dout), "db")


def _last_overlap(dx, x, w, dout, stride=1, padding=0, dilation=1):
    """dx where each stop overwrites what the stops before it have left."""
    dx = np.zeros((*x.shape[:2], *(n + 2 * padding for n in x.shape[2:])), x.dtype)
    height, width = (dilation * (k - 1) + 1 for k in w.shape[2:])
    for r, c in np.ndindex(dout.shape[2:]):
        rows = slice(r * stride, r * stride + height, dilation)
        columns = slice(c * stride, c * stride + width, dilation)
        dx[:, :, rows, columns] = np.einsum("nf,fckl->nckl", dout[:, :, r, c], w)
    return dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]


def _fewer_stops(value, x, w, stride=1, padding=0, dilation=1):
    """An output, or dout, with as many stops as the + 1 inside the division leaves."""
    height, width = (
        stops_with_one_inside(n, k, stride=stride, padding=padding, dilation=dilation)
        for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    )
    return value[..., :height, :width]


def _seen_by_fewer(dout, x, w, stride=1, padding=0, dilation=1):
    seen = np.zeros_like(dout)
    part = _fewer_stops(dout, x, w, stride, padding, dilation)
    seen[..., : part.shape[2], : part.shape[3]] = part
    return seen


def _averaged(out, w, b):
    bias = b[:, None, None]
    return (out - bias) / w[0].size + bias


SHAPES = [(1, 1, 4, 5), (2, 3, 7, 6), (1, 2, 6, 9), (3, 1, 8, 5), (2, 2, 7, 7)]
KERNELS = [(1, 2, 2), (4, 3, 2), (2, 2, 3), (3, 3, 3)]


def _layers(rng, shapes, kernels, **options) -> Iterator[tuple]:
    for i, x in enumerate(batches(rng, shapes)):
        filters, height, width = kernels[i % len(kernels)]
        w = rng.normal(size=(filters, x.shape[1], height, width)).astype(x.dtype)
        b = rng.normal(size=filters).astype(x.dtype)
        for chosen in grid(**options):
            yield x, w, b, chosen


def _first() -> tuple:
    x, w = np.arange(12.0).reshape(1, 1, 3, 4), np.array([[[[1.0, 2], [3, 4]]]])
    return x, w, np.array([10.0])


def _forwards(rng) -> Iterator[Case]:
    yield case(*_first())
    for x, w, b, _ in _layers(rng, SHAPES, KERNELS):
        yield case(x, w, b)


def _forwards_with_options(rng) -> Iterator[Case]:
    x, w, b = _first()
    yield case(x, w, b, stride=2)
    yield case(x, w, b, padding=1)
    options = {"stride": [1, 2, 3], "padding": [0, 1], "dilation": [1, 2]}
    for x, w, b, chosen in _layers(rng, SHAPES[1:], KERNELS, **options):
        yield case(x, w, b, **chosen)


def _backwards(rng) -> Iterator[Case]:
    x, w, b = _first()
    yield case(x, w, b, np.arange(1.0, 7).reshape(1, 1, 2, 3))
    for x, w, b, _ in _layers(rng, SHAPES, KERNELS):
        yield case(x, w, b, like(rng, _conv(x, w, b)))


def _backwards_with_options(rng) -> Iterator[Case]:
    x, w, b = _first()
    yield case(x, w, b, np.array([[[[1.0, 2]]]]), stride=2)
    options = {"stride": [1, 2, 3], "padding": [0, 1], "dilation": [1, 2]}
    for x, w, b, chosen in _layers(rng, SHAPES[1:], KERNELS, **options):
        yield case(x, w, b, like(rng, _conv(x, w, b, **chosen)), **chosen)


def _slopes(rng) -> Iterator[Case]:
    options = [{}, {"stride": 2, "padding": 1}, {"stride": 2}, {"dilation": 2, "padding": 1}]
    for chosen in options:
        x, w = rng.normal(size=(1, 2, 5, 4)), rng.normal(size=(2, 2, 3, 2))
        b = rng.normal(size=2)
        dout = like(rng, _conv(x, w, b, **chosen))
        yield case(x, w, b, dout, numeric=True, **chosen)


def _changed(rng) -> Iterator[Case]:
    for kernel, chosen in [(3, {"padding": 1}), (2, {}), (1, {})]:
        x, w = rng.normal(size=(2, 2, 5, 4)), rng.normal(size=(3, 2, kernel, kernel))
        b = rng.normal(size=3)
        yield case(x, w, b, like(rng, _conv(x, w, b, **chosen)), changed=True, **chosen)


_X, _W, _B = np.ones((2, 3, 5, 5)), np.ones((4, 3, 3, 3)), np.ones(4)

# fmt: off
_FORWARD = {
    "The kernel is flipped: layers use cross-correlation, no flip.": args(w=flipped),
    "The bias is missing.": args(b=np.zeros_like),
    "The bias is added once for each channel, or each pixel of the kernel: add it once, after the "
    "sum.": result(lambda out, w, b: out + b[:, None, None] * (w[0].size - 1)),
    "The bias is added once for each input channel: add it once, after the sum.":
        result(lambda out, w, b: out + b[:, None, None] * (w.shape[1] - 1)),
    "The bias is subtracted; it is added.": args(b=np.negative),
    "All filters get the bias of the first: each has its own.":
        args(b=lambda b: np.full_like(b, b[0])),
    "The stride is ignored.": args(stride=1),
    "The padding is ignored.": args(padding=0),
    "The padding is 1, whatever the argument says.": args(padding=1),
    "The dilation is ignored.": args(dilation=1),
    "Only the first input channel is read: a filter goes through all of them.":
        args(x=lambda x: x[:, :1], w=lambda w: w[:, :1]),
    "Only the last input channel counts: = where += is meant.":
        args(x=lambda x: x[:, -1:], w=lambda w: w[:, -1:]),
    "Height and width of the result are exchanged.": result(transposed),
    "The products are averaged; they must be added up.": result(_averaged),
    "The kernel is transposed: its rows go down, its columns across.": args(w=transposed),
    "Only square kernels work: the result is all zero for the others.":
        result(lambda out, w: out * (w.shape[2] == w.shape[3])),
    f"{ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1.": result(_fewer_stops),
    **ONE_SIDE_FOR_BOTH,
    "The number of filters, F, is taken for a size of the kernel: w is (F, C, KH, KW).":
        result(lambda out, w: fitted(out, *(n + k - len(w) for n, k in
                                           zip(out.shape[2:], w.shape[2:], strict=True)))),
    **ONE_TOO_FEW,
    **ONE_TOO_MANY,
    "The result has as many channels as the input: each of the F filters gives one.":
        result(lambda out, x: np.resize(out, (len(out), x.shape[1], *out.shape[2:]))),
    "The batch is lost, or only the first image is computed: the result is (N, F, OH, OW).":
        result(lambda out: out[:1]),
}
_BACKWARD = {
    f"On the way back: {ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1. Or take it from the shape of "
    "dout.": args(dout=_seen_by_fewer),
    "dx: the kernel is not flipped. Going back, each input pixel collects from the outputs that it "
    "reached, so the kernel runs the other way round.": args(only="dx", w=flipped),
    "dx: where windows overlap, a later one overwrites the earlier ones. A pixel belongs to "
    "several windows: add with +=.": result(_last_overlap, "dx"),
    "dw: it is flipped. dw[i, j] belongs to w[i, j], which touched x[r + i, q + j].":
        result(flipped, "dw"),
    "The backward pass ignores the stride.": _as_if(stride=1),
    "The backward pass ignores the dilation.": _as_if(dilation=1),
    "The backward pass ignores the padding.": _as_if(padding=0),
    "The backward pass ignores both the stride and the dilation.": _as_if(stride=1, dilation=1),
    "dx: the stride is missing. Output r has read the pixels r·stride + i·dilation.":
        _one("dx", stride=1),
    "dx: the dilation is missing. Output r has read the pixels r·stride + i·dilation.":
        _one("dx", dilation=1),
    "dw: the stride is missing. For output r, w[i] has seen pixel r·stride + i·dilation.":
        _one("dw", stride=1),
    "dw: the dilation is missing. For output r, w[i] has seen pixel r·stride + i·dilation.":
        _one("dw", dilation=1),
    "dw: it is computed from the image without its padding; the forward has read the padded one.":
        _one("dw", padding=0),
    "dw: it is averaged over the batch; add over all images. The loss has divided already.":
        result(lambda dw, x: dw / len(x), "dw"),
    "dw: only the last image counts: = where += is meant.": _stops_kept(slice(-1, None)),
    "dw: only the first image of the batch counts; add over all of them.":
        _stops_kept(slice(0, 1)),
    "dw: only the last stop counts: = where += is meant. A weight works at every stop.":
        _stops_kept(slice(None), slice(-1, None)),
    "dw: only the last stop of the last image counts: = where += is meant.":
        _stops_kept(slice(-1, None), slice(-1, None)),
    "dw: its height and width are exchanged.": result(transposed, "dw"),
    "db: only the first image counts; add over the batch and all places.":
        _of_dout(lambda dout: dout[0].sum(axis=(1, 2))),
    "db: only the last image counts: = where += is meant.":
        _of_dout(lambda dout: dout[-1].sum(axis=(1, 2))),
    "db: it is one number for each filter: add over the batch and all places.":
        _of_dout(lambda dout: dout.sum(axis=(2, 3))),
    "db: it is summed over the batch only; one bias is added at every place too.":
        _of_dout(lambda dout: dout.sum(axis=0)),
    "db: it is summed over the wrong axes: keep the axis of the filters, the second one.":
        _of_dout(lambda dout: dout.sum(axis=(1, 2, 3))),
    "db: it is averaged over the places; the bias collects the sum.":
        result(lambda db, dout: db / dout[0, 0].size, "db"),
    "db: it is averaged over the batch and the places; the bias collects the sum.":
        _of_dout(lambda dout: dout.mean(axis=(0, 2, 3))),
    "db: it keeps axes of size 1: it has the shape of b, (F,).":
        _of_dout(lambda dout: dout.sum(axis=(0, 2, 3), keepdims=True)),
    "The gradients are divided by the size of the batch. That belongs to the loss, which has done "
    "it already.": args(dout=lambda dout: dout / len(dout)),
    "dx: the gradient has the wrong sign.": result(np.negative, "dx"),
    f"dx: {MINUS_ZERO}":
        result(lambda dx, padding=0: dx if padding else dx[:, :, :0, :0], "dx"),
    "dx: it is as large as the padded input. The border was yours, cut it off again.":
        args(only="dx", padding=0, x=lambda x, padding=0: np.pad(
            x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))),
}
_SUSPECTS = where(is_forward, _FORWARD) | where(is_backward, _BACKWARD)
# fmt: on

check_conv2d = Check(
    "conv2d",
    oracle=_conv,
    tool="torch.nn.functional.conv2d",
    parts={
        "forward": _forwards,
        "forward, stride and all": _forwards_with_options,
        "backward": _backwards,
        "backward, stride and all": _backwards_with_options,
        "numeric": _slopes,
        "cache": _changed,
    },
    suspects=_SUSPECTS,
    rejects=[
        rejection("stride", _X, _W, _B, stride=0),
        rejection("stride", _X, _W, _B, stride=1.5),
        rejection("padding", _X, _W, _B, padding=-1),
        rejection("dilation", _X, _W, _B, dilation=0),
        rejection(W, _X[:, :, :2], _W, _B),
        rejection(f"{W}|{X}|channel", _X, _W[:, :2], _B),
        rejection(W, _X, _W.reshape(4, 3, 9), _B),
        *(rejection("b\\b|bias", _X, _W, np.ones(shape)) for shape in [(2,), (1,), (2, 2), (4, 1)]),
        rejection(X, _X[0], _W, _B),
        rejection(X, _X.astype(int), _W, _B),
        rejection(f"{X}|batch", _X[:0], _W, _B),
        *(
            rejection(DOUT, _X, _W, _B, np.ones(shape))
            for shape in [(2, 4, 2, 3), (1, 4, 3, 3), (2, 1, 3, 3), (4, 2, 3, 3), (2, 4, 9)]
        ),
    ],
    arrange=layer(3, *NAMES),
    forbidden=NUMPY_ONLY,
    also=ALSO,
)
