import socket
import subprocess
import sys

import numpy as np
import pytest

from course_utils.data import (
    Split,
    few,
    load_cues,
    load_digits,
    load_faces,
    load_glyphs,
    load_patches,
    misfit,
)
from course_utils.data.split import resize_images

IMAGES, LABELS = np.zeros((3, 1, 4, 5), np.float32), np.arange(3)


def test_a_split_knows_its_shapes():
    split = Split(IMAGES, LABELS, IMAGES[:1], LABELS[:1], ("a", "b", "c"))
    assert (split.num_classes, split.image_shape) == (3, (1, 4, 5))


@pytest.mark.parametrize(
    ("images", "labels", "error", "sentence"),
    [
        (IMAGES[:, 0], LABELS, ValueError, r"expected images \(N, C, H, W\)"),
        (IMAGES, LABELS[:2], ValueError, r"labels \(N,\)"),
        (IMAGES.astype(float), LABELS, TypeError, "float32"),
        (IMAGES, LABELS.astype(np.int32), TypeError, "int64"),
    ],
)
def test_what_networks_cannot_take_is_told(images, labels, error, sentence):
    with pytest.raises(error, match=sentence):
        Split(images, labels, IMAGES, LABELS, ("a", "b", "c"))
    with pytest.raises(error, match="test: "):
        Split(IMAGES, LABELS, images, labels, ("a", "b", "c"))


def test_digits_as_a_split_show_the_same():
    digits = load_digits(16)
    split = digits.as_split()
    assert split.class_names == tuple("0123456789")
    assert split.train_images.shape == (1347, 1, 16, 16)
    np.testing.assert_allclose(split.test_images[:, 0], digits.test_images, atol=1e-7)
    assert np.array_equal(split.test_labels, digits.test_labels)
    assert digits.train_images.dtype == np.float64  # lectures count on it


def test_resized_images_keep_range_and_means():
    rng = np.random.default_rng(0)
    images = rng.random((2, 3, 8, 8)).astype(np.float32)
    large = resize_images(images, 16)
    assert (large.shape, large.dtype) == ((2, 3, 16, 16), np.float32)
    assert images.min() <= large.min() < large.max() <= images.max()
    np.testing.assert_allclose(large.mean((2, 3)), images.mean((2, 3)), atol=0.02)
    assert resize_images(images, 8) is not images


@pytest.mark.parametrize(
    ("load", "train_mean", "test_mean", "labels"),
    [
        (load_glyphs, 0.141491, 0.130795, [7, 6, 25, 7, 2]),
        (load_patches, 0.431373, 0.426098, [6, 6, 3, 2, 1]),
        (load_cues, 0.416947, 0.406847, [3, 0, 0, 2, 2]),
        (load_faces, 0.372746, 0.390186, [0, 1, 0, 0, 0]),
    ],
)
def test_sets_are_the_same_everywhere_and_need_no_network(
    monkeypatch, load, train_mean, test_mean, labels
):
    """Within rounding: what is stored in lectures and said in docs holds on other machines."""

    def refuse(*_, **__):
        raise AssertionError("asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    split = load()
    assert split.train_images.mean(dtype=np.float64) == pytest.approx(train_mean, abs=2e-6)
    assert split.test_images.mean(dtype=np.float64) == pytest.approx(test_mean, abs=2e-6)
    assert list(split.train_labels[:5]) == labels


def test_importing_data_loads_no_network_library():
    code = (
        "import sys, course_utils.data\n"
        "print([m for m in ('torch', 'torchvision', 'matplotlib', 'skimage') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_a_few_of_each_class_and_the_smaller_draw_is_in_the_larger():
    labels = np.array([0, 1, 2] * 5 + [2])
    rows = few(labels, 2, seed=3)
    assert labels[rows].tolist() == [0, 0, 1, 1, 2, 2]
    more = few(labels, 4, seed=3)
    assert set(rows) < set(more)
    assert len(set(more)) == 12
    assert rows.tolist() != few(labels, 2, seed=4).tolist()


def test_misfits_keep_the_letters_and_lose_order_of_pixels_or_sense_of_labels():
    letters = load_glyphs(16, per_class=60, test_per_class=1, distortion=2, seed=1)
    x, y = letters.train_images, letters.train_labels
    pixels, labels = misfit("pixels shuffled", 1), misfit("labels shuffled", 1)
    assert np.array_equal(pixels.train_labels, y)
    places = {tuple(column) for column in x.reshape(len(x), -1).T}
    assert {tuple(column) for column in pixels.train_images.reshape(len(x), -1).T} == places
    assert not np.array_equal(pixels.train_images, x)
    assert np.array_equal(labels.train_images, x)
    assert np.array_equal(np.bincount(labels.train_labels), np.bincount(y))
    assert (labels.train_labels == y).mean() < 0.1
    photos = misfit("photo patches", 1)
    assert photos.train_images.shape == (2000, 1, 16, 16)
    with pytest.raises(ValueError, match="unknown kind"):
        misfit("noise", 1)
