"""The same seed gives the same numbers everywhere; wrong input is told."""

import random

import numpy as np
import pytest
import torch

from course_utils import reproducibility


def draw(generator):
    return (
        random.random(),
        np.random.rand(),  # noqa: NPY002 - the global state is what is tested
        torch.rand(2).tolist(),
        generator.random(3).tolist(),
    )


@pytest.fixture(autouse=True)
def _leaves_the_threads_as_they_were():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_same_seed_same_numbers_from_every_source():
    one, same, other = (draw(reproducibility.seed_everything(seed)) for seed in (3, 3, 4))
    assert one == same
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_generator_is_numpys_own_of_that_seed():
    expected = np.random.default_rng(0).random(4)
    np.testing.assert_array_equal(reproducibility.seed_everything().random(4), expected)


@pytest.mark.parametrize("seed", [np.int64(7), np.uint8(7), 2**32 - 1], ids=repr)
def test_any_whole_number_is_a_seed(seed):
    assert reproducibility.seed_everything(seed).random() == np.random.default_rng(seed).random()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_out_of_range_is_told(seed):
    with pytest.raises(ValueError, match=rf"between 0 and 2\*\*32 - 1, got {seed}"):
        reproducibility.seed_everything(seed)


@pytest.mark.parametrize("seed", [1.5, "1", None], ids=repr)
def test_seed_that_is_no_whole_number_is_told(seed):
    with pytest.raises(TypeError, match=f"seed must be a whole number, got {seed!r}"):
        reproducibility.seed_everything(seed)


def test_device_computes():
    device = reproducibility.device()
    assert device.type in {"cuda", "mps", "cpu"}
    assert (torch.ones(2, device=device) + 1).sum().item() == 4


def test_device_prefers_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert reproducibility.device().type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert reproducibility.device().type == "cuda"


def test_limit_threads():
    reproducibility.limit_threads(1)
    assert torch.get_num_threads() == 1
    with pytest.raises(ValueError, match="count must be at least 1, got 0"):
        reproducibility.limit_threads(0)
    with pytest.raises(TypeError, match=r"count must be a whole number, got 1\.5"):
        reproducibility.limit_threads(1.5)
