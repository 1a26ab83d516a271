"""Networks that more than one lecture uses, as they are built in the first of them."""

from torch import Tensor, nn


class LeNet5(nn.Module):
    """LeNet-5 as lecture 07 builds it: convolutions without padding, ReLU, max pooling.

    Parameters
    ----------
    in_channels
        1 for grey images, 3 for colour.
    num_classes
        How many logits it gives.
    image_size
        Height and width of the images, at least 16; the first dense layer follows from it.

    Raises
    ------
    ValueError
        If the images are too small for its two convolutions and two poolings.

    Notes
    -----
    For 28×28×1: 24×24×6, 12×12×6, 8×8×16, 4×4×16, 120, 84, 10, with 44 426 parameters.

    Source
    ------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-Based Learning Applied to Document
    Recognition, Proc. IEEE 86, 1998, section II.B; with ReLU, max pooling and full connections,
    as it is built today.
    """

    def __init__(self, in_channels: int = 1, num_classes: int = 10, image_size: int = 28):
        super().__init__()
        side = ((image_size - 4) // 2 - 4) // 2  # twice: a 5×5 kernel, then a pooling that halves
        if side < 1:
            raise ValueError(f"image_size must be at least 16, got {image_size}")
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * side * side, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images `(N, C, H, W)` to logits `(N, num_classes)`."""
        return self.classifier(self.features(images))
