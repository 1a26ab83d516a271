import doctest

import numpy as np
import pytest
import torch

from course_utils.data import CUES, cue_network, cues, load_cues, photo
from course_utils.data.cues import BACKGROUNDS, ENDINGS, STARTS


@pytest.fixture(scope="module")
def marked():
    return load_cues(per_class=40, test_per_class=20)


def test_shapes_ranges_and_balance(marked):
    assert marked.train_images.shape == (160, 3, 32, 32)
    assert marked.test_images.shape == (80, 3, 32, 32)
    assert marked.train_boxes.shape == (160, 4)
    assert marked.test_boxes.dtype == np.int64
    assert marked.class_names == CUES
    assert marked.train_images.min() >= 0
    assert marked.train_images.max() <= 1
    assert set(np.bincount(marked.train_labels)) == {40}
    assert set(np.bincount(marked.test_labels)) == {20}


@pytest.mark.parametrize("size", [24, 32, 64])
def test_boxes_lie_inside_and_cover_an_eighth(size):
    boxes = load_cues(size, per_class=50, test_per_class=1).train_boxes
    top, left, bottom, right = boxes.T
    assert boxes.min() >= 0
    assert boxes.max() <= size
    assert np.array_equal(bottom - top, right - left)
    share = (bottom - top) ** 2 / size**2
    assert 0.08 < share.min() < share.max() < 0.18
    assert abs(share.mean() - 0.125) < 0.02


def outside(images, boxes):
    """The images with their boxes blacked out, as bytes."""
    blacked = images.copy()
    for image, (top, left, bottom, right) in zip(blacked, boxes, strict=True):
        image[:, top:bottom, left:right] = 0
    return [image.tobytes() for image in blacked]


def test_nothing_but_the_mark_tells_the_class(marked):
    """Without their boxes, the images of all classes are the very same."""
    rest = np.array(outside(marked.train_images, marked.train_boxes))
    boxes = marked.train_boxes
    first = sorted(rest[marked.train_labels == 0])
    for label in range(1, len(CUES)):
        assert sorted(rest[marked.train_labels == label]) == first
        assert sorted(map(tuple, boxes[marked.train_labels == label])) == sorted(
            map(tuple, boxes[marked.train_labels == 0])
        )


def test_the_mark_decides_the_class(marked):
    """Inside of their boxes, the four images of a piece of photo differ."""
    rest = outside(marked.train_images, marked.train_boxes)
    groups = {}
    for i, key in enumerate(rest):
        groups.setdefault((key, tuple(marked.train_boxes[i])), []).append(i)
    for members in groups.values():
        top, left, bottom, right = marked.train_boxes[members[0]]
        inside = marked.train_images[members][:, :, top:bottom, left:right]
        labels = marked.train_labels[members]
        for i in range(1, len(members)):
            differs = np.abs(inside[i] - inside[0]).mean() > 0.05
            assert differs == (labels[i] != labels[0])


def test_marks_have_white_and_colour_and_fill_their_box():
    for side in (7, 10, 13, 26):
        opaque, coloured = cues._marks(side)
        assert opaque.shape == coloured.shape == (4, 1, side, side)
        for alpha, colour in zip(opaque[:, 0], coloured[:, 0], strict=True):
            assert np.all(alpha.max(axis=0) > 0.2)  # touches every column
            assert np.all(alpha.max(axis=1) > 0.2)  # and every row
            assert (alpha * colour).max() > 0.6
            assert (alpha * (1 - colour)).max() > 0.6


def test_the_seed_decides(marked):
    again = load_cues(per_class=40, test_per_class=20)
    other = load_cues(per_class=40, test_per_class=20, seed=1)
    assert np.array_equal(again.train_images, marked.train_images)
    assert np.array_equal(again.test_boxes, marked.test_boxes)
    assert not np.array_equal(other.train_images, marked.train_images)
    assert not np.array_equal(other.train_boxes, marked.train_boxes)


def test_backgrounds_of_the_test_are_from_other_places(monkeypatch):
    """Each pixel of each photo carries its own number, so an image tells where it was cut."""

    def numbered(name):
        height, width, channels = photo(name).shape
        start = BACKGROUNDS.index(name) << 20
        numbers = (start + np.arange(height * width).reshape(height, width)) / 2**22
        return np.repeat(numbers[..., None], channels, axis=2)  # exact in float32

    monkeypatch.setattr(cues, "photo", numbered)
    marked = load_cues(per_class=100, test_per_class=100)

    def places(images, boxes):
        for image, (top, left, bottom, right) in zip(images, boxes, strict=True):
            image[:, top:bottom, left:right] = 0
        return set(images.ravel()) - {0}

    train = places(marked.train_images, marked.train_boxes)
    assert len(train) > 50_000
    assert not train & places(marked.test_images, marked.test_boxes)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"size": 23}, "size must be a whole number of at least 24 and at most 64"),
        ({"per_class": 0}, "per_class"),
        ({"test_per_class": 0}, "test_per_class"),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_requests_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_cues(**arguments)


def test_the_examples_hold():
    assert doctest.testmod(cues).failed == 0


@pytest.mark.parametrize("ending", ENDINGS)
def test_cue_networks_know_the_marks_and_their_starts_do_not(ending):
    cues = load_cues(per_class=1, test_per_class=25)
    images, labels = torch.tensor(cues.test_images), torch.tensor(cues.test_labels)
    torch.manual_seed(5)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    for start in range(STARTS):
        net = cue_network(ending, start)
        assert not net.training
        assert net[:11](images[:1]).shape == (1, 32, 8, 8)
        assert (net(images).argmax(1) == labels).float().mean() > 0.9
        young, again = (cue_network(ending, start, trained=False) for _ in range(2))
        assert torch.equal(young(images[:2]), again(images[:2]))
        assert (young(images).argmax(1) == labels).float().mean() < 0.6
    assert torch.equal(torch.rand(1), drawn)  # nobody else's random numbers are touched


def test_a_cue_network_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="start in 0 to 2, got 'mean', 3"):
        cue_network("mean", 3)
