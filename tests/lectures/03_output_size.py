"""What cells of lecture 03 must find."""

import torch

from course_utils import quiz


def blind(counts):
    assert counts[2][-1].sum() == counts[2][:, -1].sum() == 0
    assert quiz.truth("blind-unread") == (counts[2] == 0).sum()


def padding_example_run(result):
    slide = torch.tensor([[-10, -13, 1], [-9, 3, 0]])
    assert (result[:2, :3] != slide).sum() == quiz.truth("slide-wrong")


def transposed_by_hand(F, torch):
    def overlaps(k, stride):
        ones = torch.ones(1, 1, 6, 6), torch.ones(1, 1, k, k)
        return F.conv_transpose2d(*ones, stride=stride)[0, 0, k:-k, k:-k].unique().tolist()

    assert overlaps(3, 2) == [1, 2, 4]
    whole = F.conv_transpose2d(torch.ones(1, 1, 6, 6), torch.ones(1, 1, 4, 4), stride=2)
    assert whole.unique().tolist() == [1, 2, 4]  # uneven at the rim, for any kernel that overlaps
    assert overlaps(4, 2) == [4]  # a stride that divides the kernel: no checkerboard
    assert overlaps(2, 2) == [1]


def channels_torch(layer, x, learned):
    assert quiz.truth("maps-of-six") == [layer(x).numel(), learned]


def channels_chain(volume):
    assert volume.shape == (1, 10, 24, 24)
