import io
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import plotting
from course_utils.data import photo


def size_of(fig):
    mime, picture = plotting.render(fig)
    return mime, len(picture), Image.open(io.BytesIO(picture)).size


def test_show_publishes_the_picture_with_its_description_and_closes_it(monkeypatch):
    sent = []
    monkeypatch.setattr(plotting, "publish_display_data", lambda *a, **k: sent.append((a[0], k)))
    plotting.show(plotting.numbers(np.eye(2)), alt="the identity matrix of two rows")
    (data, more), *none = sent
    assert not none
    assert data["text/plain"] == more["metadata"]["image/png"]["alt"]
    assert plt.get_fignums() == []


def test_a_picture_must_be_described():
    with pytest.raises(ValueError, match="describe the picture"):
        plotting.show(plotting.numbers(np.eye(2)), alt="plot")
    for named in ({}, {"name": "spike-run", "alt": "the identity matrix of two rows"}):
        with pytest.raises(ValueError, match="takes the picture's name"):
            plotting.show(plotting.numbers(np.eye(2)), **named)


def test_a_description_is_found_by_the_picture_s_name_and_filled_in():
    text = plotting.alternative("spike-run", place=3, half=1)
    assert "in box 3;" in text
    assert "in box 1." in text
    with pytest.raises(ValueError, match="similar: spike-run"):
        plotting.alternative("spike-runs")
    for values in ({"place": 3}, {"place": 3, "half": 1, "more": 0}):
        with pytest.raises(ValueError, match=r"needs the values \['half', 'place'\], got"):
            plotting.alternative("spike-run", **values)


def test_two_descriptions_of_one_name_are_refused(tmp_path, monkeypatch):
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text("same = 'A picture that was described before.'")
    monkeypatch.setattr(plotting, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"'same' of b.toml is described twice"):
        plotting.alternatives.__wrapped__()


def test_drawings_become_png_and_photos_jpeg():
    assert size_of(plotting.numbers(np.eye(3)))[0] == "image/png"
    assert size_of(plotting.images([photo("grass", size=(200, 200))]))[0] == "image/jpeg"


def test_ticks_that_nobody_sees_are_not_measured():
    fig = plotting.images([photo("grass", size=(9, 9))])
    plotting.render(fig)
    assert len(fig.axes[0].get_xticks()) == 0


def test_axes_that_are_off_leave_the_ticks_to_whom_they_share_them_with():
    fig, axes = plotting.figure(1, 2, sharex=True)
    axes[0, 0].axis("off")
    plotting.render(fig)
    assert len(axes[0, 1].get_xticks()) > 1


def test_pictures_stay_small_and_fit_a_page():
    _, size, (width, _) = size_of(plotting.images([photo("coffee", size=(200, 300))] * 4))
    assert size < 60_000
    assert width <= 850


def test_images_mark_signs_and_share_scales():
    fig = plotting.images([np.array([[-1.0, 2]]), np.array([[0.5, 0.5]])], signed=True)
    limits = [ax.images[0].get_clim() for ax in fig.axes[:2]]
    assert limits[0][0] == -limits[0][1]
    shared = plotting.images([np.ones((2, 2)), 4 * np.ones((2, 2))], same_scale=True)
    assert [ax.images[0].get_clim() for ax in shared.axes[:2]] == [(0, 4), (0, 4)]


def test_images_name_their_rows_and_frame_parts():
    fig = plotting.images([np.eye(4)] * 4, columns=2, rows="ab", marks=[(1, 2, 2, 1)])
    assert [ax.get_ylabel() for ax in fig.axes] == ["a", "", "b", ""]
    white, colour = fig.axes[0].patches
    assert colour.get_bbox().bounds == (1.5, 0.5, 1, 2)  # around pixels (1, 2) and (2, 2)
    assert white.get_linewidth() > colour.get_linewidth()
    assert not fig.axes[1].patches


def test_heat_leaves_white_what_is_not_there_and_frames_a_part():
    fig, ((ax,),) = plotting.figure()
    plotting.heat(
        ax, np.array([[0.0, np.nan], [1, 2]]), mark=(0, 0, 2, 1), label="paths", title="t"
    )
    assert ax.images[0].get_array().mask.tolist() == [[False, True], [False, False]]
    assert ax.patches[-1].get_bbox().bounds == (-0.5, -0.5, 1, 2)
    assert (ax.get_title(), fig.axes[1].get_ylabel()) == ("t", "paths")
    assert not len(ax.get_xticks())


def test_lines_of_unequal_length_share_a_panel():
    ax = plotting.figure()[1][0, 0]
    plotting.draw_lines(ax, {"long": (range(3), [1, 2, 3]), "short": ([5], [6])}, xlabel="x")
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 1, 2], [5]]
    assert len({(line.get_color(), line.get_marker()) for line in ax.lines}) == 2
    assert ax.get_xlabel() == "x"


