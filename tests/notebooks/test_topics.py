"""Each topic of the decks is taught somewhere: every link of the index leads to a cell about it."""

import functools
import re
from pathlib import Path

import pytest

from course_utils import quiz
from course_utils.course import notebooks
from course_utils.repository import ROOT

INDEX = ROOT / "docs" / "topics.md"
ROWS = [line for line in INDEX.read_text().splitlines() if re.match(r"\| (?!topic|-)", line)]
LINK = re.compile(r"\[([^]]+)\]\(([^)#]+)#([^)]+)\)")
SLIPS = 19  # of the decks, as far as they stand in the course's list of errata
# Words of three letters and more that say nothing about a cell.
LITTLE = set(
    re.findall(
        r"\w+",
        "all also and are both called can each for from has how its many not only other that the "
        "their them there they this too two under what where which why with without wrong",
    )
)


def test_the_index_is_not_empty():
    assert len(ROWS) > 80
    assert sum("slip" in row for row in ROWS) >= SLIPS


def links(row: str) -> list[tuple[str, Path, str]]:
    """Text, notebook and id of the cell."""
    return [(text, (INDEX.parent / path).resolve(), id_) for text, path, id_ in LINK.findall(row)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_topic_leads_to_a_cell(row):
    assert links(row), "no link to a cell"
    assert row.count("](") == len(links(row))
    for text, path, cell_id in links(row):
        assert path.is_file(), path
        assert cell_id in {cell.id for cell in cells_of(path)}, cell_id
        assert text == f"{path.name[:2]} {cell_id}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_topic_is_what_its_cells_speak_of(row):
    found = {cell_id: what_is_read(path, cell_id) for _, path, cell_id in links(row)}
    words = key_words(row)
    nowhere = [word for word in words if not any(occurs(word, text) for text in found.values())]
    assert not nowhere, f"no linked cell has: {', '.join(nowhere)}"
    idle = [id_ for id_, text in found.items() if not any(occurs(word, text) for word in words)]
    assert not idle, f"none of the row's words is in: {', '.join(idle)}"


def key_words(row: str) -> list[str]:
    """Words and numbers of a topic; what stands behind *slip* is about the deck, not the cell."""
    topic = re.sub(r"\(slip[^)]*\)", "", row.split("|")[1])
    words = re.findall(r"[^\s()\[\]⌊⌋;:→…]+", plain(topic))
    return [w for w in words if w not in LITTLE and (len(w) > 2 or w.isdigit())]


def occurs(word: str, text: str) -> bool:
    """Words by their first five letters, so that *filters* is found in *filter*."""
    return (word[:5] if word.isalpha() else word) in text


def what_is_read(path: Path, cell_id: str) -> str:
    """The text of a cell, of its questions too; a cell with a heading opens its whole section."""
    cells = cells_of(path)
    at = [cell.id for cell in cells].index(cell_id)
    end = at + 1
    if opens_a_section(cells[at]):
        while end < len(cells) and not opens_a_section(cells[end]):
            end += 1
    return plain("\n".join(map(text_of, cells[at:end])))


def opens_a_section(cell) -> bool:
    return cell.cell_type == "markdown" and bool(re.search(r"^#+ ", cell.source, re.MULTILINE))


@functools.cache
def cells_of(path: Path) -> list:
    return notebooks.read(path).cells


def text_of(cell) -> str:
    texts = [cell.source]
    for output in cell.get("outputs", []):
        texts += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    asked = {**quiz.questions(), **quiz.predictions()}
    for question in asked.values():
        if "quiz." in cell.source and f'"{question.id}"' in cell.source:
            texts += [question.text, str(question.answer), getattr(question, "because", "")]
    return "\n".join(texts)


def plain(text: str) -> str:
    """Without markup, commas, and spaces around signs."""
    return re.sub(r"[*_$\\`,{}\"“”]|\s(?=[=−+·×/⊙⋆∗])|(?<=[=−+·×/⊙⋆∗])\s", "", text.lower())


def test_every_lecture_but_the_first_is_in_the_index():
    lectures = {path.name for path in Path(ROOT, "lectures").glob("*.ipynb")}
    linked = {path.name for row in ROWS for _, path, _ in links(row)}
    assert lectures - linked == {"00_start_here.ipynb"}
