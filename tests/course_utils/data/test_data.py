import numpy as np
import pytest

from course_utils.data import PHOTOS, load_digits, photo


@pytest.mark.parametrize("name", PHOTOS)
def test_photos_are_floats_between_black_and_white(name):
    image = photo(name, size=(40, 60))
    assert image.dtype == np.float64
    assert image.shape[:2] == (40, 60)
    assert 0 <= image.min() < image.max() <= 1
    assert photo(name, grey=True, size=(40, 60)).shape == (40, 60)


def test_photos_need_no_network(monkeypatch):
    """All of them are inside the wheel: nothing asks for a socket."""
    import socket

    def refuse(*_, **__):
        raise AssertionError("a photo asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    for name in PHOTOS:
        assert photo(name).size > 10_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "lenna"}, "expected one of: astronaut"),
        ({"name": "camera", "size": (0, 5)}, "two positive integers"),
        ({"name": "camera", "size": (5,)}, "two positive integers"),
    ],
)
def test_bad_requests_for_photos_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        photo(**arguments)


def test_digits_are_split_once_for_all():
    one, other = load_digits(), load_digits()
    assert len(one.train_labels) + len(one.test_labels) == 1797
    assert np.array_equal(one.test_images, other.test_images)
    assert not np.array_equal(load_digits(seed=1).test_labels, one.test_labels)
    assert one.train_images.shape[1:] == (8, 8)
    assert (one.train_images.min(), one.train_images.max()) == (0, 1)


def test_each_digit_keeps_its_share():
    digits = load_digits()
    share = np.bincount(digits.test_labels) / np.bincount(
        np.concatenate([digits.train_labels, digits.test_labels])
    )
    assert np.allclose(share, 0.25, atol=0.02)


def test_the_first_digits_leave_the_test_as_it_is():
    digits = load_digits()
    few = digits.first(7)
    assert few.train_labels.tolist() == digits.train_labels[:7].tolist()
    assert np.array_equal(few.train_images, digits.train_images[:7])
    assert few.test_images is digits.test_images


def test_larger_digits_show_the_same():
    small, large = load_digits(), load_digits(32)
    assert large.test_images.shape[1:] == (32, 32)
    assert np.array_equal(small.test_labels, large.test_labels)
    shrunk = large.test_images.reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(shrunk.ravel(), small.test_images.ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 7}, "8×8"),
        ({"test_fraction": 0}, "between 0 and 1"),
        ({"test_fraction": 1}, "0 and 1"),
    ],
)
def test_bad_requests_for_digits_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_digits(**arguments)
