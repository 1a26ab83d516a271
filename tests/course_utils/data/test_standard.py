"""The real loaders on small files in the very formats, from a server on this machine."""

import errno
import gzip
import hashlib
import io
import os
import pickle
import socket
import struct
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from ports import free_ports

from course_utils.data import (
    PRETRAINED,
    STANDARD_SETS,
    DataDamaged,
    DataError,
    DataMissing,
    DataNotWritable,
    DataOffline,
    data_folder,
    download,
    is_available,
    load_standard,
    pretrained,
    published,
    standard,
)
from course_utils.torchvision_compat import torchvision

TRAIN, TEST = 20, 8  # images of each half


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """An empty data folder, on a machine that has no proxy for itself."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def server():
    """Serves `files`, a dict from name to bytes; `lengths` lies about how long one is."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.rsplit("/", 1)[1]
            self.server.asked.append(name)
            body = self.server.files.get(name)
            if body is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(self.server.lengths.get(name, len(body))))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.lengths, server.asked = {}, {}, []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def md5(content):
    return hashlib.md5(content).hexdigest()


def idx(array):
    """Bytes of an IDX file: zeros, type (8: bytes), axes, lengths with the high byte first."""
    lengths = struct.pack(f">{array.ndim}I", *array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + lengths + array.astype(np.uint8).tobytes()


def old_pickle(content):
    """As NumPy of 2009 pickled: another module name, and a number for `align`."""
    made = pickle.dumps(content, protocol=2)
    return made.replace(b"numpy._core.multiarray", b"numpy.core.multiarray").replace(
        b"\x89\x88\x87", b"K\x00K\x01\x87"
    )


def publish_idx(monkeypatch, server, data_set, pixels, labels):
    resources = []
    for half, prefix in (("train", "train"), ("test", "t10k")):
        for content, kind in ((pixels[half], "images-idx3"), (labels[half], "labels-idx1")):
            name = f"{prefix}-{kind}-ubyte.gz"
            server.files[name] = gzip.compress(idx(content))
            resources.append((name, md5(server.files[name])))
    monkeypatch.setattr(data_set, "resources", resources)
    monkeypatch.setattr(data_set, "mirrors", [server.url])


def publish_cifar(monkeypatch, server, data_set, pixels, labels, key, names):
    """Batches in a folder in a tar.gz, an image a row: red, green, blue, each row by row."""
    batches, members = len(data_set.train_list), {}
    rows = {half: pixels[half].transpose(0, 3, 1, 2).reshape(len(pixels[half]), -1)
            for half in pixels}  # fmt: skip
    for half, listed in (("train", data_set.train_list), ("test", data_set.test_list)):
        pieces = [np.array_split(each[half], len(listed)) for each in (rows, labels)]
        cut = zip(*pieces, strict=True)
        for (name, _), (data, which) in zip(listed, cut, strict=True):
            members[name] = old_pickle({"data": data, key: which.tolist()})
    assert len(members) == batches + 1
    meta = data_set.meta["filename"]
    members[meta] = old_pickle({data_set.meta["key"]: list(names)})
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(f"{data_set.base_folder}/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    server.files[data_set.filename] = packed.getvalue()
    for table in ("train_list", "test_list"):
        listed = [[name, md5(members[name])] for name, _ in getattr(data_set, table)]
        monkeypatch.setattr(data_set, table, listed)
    monkeypatch.setattr(data_set, "meta", data_set.meta | {"md5": md5(members[meta])})
    monkeypatch.setattr(data_set, "tgz_md5", md5(packed.getvalue()))
    monkeypatch.setattr(data_set, "url", server.url + data_set.filename)


@pytest.fixture
def publish(monkeypatch, server):
    """Put a small set on the server and into torchvision's tables; returns pixels and labels."""

    def put(name):
        rng = np.random.default_rng(len(name))
        data_set = getattr(torchvision.datasets, STANDARD_SETS[name].torchvision_name)
        colour = name.startswith("cifar")
        shape = (32, 32, 3) if colour else (28, 28)
        pixels = {half: rng.integers(0, 256, (n, *shape), dtype=np.uint8)
                  for half, n in (("train", TRAIN), ("test", TEST))}  # fmt: skip
        pixels["train"][0, 0, 0] = 255  # so that the range is known
        classes = 100 if name == "cifar-100" else 10
        labels = {half: rng.integers(classes, size=len(each)) for half, each in pixels.items()}
        if not colour:
            publish_idx(monkeypatch, server, data_set, pixels, labels)
        elif classes == 10:
            names = [f"kind {i}" for i in range(10)]
            publish_cifar(monkeypatch, server, data_set, pixels, labels, "labels", names)
        else:
            names = [f"fine {i}" for i in range(100)]
            publish_cifar(monkeypatch, server, data_set, pixels, labels, "fine_labels", names)
        return pixels, labels

    return put


def left_over(folder):
    """Everything in the data folder, for a download that must leave nothing."""
    return sorted(folder.rglob("*")) if folder.exists() else []


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


@pytest.mark.parametrize("name", STANDARD_SETS)
def test_a_fetched_set_is_the_published_one(name, publish, server, folder):
    pixels, labels = publish(name)
    assert not is_available(name)
    split = load_standard(name, download=True)
    assert is_available(name)
    for half in ("train", "test"):
        images = pixels[half].reshape(len(pixels[half]), *pixels[half].shape[1:3], -1)
        expected = images.transpose(0, 3, 1, 2) / 255
        np.testing.assert_allclose(getattr(split, f"{half}_images"), expected, atol=1e-7)
        assert np.array_equal(getattr(split, f"{half}_labels"), labels[half])
    assert split.train_images.max() == 1
    assert split.train_images.flags.c_contiguous
    assert [path.name for path in folder.iterdir()] == [STANDARD_SETS[name].folder]
    asked = len(server.asked)
    assert np.array_equal(load_standard(name, download=True).test_images, split.test_images)
    assert len(server.asked) == asked  # what is there is not fetched again


def test_class_names(publish):
    names = {}
    for name in STANDARD_SETS:
        publish(name)
        names[name] = load_standard(name, download=True).class_names
    assert names["mnist"] == tuple("0123456789")
    assert names["fashion-mnist"][:2] == ("T-shirt/top", "Trouser")
    assert names["cifar-10"][9] == "kind 9"
    assert (len(names["cifar-100"]), names["cifar-100"][99]) == (100, "fine 99")


@pytest.mark.parametrize("name", ["mnist", "cifar-10"])
def test_size_and_limit(name, publish):
    publish(name)
    full = load_standard(name, download=True)
    some = load_standard(name, limit=5)
    assert np.array_equal(some.train_images, full.train_images[:5])
    assert np.array_equal(some.test_labels, full.test_labels[:5])
    assert load_standard(name, limit=TRAIN + 5).train_images.shape[0] == TRAIN
    large = load_standard(name, size=64, limit=2)
    assert large.train_images.shape == (2, full.image_shape[0], 64, 64)
    np.testing.assert_allclose(
        large.train_images.mean((2, 3)), some.train_images[:2].mean((2, 3)), atol=0.02
    )


@pytest.mark.parametrize("name", STANDARD_SETS)
def test_what_was_never_fetched_is_told_with_its_command(name, no_network, folder):
    with pytest.raises(DataMissing, match=f"course data fetch {name}.* MB, about .* Mbit/s"):
        load_standard(name)
    assert not is_available(name)
    assert left_over(folder) == []


@pytest.mark.parametrize("name", STANDARD_SETS)
def test_every_file_is_checked_each_time(name, publish, folder):
    publish(name)
    standard.fetch(name)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), whole + b"x"):
            path.write_bytes(damaged)
            assert not is_available(name)
            with pytest.raises(DataDamaged, match=path.name) as caught:
                load_standard(name)
            assert f"course data fetch {name}" in str(caught.value)
            assert "delete" in str(caught.value)
        path.unlink()
        with pytest.raises(DataDamaged, match=path.name):
            load_standard(name)
        path.write_bytes(whole)
    assert is_available(name)


