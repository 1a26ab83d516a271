"""`course similar`: a page of the pairs of submissions whose own code is most alike.

Own code is that of the answers and of the cells that a student added. What it has of the released
notebook does not count.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
from tqdm import tqdm

from course_utils.errors import CourseError
from course_utils.grading import alike, rebuild, run
from course_utils.grading.report import picture, rendered, write_csv
from course_utils.grading.submissions import read_folder
from course_utils.grading.unseen import demand_hidden

MOST_CODE = 50_000  # characters of a submission that are compared: four times a whole assignment's
MOST_ROWS = 10_000  # of the table of pairs: a class of 3 000 has 4.5 million
MOST_NAMES = 5  # of equal submissions in one place of a page
SHOWN = 50  # pairs on the page
GIVEN = -1  # the kind of what the released notebook has
SHARES = (0.5, 0.9, 0.99, 0.999)  # of all pairs


@dataclass(frozen=True)
class Own:
    """The code that is a student's own, by the name of the cell."""

    student: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Side:
    """A cell of one of two that are alike, in pieces: kind and text.

    A kind is `GIVEN`, 0 for what only this one has, 1 for what both have, 2 for what both have and
    nobody else.
    """

    pieces: list[tuple[int, str]]

    @property
    def lines(self) -> list[int]:
        """The highest kind on each line that has anything of its own."""
        found = [GIVEN]
        for kind, text in self.pieces:
            for number, part in enumerate(text.split("\n")):
                found += [GIVEN] * (number > 0)
                found[-1] = max(found[-1], kind if part.strip() else GIVEN)
        return [kind for kind in found if kind != GIVEN]


@dataclass(frozen=True)
class Submission:
    """Two groups of submissions on the page.

    Attributes
    ----------
    names
        Of both; where a group's own members are equal, its first and the others.
    cells
        By name, of the first of each group; only what has something in common.
    same, lines, alone
        Lines that both have, of how many of their own, in each; and of those what nobody else has.
    """

    names: tuple[list[str], list[str]]
    similarity: float
    cells: dict[str, tuple[Side, Side]]
    same: tuple[int, int]
    lines: tuple[int, int]
    alone: int


def own_code(sources: Sequence[rebuild.Source], master: nbformat.NotebookNode) -> dict[str, str]:
    """The code of a submitted notebook that is the student's own, by the name of the cell."""
    steps = [step for step in rebuild.rebuild(list(sources), master)
             if step.role in ("student", "by hand") and step.cell.cell_type == "code"]  # fmt: skip
    number = itertools.count(1)
    names = [step.name or f"added cell {next(number)}" for step in steps]
    code = zip(names, (step.cell.source for step in steps), strict=True)
    return {name: source for name, source in code if source.strip()}


def read_class(
    course: run.Course, assignment: str, masters: dict[str, nbformat.NotebookNode]
) -> tuple[list[Own], dict[str, str]]:
    """The own code of everybody who handed in, and of whom not all could be read, and why.

    Raises
    ------
    CourseError
        If nobody handed in.
    """
    students = run.submitted(course, assignment)
    if not students:
        where = course.folder("submitted", "NAME", assignment).relative_to(course.root)
        raise CourseError(f"There are no submissions: none at {where}. Collect them first.")
    wanted = {name: rebuild.ids(master) for name, master in masters.items()}
    found, remarks = [], {}
    for student in students:
        handed_in = read_folder(course.folder("submitted", student, assignment), student, wanted)
        name = student.encode(errors="replace").decode()  # a folder's name may be any bytes
        cells = {}
        for notebook, master in masters.items():
            try:
                read = rebuild.read(handed_in.notebooks.get(notebook, "it is a link"))
                before = "" if len(masters) == 1 else f"{notebook}, "
                cells |= {before + cell: text for cell, text in own_code(read, master).items()}
            except rebuild.Unreadable as why:
                remarks[name] = str(why)
        found.append(Own(name, dict(_within(cells))))
        if sum(map(len, cells.values())) > MOST_CODE:
            remarks[name] = f"only the first {MOST_CODE} characters of its code were compared"
    return found, remarks


