"""Checks of ReLU and of the loss, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, batches, like
from course_utils.checks.changes import result, where
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.layers import ALSO, autograd, is_backward, is_forward, layer
from course_utils.checks.outcome import Look, Unusable


def _relu(x, dout=None, *, numeric=False):
    found = autograd(F.relu, (x,), dout)
    return found if dout is None else found[0]


def _relu_forwards(rng) -> Iterator[Case]:
    yield case(np.array([-2.0, -1, 0, 1, 2]))
    for x in batches(rng, [(3, 4), (2, 3, 4, 5), (1, 1, 5, 2)]):
        yield case(x)
        yield case(100 * x)


def _relu_backwards(rng) -> Iterator[Case]:
    yield case(np.array([-2.0, -1, 0, 1, 2]), np.array([10.0, -20, 30, -40, 50]))
    for x in batches(rng, [(3, 4), (2, 3, 4, 5), (1, 1, 5, 2)]):
        yield case(x, like(rng, x))
        yield case(np.round(x), like(rng, x))  # with exact zeros


def _relu_slopes(rng) -> Iterator[Case]:
    for shape in [(7,), (2, 3, 2)]:
        x = rng.normal(size=shape)
        yield case(x + 0.1 * np.sign(x), like(rng, x), numeric=True)  # away from the kink


# fmt: off
_RELU = where(is_forward, {
    "Negative values are turned positive; they must become 0.": result(lambda out, x: abs(x)),
    "Negative values keep a part of themselves: that is leaky ReLU.":
        result(lambda out, x: out + 0.01 * np.minimum(x, 0)),
    "Values above 1 are cut off: ReLU has no upper end.": result(lambda out: out.clip(0, 1)),
    "Negative and positive are exchanged.": result(lambda out, x: np.minimum(x, 0)),
    "The result says where x is positive; it should be x there.":
        result(lambda out, x: (x > 0).astype(x.dtype)),
    "The result is x as it is: negative values must become 0.": result(lambda out, x: x),
}) | where(is_backward, {
    "The gradient from above is missing: multiply by dout.":
        result(lambda dx, x: (x > 0).astype(x.dtype)),
    "At exactly 0 the gradient is let through. PyTorch, and this course, take 0 there.":
        result(lambda dx, x, dout: dout * (x >= 0)),
    "The gate looks at dout; it is x that decides.":
        result(lambda dx, dout: dout * (dout > 0)),
    "The gradient goes through everywhere: where x was negative, nothing reached the output.":
        result(lambda dx, dout: dout),
    "The gradient goes through where x was negative: the gate is the wrong way round.":
        result(lambda dx, x, dout: dout * (x <= 0)),
    "The gradient is multiplied by x; the slope of ReLU is 1 or 0.":
        result(lambda dx, x, dout: dout * np.maximum(x, 0)),
    "The gradient has the wrong sign.": result(np.negative),
    "At exactly 0 half of the gradient is let through. PyTorch, and this course, take 0 there.":
        result(lambda dx, x, dout: dout * ((x > 0) + 0.5 * (x == 0))),
})
# fmt: on

check_relu = Check(
    "relu",
    oracle=_relu,
    tool="torch.relu",
    parts={"forward": _relu_forwards, "backward": _relu_backwards, "numeric": _relu_slopes},
    suspects=_RELU,
    rejects=[
        rejection("x\\b", np.array([1, -2])),
        *(
            rejection(DOUT, np.ones((3, 4)), np.ones(shape))
            for shape in [(4, 3), (1, 4), (3, 1), (12,), (3, 4, 1)]
        ),
    ],
    arrange=layer(1, "dx"),
    forbidden=NUMPY_ONLY,
    also=ALSO,
)


def _cross_entropy(logits, labels):
    given = torch.from_numpy(np.array(logits)).requires_grad_()
    loss = F.cross_entropy(given, torch.from_numpy(np.array(labels)))
    (dlogits,) = torch.autograd.grad(loss, given)
    return {"loss": loss.item(), "dlogits": dlogits.numpy()}


def _named(given, logits, labels):
    """The pair (loss, dlogits) by name."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise Unusable(f"it returned a {type(given).__name__}, but it is to return loss, dlogits")
    return {"loss": given[0], "dlogits": given[1]}


def _softmax(logits, axis=1):
    return torch.softmax(torch.from_numpy(np.array(logits)), dim=axis).numpy()


def _one_hot(logits, labels):
    return np.eye(logits.shape[1], dtype=logits.dtype)[labels]


def _unstable(subtracted, by_logarithm=False):
    """Softmax and its logarithm as written down, once something has been subtracted.

    `by_logarithm` computes log p first, and p from it.
    """

    def suspect(logits, labels):
        with np.errstate(all="ignore"):
            shifted = logits - subtracted(logits)
            exps = np.exp(shifted)
            total = exps.sum(axis=1, keepdims=True)
            p = np.exp(shifted - np.log(total)) if by_logarithm else exps / total
            log_p = shifted - np.log(total) if by_logarithm else np.log(p)
            loss = -log_p[np.arange(len(p)), labels].mean()
        dlogits = (p - _one_hot(logits, labels)) / logits.dtype.type(len(p))
        return {"loss": loss.item(), "dlogits": dlogits}

    return suspect


def _nothing(logits):
    return logits.dtype.type(0)


