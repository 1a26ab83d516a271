import doctest

import numpy as np
import pytest

from course_utils.data import glyphs, load_glyphs


@pytest.fixture(scope="module")
def letters():
    return load_glyphs(per_class=20, test_per_class=10)


def test_shapes_ranges_and_balance(letters):
    assert letters.train_images.shape == (520, 1, 28, 28)
    assert letters.test_images.shape == (260, 1, 28, 28)
    assert letters.train_images.min() == 0
    assert 0.99 < letters.train_images.max() <= 1
    assert set(np.bincount(letters.train_labels)) == {20}
    assert set(np.bincount(letters.test_labels)) == {10}
    assert "".join(letters.class_names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert np.any(np.diff(letters.train_labels) < 0)  # shuffled


def test_every_image_shows_a_letter(letters):
    ink = letters.train_images.mean(axis=(1, 2, 3))
    assert ink.min() > 0.02
    assert ink.max() < 0.5


def test_the_seed_decides(letters):
    again = load_glyphs(per_class=20, test_per_class=10)
    other = load_glyphs(per_class=20, test_per_class=10, seed=1)
    assert np.array_equal(again.train_images, letters.train_images)
    assert np.array_equal(again.test_labels, letters.test_labels)
    assert not np.array_equal(other.train_images, letters.train_images)
    assert not np.array_equal(other.test_images, letters.test_images)


def test_no_typeface_is_on_both_sides():
    assert not set(glyphs.TRAIN_FONTS) & set(glyphs.TEST_FONTS)

    def families(fonts):
        return {font.split("-")[0][:5] for font in fonts}  # DejaV, STIXG, cmr10, cmss1, …

    assert not families(glyphs.TRAIN_FONTS) & families(glyphs.TEST_FONTS)


@pytest.mark.parametrize("font", [*glyphs.TRAIN_FONTS, *glyphs.TEST_FONTS])
def test_each_font_has_every_letter(font):
    templates = glyphs._templates(font, 50)
    assert templates.shape == (len(glyphs.STROKES), 26, 50, 50)
    light, bold = templates[0].astype(int), templates[-1].astype(int)
    assert np.all(bold.sum((1, 2)) > light.sum((1, 2)))  # a heavier stroke has more ink
    distinct = np.unique(light.reshape(26, -1), axis=0)
    assert len(distinct) == 26  # a missing letter would be drawn as the same empty box
    border = np.ones((50, 50), bool)
    border[1:-1, 1:-1] = False
    assert templates[:, :, border].max() == 0  # what is sampled outside repeats the border


def test_without_distortion_letters_stand_upright_and_centred():
    letters = load_glyphs(32, per_class=3, test_per_class=1, distortion=0)
    (which,) = np.nonzero(letters.class_names.index("H") == letters.train_labels)
    for image in letters.train_images[which, 0]:
        rows, columns = np.nonzero(image > 0.3)
        assert abs(rows.mean() - 15.5) < 1
        assert abs(columns.mean() - 15.5) < 1


def test_larger_letters_show_the_same():
    small, large = (load_glyphs(n, per_class=4, test_per_class=1) for n in (28, 56))
    assert np.array_equal(small.train_labels, large.train_labels)
    shrunk = large.train_images.reshape(-1, 28, 2, 28, 2).mean(axis=(2, 4))
    assert np.corrcoef(shrunk.ravel(), small.train_images.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 15}, "size must be a whole number of at least 16 and at most 128, got 15"),
        ({"size": 28.0}, "whole number"),
        ({"per_class": 0}, "per_class must be a whole number of at least 1"),
        ({"test_per_class": -1}, "test_per_class"),
        ({"distortion": 3}, "distortion must lie between 0 and 2"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_glyphs(**arguments)


def test_the_examples_hold():
    assert doctest.testmod(glyphs).failed == 0
