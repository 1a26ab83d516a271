"""The sets and weights of the literature, fetched only on request and never replaced in silence.

The files are read by torchvision's own classes, and checked against its own list of checksums
each time. torchvision is imported only when one of them is really loaded.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.data import download as download_
from course_utils.data.download import DataDamaged, DataMissing, data_folder, digest
from course_utils.data.split import Split, at_least, resize_images

if TYPE_CHECKING:
    import torch

LINE = 20  # Mbit/s of the line for which times are told
SPARE = 2  # a download needs this many times its finished size for a moment


@dataclass(frozen=True)
class Published:
    """A data set or the weights of a network: what is fetched, and how large it is."""

    name: str
    what: str
    torchvision_name: str
    folder: str  # within the data folder
    download_mb: float
    stored_mb: float

    @property
    def command(self) -> str:
        """What fetches it."""
        return f"course data fetch {self.name}"

    @property
    def cost(self) -> str:
        """How large it is and how long it takes."""
        seconds = self.download_mb * 8 / LINE
        time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
        return f"{self.download_mb:.0f} MB, about {time} at {LINE} Mbit/s"


# Megabytes as the servers give them; the stored ones with what a set is checked against.
STANDARD_SETS = {
    each.name: each
    for each in (
        Published("mnist", "70 000 digits, 28×28×1", "MNIST", "MNIST", 12, 67),
        Published(
            "fashion-mnist", "70 000 clothes, 28×28×1", "FashionMNIST", "FashionMNIST", 31, 86
        ),
        Published("cifar-10", "60 000 photos, 32×32×3", "CIFAR10", "cifar-10-batches-py", 171, 186),
        Published("cifar-100", "60 000 photos, 32×32×3", "CIFAR100", "cifar-100-python", 169, 186),
    )
}
# Share of right answers on 10 000 test images, as published; what stands in where no file is.
# Fashion-MNIST: results sent in to github.com/zalandoresearch/fashion-mnist (README, "Benchmark"),
# not tested by its authors. CIFAR-100: G. Huang and others, Deep networks with stochastic depth,
# 2016, their own ResNet-110 of constant depth.
RESULTS = {
    "fashion-mnist": {
        "people without training, majority of three": 0.835,
        "hand-made features (HOG) and an SVM": 0.926,
        "two convolutions, below 100 000 parameters": 0.925,
        "VGG-16, 26 million parameters": 0.935,
        "wide ResNet 40-4, random crops, mirror images": 0.967,
    },
    "cifar-100": {
        "ResNet-110": 1 - 0.4474,
        "ResNet-110, random crops, mirror images": 1 - 0.2722,
    },
}
# All of them IMAGENET1K_V1: one recipe of training, close to that of each paper.
PRETRAINED = {
    name: Published(name, f"{count} million ImageNet weights", name, "weights", size, size)
    for name, count, size in (
        ("alexnet", "61", 244),
        ("vgg16", "138", 553),
        ("resnet18", "12", 47),
        ("resnet50", "26", 103),
        ("squeezenet1_1", "1.2", 5),
    )
}


def load_standard(
    name: str, *, download: bool = False, size: int | None = None, limit: int | None = None
) -> Split:
    """Load MNIST, FashionMNIST, CIFAR-10 or CIFAR-100, in their published split.

    Parameters
    ----------
    name
        One of `STANDARD_SETS`.
    download
        Fetch it first if it is not there, or damaged. Without it nothing touches the network.
    size
        Height and width wanted, 8 to 256, scaled linearly; as published by default.
    limit
        Keep only the first so many images of each half; all of CIFAR takes 0.7 GB as floats.

    Returns
    -------
    Split
        Images `(N, C, H, W)` in the published order.

    Raises
    ------
    ValueError
        For an unknown name, size or limit.
    DataMissing
        If it was never fetched and `download` is false; says the command.
    DataDamaged
        If a file on the disk, or what a server sent, is not the published one.
    DataOffline
        If no server gives it.
    DataNotWritable
        If the disk is full or the folder cannot be written to.

    Source
    ------
    Y. LeCun, C. Cortes and C. Burges, MNIST, 1998; H. Xiao, K. Rasul and R. Vollgraf,
    Fashion-MNIST, arXiv:1708.07747; A. Krizhevsky, Learning Multiple Layers of Features from Tiny
    Images, 2009.
    """
    published = _published(name, STANDARD_SETS)
    if size is not None:
        at_least("size", size, 8, 256)
    if limit is not None:
        at_least("limit", limit, 1)
    _ensure(published, download)
    halves, names = [], ()
    for train in (True, False):
        images, labels, names = _read(published, train, limit)
        halves += [images if size is None else resize_images(images, size), labels]
    return Split(*halves, names)


def pretrained(name: str, *, download: bool = False) -> "torch.nn.Module":
    """Load a network of torchvision with the weights that it learnt on ImageNet, in eval mode.

    Parameters
    ----------
    name
        One of `PRETRAINED`; the weights are `IMAGENET1K_V1`.
    download
        Fetch them first if they are not there, or damaged.

    Returns
    -------
    torch.nn.Module
        For images `(N, 3, 224, 224)` normalised as `weights.transforms()` of torchvision does it,
        1000 classes.

    Raises
    ------
    ValueError
        For an unknown name.
    DataMissing, DataDamaged, DataOffline, DataNotWritable
        As `load_standard`.
    """
    import torch

    published = _published(name, PRETRAINED)
    _ensure(published, download)
    path, _, _ = _weights_file(published)
    state = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):  # no time for random weights that are replaced at once
        model = _torchvision().models.get_model(name, weights=None)
    model.load_state_dict(state, assign=True)
    return model.eval()


def published(name: str) -> None:
    """Print what others reached on a set that is not here, with what its test images leave open."""
    print(f"{name} is not here (course data fetch {name}). Published, 10 000 test images:")
    for who, right in RESULTS[name].items():
        half = 1.96 * (right * (1 - right) / 10_000) ** 0.5
        print(f"  {who:50} {right:.3f} ± {half:.3f}")


def is_available(name: str) -> bool:
    """Whether a set, or the weights of a network, are there, whole and as published.

    Raises
    ------
    ValueError
        If the name is neither in `STANDARD_SETS` nor in `PRETRAINED`.
    """
    return _problem(_published(name)) is None


def fetch(name: str) -> bool:
    """Download a set or the weights of a network, unless they are there; whether it was needed.

    Everything is fetched to a folder of its own, checked, and only then moved to its place: a
    download that breaks off leaves what was there before, and nothing else.

    Raises
    ------
    ValueError
        For an unknown name.
    DataOffline, DataDamaged, DataNotWritable
        As `load_standard`.
    """
    published = _published(name)
    if _problem(published) is None:
        return False
    needed = round((SPARE * published.stored_mb + published.download_mb) * 1e6)
    with download_.staging(needed) as scratch:
        finished = _fetched(published, scratch)
        download_.put(finished, data_folder() / finished.relative_to(scratch))
    problem = _problem(published)
    if problem is not None:
        raise problem
    return True


def inventory() -> Iterator[str]:
    """One line for each set and each network: what is there, and how large; then where."""
    for published in (STANDARD_SETS | PRETRAINED).values():
        problem = _problem(published)
        sign = "✓" if problem is None else "·" if isinstance(problem, DataMissing) else "✗"
        line = f"{sign} {published.name:<15}{published.what:<32}"
        if problem is None:
            yield f"{line}{_stored_bytes(published) / 1e6:.0f} MB here"
        elif isinstance(problem, DataMissing):
            yield f"{line}not here; {published.cost}"
        else:
            yield f"{line}damaged: {problem}"
    yield f"\nFetch one:  course data fetch {next(iter(STANDARD_SETS))}"
    yield f"They lie in {data_folder()} (to choose another: export COURSE_DATA=/path/to/folder)"


def _published(name: str, known: dict[str, Published] | None = None) -> Published:
    known = known or STANDARD_SETS | PRETRAINED
    if name not in known:
        raise ValueError(f"unknown name {name!r}, expected one of: {', '.join(known)}")
    return known[name]


def _ensure(published: Published, download: bool) -> None:
    if download:
        fetch(published.name)
    else:
        problem = _problem(published)
        if problem is not None:
            raise problem


def _torchvision():
    from course_utils.torchvision_compat import torchvision

    return torchvision


def _problem(published: Published) -> DataMissing | DataDamaged | None:
    """What keeps it from being loaded: checks every file against torchvision's checksums."""
    target = data_folder() / published.folder
    if published.name in PRETRAINED:
        target, _, _ = _weights_file(published)
    if not target.exists():
        return DataMissing(
            f"{published.name} is not here. Fetch it with `{published.command}` "
            f"({published.cost}) or download=True; it goes to {data_folder()}"
        )
    try:
        bad = _bad_file(published)
    except OSError as error:
        bad = error.filename, f"cannot be read ({error.strerror})"
    if bad is None:
        return None
    path, why = bad
    return DataDamaged(
        f"{path} {why}. Fetch {published.name} again with `{published.command}`, or delete {target}"
    )


