"""Statements of lectures that no cell asserts, held against what they speak of."""

import re
import tomllib

import numpy as np
import pytest

from course_utils.course import notebooks
from course_utils.data import RESULTS
from course_utils.experiment import measured
from course_utils.repository import ROOT


def source(lecture: str, cell_id: str) -> str:
    (path,) = (ROOT / "lectures").glob(f"{lecture}_*.ipynb")
    return next(cell.source for cell in notebooks.read(path).cells if cell.id == cell_id)


def test_how_much_longer_plain_loops_take_is_what_was_measured():
    text = source("05", "ladder-explain")
    least, most = re.search(r"plain loops take (\d+) to ([\d ]+) times as long", text).groups()
    seconds = measured("layers")["seconds"].values()
    times = [t["plain loops (scaled up)"] / t["PyTorch"] for t in seconds]
    assert (round(min(times), -2), round(max(times), -3)) == (
        int(least),
        int(most.replace(" ", "")),
    )
    assert max(t["solution of a2"] / t["PyTorch"] for t in seconds) < 2.5  # "stays near PyTorch"


def test_the_size_of_the_training_set_was_varied_with_enough_seeds():
    stored = measured("train_size")
    assert len(stored["seeds"]) >= 8
    for networks in stored["right"].values():
        for kinds in networks.values():
            assert {len(counts) for counts in kinds.values()} == {len(stored["seeds"])}


def test_an_exercise_on_both_conventions_tells_them_apart():
    """A forgotten flip must show, in dw and in dx."""
    text = source("05", "exercises")
    found = re.search(r"\*x\* = \[(.+?)\], \*w\* = \[(.+?)\], dout = \[(.+?)\]", text)
    x, w, dout = (
        np.array([int(number.replace("−", "-")) for number in numbers.split(", ")])
        for numbers in found.groups()
    )
    dw = np.correlate(x, dout, "valid")
    assert (dw != dw[::-1]).any(), "dw is the same under both conventions"
    assert (np.convolve(dout, w) != np.convolve(dout, w[::-1])).any()


# Notation: the table of lecture 00 is obeyed where formulas stand ---------------------------

TEXTS = [
    *sorted((ROOT / "lectures").glob("0[0-5]_*.ipynb")),
    *(ROOT / "solutions" / name / f"{name}.ipynb" for name in ("a1_convolution", "a2_backprop")),
]
OTHERWISE = {
    r"\*F\*|\bF ?= ?\d|\(F,|, F[,)]|\bF \\times": "F is torch.nn.functional, filters are OC",
    r"\bu, ?v\b|\[\*?u\*?,|_\{u\}": "kernel indices are i, j",
    r"\[\*?r\*?, ?\*?c\*?\]|\(\*?r\*?, \*?c\*?\)|\[n, ?f, ?r, ?c\]|\br, c\b": "positions are r, q",
    r"_\{k, i, j\}|\[f, ?k, ?i, ?j\]|z\[k\]|\[\*?p\*?, ?\*?q\*?\]": "channels are c, classes m",
    r"e\^\{y_|\\hat y|y_hat|\bJ\b": "logits are z, probabilities p, the loss L",
    r"\*S\* = |\(W_1 -|D_1": "pooling has k and s",
}
# Cells that say what the decks write.
DECKS = {("00_start_here", "notation"), ("04_layers_of_a_convnet", "pool-numbers")}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem[:2])
def test_a_letter_means_what_the_table_says(path):
    found = [
        f"{cell.id}: {match[0]!r}, but {rule}"
        for cell in notebooks.read(path).cells
        if cell.cell_type == "markdown" and (path.stem, cell.id) not in DECKS
        for pattern, rule in OTHERWISE.items()
        for match in re.finditer(pattern, cell.source)
    ]
    assert not found, "\n".join(found)


# Assignments: what the first page promises is the sum of its sections ------------------------

SECTION = re.compile(r"\*(\d+) minutes(?: for sections \d+ to \d+)? · .* · (\d+) points")


def cells_of(assignment):
    return notebooks.read(ROOT / "solutions" / assignment / f"{assignment}.ipynb").cells


