import doctest

import numpy as np
import pytest

from course_utils.data import PATCH_PHOTOS, load_patches, patches, photo


@pytest.fixture(scope="module")
def textures():
    return load_patches(per_class=30, test_per_class=10)


def test_shapes_ranges_and_balance(textures):
    assert textures.train_images.shape == (240, 1, 32, 32)
    assert textures.test_images.shape == (80, 1, 32, 32)
    assert textures.class_names == PATCH_PHOTOS
    assert textures.train_images.min() >= 0
    assert textures.train_images.max() <= 1
    assert set(np.bincount(textures.train_labels)) == {30}
    assert set(np.bincount(textures.test_labels)) == {10}
    assert np.any(np.diff(textures.test_labels) < 0)  # shuffled


def test_the_seed_decides(textures):
    again = load_patches(per_class=30, test_per_class=10)
    other = load_patches(per_class=30, test_per_class=10, seed=1)
    assert np.array_equal(again.train_images, textures.train_images)
    assert np.array_equal(again.test_labels, textures.test_labels)
    assert not np.array_equal(other.train_images, textures.train_images)


@pytest.mark.parametrize("size", [8, 32, 64])
def test_training_and_test_share_no_pixel(monkeypatch, size):
    """Each pixel of each photo carries its own number, so a patch tells where it was cut."""

    def numbered(name, *, grey):
        height, width = photo(name, grey=grey).shape
        return np.arange(height * width, dtype=float).reshape(height, width)  # exact in float32

    monkeypatch.setattr(patches, "photo", numbered)

    def pixels(images, labels, label):
        return set(images[labels == label].ravel())

    for seed in (0, 1):
        cut = load_patches(size, per_class=200, test_per_class=200, seed=seed)
        tuned = load_patches(size, per_class=200, test_per_class=200, seed=seed, validation=True)
        for label in range(cut.num_classes):
            train = pixels(cut.train_images, cut.train_labels, label)
            test = pixels(cut.test_images, cut.test_labels, label)
            assert not train & test
            learnt = pixels(tuned.train_images, tuned.train_labels, label)
            judged = pixels(tuned.test_images, tuned.test_labels, label)
            assert not learnt & judged
            assert not (learnt | judged) & test


def test_a_patch_is_a_piece_of_its_photo(textures):
    image = photo("coins", grey=True).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(image, (32, 32))
    label = PATCH_PHOTOS.index("coins")
    patch = textures.test_images[textures.test_labels == label][0, 0]
    assert np.any(np.all(windows[:, :, 0] == patch[0], axis=-1))


def test_test_tiles_are_a_quarter_and_never_side_by_side():
    quarters = np.array([[patches.quarter(r, c) for c in range(8)] for r in range(8)])
    for grid in (quarters == q for q in range(4)):
        assert grid.mean() == 0.25
        assert not np.any(grid[1:] & grid[:-1])
        assert not np.any(grid[:, 1:] & grid[:, :-1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 7}, "size must be a whole number of at least 8 and at most 64"),
        ({"size": 65}, "at most 64"),
        ({"per_class": 0}, "per_class"),
        ({"test_per_class": 1.5}, "test_per_class"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_patches(**arguments)


def test_the_examples_hold():
    assert doctest.testmod(patches).failed == 0