def _bad_file(published: Published) -> tuple[Path, str] | None:
    """The first file that is not as published, and what is wrong with it."""
    if published.name in PRETRAINED:
        path, _, checksum = _weights_file(published)
        whole = digest(path, "sha256").startswith(checksum)
        return None if whole else (path, "is damaged: its sha256 is not that in its name")
    data_set = getattr(_torchvision().datasets, published.torchvision_name)
    folder = data_folder() / published.folder
    if published.name.startswith("cifar"):
        meta = data_set.meta["filename"], data_set.meta["md5"]
        listed = [*data_set.train_list, *data_set.test_list, meta]
    else:
        if (folder / "processed").exists():  # torchvision would prefer it, and nothing checks it
            return folder / "processed", "is of an old torchvision and has no checksum"
        folder, listed = folder / "raw", data_set.resources
    for file, md5 in listed:
        path = folder / file
        if not path.exists():
            return path, "is missing"
        if digest(path) != md5:
            return path, f"is damaged: its md5 is not {md5}"
        # The checksums of these two sets are those of the packed files.
        if path.suffix == ".gz" and not _same_unpacked(path):
            return path.with_suffix(""), f"is not what {path.name} holds"
    return None


def _same_unpacked(packed: Path) -> bool:
    """Whether the file beside a packed one, without `.gz`, holds the same bytes."""
    unpacked = packed.with_suffix("")
    if not unpacked.exists():
        return False
    with gzip.open(packed) as one, unpacked.open("rb") as other:
        while piece := one.read(1 << 20):
            if other.read(len(piece)) != piece:
                return False
        return not other.read(1)


