"""What lectures look into networks with: a fair random control, probes, patches, tests of maps."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.data.imagenet import DEVIATION, MEAN
from course_utils.reproducibility import seed_everything


def settle(net: nn.Module, images: Tensor) -> nn.Module:
    """Give the BatchNorm layers the mean and variance of these images, and nothing else.

    A network that was never trained has statistics 0 and 1, with which its signal dies out on the
    way up. Then its maps are dark because of that, and no control for what training did.

    Parameters
    ----------
    net
        Changed: statistics of its BatchNorm layers, and eval mode.
    images
        `(N, C, H, W)`, one batch.

    Returns
    -------
    nn.Module
        `net`.
    """
    norms = [m for m in net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = 1.0  # the statistics become those of this batch
    net.eval()
    for norm in norms:
        norm.train()  # dropout stays off
    try:
        with torch.no_grad():
            net(images)
    finally:
        net.eval()
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
    return net


def outputs(parts: Iterable[nn.Module], x: Tensor) -> list[Tensor]:
    """What each part of a chain makes of `x`, one after the other, without gradients."""
    found = []
    with torch.no_grad():
        for part in parts:
            x = part(x)
            found.append(x)
    return found


def head_on(features: Tensor, labels: Tensor, seed: int, lr: float = 0.003) -> nn.Linear:
    """A linear probe: one linear layer, trained on features that stay the same.

    Parameters
    ----------
    features, labels
        `(N, C)` and `(N,)` of int64 from 0.
    seed
        Of the layer's first weights.
    lr
        Adam's rate, for 100 steps with all N examples.

    Returns
    -------
    nn.Linear
        Takes features as they are: the shift and the scale with which it was trained are in it.

    Source
    ------
    G. Alain and Y. Bengio, Understanding intermediate layers using linear classifier probes, 2016.
    """
    shift, scale = features.mean(dim=0), features.std() + 1e-6
    seed_everything(seed)
    linear = nn.Linear(features.shape[1], int(labels.max()) + 1)
    adam = torch.optim.Adam(linear.parameters(), lr=lr, fused=True)
    for _ in range(100):
        loss = F.cross_entropy(linear((features - shift) / scale), labels)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        linear.weight /= scale
        linear.bias -= linear.weight @ shift
    return linear


def edges(images: Tensor) -> Tensor:
    """A rival of every explanation that knows no network: steps between neighbouring pixels.

    Parameters
    ----------
    images
        `(N, C, H, W)`.

    Returns
    -------
    tensor
        `(N, H, W)`: absolute differences to the pixel below and to the right, added over channels;
        behind the last row and column stands 0.
    """
    below = images.diff(dim=2, append=images[:, :, -1:])
    right = images.diff(dim=3, append=images[..., -1:])
    return (below.abs() + right.abs()).sum(dim=1)


def deletion(
    net: nn.Module,
    image: Tensor,
    target: int,
    maps: Tensor,
    *,
    blocks: int = 14,
    steps: int = 14,
    fill: float = 0.0,
) -> np.ndarray:
    """Delete first what a map ranks first, and watch the probability of a class.

    Parameters
    ----------
    net
        In eval mode; gives logits `(N, num_classes)`.
    image
        `(C, H, W)`.
    target
        The class.
    maps
        `(M, H, W)`: one curve for each.
    blocks
        Rows and columns of squares that are deleted as one, ranked by their mean; it divides H and
        W. With `blocks = H` for a square image these are single pixels.
    steps
        In how many equal parts everything is deleted.
    fill
        What a deleted pixel becomes.

    Returns
    -------
    array
        `(M, steps + 1)`, as shares of the probability before; their mean is the area under the
        curve. Of equal blocks the first in row order goes first.

    Raises
    ------
    ValueError
        If the blocks do not divide the image, or the maps are not as large as it is.

    Source
    ------
    V. Petsiuk, A. Das and K. Saenko, RISE, BMVC 2018, section 4.2: deletion.
    """
    height, width = image.shape[1:]
    if maps.shape[1:] != (height, width):
        raise ValueError(f"maps must be (M, {height}, {width}), got {tuple(maps.shape)}")
    if height % blocks or width % blocks:
        raise ValueError(f"{blocks} blocks do not divide an image of {height}×{width}")
    means = F.avg_pool2d(maps[:, None].float(), (height // blocks, width // blocks)).flatten(1)
    order = means.sort(dim=1, descending=True, stable=True).indices
    place = torch.empty_like(order).scatter_(1, order, torch.arange(blocks**2).expand_as(order))
    place = place.view(-1, 1, blocks, blocks)  # of each block in the queue
    curves = []
    for queue in place:
        gone = torch.stack([queue < blocks**2 * step / steps for step in range(steps + 1)])
        gone = F.interpolate(gone.float(), (height, width)).bool()
        with torch.no_grad():
            curves.append(net(torch.where(gone, fill, image)).softmax(1)[:, target])
    found = torch.stack(curves)
    return (found / found[:, :1]).numpy()


def picture(image: Tensor) -> np.ndarray:
    """Back from an image of `data.imagenet_batch`, `(3, H, W)`, to `(H, W, 3)` in 0 to 1."""
    return (image * DEVIATION + MEAN).clamp(0, 1).permute(1, 2, 0).numpy()


def quarters(photos: Sequence[np.ndarray]) -> tuple[list[np.ndarray], list[int]]:
    """Each photo and the four squares in its corners, half its shorter side long.

    Parameters
    ----------
    photos
        `(H, W)` or `(H, W, 3)`.

    Returns
    -------
    crops, owners : list
        Five for each photo, and the number of the photo that each is a part of.
    """
    crops = []
    for photo in photos:
        height, width = photo.shape[:2]
        half = min(height, width) // 2
        corners = [(top, left) for top in (0, height - half) for left in (0, width - half)]
        crops += [photo, *(photo[top : top + half, left : left + half] for top, left in corners)]
    return crops, [number for number in range(len(photos)) for _ in range(5)]


def strongest_patches(
    maps: Tensor, images: Tensor, *, size: int, stride: int, count: int, owners: Sequence[int]
) -> list[Tensor]:
    """Cut out what excites a map most, at most one patch of each photo.

    Only places whose whole field lies inside the image take part.

    Parameters
    ----------
    maps
        `(N, h, w)`, one channel.
    images
        `(N, C, H, W)`, what they were computed from.
    size, stride
        Pixels that a number of the map sees along an axis, and from one number to the next. The
        field of row r is centred at pixel `stride * (r + 0.5)`.
    count
        How many patches, if there are as many photos.
    owners
        Of each image the number of the photo that it is a part of.

    Returns
    -------
    list of tensors
        `(C, size, size)`, the strongest first.
    """
    margin = -(-(size // 2 - stride // 2) // stride)  # places at each border that see beyond it
    inner = maps[:, margin : maps.shape[1] - margin, margin : maps.shape[2] - margin]
    best, where = inner.flatten(1).max(dim=1)  # of each image: how much, and where
    found, seen = [], set()
    for n in best.argsort(descending=True).tolist():
        if owners[n] in seen or len(found) == count:
            continue
        seen.add(owners[n])
        row, column = (place + margin for place in divmod(int(where[n]), inner.shape[2]))
        top, left = (stride * place + stride // 2 - size // 2 for place in (row, column))
        found.append(images[n, :, top : top + size, left : left + size])
    return found


def covered(boxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Masks `(N, height, width)`, True inside the boxes `(N, 4)`: top, left, bottom, right."""
    top, left, bottom, right = np.asarray(boxes).T[:, :, None, None]
    rows, columns = np.arange(height)[:, None], np.arange(width)
    return (top <= rows) & (rows < bottom) & (left <= columns) & (columns < right)


def hits(maps: Sequence[Tensor], inside: Tensor) -> list[float]:
    """How often the brightest pixel of a map lies inside: the pointing game.

    Parameters
    ----------
    maps
        One `(N, H, W)` for each method.
    inside
        `(N, H * W)`, True where the reason is.

    Returns
    -------
    list of float
        A share of the N images for each method; of equal pixels the first in row order counts.

    Source
    ------
    J. Zhang and others, Top-down neural attention by excitation backprop, ECCV 2016, section 4.2.
    """
    peaks = [m.flatten(1).argmax(dim=1) for m in maps]
    return [inside[range(len(inside)), peak].float().mean().item() for peak in peaks]


def same_order(before: Tensor, after: Tensor) -> float:
    """Mean rank correlation of the pixels of two maps each, `(N, H, W)`.

    Maps that are the same everywhere have no order, and are left out.
    """
    pairs = zip(before.flatten(1), after.flatten(1), strict=True)
    return float(np.mean([spearmanr(a, b)[0] for a, b in pairs if a.std() > 0 and b.std() > 0]))
