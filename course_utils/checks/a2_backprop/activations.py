"""Checks of ReLU and of the loss, against PyTorch's autograd."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.checks.a2_backprop.arrays import DOUT, NUMPY_ONLY, batches, like
from course_utils.checks.engine import Case, Check, case, rejection
from course_utils.checks.layers import ALSO, autograd, layer
from course_utils.checks.outcome import Look, Unusable


def _relu(x, dout=None, *, numeric=False, changed=False):
    found = autograd(F.relu, (x,), dout)
    return found if dout is None else found[0]


def _relu_with(value=F.relu, slope=None):
    """A ReLU with another value, or another gradient from `slope(x, dout)`."""

    def suspect(x, dout=None, **_):
        if dout is None:
            return value(torch.from_numpy(np.array(x))).numpy()
        return _relu(x, dout) if slope is None else slope(x, dout).astype(x.dtype)

    return suspect


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


def _relu_changed(rng) -> Iterator[Case]:
    x = rng.normal(size=(3, 4))
    yield case(x, like(rng, x), changed=True)


check_relu = Check(
    "relu",
    oracle=_relu,
    tool="torch.relu",
    parts={
        "forward": _relu_forwards,
        "backward": _relu_backwards,
        "numeric": _relu_slopes,
        "cache": _relu_changed,
    },
    suspects={
        "Negative values are turned positive; they must become 0.": _relu_with(torch.abs),
        "Negative values keep a part of themselves: that is leaky ReLU.": _relu_with(F.leaky_relu),
        "Values above 1 are cut off: ReLU has no upper end.": _relu_with(lambda x: x.clamp(0, 1)),
        "Negative and positive are exchanged.": _relu_with(lambda x: x.clamp(max=0)),
        "The result says where x is positive; it should be x there.": _relu_with(
            lambda x: (x > 0).to(x.dtype)
        ),
        "The gradient from above is missing: multiply by dout.": _relu_with(
            slope=lambda x, dout: x > 0
        ),
        "At exactly 0 the gradient is let through. PyTorch, and this course, take 0 there.": (
            _relu_with(slope=lambda x, dout: dout * (x >= 0))
        ),
        "The gate looks at dout; it is x that decides.": _relu_with(
            slope=lambda x, dout: dout * (dout > 0)
        ),
        "The gradient goes through everywhere: where x was negative, nothing reached the output.": (
            _relu_with(slope=lambda x, dout: dout)
        ),
        "The gradient is multiplied by x; the slope of ReLU is 1 or 0.": _relu_with(
            slope=lambda x, dout: dout * np.maximum(x, 0)
        ),
        "At exactly 0 half of the gradient is let through. PyTorch, and this course, take 0 "
        "there.": _relu_with(slope=lambda x, dout: dout * ((x > 0) + 0.5 * (x == 0))),
    },
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


def _loss_with(change):
    """`change` gets the right answer, the probabilities and the labels' places."""

    def suspect(logits, labels):
        found = _cross_entropy(logits, labels)
        p = torch.softmax(torch.from_numpy(np.array(logits)), dim=1).numpy()
        return found | change(found, p, np.eye(logits.shape[1], dtype=logits.dtype)[labels])

    return suspect


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
        one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        return {"loss": loss.item(), "dlogits": (p - one_hot) / logits.dtype.type(len(p))}

    return suspect


def _nothing(logits):
    return logits.dtype.type(0)


def _largest_of_each(logits):
    return logits.max(axis=1, keepdims=True)


def _logarithm_with(small):
    """log(p + small) in the loss."""
    return _loss_with(lambda f, p, y: {"loss": float(-np.log((p * y).sum(axis=1) + small).mean())})


def _over_batch(logits, labels):
    p = torch.softmax(torch.from_numpy(np.array(logits)), dim=0).numpy()
    one_hot = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
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


_LOGITS = np.zeros((3, 4))

check_softmax_cross_entropy = Check(
    "softmax_cross_entropy",
    oracle=_cross_entropy,
    tool="torch.nn.functional.cross_entropy",
    parts={"small logits": _losses, "large logits": _large_losses},
    suspects={
        "The minus sign of the loss is missing: the logarithm of a probability is below 0.": (
            _loss_with(lambda f, p, y: {"loss": -f["loss"]})
        ),
        "The loss is summed over the batch; it should be the mean.": _loss_with(
            lambda f, p, y: {"loss": f["loss"] * len(p)}
        ),
        "dlogits is not divided by the size of the batch, though the loss is a mean.": _loss_with(
            lambda f, p, y: {"dlogits": p - y}
        ),
        "The loss is summed over the batch, and so is its gradient; both should be the mean.": (
            _loss_with(lambda f, p, y: {"loss": f["loss"] * len(p), "dlogits": p - y})
        ),
        "dlogits is the probability itself: subtract 1 at the right class.": _loss_with(
            lambda f, p, y: {"dlogits": p / p.dtype.type(len(p))}
        ),
        "dlogits has the wrong sign: it is p minus y.": _loss_with(
            lambda f, p, y: {"dlogits": (y - p) / p.dtype.type(len(p))}
        ),
        "The loss adds over all classes, also the wrong ones: -log p of the right class is all.": (
            _loss_with(lambda f, p, y: {"loss": float(-np.log(p + 1e-300).sum(axis=1).mean())})
        ),
        "The logarithm has base 2; the natural one is meant.": _loss_with(
            lambda f, p, y: {"loss": f["loss"] / float(np.log(2))}
        ),
        "The mean is taken over all entries; divide by the number of images only.": _loss_with(
            lambda f, p, y: {"loss": f["loss"] / p.shape[1], "dlogits": f["dlogits"] / p.shape[1]}
        ),
        "The softmax runs down the batch; each image's classes add up to 1.": _over_batch,
        "It overflows: subtract the largest logit of each row before the exponential.": _unstable(
            _nothing
        ),
        "It overflows, though log p is taken at once: subtract the largest logit of each row "
        "before the exponential.": _unstable(_nothing, by_logarithm=True),
        "One maximum for the whole batch is subtracted; the other rows then become 0 / 0. Each row "
        "has its own: axis=1, keepdims=True.": _unstable(np.max),
        "One maximum for the whole batch is subtracted; for the other rows it is the logarithm of "
        "0. Each row has its own: axis=1, keepdims=True.": _unstable(np.max, by_logarithm=True),
        "The logarithm of a probability that has become 0: compute log p without p, as z - max - "
        "log Σ exp(z - max).": _unstable(_largest_of_each),
        **{
            f"With log(p + {small:g}) no loss is above {-np.log(small):.1f}: compute log p without "
            "p, as z - max - log Σ exp(z - max).": _logarithm_with(small)
            for small in (1e-300, 1e-20, 1e-16, 1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
        },
    },
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
