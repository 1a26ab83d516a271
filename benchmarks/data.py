"""How fast each data set is made, what LeNet-5 learns of it, and the pictures of docs/data.md.

    python benchmarks/data.py             # measure, and draw the pictures
    python benchmarks/data.py --pictures  # only draw them, in seconds

On one thread. *First* includes drawing letters and reading photos, *again* is another seed in the
same process. LeNet-5 is trained with three seeds, each with its own draw of the data.
"""

import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.patches import Rectangle  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from course_utils import data, plotting  # noqa: E402
from course_utils.models import LeNet5  # noqa: E402
from course_utils.repository import ROOT  # noqa: E402

SEEDS = range(3)
BATCH_SIZE, LR = 32, 1e-3
# Each set, and for how many epochs LeNet-5 sees it.
SETS: dict[str, tuple[Callable[..., data.Split], int]] = {
    "digits": (lambda seed: data.load_digits(28, seed=seed).as_split(), 15),
    "glyphs": (lambda seed: data.load_glyphs(seed=seed), 8),
    "patches": (lambda seed: data.load_patches(seed=seed), 15),
    "cues": (lambda seed: data.load_cues(seed=seed), 8),
    "faces": (lambda seed: data.load_faces(seed=seed), 30),
}


def timed(make: Callable[[], data.Split]) -> tuple[data.Split, float]:
    """A set, and the seconds that making it took."""
    began = time.perf_counter()
    made = make()
    return made, time.perf_counter() - began


def learn(split: data.Split, epochs: int, seed: int) -> tuple[float, float, float]:
    """Train LeNet-5: accuracy in training, accuracy in the test, seconds."""
    torch.manual_seed(seed)
    channels, size, _ = split.image_shape
    model = LeNet5(channels, split.num_classes, size)
    optimizer = torch.optim.Adam(model.parameters(), LR)
    x, y = torch.from_numpy(split.train_images), torch.from_numpy(split.train_labels)
    began = time.perf_counter()
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(BATCH_SIZE):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch] - 0.5), y[batch]).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    return accuracy(model, x, y), accuracy(model, *map(torch.from_numpy, (
        split.test_images, split.test_labels))), seconds  # fmt: skip


@torch.no_grad()
def accuracy(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of right answers."""
    return float((model(x - 0.5).argmax(1) == y).float().mean())


def measure() -> None:
    """Print the table."""
    head = (f"{'':<9}{'train':>7}{'test':>6}  {'shape':<10}{'first':>9}{'again':>9}{'images/s':>10}"
            f"   {'LeNet-5: training, test in % for each seed':<47}{'s':>4}")  # fmt: skip
    print(f"{head}\n{'─' * len(head)}")
    for name, (load, epochs) in SETS.items():
        splits, times = zip(*(timed(lambda seed=s, load=load: load(seed)) for s in SEEDS),
                            strict=True)  # fmt: skip
        one, again = splits[0], min(times[1:])
        count = len(one.train_labels) + len(one.test_labels)
        found = [learn(split, epochs, s) for split, s in zip(splits, SEEDS, strict=True)]
        scores = "  ".join(f"{100 * train:5.1f}, {100 * test:5.1f}" for train, test, _ in found)
        shape = "×".join(map(str, one.image_shape))
        print(
            f"{name:<9}{len(one.train_labels):>7}{len(one.test_labels):>6}  {shape:<10}"
            f"{1e3 * times[0]:>6.0f} ms{1e3 * again:>6.0f} ms{count / again:>10.0f}   "
            f"{scores:<47}{np.mean([seconds for *_, seconds in found]):>4.1f}",
            flush=True,
        )


def rows_of_classes(split: data.Split, classes: list[int], columns: int) -> Figure:
    """One row for each class: test images in greys or colour, named at the left."""
    fig, axes = plotting.figure(
        len(classes), columns + 1, width=8, height=8 / (columns + 1.6) * len(classes),
        width_ratios=[1.6] + [1] * columns,
    )  # fmt: skip
    for row, label in zip(axes, classes, strict=True):
        (which,) = np.nonzero(split.test_labels == label)
        row[0].text(1, 0.5, split.class_names[label], ha="right", va="center", color=plotting.INK)
        for ax, i in zip(row[1:], which, strict=False):
            draw(ax, split.test_images[i])
        for ax in row:
            ax.axis("off")
    return fig


def draw(ax: plt.Axes, image: np.ndarray) -> None:
    """One image `(C, H, W)`, from black to white."""
    picture = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1)


def cues_with_boxes() -> Figure:
    """A column for each piece of a photo: the four marks at one place, and the box."""
    marked, pieces = data.load_cues(per_class=1, test_per_class=8, seed=2), 8
    fig, axes = plotting.figure(4, pieces + 1, width=8, height=3.4,
                                width_ratios=[1.6] + [1] * pieces)  # fmt: skip
    boxes = np.unique(marked.test_boxes, axis=0)
    for label, row in enumerate(axes):
        row[0].text(1, 0.5, marked.class_names[label], ha="right", va="center", color=plotting.INK)
        row[0].axis("off")
        for ax, box in zip(row[1:], boxes, strict=True):
            same = np.all(marked.test_boxes == box, axis=1) & (marked.test_labels == label)
            top, left, bottom, right = box
            draw(ax, marked.test_images[same][0])
            frame = (left - 0.5, top - 0.5), right - left, bottom - top
            ax.add_patch(Rectangle(*frame, fill=False, lw=1.5, ec=plotting.AMBER))
            ax.axis("off")
    return fig


def pictures() -> None:
    """Draw one small picture of each set into docs/pictures."""
    photos = [data.photo(name, size=(128, 128)) for name in data.PHOTOS]
    drawn = {
        "photos": plotting.images(photos, data.PHOTOS, columns=6),
        "digits": rows_of_classes(data.load_digits().as_split(), [0, 3, 7], 10),
        "glyphs": rows_of_classes(data.load_glyphs(seed=1), [0, 6, 17], 10),
        "patches": rows_of_classes(data.load_patches(), list(range(8)), 10),
        "cues": cues_with_boxes(),
        "faces": rows_of_classes(data.load_faces(), [0, 1], 10),
    }
    for name, fig in drawn.items():
        mime, picture = plotting.render(fig)
        path = ROOT / f"docs/pictures/data_{name}.{mime.removeprefix('image/')}"
        path.write_bytes(picture)
        print(f"written: {path.relative_to(ROOT)}, {len(picture) / 1e3:.0f} kB")
        plt.close(fig)


def main() -> None:
    """Measure and draw, or draw alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", action="store_true", help="do not measure")
    torch.set_num_threads(1)
    if not parser.parse_args().pictures:
        measure()
    pictures()


if __name__ == "__main__":
    main()
