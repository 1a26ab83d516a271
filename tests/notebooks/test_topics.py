"""Each topic of the decks is taught somewhere: every link of the index leads to a cell."""

import re
from pathlib import Path

import pytest

from course_utils.course import notebooks

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "docs" / "topics.md"
ROWS = [line for line in INDEX.read_text().splitlines() if re.match(r"\| (?!topic|-)", line)]
LINK = re.compile(r"\[([^]]+)\]\(([^)#]+)#([^)]+)\)")
SLIPS = 19  # of the decks, as far as they stand in the course's list of errata


def test_the_index_is_not_empty():
    assert len(ROWS) > 80
    assert sum("slip" in row for row in ROWS) >= SLIPS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_topic_leads_to_a_cell(row):
    links = LINK.findall(row)
    assert links, "no link to a cell"
    assert row.count("](") == len(links)
    for text, target, cell_id in links:
        path = (INDEX.parent / target).resolve()
        assert path.is_file(), target
        assert cell_id in {cell.id for cell in notebooks.read(path).cells}, cell_id
        assert text == f"{path.name[:2]} {cell_id}"


def test_every_lecture_but_the_first_is_in_the_index():
    lectures = {path.name for path in Path(ROOT, "lectures").glob("*.ipynb")}
    linked = {Path(target).name for row in ROWS for _, target, _ in LINK.findall(row)}
    assert lectures - linked == {"00_start_here.ipynb"}