def _weights_file(published: Published) -> tuple[Path, str, str]:
    """Where the weights lie, their address, and the sha256 that their name ends with."""
    weights = _torchvision().models.get_model_weights(published.torchvision_name)
    url = weights.IMAGENET1K_V1.value.url
    file = url.rsplit("/", 1)[1]
    checksum = file.rsplit("-", 1)[1].removesuffix(".pth")
    return data_folder() / published.folder / file, url, checksum


def _fetched(published: Published, scratch: Path) -> Path:
    """Download into a scratch folder, laid out as in the data folder; returns what to move."""
    if published.name in PRETRAINED:
        final, url, checksum = _weights_file(published)
        path = scratch / published.folder / final.name
        path.parent.mkdir()
        download_.fetch([url], path, checksum, kind="sha256")
        return path
    datasets = _torchvision().datasets
    data_set = getattr(datasets, published.torchvision_name)
    if published.name.startswith("cifar"):
        packed = scratch / data_set.filename
        download_.fetch([data_set.url], packed, data_set.tgz_md5)
        datasets.utils.extract_archive(packed, scratch)
        return scratch / published.folder
    raw = scratch / published.folder / "raw"
    raw.mkdir(parents=True)
    for file, md5 in data_set.resources:
        # Some servers of the list have closed: the first that answers counts.
        download_.fetch([mirror + file for mirror in data_set.mirrors], raw / file, md5)
        datasets.utils.extract_archive(raw / file, raw)
    return raw.parent


def _read(
    published: Published, train: bool, limit: int | None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """One half: images `(N, C, H, W)` in 0 to 1, labels, and the names of the classes."""
    make = getattr(_torchvision().datasets, published.torchvision_name)
    data_set = make(data_folder(), train=train)
    pixels = np.asarray(data_set.data)[:limit]  # (N, H, W) or (N, H, W, C), uint8
    pixels = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)
    images = np.divide(pixels, 255, dtype=np.float32, order="C")  # (N, C, H, W)
    labels = np.asarray(data_set.targets, dtype=np.int64)[:limit]
    # torchvision calls the digits "0 - zero".
    return images, labels, tuple(name.split(" - ")[0] for name in data_set.classes)


def _stored_bytes(published: Published) -> int:
    if published.name in PRETRAINED:
        return _weights_file(published)[0].stat().st_size
    folder = data_folder() / published.folder
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
