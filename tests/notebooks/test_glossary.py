"""The glossary is true: each term stands in the lecture where it is said to be at home."""

import re

import pytest

from course_utils.course import notebooks
from course_utils.repository import ROOT

ENTRY = re.compile(r"- (\*\*.+?): .+ \((\d\d(?:, \d\d)*)\)\.$")
LINES = [
    line
    for line in (ROOT / "docs/glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("-")
]


def test_the_glossary_is_not_empty():
    assert len(LINES) > 50


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:30])
def test_each_term_stands_in_its_lecture(line):
    entry = ENTRY.fullmatch(line)
    assert entry, "expected - **term**: sentence (NN)."
    terms = re.split(r", | \(", re.sub(r"\*\*|\)", "", entry[1]))  # synonyms and aliases too
    texts = {number: text_of_lecture(number) for number in entry[2].split(", ")}
    for term in terms:
        found = [number for number, text in texts.items() if term.lower() in text]
        # Only a term with several meanings has several homes, and each lecture has one of them.
        assert found == list(texts), f"{term} stands in {found}, not in {list(texts)}"


def text_of_lecture(number: str) -> str:
    """What is read there, in lower case and without markup."""
    (path,) = (ROOT / "lectures").glob(f"{number}_*.ipynb")
    cells = [c.source for c in notebooks.read(path).cells if c.cell_type == "markdown"]
    return re.sub(r"\s+", " ", re.sub(r"[*_`]", "", "\n".join(cells))).lower()
