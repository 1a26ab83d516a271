"""The gradebook as a table of plain text."""

import shutil
import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from course_utils.demo.marks import Row

STORY, WHY = 30, 44  # widths of the two columns of text
NARROW = 100  # below this many columns the reasons stand on lines of their own


def table(rows: Sequence[Row]) -> str:
    """Points of each student by section, with what they did and why points were lost.

    All rows belong to one assignment.
    """
    sections = list(dict.fromkeys(rows[0].sections[id_] for id_ in rows[0].points))
    labels = [_label(section, i) for i, section in enumerate(sections, start=1)]
    possible = [_by_section(rows[0].points, rows[0], s) for s in sections]
    legend = [f"{label:>4}  {section}" for label, section in zip(labels, sections, strict=True)]
    widths = [max(3, len(label), len(f"{most:g}")) for label, most in zip(labels, possible, strict=True)]
    head = _line("student", "what they did", labels, "total", "largest loss", widths)
    lines = ["Sections:", *legend, "", head, "─" * len(head)]
    lines += [_line("", "(possible)", [f"{p:g}" for p in possible], f"{sum(possible):g}", "", widths)]
    for row in rows:
        points = [f"{_by_section(row.scores, row, s):g}" for s in sections]
        lines += _wrapped(row, points, widths)
    return "\n".join(line.rstrip() for line in lines)


def _label(section: str, index: int) -> str:
    first = section.split()[0] if section else ""
    return first if first.isdigit() else f"#{index}"


def _by_section(values: dict[str, float], row: Row, section: str) -> float:
    return sum(value for id_, value in values.items() if row.sections[id_] == section)


def _line(student, story, points, total, why, widths) -> str:
    columns = " ".join(f"{p:>{w}}" for p, w in zip(points, widths, strict=True))
    return f"{student:<8} {story:<{STORY}} {columns} {total:>6}  {why}"


def _wrapped(row: Row, points: list[str], widths: list[int]) -> list[str]:
    """A row, its two columns of text over as many lines as they need."""
    stories = textwrap.wrap(row.recipe.story, STORY)
    reasons = textwrap.wrap(row.why, WHY)
    blank = [""] * len(points)
    return [
        _line(
            row.recipe.student if first else "",
            story,
            points if first else blank,
            f"{row.total:g}" if first else "",
            why,
            widths,
        )
        for first, (story, why) in zip_longest(
            [True], zip_longest(stories, reasons, fillvalue=""), fillvalue=False
        )
    ]
