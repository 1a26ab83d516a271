"""What cells of lecture 09 must find."""

from course_utils import quiz


def cone_explore(reads, stacks):
    assert [len(reads(stack)[0]) for stack in stacks.values()] == [7, 8, 15, 7]
    assert quiz.truth("cone-four") == [len(reads(stack)[0]) for stack in stacks.values()]


def recursion_step(j, r, start, first, second):
    assert (r, start) == (first[-1] - first[0] + 1, first[0])  # the cone, followed window by window
    assert j == second[0] - first[0]
    assert quiz.truth("recursion-next") == [r, j, start]


def worked_table(last):
    assert (len(last), last[-1]) == (16, 27)


def vgg_table(vgg, reads):
    assert len(reads(vgg)[0]) == 212 and len(vgg) == 18


def measure_net(rows, columns, reads, chain):
    assert rows == reads(chain, unit=2)[0] and columns == reads(chain, unit=3)[0]
    assert quiz.truth("measure-field") == [len(rows), rows[0], columns[0]]


def trained_run(change):
    assert change["near"].max() < -0.05 and change["far"].mean() - change["near"].mean() > 0.15


def learned_check(claims):
    assert all(claims.values())


def border_leak(knows):
    assert not knows[6:27, 6:27].any() and knows[[0, 5, 27, 32], 16].all()


def sizes_run():
    assert 224 == 2**5 * 7 and 256 == 2**8


def sweep_run(mean):
    assert mean[0] < 0.35 and mean[[2, 3]].min() > 0.92 and mean[5] < mean[4] < 0.9


def pitfalls_show(shown):
    assert quiz.truth("pitfalls-maximum") == shown["(1) maximum"].sum()
