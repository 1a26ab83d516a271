"""What `course grade`, `collect` and `return` end with."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 1000  # characters of a row


@dataclass
class Line:
    """What became of one submission.

    Attributes
    ----------
    status
        `"graded"`, `"before"` (graded by an earlier run) or `"not graded"`.
    remarks
        What the instructor should look at.
    by_hand
        What marks by hand add to the score, or take from it.
    penalty
        What is off for lateness.
    """

    student: str
    status: str
    score: float = 0
    possible: float = 0
    remarks: list[str] = field(default_factory=list)
    by_hand: float = 0
    penalty: float = 0


def table(lines: list[Line]) -> str:
    """What was graded, what was not and why, for a terminal."""
    width = max([len(line.student) for line in lines] + [7])
    rows = [f"{'student':<{width}}  points"]
    for line in lines:
        points = f"{line.score:g} / {line.possible:g}"
        state = "" if line.status == "graded" else line.status
        if line.status == "not graded":
            points = "–"
        if line.status == "before":
            state = "graded before"
        more = [f"{line.by_hand:+g} by hand"] * bool(line.by_hand)
        more += [f"−{line.penalty:g} late"] * bool(line.penalty)
        state = ", ".join([*filter(None, [state]), *more])
        rows.append(f"{line.student:<{width}}  {points:<12} {state}".rstrip())
        rows += [f"{'':<{width}}  ! {remark}" for remark in line.remarks]
    count = {s: sum(line.status == s for line in lines) for s in ("graded", "before", "not graded")}
    parts = [f"{count['graded']} graded"]
    parts += [f"{count['before']} graded before (--again grades them anew)"] * bool(count["before"])
    parts += [f"{count['not graded']} NOT GRADED, see above"] * bool(count["not graded"])
    return "\n".join([*map(_on_a_line, rows), "", ", ".join(parts)])


def changed(changes: Sequence, count: int, accepted: bool) -> str:
    """Whose score would change, for a terminal; changes as of `run.what_if`."""
    rows = []
    for student, own in itertools.groupby(changes, key=lambda change: change.student):
        own = list(own)
        more = sum((c.after or 0) - (c.before or 0) for c in own if not c.by_hand)
        rows.append(f"{student}  {more:+g}")
        for change in own:
            before, after = ("–" if p is None else f"{p:g}" for p in (change.before, change.after))
            kept = ", a mark by hand stands" if change.by_hand else ""
            why = (change.why.splitlines() or [""])[0]
            rows.append(f"    {change.cell}: {before} → {after}{kept}; {why}")
    whose = len({change.student for change in changes})
    end = "are recorded" if accepted else "would change; --accept records them"
    rows += ["", f"{whose} of {count} submissions {end}." if whose else
             f"No score of {count} submissions would change."]  # fmt: skip
    return "\n".join(map(_on_a_line, rows))


def collected(done: object) -> str:
    """What became of an archive, for a terminal; `done` as of `lms_collect.collect`."""
    rows = _told(done.told)
    rows += [f"{student}: {late}" for student, late in sorted(done.late.items())]
    counts = {"collected": done.new, "newer than before": done.newer, "as before": done.same,
              "late": done.late, "NOT COLLECTED, see above": done.left}  # fmt: skip
    parts = [f"{len(some)} {what}" for what, some in counts.items() if some]
    end = f"From {done.source.capitalize()}: {', '.join(parts) or 'nothing'}."
    return "\n".join([*map(_on_a_line, rows), "", end])


def returned(done: object) -> str:
    """What goes back to an LMS, for a terminal; `done` as of `lms_return.give_back`."""
    rows = [*_told(done.told), ""]
    rows.append(f"{done.sheet}: {len(done.filled)} grades in the column {done.column!r}")
    if done.feedback:
        rows.append(f"{done.feedback}: feedback of {len(done.pages)}")
    rows += [f"{done.without} rows of people who handed nothing in stay as they are"] * bool(
        done.without
    )
    rows += [f"{len(done.left)} LEFT OUT, see above"] * bool(done.left)
    return "\n".join(map(_on_a_line, rows))


def _told(told: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{who}: {sentence}" if who else sentence for who, sentence in told]


def _on_a_line(row: str) -> str:
    """Without what a terminal would obey: names of folders and what students raise may hold it."""
    return "".join(c if c.isprintable() else " " for c in row)[:MOST]
