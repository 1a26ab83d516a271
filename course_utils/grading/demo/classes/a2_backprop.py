"""The sample class of a2_backprop: three typical mistakes beside a perfect and a blank notebook."""

from course_utils.grading.demo.recipes import BLANK, PERFECT, Recipe

WITH_TORCH = """
def conv2d_forward(x, w, b, *, stride=1, padding=0, dilation=1):
    import torch
    from torch.nn import functional as F

    tensors = [torch.from_numpy(a) for a in (x, w, b)]
    out = F.conv2d(*tensors, stride=stride, padding=padding, dilation=dilation).numpy()
    return out, (im2col(x, w.shape[2:], stride=stride, padding=padding, dilation=dilation),
                 w.copy(), x.shape, dict(stride=stride, padding=padding, dilation=dilation),
                 out.shape)
"""

TURNED_ONCE_TOO_OFTEN = """
def conv2d_backward(dout, cache):
    columns, w, x_shape, geometry, out_shape = cache
    if dout.shape != tuple(out_shape):
        raise ValueError(f"dout must have the shape {tuple(out_shape)}, got {dout.shape}")
    flat = dout.reshape(*dout.shape[:2], -1)
    dw = (flat @ columns.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)
    turned = w[:, :, ::-1, ::-1].reshape(len(w), -1)
    dx = col2im(turned.T @ flat, x_shape, w.shape[2:], **geometry)
    return dx, dw, dout.sum(axis=(0, 2, 3))
"""

LAST_OF_EQUALS = """
def max_pool_forward(x, kernel_size, stride):
    shifted = views_of(x, kernel_size, stride)
    out, winner = shifted[0].copy(), np.zeros(shifted[0].shape, np.int16)
    for number, view in enumerate(shifted):
        is_larger = view >= out
        out[is_larger] = view[is_larger]
        winner[is_larger] = number
    return out, (winner, x.shape, kernel_size, stride)


def views_of(x, kernel_size, stride):
    if x.dtype.kind != "f" or x.ndim != 4 or len(x) == 0:
        raise ValueError(f"x must hold floats (N, C, H, W), got {x.dtype} {x.shape}")
    kh, kw, oh, ow = window_grid(x.shape, kernel_size, stride, padding=0, dilation=1)
    return [
        x[:, :, i : i + stride * (oh - 1) + 1 : stride, j : j + stride * (ow - 1) + 1 : stride]
        for i, j in np.ndindex(kh, kw)
    ]


def max_pool_backward(dout, cache):
    winner, x_shape, kernel_size, stride = cache
    if dout.shape != winner.shape:
        raise ValueError(f"dout must have the shape {winner.shape}, got {dout.shape}")
    dx = np.zeros(x_shape, dout.dtype)
    for number, view in enumerate(views_of(dx, kernel_size, stride)):
        view += dout * (winner == number)
    return dx
"""

STUDENTS = [
    PERFECT,
    Recipe(
        "ben",
        "lets PyTorch do the convolution, which is not there while a2 is graded",
        cells={"conv2d_forward": WITH_TORCH},
        lost={
            "check-conv-forward": 4,
            "check-conv-forward-geometry": 4,
            "check-conv-backward": 6,
            "check-conv-backward-geometry": 7,
            "check-conv-slopes": 3,
            "check-conv-invalid": 1,
            "check-network": 12,
        },
    ),
    Recipe(
        "cleo",
        "turns the kernel once too often on the way back; the network learns all the same",
        cells={"conv2d_backward": TURNED_ONCE_TOO_OFTEN},
        lost={
            "check-conv-backward": 6,
            "check-conv-backward-geometry": 7,
            "check-conv-slopes": 3,
        },
    ),
    Recipe(
        "dan",
        "gives the gradient to the last of equal maxima",
        cells={"max_pool": LAST_OF_EQUALS},
        lost={"check-max-pool-ties": 2},
    ),
    BLANK,
]
