"""The gradebook as a table of plain text."""

import textwrap
from collections.abc import Mapping, Sequence

from course_utils.grading.demo.marks import Row

WIDTH = 96


def table(rows: Sequence[Row]) -> str:
    """Points of each student by section, with what they did and why points were lost.

    All rows belong to one assignment.
    """
    first = rows[0]
    sections = list(dict.fromkeys(first.sections[id_] for id_ in first.points))
    labels = [_label(section, i) for i, section in enumerate(sections, start=1)]
    possible = [_sum(first.points, first, section) for section in sections]
    widths = [max(3, len(label)) for label in labels]

    def line(student: str, columns: Sequence[str], total: str) -> str:
        cells = " ".join(f"{c:>{w}}" for c, w in zip(columns, widths, strict=True))
        return f"{student:<10} {cells} {total:>7}"

    head = line("student", labels, "total")
    lines = [head, line("possible", [f"{p:g}" for p in possible], f"{sum(possible):g}")]
    lines += ["─" * len(head)]
    for row in rows:
        scores = [f"{_sum(row.scores, row, section):g}" for section in sections]
        story = f"{row.recipe.story} → {row.why}" if row.why else row.recipe.story
        lines += [line(row.recipe.student, scores, f"{row.total:g}")]
        lines += textwrap.wrap(story, WIDTH, initial_indent=" " * 11, subsequent_indent=" " * 11)
    titles = [s.removeprefix(label).lstrip(" ·") for label, s in zip(labels, sections, strict=True)]
    legend = [f"{label:>4}  {title}" for label, title in zip(labels, titles, strict=True)]
    return "\n".join([*lines, "", *legend])


def _label(section: str, index: int) -> str:
    """The number that a heading begins with, else its place."""
    first = section.split()[0] if section else ""
    return first if first.isdigit() else f"#{index}"


def _sum(values: Mapping[str, float], row: Row, section: str) -> float:
    return sum(value for id_, value in values.items() if row.sections[id_] == section)
