"""What the documents promise about time is what the benchmarks have measured and stored."""

import json
import re

import pytest

from benchmarks import checks
from course_utils.grading.demo.recipes import sample_class
from course_utils.repository import ROOT, known_assignments

RESULTS = ROOT / "benchmarks" / "results"
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NEAR = 1.3  # a promise may be off by this factor, so that it can be a round number

# Where a promise stands, its words with `N` for the number, its unit in seconds, what was measured.
# Not the set-up: how long that takes is a matter of the network.
PROMISES = [
    ("docs/instructor.md", "`make demo` takes about N seconds", 1, ("commands", "make demo")),
    ("docs/contributor.md", "about N minutes on two busy cores", 60, ("commands", "make test")),
]


def stored(table: str, *keys: str) -> float:
    """A number that a benchmark has stored."""
    value = json.loads((RESULTS / f"{table}.json").read_text())
    for key in keys:
        value = value[key]
    return value


@pytest.mark.parametrize(("path", "words", "unit", "measured"), PROMISES, ids=lambda p: str(p)[:40])
def test_a_promised_duration_was_measured(path, words, unit, measured):
    pattern = re.escape(words).replace("N", r"(\w+)", 1)
    found = re.findall(pattern, (ROOT / path).read_text())
    assert len(found) == 1, f"{path} does not say: {words}"
    promised = NUMBERS.index(found[0]) if found[0] in NUMBERS else float(found[0])
    seconds = stored(*measured)
    assert seconds / NEAR <= promised * unit <= seconds * NEAR, f"{seconds} s were measured"


def test_the_speed_of_grading_is_what_was_measured():
    rows = stored("grading", "a1_convolution", "rows")
    each = {row["what"]: row["each"] for row in rows if row["n"] == 50}
    words = f"a class of 50 in a1 took {each['course grade']:.2f} s for each submission, "
    words += f"with plain nbgrader {each['plain nbgrader']:.2f} s"
    assert words in (ROOT / "docs/grading.md").read_text()


def test_the_demo_is_what_the_guide_says():
    """On so many students, of the first assignment alone."""
    (count,) = re.findall(r"on (\w+) sample students", (ROOT / "docs/instructor.md").read_text())
    assert NUMBERS.index(count) == len(sample_class(known_assignments()[0]))


def test_the_table_of_the_checks_is_what_was_measured():
    stored = json.loads((RESULTS / "checks.json").read_text())
    assert checks.page_table(stored) in (ROOT / "docs/grading.md").read_text()