def _within(cells: dict[str, str]) -> Iterator[tuple[str, str]]:
    room = MOST_CODE
    for name, source in cells.items():
        if room > 0:
            yield name, source[:room]
        room -= len(source)


def released(course: run.Course, assignment: str) -> tuple[np.ndarray, set[str]]:
    """The fingerprints and the lines of the code that students were given.

    Raises
    ------
    CourseError
        If the assignment is not released.
    """
    folder = course.root / course.config.CourseDirectory.release_directory / assignment
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise CourseError(
            f"There is no released notebook in {folder}, and what students were given must not "
            f"count: course release {assignment}"
        )
    given = [cell.source for path in paths for cell in nbformat.read(path, as_version=4).cells
             if cell.cell_type == "code"]  # fmt: skip
    lines = {line.strip() for source in given for line in source.splitlines()}
    return alike.prints(given), lines - {""}


def write(
    assignment: str, root: Path, *, into: Path | None = None, shown: int = SHOWN
) -> tuple[Path, str]:
    """Compare all submissions of an assignment and write the page, and `pairs.csv` beside it.

    Parameters
    ----------
    assignment
        Its name.
    root
        Folder of the course.
    into
        The folder to write into; `gradebook/similar/ASSIGNMENT` by default.
    shown
        So many pairs are shown side by side, the most similar ones; besides, a fifth as many of
        those that have most in common that nobody else has.

    Returns
    -------
    path, said
        The page, and a sentence about what was compared.

    Raises
    ------
    CourseError
        If nobody handed in, there is no such assignment, it is not released, or git would see the
        folder.
    """
    course = run.open_course(root)
    folder = into or course.examined.parent / "similar" / assignment
    demand_hidden(folder)
    everybody, remarks = read_class(course, assignment, run.read_masters(course, assignment))
    given, lines = released(course, assignment)
    groups: dict[bytes, list[Own]] = {}
    for own in tqdm(everybody, unit="submission"):
        groups.setdefault(alike.prints(own.cells.values(), given).tobytes(), []).append(own)
    for own in groups.pop(b"", []):
        remarks.setdefault(own.student, "too little code of its own to be compared")
    codes, members = [np.frombuffer(key, np.int64) for key in groups], list(groups.values())
    n = sum(map(len, members))
    compared = alike.compare(codes, [*map(len, members)], MOST_ROWS)
    rows = [
        _row(members, codes, lines, compared, *pair) for pair in _to_show(members, compared, shown)
    ]
    pairs = n * (n - 1) // 2
    said = (f"{n} of {len(everybody)} submissions have code of their own to compare: "
            f"{_number(pairs)} pair{'s' if pairs > 1 else ''}."
            if pairs else "There is nothing to compare: code of their own to compare have "
            f"{n} of {len(everybody)} submissions.")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    kept = _write_pairs(folder, members, codes, compared)
    about = {"assignment": assignment, "n": n, "pairs": pairs, "said": said, "rows": rows,
             "remarks": dict(sorted(remarks.items())), "kept": _number(kept),
             "all": kept == pairs, "length": alike.LENGTH,
             "quantiles": [(share, compared.below(share)) for share in SHARES if pairs],
             "equal": [[own.student for own in group] for group in members if len(group) > 1],
             "highest": max([r.similarity for r in rows], default=None), "most": MOST_NAMES,
             "picture": _distribution(compared) if pairs else None}  # fmt: skip
    page = folder / "index.html"
    page.write_text(rendered("similar.html", about), encoding="utf-8")
    return page, said


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")


