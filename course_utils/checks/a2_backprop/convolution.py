"""Check of the convolutional layer and its backward pass, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, W, X, batches, like
from course_utils.checks.engine import Case, Check, case, grid, rejection
from course_utils.checks.layers import ALSO, autograd, layer
from course_utils.checks.shapes import ONE_INSIDE, stops_with_one_inside

NAMES = ("dx", "dw", "db")


def _conv(x, w, b, dout=None, *, numeric=False, changed=False, **options):
    found = autograd(lambda *t: F.conv2d(*t, **options), (x, w, b), dout)
    return found if dout is None else dict(zip(NAMES, found, strict=True))


def _forward(change):
    """A layer whose forward is wrong, and whose backward is right all the same."""

    def suspect(x, w, b, dout=None, **options):
        return change(x, w, b, **options) if dout is None else _conv(x, w, b, dout, **options)

    return suspect


def _backward(change):
    """A layer whose forward is right; `change` gets the right gradients and all arguments."""

    def suspect(x, w, b, dout=None, **options):
        found = _conv(x, w, b, dout, **options)
        return found if dout is None else {**found, **change(found, x, w, b, dout, **options)}

    return suspect


def _as_if(**wrong):
    """The gradients that a layer with other options would have, brought to the right shapes."""

    def change(found, x, w, b, dout, **options):
        changed = {**options, **wrong}
        out = _conv(x, w, b, **changed)
        given = np.zeros_like(out)
        height, width = (min(a, c) for a, c in zip(out.shape[2:], dout.shape[2:], strict=True))
        given[..., :height, :width] = dout[..., :height, :width]
        return _conv(x, w, b, given, **changed)

    return change


def _one(name, change):
    """Of what `change` gives, the gradient of this name alone."""
    return lambda *args, **options: {name: change(*args, **options)[name]}


def _dw_of(images, stops=slice(None)):
    """dw from some images and stops alone; the stops are chosen by their number in row order."""

    def change(found, x, w, b, dout, **options):
        chosen = np.zeros_like(dout).reshape(*dout.shape[:2], -1)
        chosen[images, :, stops] = dout.reshape(chosen.shape)[images, :, stops]
        return {"dw": _conv(x, w, b, chosen.reshape(dout.shape), **options)["dw"]}

    return change


def _minus_zero(found, x, w, b, dout, *, padding=0, **_):
    """What `[p:-p]` leaves of dx."""
    return {"dx": found["dx"] if padding else found["dx"][:, :, :0, :0]}


def _exchanged(x, w, b, **options):
    """Height and width of the kernel exchanged, where that makes a difference."""
    return _conv(x, np.ascontiguousarray(w.swapaxes(2, 3)), b, **options)


def _last_overlap(x, w, dout, *, stride=1, padding=0, dilation=1, **_):
    """dx where each stop overwrites what the stops before it have left."""
    dx = np.zeros((*x.shape[:2], *(n + 2 * padding for n in x.shape[2:])), x.dtype)
    height, width = (dilation * (k - 1) + 1 for k in w.shape[2:])
    for r, c in np.ndindex(dout.shape[2:]):
        rows = slice(r * stride, r * stride + height, dilation)
        columns = slice(c * stride, c * stride + width, dilation)
        dx[:, :, rows, columns] = np.einsum("nf,fckl->nckl", dout[:, :, r, c], w)
    return dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]].copy()


def _stops(x, w, **options):
    """Height and width of the output with the + 1 inside the division."""
    return (
        stops_with_one_inside(n, k, **options)
        for n, k in zip(x.shape[2:], w.shape[2:], strict=True)
    )


def _one_inside(x, w, b, **options):
    height, width = _stops(x, w, **options)
    return _conv(x, w, b, **options)[..., :height, :width].copy()


def _back_from_fewer(found, x, w, b, dout, *, numeric=False, changed=False, **options):
    """The gradients of a backward that counts its stops with the + 1 inside the division."""
    height, width = _stops(x, w, **options)
    seen = np.zeros_like(dout)
    seen[..., :height, :width] = dout[..., :height, :width]
    return _conv(x, w, b, seen, **options)


def _square_kernels(x, w, b, **options):
    if w.shape[2] != w.shape[3]:
        return np.zeros_like(_conv(x, w, b, **options))
    return _conv(x, w, b, **options)


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
    suspects={
        "The kernel is flipped: layers use cross-correlation, no flip.": _forward(
            lambda x, w, b, **o: _conv(x, w[..., ::-1, ::-1], b, **o)
        ),
        "The bias is missing.": _forward(lambda x, w, b, **o: _conv(x, w, 0 * b, **o)),
        "The stride is ignored.": _forward(
            lambda x, w, b, **o: _conv(x, w, b, **{**o, "stride": 1})
        ),
        "The padding is ignored.": _forward(
            lambda x, w, b, **o: _conv(x, w, b, **{**o, "padding": 0})
        ),
        "The dilation is ignored.": _forward(
            lambda x, w, b, **o: _conv(x, w, b, **{**o, "dilation": 1})
        ),
        "Only the first input channel is read: a filter goes through all of them.": _forward(
            lambda x, w, b, **o: _conv(x[:, :1], w[:, :1], b, **o)
        ),
        "Height and width of the result are exchanged.": _forward(
            lambda x, w, b, **o: np.ascontiguousarray(_conv(x, w, b, **o).swapaxes(2, 3))
        ),
        "The products are averaged; they must be added up.": _forward(
            lambda x, w, b, **o: (
                _conv(x, w, 0 * b, **o) / x.dtype.type(w[0].size) + b[:, None, None]
            )
        ),
        "The kernel is transposed: its rows go down, its columns across.": _forward(_exchanged),
        "Only square kernels work: the result is all zero for the others.": _forward(
            _square_kernels
        ),
        f"{ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1.": _forward(_one_inside),
        f"On the way back: {ONE_INSIDE} (H + 2p - d(KH-1) - 1) // s + 1. Or "
        "take it from the shape of dout.": _backward(_back_from_fewer),
        "dx: the kernel is not flipped. Going back, each input pixel collects from the outputs "
        "that it reached, so the kernel runs the other way round.": _backward(
            lambda f, x, w, b, dout, **o: {
                "dx": _conv(x, w[..., ::-1, ::-1].copy(), b, dout, **o)["dx"]
            }
        ),
        "dx: where windows overlap, a later one overwrites the earlier ones. A pixel belongs to "
        "several windows: add with +=.": _backward(
            lambda f, x, w, b, dout, **o: {"dx": _last_overlap(x, w, dout, **o)}
        ),
        "dw: it is flipped. dw[i, j] belongs to w[i, j], which touched x[r + i, q + j].": _backward(
            lambda f, *_, **o: {"dw": f["dw"][..., ::-1, ::-1].copy()}
        ),
        "The backward pass ignores the stride.": _backward(_as_if(stride=1)),
        "The backward pass ignores the dilation.": _backward(_as_if(dilation=1)),
        "The backward pass ignores both the stride and the dilation.": _backward(
            _as_if(stride=1, dilation=1)
        ),
        "dx: the stride is missing. Output r has read the pixels r·stride + i·dilation.": (
            _backward(_one("dx", _as_if(stride=1)))
        ),
        "dx: the dilation is missing. Output r has read the pixels r·stride + i·dilation.": (
            _backward(_one("dx", _as_if(dilation=1)))
        ),
        "dw: the stride is missing. For output r, w[i] has seen pixel r·stride + i·dilation.": (
            _backward(_one("dw", _as_if(stride=1)))
        ),
        "dw: the dilation is missing. For output r, w[i] has seen pixel r·stride + i·dilation.": (
            _backward(_one("dw", _as_if(dilation=1)))
        ),
        "dw: it is averaged over the batch; add over all images. The loss has divided already.": (
            _backward(lambda f, x, *_, **o: {"dw": f["dw"] / x.dtype.type(len(x))})
        ),
        "dw: only the last image counts: = where += is meant.": _backward(_dw_of(slice(-1, None))),
        "dw: only the last stop counts: = where += is meant. A weight works at every stop.": (
            _backward(_dw_of(slice(None), slice(-1, None)))
        ),
        "dw: only the last stop of the last image counts: = where += is meant.": _backward(
            _dw_of(slice(-1, None), slice(-1, None))
        ),
        "db: only the first image counts; add over the batch and all places.": _backward(
            lambda f, x, w, b, dout, **o: {"db": dout[0].sum(axis=(1, 2))}
        ),
        "db: only the last image counts: = where += is meant.": _backward(
            lambda f, x, w, b, dout, **o: {"db": dout[-1].sum(axis=(1, 2))}
        ),
        "db: it is one number for each filter: add over the batch and all places.": _backward(
            lambda f, x, w, b, dout, **o: {"db": dout.sum(axis=(2, 3))}
        ),
        "dx: [p:-p] is empty where the padding p is 0. Count from the front: [p : p + H].": (
            _backward(_minus_zero)
        ),
        "db: it is summed over the batch only; one bias is added at every place too.": _backward(
            lambda f, x, w, b, dout, **o: {"db": dout.sum(axis=0)}
        ),
        "db: it is summed over the wrong axes: keep the axis of the filters, the second one.": (
            _backward(lambda f, x, w, b, dout, **o: {"db": dout.sum(axis=(1, 2, 3))})
        ),
        "db: it is averaged over the places; the bias collects the sum.": _backward(
            lambda f, x, w, b, dout, **o: {"db": dout.mean(axis=(2, 3)).sum(axis=0)}
        ),
        "The gradients are divided by the size of the batch. That belongs to the loss, which has "
        "done it already.": _backward(
            lambda f, x, *_, **o: {n: g / x.dtype.type(len(x)) for n, g in f.items()}
        ),
        "dw: only the first image of the batch counts; add over all of them.": _backward(
            lambda f, x, w, b, dout, **o: {"dw": _conv(x[:1], w, b, dout[:1], **o)["dw"]}
        ),
        "dw: its height and width are exchanged.": _backward(
            lambda f, *_, **o: {"dw": np.ascontiguousarray(f["dw"].swapaxes(2, 3))}
        ),
        "dx: it is as large as the padded input. The border was yours, cut it off again.": (
            _backward(
                lambda f, x, w, b, dout, *, padding=0, **o: {
                    "dx": _conv(
                        np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2)), w, b, dout, **o
                    )["dx"]
                }
            )
        ),
    },
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
