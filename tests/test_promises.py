"""What the documents promise about time is what the benchmarks have measured and stored."""

import json
import re

import pytest

from benchmarks import attacks, checks, grading
from course_utils.grading import examine, rebuild, submissions
from course_utils.grading.demo.recipes import sample_class
from course_utils.grading.sandbox import Limits
from course_utils.repository import ROOT, known_assignments

RESULTS = ROOT / "benchmarks" / "results"
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NEAR = 1.3  # a promise may be off by this factor, so that it can be a round number

# Where a promise stands, its words with `N` for the number, its unit in seconds, what was measured.
# Not the set-up: how long that takes is a matter of the network.
PROMISES = [
    ("docs/instructor.md", "`make demo` takes about N seconds", 1, ("commands", "make demo")),
    ("docs/instructor.md", "feedback takes about N seconds", 1,
     ("lms", "moodle", "return", "processor")),
    (
        "docs/instructor.md",
        "A class of 3 000 takes about N seconds of a processor",
        1,
        ("similar", "3000", "processor"),
    ),
    ("docs/grading.md", "is graded in about N minutes", 60, ("stress", "3000", "grade", "seconds")),
    ("docs/contributor.md", "about N minutes on two quiet cores", 60, ("commands", "make test")),
]  # fmt: skip


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


def test_copies_come_first_of_a_class_of_3000():
    copies = stored("similar", "3000", "places of copies")
    assert copies == [*range(1, len(copies) + 1)]
    assert len(copies) == NUMBERS.index("five")
    assert stored("similar", "3000", "pairs") == pytest.approx(4.5e6, rel=0.01)
    assert stored("similar", "3000", "MB") == pytest.approx(500, rel=0.2)


def test_the_table_of_grading_is_what_was_measured():
    stored = json.loads((RESULTS / "grading.json").read_text())
    assert set(stored) == set(known_assignments())
    assert grading.page_table(stored) in (ROOT / "docs/grading.md").read_text()


def test_the_demo_is_what_the_guide_says():
    """On so many students, of the first assignment alone."""
    (count,) = re.findall(r"on (\w+) sample students", (ROOT / "docs/instructor.md").read_text())
    assert NUMBERS.index(count) == len(sample_class(known_assignments()[0]))


def test_the_table_of_the_checks_is_what_was_measured():
    stored = json.loads((RESULTS / "checks.json").read_text())
    assert checks.page_table(stored) in (ROOT / "docs/grading.md").read_text()


def test_the_guide_compares_graders_by_what_was_measured_and_by_nothing_else():
    guide, stored = (ROOT / "docs/grading.md").read_text(), RESULTS / "attacks.json"
    assert (attacks.HEADING in guide) == stored.exists()
    if stored.exists():
        found = json.loads(stored.read_text())
        assert attacks.page_section(found) in guide
        course = found["graders"]["course"]
        assert (course["winners"], course["impossible"]) == ([], [])
        assert (found["pairs"]["gained"], found["pairs"]["lost"]) == ([], [])


def test_the_limits_in_the_guide_are_those_of_grading():
    limits, guide = Limits(), (ROOT / "docs/grading.md").read_text()
    megabytes = submissions.MAX_FILE, submissions.MAX_FILES, rebuild.MAX_BYTES
    file, files, notebook = (size // 10**6 for size in megabytes)
    rows = [
        f"| one cell, or all questions of one test | {limits.cell_seconds:g} s |",
        f"| one submission | {limits.total_seconds:g} s |",
        f"| memory, all processes together | {limits.memory >> 20} MB |",
        f"| processes and threads | {limits.processes} |",
        f"| `/tmp`, `/dev/shm`, home | {limits.disk >> 20} MB each |",
        f"| shown of a cell | {limits.output // 1000} 000 characters, ",
        f"| shown of a notebook | {examine.MAX_SHOWN // 10**6} MB |",
        f"| one answer | {limits.reply >> 20} MB |",
        f"| notebook; other file; all other files | {notebook}, {file}, {files} MB; "
        f"{submissions.MAX_NUMBER} files |",
        f"| cells that are not empty; all their text | {rebuild.MAX_CELLS}; "
        f"{rebuild.MAX_SOURCE // 10**6} million characters |",
    ]
    assert [row for row in rows if row not in guide] == []