@pytest.mark.parametrize(
    ("pictures", "titles", "sentence"),
    [
        ([], None, "at least one"),
        ([np.ones((2, 2))], ["a", "b"], "as many titles"),
        ([np.ones(3)], None, r"must be \(H, W\)"),
        ([np.ones((2, 2, 4))], None, r"must be \(H, W\)"),
    ],
)
def test_bad_pictures_get_a_sentence(pictures, titles, sentence):
    with pytest.raises(ValueError, match=sentence):
        plotting.images(pictures, titles, height=2)


def test_numbers_writes_every_number():
    fig = plotting.numbers([np.array([[1.0, -2], [0.25, np.nan]])], ["title"])
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert texts == ["1", "\N{MINUS SIGN}2", "0.25", "", "title"]


def test_kernels_stand_beside_what_they_make_of_a_photo():
    sobel, mean, map_ = np.outer([1, 2, 1], [-1, 0, 1]), np.full((3, 3), 0.5), np.eye(20)
    fig = plotting.kernels([sobel, mean, mean], [map_, -map_, map_], list("abc"), signed=True)
    left, right, *others = fig.axes
    assert [t.get_text() for t in left.texts] == ["−1", "0", "1", "−2", "0", "2", "−1", "0", "1"]
    assert right.get_title() == "a"
    assert right.images[0].get_clim() == (-1, 1)
    assert [bool(ax.texts or ax.images) for ax in others] == [True] * 4 + [False] * 2
    with pytest.raises(ValueError, match="got 1 kernels, 1 maps and 2 titles"):
        plotting.kernels([mean], [map_], ["a", "b"])


def faces(fig):
    """The colour of each cell, by its text."""
    ax = fig.axes[0]
    return list(
        zip([t.get_text() for t in ax.texts], [p.get_facecolor() for p in ax.patches], strict=False)
    )


def test_one_scale_gives_a_number_one_colour_and_nothing_a_colour_of_its_own():
    counts = [np.array([[0, 1, 9]]), np.array([[0, 1, 1]])]
    ones = {face for text, face in faces(plotting.numbers(counts, cmap="heat")) if text == "1"}
    assert len(ones) == 2
    fig = plotting.numbers(counts, cmap="heat", same_scale=True)
    by_text = {text: {f for t, f in faces(fig) if t == text} for text in "019"}
    assert [len(found) for found in by_text.values()] == [1, 1, 1]
    assert by_text["0"] == {(1, 1, 1, 1)}
    assert [bool(p.get_hatch()) for p in fig.axes[0].patches] == [True, False, False] * 2


def test_numbers_hatches_a_border_of_padding():
    fig = plotting.numbers([np.pad(np.ones((2, 3)), 1), np.ones((2, 2))], borders=[1, 0])
    hatched = [bool(p.get_hatch()) for p in fig.axes[0].patches]
    assert sum(hatched) == 4 * 5 - 2 * 3
    assert not any(hatched[20:])


def test_numbers_refuses_volumes_and_unknown_shades():
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        plotting.numbers([np.ones((2, 2, 2))])
    with pytest.raises(ValueError, match="cmap must be"):
        plotting.numbers(np.eye(2), cmap="jet")


@pytest.mark.parametrize(("options", "count"), [({}, 5), ({"stride": 2}, 3), ({"padding": 1}, 7)])
def test_stops_draws_one_bracket_for_each(options, count):
    fig = plotting.stops(7, 3, **options)
    labels = [t.get_text() for t in fig.axes[0].texts if t.get_text().startswith("stop")]
    assert len(labels) == count


def test_stops_calls_padding_pad_and_numbers_pixels_only():
    fig = plotting.stops(7, 3, padding=1)
    labels = [t.get_text() for t in fig.axes[0].texts if not t.get_text().startswith("stop")]
    assert labels == ["pad", *"0123456", "pad"]


def test_stops_crosses_out_what_nobody_reads():
    crossed = [
        line for line in plotting.stops(7, 3, stride=3).axes[0].lines
        if line.get_color() == plotting.ORANGE and len(set(line.get_ydata())) == 2
    ]  # fmt: skip
    assert len(crossed) == 1


def test_stops_refuses_a_kernel_that_does_not_fit():
    with pytest.raises(ValueError, match="does not fit"):
        plotting.stops(4, 3, dilation=2)


