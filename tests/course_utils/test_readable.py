import matplotlib.pyplot as plt
import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from course_utils import plotting
from course_utils.readable import PAGE, SMALLEST, check_text, contrast, text_colour

# How linear RGB is seen without green and without red receptors.
# Source: Machado, Oliveira and Fernandes, 2009, table 1, severity 1.0.
SEEN = {
    "all receptors": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


def smallest_difference(colours, seen):
    """CIEDE2000 of the two colours that look most alike."""
    rgb = plt.matplotlib.colors.to_rgba_array(colours)[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ SEEN[seen].T, 0, 1)
    lab = rgb2lab(
        np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    )
    one, other = np.triu_indices(len(lab), 1)
    return deltaE_ciede2000(lab[one], lab[other]).min()


def test_contrast_runs_from_1_to_21():
    assert contrast("red", "red") == 1
    assert contrast("black") == contrast("white", "black") == pytest.approx(21)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)  # the known limit for text


@pytest.mark.parametrize("colour", [*plotting.CYCLE, plotting.GREY, plotting.INK])
def test_marks_stand_out_on_white(colour):
    assert contrast(colour) >= 3


@pytest.mark.parametrize("name", ["INK", "GREY", "BLUE", "ORANGE"])
def test_colours_of_text_can_be_read_on_white(name):
    assert contrast(getattr(plotting, name)) >= 4.5


@pytest.mark.parametrize("seen", SEEN)
def test_colours_stay_distinct(seen):
    assert smallest_difference(plotting.CYCLE[:4], seen) > 20
    assert smallest_difference(plotting.CYCLE, seen) > 12


@pytest.mark.parametrize("seen", list(SEEN)[1:])
def test_other_palettes_would_be_found_out(seen):
    assert smallest_difference(OKABE_ITO, seen) < 20


@pytest.mark.parametrize("seen", SEEN)
def test_both_ends_of_the_signed_map_stay_distinct(seen):
    assert smallest_difference([plotting.SIGNED(0.0), plotting.SIGNED(1.0)], seen) > 30
    assert smallest_difference([plotting.SIGNED(0.5), "white"], seen) < 2


@pytest.mark.parametrize("cmap", ["signed", "grey", "heat", "none"])
def test_numbers_can_be_read_on_every_shade(cmap):
    fig = plotting.numbers(np.linspace(-1, 1, 60).reshape(6, 10), cmap=cmap)
    cells = [p for p in fig.axes[0].patches if p.get_facecolor()[3] > 0]
    pairs = zip(cells, fig.axes[0].texts, strict=True)
    assert min(contrast(t.get_color(), c.get_facecolor()) for c, t in pairs) >= 4.5


def test_text_is_black_on_light_and_white_on_dark():
    assert text_colour("yellow") == "black"
    assert text_colour("navy") == "white"


# Size of text: each way to draw some -------------------------------------------------------


def small_ticks(ax):
    ax.tick_params(labelsize=7)


def small_legend(ax):
    ax.plot([0, 1], label="a line")
    ax.legend(fontsize=7)


SMALL = {
    "text": lambda ax: ax.text(0.5, 0.5, "a word", fontsize=7),
    "title": lambda ax: ax.set_title("a title", fontsize=7),
    "label": lambda ax: ax.set_xlabel("a label", fontsize=7),
    "of the figure": lambda ax: ax.figure.suptitle("all of it", fontsize=7),
    "ticks": small_ticks,
    "legend": small_legend,
}


@pytest.mark.parametrize("draw", SMALL.values(), ids=SMALL)
def test_small_text_is_refused(draw):
    fig, axes = plotting.figure(width=5)
    draw(axes[0, 0])
    with pytest.raises(ValueError, match=r"has 7\.0 points"):
        plotting.show(fig, alt="An empty picture with some words that are small.")


def test_what_shrinks_on_a_page_is_refused():
    fig, _ = plotting.figure(width=PAGE * 13 / SMALLEST + 1)
    with pytest.raises(ValueError, match=r"at least 8 .* a narrower figure"):
        plotting.render(fig, readable=True)
    plotting.render(fig)  # only where it is asked for


def test_invisible_text_may_be_small():
    fig, axes = plotting.figure(1, 3, width=5)
    for ax in axes[0]:
        small_ticks(ax)
    axes[0, 0].axis("off")
    axes[0, 1].set_visible(False)
    axes[0, 2].tick_params(labelbottom=False, labelleft=False)
    axes[0, 2].text(0.5, 0.5, " ", fontsize=7)
    axes[0, 2].text(0.5, 0.5, "a word", fontsize=7, visible=False)
    fig.canvas.draw()
    check_text(fig, 5)
    axes[0, 0].text(0.5, 0.5, "a word", fontsize=7)  # drawn although its axes are off
    with pytest.raises(ValueError, match="a word"):
        check_text(fig, 5)