def _largest_of_each(logits):
    return logits.max(axis=1, keepdims=True)


def _loss(change):
    return result(change, "loss")


def _dlogits(change):
    return result(change, "dlogits")


def _logarithm_with(small):
    """log(p + small) in the loss."""

    def change(loss, logits, labels):
        chosen = (_softmax(logits) * _one_hot(logits, labels)).sum(axis=1)
        return -np.log(chosen + small).mean()

    return _loss(change)


def _over_batch(logits, labels):
    p, one_hot = _softmax(logits, axis=0), _one_hot(logits, labels)
    return {"loss": float(-np.log(np.maximum(p[one_hot == 1], 1e-300)).mean()),
            "dlogits": (p - one_hot) / logits.dtype.type(len(p))}  # fmt: skip


def _losses(rng) -> Iterator[Case]:
    yield case(np.array([[0.0, 0, 0]]), np.array([1]))
    yield case(np.array([[2.0, 1, 0], [0, 3, 0]]), np.array([0, 2]))
    for n, classes in [(1, 2), (4, 10), (7, 3), (5, 5)]:
        dtype = np.float32 if n == 7 else np.float64
        logits = (3 * rng.normal(size=(n, classes))).astype(dtype)
        yield case(logits, rng.integers(classes, size=n))


def _large_losses(rng) -> Iterator[Case]:
    yield case(np.array([[1000.0, 0], [0, -1000]]), np.array([0, 0]))
    yield case(np.array([[0.0, 1000, 10]]), np.array([0]))
    yield case(1000 * rng.normal(size=(4, 6)), rng.integers(6, size=4))


# fmt: off
_ENTROPY = {
    "The minus sign of the loss is missing: the logarithm of a probability is below 0.":
        _loss(lambda loss: -loss),
    "The loss is summed over the batch; it should be the mean.":
        _loss(lambda loss, labels: loss * len(labels)),
    "dlogits is not divided by the size of the batch, though the loss is a mean.":
        _dlogits(lambda d: d * len(d)),
    "The loss is summed over the batch, and so is its gradient; both should be the mean.":
        result(lambda found, labels: {n: value * len(labels) for n, value in found.items()}),
    "dlogits is the probability itself: subtract 1 at the right class.":
        _dlogits(lambda d, logits: _softmax(logits) / len(d)),
    "dlogits has the wrong sign: it is p minus y.": _dlogits(np.negative),
    "dlogits is 0 but at the right class: the other logits move the loss as well.":
        _dlogits(lambda d, logits, labels: d * _one_hot(logits, labels)),
    "The loss adds over all classes, also the wrong ones: -log p of the right class is all.":
        _loss(lambda loss, logits: -np.log(_softmax(logits) + 1e-300).sum(axis=1).mean()),
    "The loss is the probability of the right class, without the logarithm.":
        _loss(lambda loss, logits, labels: -(_softmax(logits) * _one_hot(logits, labels))
              .sum(axis=1).mean()),
    "The logarithm has base 2; the natural one is meant.": _loss(lambda loss: loss / np.log(2)),
    "The mean is taken over all entries; divide by the number of images only.":
        result(lambda found, logits: {n: v / logits.shape[1] for n, v in found.items()}),
    "The softmax runs down the batch; each image's classes add up to 1.": _over_batch,
    "It overflows: subtract the largest logit of each row before the exponential.":
        _unstable(_nothing),
    "It overflows, though log p is taken at once: subtract the largest logit of each row before "
    "the exponential.": _unstable(_nothing, by_logarithm=True),
    "One maximum for the whole batch is subtracted; the other rows then become 0 / 0. Each row has "
    "its own: axis=1, keepdims=True.": _unstable(np.max),
    "One maximum for the whole batch is subtracted; for the other rows it is the logarithm of 0. "
    "Each row has its own: axis=1, keepdims=True.": _unstable(np.max, by_logarithm=True),
    "The logarithm of a probability that has become 0: compute log p without p, as z - max - "
    "log Σ exp(z - max).": _unstable(_largest_of_each),
    **{
        f"With log(p + {small:g}) no loss is above {-np.log(small):.1f}: compute log p without p, "
        "as z - max - log Σ exp(z - max).": _logarithm_with(small)
        for small in (1e-300, 1e-20, 1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
    },
}
# fmt: on

_LOGITS = np.zeros((3, 4))

check_softmax_cross_entropy = Check(
    "softmax_cross_entropy",
    oracle=_cross_entropy,
    tool="torch.nn.functional.cross_entropy",
    parts={"small logits": _losses, "large logits": _large_losses},
    suspects=_ENTROPY,
    rejects=[
        rejection("labels|label", _LOGITS, np.array([0, 1, 4])),
        rejection("labels|label", _LOGITS, np.array([0, -1, 2])),
        rejection("labels|label", _LOGITS, np.array([0.0, 1.0, 2.0])),
        rejection("labels|label", _LOGITS, np.array([0, 1])),
        rejection("labels|label", _LOGITS, np.array([[0], [1], [2]])),
        rejection("logits|logit|batch", _LOGITS[:0], np.array([], dtype=int)),
        rejection("logits|logit", np.zeros(4), np.array([0])),
        rejection("logits|logit", np.zeros((2, 3), int), np.array([0, 1])),
    ],
    arrange=Look(read=_named),
    forbidden=NUMPY_ONLY,
)