def _to_show(
    members: Sequence[Sequence[Own]], compared: alike.Comparison, shown: int
) -> list[tuple[int, int, float]]:
    """Numbers of two groups, or twice that of one whose members are equal, and the similarity."""
    equal = [(i, i, 1.0) for i, group in enumerate(members) if len(group) > 1]
    equal.sort(key=lambda pair: -len(members[pair[0]]))
    alone = sorted(compared.pairs, key=lambda pair: -pair.alone)[: shown // 5]
    chosen = compared.pairs[: max(0, shown - len(equal))]
    chosen += [pair for pair in alone if pair.alone and pair not in chosen]
    return [*equal[:shown], *((p.first, p.second, p.similarity) for p in chosen)]


def _row(
    members: Sequence[Sequence[Own]],
    codes: Sequence[np.ndarray],
    given: set[str],
    compared: alike.Comparison,
    first: int,
    second: int,
    similarity: float,
) -> Submission:
    both = np.intersect1d(codes[first], codes[second], assume_unique=True)
    equal = first == second
    kinds = both, compared.with_groups(both, 1 if equal else 2)
    pair = members[first][0], members[second][int(equal)]
    names = [*dict.fromkeys(name for own in pair for name in own.cells)]
    sides = {
        name: tuple(_side(own.cells.get(name, ""), kinds, given) for own in pair) for name in names
    }
    lines = [[kind for two in sides.values() for kind in two[i].lines] for i in (0, 1)]
    return Submission(
        ([own.student for own in (members[first][:1] if equal else members[first])],
         [own.student for own in members[second][int(equal):]]),
        similarity,
        {name: two for name, two in sides.items() if any(max([0, *side.lines]) for side in two)},
        tuple(sum(kind > 0 for kind in some) for some in lines), tuple(map(len, lines)),
        max(some.count(2) for some in lines),
    )  # fmt: skip


def _side(source: str, kinds: Sequence[np.ndarray], given: set[str]) -> Side:
    """A cell in pieces; a line of the released notebook, such as a docstring's, is in none."""
    kind = [kind for kind, text in alike.marked(source, kinds) for _ in text]
    begin = 0
    for line in alike.plain(source).splitlines(keepends=True):
        if line.strip() in given:
            kind[begin : begin + len(line)] = [GIVEN] * len(line)
        begin += len(line)
    pieces = itertools.groupby(zip(kind, alike.plain(source), strict=True), lambda one: one[0])
    return Side([(kind, "".join(letter for _, letter in text)) for kind, text in pieces])


def _write_pairs(
    folder: Path,
    members: Sequence[Sequence[Own]],
    codes: Sequence[np.ndarray],
    compared: alike.Comparison,
) -> int:
    """Write the table of pairs, the most similar first, and tell how many it has."""
    equal = ((two, 1.0, len(compared.with_groups(code, 1)))
             for group, code in zip(members, codes, strict=True)
             for two in itertools.combinations(group, 2))  # fmt: skip
    others = ((two, pair.similarity, pair.alone) for pair in compared.pairs
              for two in itertools.product(members[pair.first], members[pair.second]))  # fmt: skip
    rows = [[*sorted(own.student for own in two), similarity, alone] for two, similarity, alone
            in itertools.islice(itertools.chain(equal, others), MOST_ROWS)]  # fmt: skip
    head = ["student", "other", "similarity", "fingerprints that only these have"]
    write_csv(folder / "pairs.csv", [head, *rows])
    return len(rows)


def _distribution(compared: alike.Comparison) -> dict:
    from course_utils import plotting

    steps = compared.counts.reshape(50, -1).sum(axis=1)
    fig, axes = plotting.figure(height=2.6)
    axes[0, 0].bar(np.arange(50) / 50, steps, width=1 / 50, align="edge", color=plotting.BLUE)
    axes[0, 0].set(xlim=(0, 1), yscale="log", ylim=(0.7, None), xlabel="similarity",
                   ylabel="pairs")  # fmt: skip
    half = compared.below(0.5)
    return picture(fig, f"Histogram of the similarity of {steps.sum()} pairs, the count on a "
                   f"logarithmic scale: half of them are at or below {half:.2f}, the highest at "
                   f"{(np.flatnonzero(compared.counts)[-1] + 1) / alike.BINS:.2f}")  # fmt: skip