def test_a_damaged_set_is_fetched_again_on_request(publish, folder):
    publish("mnist")
    standard.fetch("mnist")
    (folder / "MNIST/raw/train-images-idx3-ubyte").write_bytes(b"")
    assert standard.fetch("mnist")
    assert is_available("mnist")
    assert not standard.fetch("mnist")
    assert [path.name for path in folder.iterdir()] == ["MNIST"]


def test_files_without_checksum_are_not_trusted(publish, folder):
    """torchvision would read these first, whatever they hold."""
    publish("mnist")
    standard.fetch("mnist")
    (folder / "MNIST/processed").mkdir()
    with pytest.raises(DataDamaged, match="processed is of an old torchvision"):
        load_standard("mnist")


BROKEN = {
    "not there": ("404", DataOffline, "says 404"),
    "truncated": ("truncated", DataOffline, "broke after .* bytes"),
    "another file": ("other", DataDamaged, "is not the published file: its md5 is"),
    "nobody answers": ("refused", DataOffline, "is this machine offline.*https_proxy"),
    "no such host": ("unknown host", DataOffline, "cannot reach nowhere.invalid"),
}


@pytest.mark.parametrize("name", ["mnist", "cifar-10"])
@pytest.mark.parametrize(("how", "error", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_download_that_fails_leaves_nothing(
    monkeypatch, publish, server, folder, name, how, error, sentence
):
    publish(name)
    last = list(server.files)[-1]
    if how == "404":
        del server.files[last]
    elif how == "truncated":
        server.lengths[last] = len(server.files[last]) + 1000
    elif how == "other":
        server.files[last] += b"x"
    else:
        nowhere = "http://nowhere.invalid/"
        if how == "refused":
            nowhere = f"http://127.0.0.1:{free_ports(1)[0]}/"
        data_set = getattr(torchvision.datasets, STANDARD_SETS[name].torchvision_name)
        if name == "mnist":
            monkeypatch.setattr(data_set, "mirrors", [nowhere])
        else:
            monkeypatch.setattr(data_set, "url", nowhere + "cifar.tar.gz")
    with pytest.raises(error, match=sentence):
        load_standard(name, download=True)
    assert left_over(folder) == []
    assert not is_available(name)


def test_the_next_server_is_asked_when_one_fails(monkeypatch, publish, server):
    publish("mnist")
    mirrors = ["http://nowhere.invalid/", server.url]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", mirrors)
    assert load_standard("mnist", download=True).num_classes == 10


@pytest.mark.parametrize("how", ["404", "truncated", "other"])
def test_a_single_file_comes_whole_or_not_at_all(server, tmp_path, how):
    whole, path = b"x" * 1000, tmp_path / "file"
    server.files = {} if how == "404" else {"file": whole[:-1]}
    server.lengths = {"file": 1000} if how == "truncated" else {}
    with pytest.raises(DataError):
        download.fetch([server.url + "file"], path, md5(whole))
    assert not path.exists()
    server.files["file"] = whole
    download.fetch([server.url + "file"], path, md5(whole))
    assert path.read_bytes() == whole


def test_an_interrupted_download_leaves_nothing(monkeypatch, publish, folder):
    publish("mnist")
    fetch_one, asked = download._fetch_one, []

    def interrupted(*arguments):
        fetch_one(*arguments)
        asked.append(arguments)
        if len(asked) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(download, "_fetch_one", interrupted)
    with pytest.raises(KeyboardInterrupt):
        standard.fetch("mnist")
    assert left_over(folder) == []


def test_a_failed_new_download_keeps_what_was_there(publish, server, folder):
    publish("mnist")
    standard.fetch("mnist")
    damaged = folder / "MNIST/raw/t10k-labels-idx1-ubyte"
    damaged.write_bytes(b"")
    before = left_over(folder)
    del server.files["t10k-labels-idx1-ubyte.gz"]
    with pytest.raises(DataOffline):
        standard.fetch("mnist")
    assert left_over(folder) == before


def test_what_a_killed_download_left_is_cleared_away_later(publish, folder):
    publish("mnist")
    old, young = folder / ".fetching-old", folder / ".fetching-young"
    for path in (old, young):
        path.mkdir(parents=True)
    long_ago = time.time() - 2 * download.DAY
    os.utime(old, (long_ago, long_ago))
    standard.fetch("mnist")
    assert not old.exists()
    assert young.exists()


def test_a_full_disk_is_told_before_anything_is_fetched(monkeypatch, publish, server, folder):
    publish("cifar-10")
    monkeypatch.setattr(download, "_free", lambda path: 10_000_000)
    with pytest.raises(DataNotWritable, match=r"disk is full: 543 MB needed, 10 free.*COURSE_DATA"):
        standard.fetch("cifar-10")
    assert server.asked == []
    assert left_over(folder) == []


def test_a_disk_that_fills_up_is_told(monkeypatch, publish, folder):
    publish("mnist")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "_fetch_one", full)
    with pytest.raises(DataNotWritable, match="disk is full"):
        standard.fetch("mnist")
    assert left_over(folder) == []


def test_a_folder_that_cannot_be_made_is_told(monkeypatch, publish, tmp_path):
    publish("mnist")
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "a file/data"))
    with pytest.raises(DataNotWritable, match=r"cannot write there .*COURSE_DATA"):
        standard.fetch("mnist")