def sections(assignment):
    """Minutes and points of each section that names both, in order."""
    text = [c.source for c in cells_of(assignment) if c.cell_type == "markdown"]
    return [tuple(map(int, found)) for found in SECTION.findall("\n".join(text))]


def test_the_parts_of_a2_take_what_its_first_page_says():
    found, title = sections("a2_backprop"), cells_of("a2_backprop")[0].source
    for name, own in {"one": found[:7], "two": found[7:]}.items():
        minutes, points = map(sum, zip(*own, strict=True))
        (told,) = re.findall(rf"\| part {name} .* \| (.*) \| (\d+) \|", title)
        assert told == (f"{minutes // 60} hours {minutes % 60} minutes", str(points))
    assert "About six hours" in title
    assert sum(minutes for minutes, _ in found) == pytest.approx(360, abs=15)


def test_a1_takes_what_its_first_page_says():
    assert "About three and a quarter hours" in cells_of("a1_convolution")[0].source
    assert sum(minutes for minutes, _ in sections("a1_convolution")) == 195


@pytest.mark.parametrize("assignment", ["a1_convolution", "a2_backprop"])
def test_impossible_calls_count_four_points_as_is_said(assignment):
    cells = cells_of(assignment)
    tests = [c for c in cells if '"invalid"' in c.source]
    assert sum(c.metadata["nbgrader"]["points"] for c in tests) == 4
    assert len(tests) == 3
    assert any("checked three times, for 4 points in all" in c.source for c in cells)


def test_the_first_picture_of_a2_comes_within_a_quarter_of_an_hour():
    """Each section ends with a picture that the student's own functions draw."""
    drawn, sections_seen = [], 0
    for cell in cells_of("a2_backprop"):
        sections_seen += bool(re.match(r"## \d+ ·", cell.source))
        if "plotting.show(" in cell.source:
            drawn.append(sections_seen)
    assert sections("a2_backprop")[0][0] <= 15
    assert set(drawn) == set(range(1, 13))


# Lecture 06 names numbers as PyTorch's arguments do; its table in `loss` says what decks write.
GREEK = re.compile(r"[ηεαδρλ]|\\(eta|epsilon|varepsilon|alpha|delta|rho|lambda)\b")


def test_lecture_06_uses_the_names_of_pytorchs_arguments():
    (path,) = (ROOT / "lectures").glob("06_*.ipynb")
    cells = {cell.id: cell.source for cell in notebooks.read(path).cells}
    assert set("ηεαδρλ") <= set(cells.pop("loss"))
    assert not {id_: GREEK.findall(text) for id_, text in cells.items() if GREEK.search(text)}
    text = (ROOT / "course_utils/questions/06_training.toml").read_text()
    assert not GREEK.findall(text)


@pytest.mark.parametrize("number", ["06", "07", "08"])
def test_at_most_half_of_a_lectures_questions_want_a_number(number):
    (path,) = (ROOT / "course_utils/questions").glob(f"{number}_*.toml")
    asked = tomllib.loads(path.read_text()).values()
    numbers = [q for q in asked if _wants_a_number(q)]
    assert 2 * len(numbers) <= len(asked)


def _wants_a_number(question: dict) -> bool:
    kind = question.get("predict")
    return kind in ("number", "table") if kind else isinstance(question["answer"], int | float)


# Published numbers that lectures 07 and 08 read ------------------------------------------------


def test_what_lecture_07_reads_off_published_results():
    text, fashion = source("07", "famous-explain"), RESULTS["fashion-mnist"]
    two, hog = fashion["two convolutions, below 100 000 parameters"], list(fashion.values())[1]
    half = 1.96 * (two * (1 - two) / 10_000) ** 0.5
    assert f"{two}" in text
    assert f"reach {hog} " in text.replace(",", " ")
    assert f"± {half:.3f}" in text
    assert abs(two - hog) < half
    plain, augmented = (round(100 * right) for right in RESULTS["cifar-100"].values())
    assert f"on {plain} % without augmentation and on {augmented} % with it" in text