def test_curves_differ_in_more_than_colour():
    lines = {name: [1, 2, 3] for name in "abc"}
    fig = plotting.curves([1, 2, 3], lines, xlabel="epoch", ylabel="loss", log="xy")
    drawn = fig.axes[0].lines
    assert len({line.get_marker() for line in drawn}) == 3
    assert fig.axes[0].get_xscale() == fig.axes[0].get_yscale() == "log"


def test_a_band_reaches_from_the_lowest_run_to_the_highest():
    fig = plotting.bands([1, 2], {"a": np.array([[1.0, 4], [3, 8]])}, ylabel="loss", ylim=(0, 9))
    (line,), (band,) = fig.axes[0].lines, fig.axes[0].collections
    assert line.get_ydata().tolist() == [2, 6]
    assert fig.axes[0].get_ylim() == (0, 9)
    low, high = band.get_paths()[0].vertices.min(axis=0), band.get_paths()[0].vertices.max(axis=0)
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 8])


def test_bands_in_panels_share_colours_and_have_their_own_places():
    panels = {"left": {"a": [[3.0, 1], [4, 8]], "b": [5.0, 6]}, "right": {"b": [[7.0, 8, 9]]}}
    fig = plotting.bands(
        {"left": [1, 2], "right": [5, 10, 20]},
        panels,
        each={"right": {"xscale": "log", "xticks": [5, 20]}},
        ylabel="loss",
        level=2.3,
        lowest="a",
    )
    left, right = fig.axes
    assert [ax.get_title() for ax in fig.axes] == ["left", "right"]
    assert left.lines[2].get_color() == right.lines[0].get_color() != left.lines[0].get_color()
    assert left.lines[1].get_xydata().tolist() == [[2, 1], [1, 4]]  # stars
    assert all(2.3 in ax.lines[-1].get_ydata() for ax in fig.axes)
    assert [tick.get_text() for tick in right.get_xticklabels()] == ["5", "20"]
    assert [ax.get_ylabel() for ax in fig.axes] == ["loss", "loss"]
    shared = plotting.bands({"left": [1, 2], "right": [5, 10, 20]}, panels, sharey=True, ylabel="y")
    assert [ax.get_ylabel() for ax in shared.axes] == ["y", ""]
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["a", "b"]


def test_strips_stand_beside_one_another_and_say_what_they_measure():
    panels = {"loss": {"a": [1, 3], "b": [2]}, "right": {"a": [4], "b": [5]}}
    fig = plotting.strips(panels, levels=[7], each={"right": {"xlim": (0, 9)}})
    left, right = fig.axes
    assert [ax.get_xlabel() for ax in fig.axes] == ["loss", "right"]
    drawn = [list(line.get_xdata()) for line in left.lines]
    assert [drawn[1], drawn[-1]] == [[2, 2], [7, 7]]
    assert right.get_xlim() == (0, 9)


def test_rows_of_images_have_a_scale_each():
    fig = plotting.image_rows({"one": [np.eye(2)], "two": [-3 * np.eye(2), np.eye(2)]}, signed=True)
    shown = [ax.images[0].get_clim() for ax in fig.axes if ax.images]
    assert shown == [(-1, 1), (-3, 3), (-3, 3)]
    assert [ax.get_ylabel() for ax in fig.axes if ax.get_ylabel()] == ["one", "two"]
    with pytest.raises(ValueError, match="at least one map"):
        plotting.image_rows({"none": []})


def test_columns_stack_the_kinds_of_a_panel():
    panels = {name: {"low": [1, 2], "high": [3, 4]} for name in "abc"}
    fig = plotting.columns(panels, columns=2, height=4, by_column=True, ylabel="share")
    assert [ax.get_title() for ax in fig.axes] == ["a", "c", "b", ""]
    low, high = fig.axes[0].containers
    assert [bar.get_y() for bar in high] == [bar.get_height() for bar in low] == [1, 2]


def test_labelled_points_carry_their_names():
    groups = {"old": {"A": (1, 2), "B": (3, 4)}, "new": {"C": (5, 6)}}
    fig = plotting.labelled(groups, left=["new"], lines=True, xticks=[1, 5])
    (ax,) = fig.axes
    assert ax.lines[0].get_xydata().tolist() == [[1, 2], [3, 4]]
    assert {text.get_text(): text.get_ha() for text in ax.texts} == {
        "A": "left",
        "B": "left",
        "C": "right",
    }
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "5"]


def test_a_confusion_matrix_writes_its_counts_and_shades_mistakes_alone():
    fig = plotting.confusion(np.array([[9, 2], [0, 7]]), "ab", label="mistakes")
    assert [text.get_text() for text in fig.axes[0].texts] == ["9", "2", "7"]
    assert fig.axes[0].images[0].get_array().tolist() == [[0, 2], [0, 0]]