@pytest.mark.parametrize(
    ("chosen", "cache", "expected"),
    [
        ("/some/where", "/c", "/some/where"),
        ("~/d", "/c", "{home}/d"),
        ("", "/c", "/c/convnet-course"),
        ("", "", "{home}/.cache/convnet-course"),
    ],
)
def test_where_data_lie(monkeypatch, chosen, cache, expected):
    monkeypatch.setenv("COURSE_DATA", chosen)
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    assert str(data_folder()) == expected.format(home=os.path.expanduser("~"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "minst"}, "unknown name 'minst', expected one of: mnist, fashion-mnist"),
        ({"name": "resnet18"}, "expected one of: mnist"),
        ({"name": "mnist", "size": 7}, "size must be a whole number of at least 8"),
        ({"name": "mnist", "limit": 0}, "limit must be a whole number of at least 1"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence, no_network):
    with pytest.raises(ValueError, match=sentence):
        load_standard(**arguments, download=True)


def test_every_error_is_a_sentence_for_the_command_line():
    from course_utils.errors import CourseError

    for error in (DataMissing, DataOffline, DataDamaged, DataNotWritable):
        assert issubclass(error, DataError)
    assert issubclass(DataError, CourseError)


@pytest.fixture
def weights(monkeypatch, server):
    """Put a network with random weights on the server, named after its checksum."""

    def put(name):
        torch.manual_seed(0)
        model = torchvision.models.get_model(name, weights=None)
        content = io.BytesIO()
        torch.save(model.state_dict(), content)
        checksum = hashlib.sha256(content.getvalue()).hexdigest()[:8]
        file = f"{name}-{checksum}.pth"
        server.files[file] = content.getvalue()
        published = torchvision.models.get_model_weights(name).IMAGENET1K_V1.value
        monkeypatch.setattr(published, "url", server.url + file)
        return model.eval(), file

    return put


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18"])
def test_a_pretrained_network_answers_as_the_published_one(name, weights, server, folder):
    published, file = weights(name)
    with pytest.raises(DataMissing, match=f"course data fetch {name}"):
        pretrained(name)
    model = pretrained(name, download=True)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [file]
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(model(images), published(images), rtol=0, atol=0)
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not any(each.is_meta for each in model.state_dict().values())
    assert server.asked == [file]
    pretrained(name)
    assert server.asked == [file]


