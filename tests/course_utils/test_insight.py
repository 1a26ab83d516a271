import numpy as np
import pytest
import torch
from torch import nn

from course_utils import insight
from course_utils.data import imagenet_batch, photo


class Sums(nn.Module):
    """Logits of an image: the sum of its pixels, and 0."""

    def forward(self, images):
        total = images.sum(dim=(1, 2, 3))
        return torch.stack([total, torch.zeros_like(total)], dim=1)


def test_settling_gives_each_norm_the_statistics_of_the_batch_and_nothing_else():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3),
        nn.BatchNorm2d(3),
        nn.Dropout(0.5),
        nn.Conv2d(3, 2, 1),
        nn.BatchNorm2d(2),
    ).double()
    images = 5 + 3 * torch.randn(4, 2, 6, 5, dtype=torch.float64)
    weights = [p.clone() for p in net.parameters()]
    assert insight.settle(net, images) is net
    assert not any(module.training for module in net.modules())
    assert all(torch.equal(a, b) for a, b in zip(weights, net.parameters(), strict=True))
    assert net[1].momentum == 0.1
    assert torch.allclose(net[1].running_mean, net[0](images).mean(dim=(0, 2, 3)))
    out = net(images)  # normalised, so dropout was off on the way
    assert torch.allclose(out.mean(dim=(0, 2, 3)), torch.zeros(2).double(), atol=1e-9)
    once = net[1].running_var.clone()
    insight.settle(net, images)  # no trace of what was before
    assert torch.equal(once, net[1].running_var)


def test_outputs_are_those_of_each_part_and_keep_no_graph():
    parts = nn.Linear(2, 3), nn.ReLU()
    first, second = insight.outputs(parts, torch.ones(1, 2))
    assert torch.equal(first, parts[0](torch.ones(1, 2)))
    assert torch.equal(second, first.relu())
    assert not second.requires_grad


def test_a_head_reads_off_what_is_linear_and_takes_features_as_they_are():
    torch.manual_seed(0)
    features = 40 + 9 * torch.randn(200, 3)
    labels = (features[:, 0] > 40).long()
    head = insight.head_on(features, labels, seed=1, lr=0.1)
    assert (head(features).argmax(dim=1) == labels).float().mean() > 0.95
    assert torch.equal(head.weight, insight.head_on(features, labels, 1, 0.1).weight)


def test_edges_add_steps_down_and_right_over_the_colours():
    image = torch.zeros(1, 2, 3, 3)
    image[0, 0, 1, 1], image[0, 1, 2, 2] = 1, -2
    expected = [[0, 1, 0], [1, 2, 2], [0, 2, 0]]
    assert insight.edges(image)[0].tolist() == expected


def test_deletion_takes_first_what_ranks_first_and_leaves_nothing():
    image = torch.zeros(1, 4, 4)
    image[0, :2, :2], image[0, 2:, 2:] = 1.0, 0.5  # sums 4 and 2 of two quarters
    ranks = torch.zeros(2, 4, 4)
    ranks[0, :2, :2], ranks[0, 2:, 2:] = 2, 1  # the best order
    ranks[1, :2, 2:] = 1  # first a quarter that matters to nobody, then in row order
    found = insight.deletion(Sums(), image, 0, ranks, blocks=2, steps=4)
    p6, p2, p0 = (1 / (1 + np.exp(-s)) for s in (6, 2, 0))
    assert np.allclose(found[0], np.array([p6, p2, p0, p0, p0]) / p6)
    assert np.allclose(found[1], np.array([p6, p6, p2, p2, p0]) / p6)
    filled = insight.deletion(Sums(), image, 0, ranks, blocks=4, steps=2, fill=1.0)
    assert np.allclose(filled[:, -1], 1 / (1 + np.exp(-16)) / p6)


@pytest.mark.parametrize(
    ("shape", "blocks", "words"), [((1, 4, 4), 3, "3 blocks"), ((1, 4, 5), 2, r"\(M, 4, 4\)")]
)
def test_deletion_refuses_what_does_not_fit(shape, blocks, words):
    with pytest.raises(ValueError, match=words):
        insight.deletion(Sums(), torch.zeros(1, 4, 4), 0, torch.zeros(shape), blocks=blocks)


def test_patches_are_what_the_strongest_inner_place_sees_one_of_each_photo():
    """Maps are maxima over windows of 5 pixels, 2 apart and centred like stride times r + 1/2."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(4, 1, 16, 16, generator=generator)
    images[2, 0, 0, 0] = 9  # seen only from places that see beyond the border, too
    windows = nn.functional.pad(images, (1, 2, 1, 2)).unfold(2, 5, 2).unfold(3, 5, 2)
    maps = windows.amax(dim=(4, 5))[:, 0]  # (4, 8, 8)
    found = insight.strongest_patches(maps, images, size=5, stride=2, count=3, owners=[0, 0, 1, 2])
    inner = maps[:, 1:-1, 1:-1].flatten(1).amax(dim=1)
    expected = sorted([max(inner[0], inner[1]), inner[2], inner[3]], reverse=True)
    assert [patch.shape for patch in found] == 3 * [(1, 5, 5)]
    assert [patch.max() for patch in found] == expected
    assert expected[0] <= 1


def test_quarters_are_the_corners_of_their_photo():
    small = np.arange(24.0).reshape(4, 6)
    crops, owners = insight.quarters([small, small[..., None].repeat(3, axis=2)])
    assert owners == [0] * 5 + [1] * 5
    assert [crop.shape for crop in crops[:5]] == [(4, 6)] + 4 * [(2, 2)]
    assert [crop[0, 0] for crop in crops[1:5]] == [0, 4, 12, 16]
    assert crops[9].shape == (2, 2, 3)


def test_a_picture_is_what_the_batch_was_made_of():
    cat = photo("chelsea", size=(224, 224))
    assert np.abs(insight.picture(imagenet_batch(cat)[0]) - cat).max() < 0.003


def test_a_box_covers_its_first_row_and_column_and_not_those_behind_it():
    first, second = insight.covered(np.array([[0, 1, 2, 4], [1, 0, 3, 1]]), 3, 4).astype(int)
    assert first.tolist() == [[0, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]]
    assert second.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_hits_counts_the_first_of_equal_pixels():
    inside = torch.zeros(2, 9, dtype=torch.bool)
    inside[:, 4] = True
    maps = torch.zeros(2, 3, 3)
    maps[0, 1, 1] = 1  # the other is 0 everywhere: its first pixel counts
    assert insight.hits([maps, -maps], inside) == [0.5, 0.0]


def test_order_is_compared_by_ranks_and_flat_maps_are_left_out():
    maps = torch.arange(12.0).view(1, 3, 4)
    both = torch.cat([maps, torch.ones(1, 3, 4)])
    assert insight.same_order(both, torch.cat([maps**3, maps])) == pytest.approx(1)
    assert insight.same_order(maps, -maps) == pytest.approx(-1)
