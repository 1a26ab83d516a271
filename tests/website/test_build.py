"""The website's build fails at what a reader would stumble over."""

import importlib
import re
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from course_utils.repository import LANGUAGE, ROOT
from website.building import build

TITLE = "# How large?\n\nAbout 20 minutes on a CPU."
SHOWN = "It shows 34 992 000.\n\n<details><summary>Hint</summary>1 347 digits</details>"
DRAWS = 'plotting.show(plotting.stops(7, 3), "stops")'
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def course(
    root: Path, *, text: str, opening: str = TITLE, alt: str = "A single grey pixel"
) -> Path:
    """A course of one lecture with one picture, and a guide with the given text."""
    picture = nbformat.v4.new_output(
        "display_data", {"image/png": PIXEL}, metadata={"image/png": {"alt": alt}}
    )
    cells = [
        nbformat.v4.new_markdown_cell(opening, id="title"),
        nbformat.v4.new_code_cell(DRAWS, id="drawn", outputs=[picture], execution_count=1),
        nbformat.v4.new_markdown_cell(SHOWN, id="shown"),
    ]
    for folder in ("lectures", "docs"):
        (root / folder).mkdir()
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=LANGUAGE),
        root / "lectures" / "01_size.ipynb",
    )
    (root / "docs" / "guide.md").write_text(f"# Guide\n\n{text}\n")
    (root / "index.md").write_text("# Course\n\n```{toctree}\n:glob:\n\nlectures/*\ndocs/*\n```\n")
    return root


def test_links_lead_to_pages_and_to_cells(tmp_path):
    links = "[page](../lectures/01_size.ipynb) [code](../lectures/01_size.ipynb#drawn) "
    links += "[text](../lectures/01_size.ipynb#shown) $\\Big(\\dots\\Big)$ $\\bar a_{n-1} \\log p$"
    built = build(course(tmp_path, text=links), tmp_path / "out")
    assert built.returncode == 0, built.stderr
    guide = (tmp_path / "out" / "docs" / "guide.html").read_text()
    assert "../lectures/01_size.html#cell-drawn" in guide
    assert "../lectures/01_size.html#cell-shown" in guide
    assert "<math" in guide
    assert "munderover" not in guide
    assert re.search("<mi>log</mi>\\s*<mspace", guide)
    lecture = (tmp_path / "out" / "lectures" / "01_size.html").read_text()
    assert 'id="cell-drawn"' in lecture
    assert 'id="cell-shown"' in lecture
    assert 'alt="A single grey pixel"' in lecture
    assert "About 20 minutes</li>" in lecture
    # A line of a phone ends between numbers, not within one.
    assert "34\u00a0992\u00a0000" in lecture
    assert "1\u00a0347" in lecture
    # The code that only draws is folded.
    folded = BeautifulSoup(lecture, "html.parser").select_one("details.drawing")
    assert "plotting.stops" in folded.get_text()
    assert folded.find("img") is None
    # Nobody can open a course in Colab whose address is unknown.
    assert "Download the notebook" in lecture
    assert "colab" not in lecture
    assert "mybinder" not in lecture


def test_what_is_broken_fails_the_build(tmp_path):
    links = "[page](../lectures/02_none.ipynb) [cell](../lectures/01_size.ipynb#nowhere) "
    broken = f"{links} $\\nosuchcommand$ ![A picture](picture.png)"
    root = course(tmp_path, text=broken, opening="# How large?", alt="")
    built = build(root, tmp_path / "out")
    assert built.returncode != 0
    for complaint in (
        "02_none.ipynb",
        "'nowhere'",
        "formula cannot be drawn",
        "picture.png",
        "a picture without alt text",
        "does not say how long it takes",
    ):
        assert complaint in built.stderr


def test_formulas_beside_each_other_are_several(monkeypatch):
    """So that a narrow page can put them below each other."""
    monkeypatch.syspath_prepend(ROOT / "docs" / "website")
    parts = importlib.import_module("mathml")._parts
    several = [r"a = \frac{1}{2},", " b ", r"\text{c}"]
    assert parts(r"\qquad".join(several)) == several
    for whole in (r"\text{a \qquad b}", r"\begin{aligned} a &\qquad b \end{aligned}", "a"):
        assert parts(whole) == [whole]