def test_damaged_weights_are_named_and_never_loaded(weights, server, folder):
    _, file = weights("squeezenet1_1")
    pretrained("squeezenet1_1", download=True)
    path = folder / "weights" / file
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert not is_available("squeezenet1_1")
    with pytest.raises(DataDamaged, match=f"{file} is damaged"):
        pretrained("squeezenet1_1")
    server.files[file] = b"<html>log in first</html>"
    with pytest.raises(DataDamaged, match="log-in page"):
        pretrained("squeezenet1_1", download=True)
    assert [each.name for each in folder.rglob("*") if each.is_file()] == [file]


@pytest.mark.parametrize("name", PRETRAINED)
def test_the_tables_agree_with_torchvision(name):
    weights = torchvision.models.get_model_weights(name).IMAGENET1K_V1
    assert PRETRAINED[name].download_mb == pytest.approx(
        weights.meta["_file_size"] * 1.048576, abs=1
    )
    millions = float(PRETRAINED[name].what.split()[0])
    assert millions == pytest.approx(weights.meta["num_params"] / 1e6, rel=0.05)


def test_an_unknown_network_gets_a_sentence():
    with pytest.raises(ValueError, match=r"unknown name 'resnet1', expected one of: alexnet"):
        pretrained("resnet1")
    with pytest.raises(ValueError, match=r"unknown name 'lenet'"):
        is_available("lenet")


def test_the_inventory_tells_what_is_there(publish, folder):
    publish("mnist")
    publish("cifar-100")
    standard.fetch("mnist")
    standard.fetch("cifar-100")
    (folder / "cifar-100-python/meta").unlink()
    lines = list(standard.inventory())
    assert len(lines) == len(STANDARD_SETS) + len(PRETRAINED) + 2
    said = dict(zip([*STANDARD_SETS, *PRETRAINED], lines, strict=False))
    assert said["mnist"].startswith("✓ mnist")
    assert said["mnist"].endswith(" MB here")
    assert said["cifar-10"].startswith("· cifar-10")
    assert "171 MB, about 68 s" in said["cifar-10"]
    assert said["cifar-100"].startswith("✗ cifar-100")
    assert "meta is missing" in said["cifar-100"]
    assert str(folder) in lines[-1]


def test_what_was_published_is_printed_with_what_the_test_images_leave_open(capsys):
    published("cifar-100")
    first, *rows = capsys.readouterr().out.splitlines()
    assert first.startswith("cifar-100 is not here (course data fetch cifar-100)")
    assert [row.split()[-3:] for row in rows] == [["0.553", "±", "0.010"], ["0.728", "±", "0.009"]]