def test_volumes_draw_a_sheet_for_each_map():
    fig = plotting.volumes([(28, 1), (24, 6)], [10])
    assert len(fig.axes[0].patches) == 1 + 6 + 1
    assert [text.get_text() for text in fig.axes[0].texts] == ["28×28×1", "24×24×6", "10"]


def test_dots_have_a_bar_at_their_mean():
    _, axes = plotting.figure()
    plotting.dots(axes[0, 0], {"with": [1, 2, 6], "without": [4]})
    drawn = [line.get_xdata().tolist() for line in axes[0, 0].lines]
    assert [list(map(float, x)) for x in drawn] == [[1, 2, 6], [3, 3], [4], [4, 4]]
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == ["with", "without"]


def test_errors_stand_beside_each_other():
    ax = plotting.figure()[1][0, 0]
    plotting.errors(ax, {"a": ([1, 2], [5, 6], [1, 1]), "b": ([2], [7], [2])}, xlabel="layer")
    one, other = (container.lines for container in ax.containers)
    assert one[0].get_ydata().tolist() == [5, 6]
    assert other[2][0].get_segments()[0][:, 1].tolist() == [5, 9]
    assert one[0].get_xdata()[1] < other[0].get_xdata()[0]  # though at the same place
    assert ax.get_xlabel() == "layer"


def test_bars_carry_their_numbers():
    fig = plotting.bars({"dense": 4e9, "shared": 1e4}, xlabel="weights", log=True)
    assert {"4,000,000,000", "10,000"} <= {t.get_text() for t in fig.axes[0].texts}


def test_intervals_are_drawn_and_printed(capsys):
    ax = plotting.figure()[1][0, 0]
    runs = {"a": np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]]), "longer": np.ones((3, 2))}
    plotting.intervals(
        ax, [1, 10], runs, one={"a": [1.5, np.nan]}, also={"b": -runs["a"]}, log=True, ylabel="%"
    )
    assert capsys.readouterr().out.splitlines() == [
        "            a     longer           b",
        "1   2.0 ± 2.5  1.0 ± 0.0  -2.0 ± 2.5",
        "10  5.0 ± 0.0  1.0 ± 0.0  -5.0 ± 0.0",
    ]
    assert ax.get_legend_handles_labels()[1] == ["a", "longer"]
    assert ax.get_ylabel() == "%"
    drawn = [line.get_ydata().tolist() for line in ax.lines]
    assert drawn[0] == [2, 5]
    assert np.allclose(drawn[1:3], [[2 - 2.484, 5], [2 + 2.484, 5]], atol=0.001)  # ends of the bars
    assert drawn[3][0] == 1.5  # the single run
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "10"]
    assert not [line for line in ax.lines if set(line.get_ydata()) == {0}]  # no mean is below 0
    ax = plotting.figure()[1][0, 0]
    gains = {"a": runs["a"] - 3}
    plotting.intervals(ax, range(2), gains, joined=False)
    assert ax.lines[0].get_linestyle() == "None"
    assert list(ax.lines[-1].get_ydata()) == [0, 0]  # neither gain nor loss
    capsys.readouterr()
    plotting.intervals(ax, range(2), {"a": runs["a"] / 10}, ticks=["first", "last"])
    table = ["                 a", "first  0.20 ± 0.25", "last   0.50 ± 0.00"]
    assert capsys.readouterr().out.splitlines() == table
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["first", "last"]


def test_runs_draw_each_run_their_mean_and_its_interval():
    table = np.array([[1.0, 2, 3], [0, 0, 0]])  # two competitors, three runs
    fig = plotting.runs(
        {"left": {"one": table}, "right": {"one": table + 1}},
        ("A", "B"),
        ylabel="rate",
        here={"left": {"one": [5, 6]}, "right": {"one": [7, 8]}},
        levels={"edges": 0.5},
    )
    left, right = fig.axes
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["A", "B"]
    (bars,) = left.containers
    middle, _, (segments,) = bars.lines
    assert middle.get_ydata().tolist() == [2, 0]
    first = segments.get_segments()[0][:, 1]
    assert first == pytest.approx([2 - 2.484, 2 + 2.484], abs=1e-3)  # t with two degrees of freedom
    stars = [line.get_ydata().tolist() for line in right.lines if line.get_marker() == "*"]
    assert stars == [[7, 8]]
    assert left.get_legend_handles_labels()[1] == ["edges 50%", "one"]
    plt.close(fig)


def test_importing_what_draws_brings_neither_torch_nor_scipy():
    """a2 forbids both, and draws; no first cell need wait for what it does not use."""
    code = "import sys, course_utils.plotting, course_utils.laboratory;"
    code += "print({'torch', 'scipy'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"
