"""What cells of lecture 05 must find."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import quiz


def full_border(border, dout):
    width = quiz.truth("full-border")
    assert border.shape == tuple(n + 2 * width for n in dout.shape)


def full_picture(dx, dout, w):
    named = {f"w[{i}, {j}]": dout[0, 0] * w[i, j] for i, j in np.ndindex(*w.shape)}
    assert [name for name, product in named.items() if product == dx[0, 0]] == [
        quiz.truth("full-corner")
    ]


def conventions_check(deck_dw, x, w, dout, dw):
    assert np.allclose(deck_dw(x, w, dout), dw[::-1, ::-1]) and (deck_dw(x, w, dout) != dw).all()
    assert quiz.truth("conventions-wrong") == (deck_dw(x, w, dout) != dw).sum()


def transpose_run(by_matrix, left, right, by_convolution, transposed, autograd, x2, w2, dout2):
    assert np.allclose(by_matrix, by_convolution) and np.allclose(by_matrix, transposed)
    assert np.allclose(by_matrix, autograd(x2, w2, dout2)[0])
    assert left == right


def im2col_picture(green, columns):
    assert len(green) == 4
    assert quiz.truth("im2col-size") == [*columns.shape[::-1], len(green)]


def relu_run(gate, before):
    assert np.array_equal(gate, before > 0)


def max_pool_run(dx):
    assert dx[0, 1] == 10 and dx[0, 2] == 20 and np.count_nonzero(dx) == 2
    assert quiz.truth("pool-tie") == [dx[0, 1], dx[1, 1], dx[0, 2]]


def max_pool_overlap(dx, assigned, added):
    assert np.array_equal(added.reshape(3, 3), dx) and assigned[4] == 4 and added[4] == 10
    assert quiz.truth("overlap-nine") == [assigned[4], added[4]]


def avg_pool_run(shares, by_hand, arriving):
    assert np.allclose(shares, by_hand) and shares[1, 1] == arriving.sum() / 4


def numeric_curve(best, errors):
    assert best["central"] < 1e-9 < best["forward"] < 1e-6 < errors["central"][-4:].max()


def numeric_check(x, w, even, dout, relative_error, signal, gate, tie):
    for kernel in (w, even):
        assert relative_error(kernel, signal.convolve2d(dout, kernel)) < 1e-7
        unturned = relative_error(kernel, signal.correlate2d(dout, kernel))
        assert unturned < 1e-7 if kernel is even else unturned > 1e-2
    assert np.allclose([*gate, tie], [0.5, 0.55, 0.5])
    assert torch.autograd.gradcheck(
        F.conv2d, [torch.tensor(a)[None, None].requires_grad_() for a in (x, w)]
    )


def softmax_sum(p, y, z_torch):
    assert np.allclose(p - y, z_torch.grad) and abs((p - y).sum()) < 1e-12


def ladder_rungs(held, view, image):
    assert view.size == held and np.shares_memory(
        view, image
    )  # the view shows as many, copies none


def ladder_run(milliseconds):
    assert milliseconds["Python loops"] > 20 * milliseconds["im2col"]
    assert milliseconds["Python loops"] > 100 * milliseconds["F.conv2d"]


def machine_run(parameters, digit):
    """The laboratory's own numbers are held against torch elsewhere; here are those of the text."""
    tensors = {name: torch.tensor(array, requires_grad=True) for name, array in parameters.items()}
    image, losses = torch.tensor(digit, dtype=torch.float64)[None, None], []
    for _ in range(3):
        maps = F.conv2d(image, tensors["w"], tensors["b"]).relu()
        pooled = F.max_pool2d(maps, 2).flatten(1)
        logits = F.linear(pooled, tensors["v"], tensors["c"])
        loss = F.cross_entropy(logits, torch.tensor([0]))
        losses.append(round(loss.item(), 2))
        for tensor, slope in zip(
            tensors.values(), torch.autograd.grad(loss, list(tensors.values())), strict=True
        ):
            tensor.data -= 0.1 * slope
    assert losses == [1.36, 0.58, 0.35]
    assert 0.5 < losses[1] < losses[0] / 2
