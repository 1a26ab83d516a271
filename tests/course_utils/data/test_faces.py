import doctest

import numpy as np
import pytest

from course_utils.data import faces, load_faces


def test_shapes_ranges_and_balance():
    split = load_faces()
    assert split.train_images.shape == (150, 1, 25, 25)
    assert split.test_images.shape == (50, 1, 25, 25)
    assert split.class_names == ("no face", "face")
    assert split.train_images.min() >= 0
    assert split.train_images.max() <= 1
    assert list(np.bincount(split.train_labels)) == [75, 75]
    assert list(np.bincount(split.test_labels)) == [25, 25]
    assert np.any(np.diff(split.train_labels) < 0)  # shuffled


def test_each_image_is_used_once():
    split = load_faces(test_fraction=0.3)
    used = np.concatenate([split.train_images, split.test_images]).reshape(200, -1)
    assert len(np.unique(used, axis=0)) == 200


def test_faces_look_alike():
    """Their mean is a face, which has more contrast than a mean of anything."""
    split = load_faces()
    other, face = (split.train_images[split.train_labels == k].mean(0) for k in (0, 1))
    assert face.std() > 1.5 * other.std()


def test_the_seed_decides():
    assert np.array_equal(load_faces().test_images, load_faces().test_images)
    assert not np.array_equal(load_faces(seed=1).test_images, load_faces().test_images)


def test_larger_faces_show_the_same():
    small, large = load_faces(), load_faces(50)
    assert np.array_equal(small.test_labels, large.test_labels)
    shrunk = large.test_images.reshape(-1, 25, 2, 25, 2).mean(axis=(2, 4))
    assert np.corrcoef(shrunk.ravel(), small.test_images.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 24}, "size must be a whole number of at least 25"),
        ({"test_fraction": 0}, "between 0.01 and 0.99"),
        ({"test_fraction": 1}, "between 0.01 and 0.99"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_faces(**arguments)


def test_the_examples_hold():
    assert doctest.testmod(faces).failed == 0
