"""What the class got wrong: a page for the instructor, one for a student, from what is graded.

Everything comes from the gradebook and from the notes that grading keeps of each submission
(`gradebook/examined`). The pages need no network and hold no script but the one that sorts tables.

Source: corrected item-total correlation, as in J. Nunnally, Psychometric Theory, 1978, chapter 8.
"""

import base64
import csv
import hashlib
import io
import json
import re
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import numpy as np
from nbgrader.api import Gradebook

from course_utils.checks.say import explanations, without_hedge
from course_utils.errors import CourseError
from course_utils.grading import record, run, taught
from course_utils.grading.rebuild import grade_id, role
from course_utils.grading.unseen import demand_hidden

TEMPLATES = Path(__file__).parent
FEWEST = 10  # submissions from which a correlation is worth a look; below, it is printed as "few"
LECTURE = re.compile(r"lectures? (\d\d)", re.IGNORECASE)
NOT_TRIED = re.compile(r"it is not written yet|none of .* is answered yet|is not answered yet")
CASE = re.compile(r"^  (Seen|Called) with ", re.MULTILINE)
NUMBER = re.compile(r"-?\d[\d.,×e+-]*")
UNKNOWN = "no likely mistake is known; "
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for one
SHOWN = 800  # characters of an example


@dataclass(frozen=True)
class Submission:
    """What is known of one submission.

    Attributes
    ----------
    points
        By the name of the graded cell; None where it waits for a mark by hand.
    late
        Points taken off for lateness.
    reasons
        Why points were lost, by cell.
    remarks
        What grading told the instructor.
    seconds, memory
        Of processors, and bytes; None where no note tells.
    """

    student: str
    points: dict[str, float | None]
    late: float = 0.0
    reasons: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seconds: float | None = None
    memory: float | None = None

    @property
    def total(self) -> float:
        """Points in all, as the export has them."""
        return sum(p or 0.0 for p in self.points.values()) - self.late


@dataclass(frozen=True)
class Task:
    """A graded cell, over the class.

    Attributes
    ----------
    difficulty
        The share of its points that was earned, on average; None if nobody handed in.
    discrimination
        Correlation of its points with the sum of all others; None where there is none.
    full
        How many earned all of it.
    n
        How many submissions it was graded in.
    lectures
        Where it is taught: number and heading, or the numbers of the lectures that its text names.
    """

    name: str
    most: float
    difficulty: float | None
    discrimination: float | None
    full: int
    n: int
    lectures: tuple[str, ...] = ()


@dataclass
class Misconception:
    """A mistake by its name: what a check says of it.

    Attributes
    ----------
    sentence
        Without "perhaps" or "in this case".
    certain
        Whether some check said it for certain.
    example
        The smallest case that it was seen in.
    """

    about: str
    sentence: str
    certain: bool = False
    students: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    lectures: set[str] = field(default_factory=set)
    example: str = ""

    @property
    def tried(self) -> bool:
        """Whether there was something to be wrong."""
        return not NOT_TRIED.search(self.sentence)


def read_class(gradebook: Gradebook, course: run.Course, assignment: str) -> list[Submission]:
    """All submissions of an assignment that are in the gradebook.

    Raises
    ------
    CourseError
        If the gradebook does not know the assignment, or holds no submission of it.
    """
    known = record.scores(gradebook, assignment)
    if not known:
        raise CourseError(f"Nothing of {assignment} is graded yet: course grade {assignment}")
    late = record.penalties(gradebook, assignment)
    found = []
    for student, cells in sorted(known.items()):
        points = {name: score.points for name, score in cells.items()}
        found.append(_with_note(course, assignment, student, points, late.get(student, 0.0)))
    return found


def _with_note(
    course: run.Course, assignment: str, student: str, points: dict, late: float
) -> Submission:
    """A submission with what grading noted; a note that cannot be read is left out."""
    try:
        path = course.examined / assignment / f"{student}.json"
        note = json.loads(path.read_text(encoding="utf-8"))
        reasons = {c["name"]: c["reason"] for c in note["cells"] if c["reason"]}
        remarks = list(note["remarks"])
        if points.keys() != {c["name"] for c in note["cells"]}:
            remarks.append("its note is older than the assignment's cells: course grade")
        used = list(note.get("used", {}).values())
        seconds = sum(u["processor"] for u in used) if used else None
        memory = max(u["memory"] for u in used) if used else None
        about = reasons, remarks, seconds, memory
    except (OSError, ValueError, KeyError, TypeError):
        about = {}, ["there is no note of its grading: course grade --again makes one"], None, None
    return Submission(student, points, float(late), *about)


def tasks_of(submissions: Sequence[Submission], masters: dict) -> list[Task]:
    """Difficulty and discrimination of each graded cell, in the order of the notebooks."""
    found = []
    for name, most, lectures in _graded(masters):
        who = [s for s in submissions if s.points.get(name) is not None]
        own = np.array([s.points[name] for s in who])
        rest = np.array([sum(p or 0.0 for p in s.points.values()) for s in who]) - own
        spread = len(who) > 2 and own.std() > 0 and rest.std() > 0
        found.append(Task(
            name, most,
            float(own.mean() / most) if len(who) and most else None,
            float(np.corrcoef(own, rest)[0, 1]) if spread else None,
            int((own >= most).sum()), len(who), lectures,
        ))  # fmt: skip
    return found


def _graded(masters: dict) -> Iterable[tuple[str, float, tuple[str, ...]]]:
    """Name and points of each graded cell, and where it is taught.

    Of other courses that is not known: there it is the lectures that the text above it names.
    """
    for notebook, master in masters.items():
        known, text = taught.places(notebook), []
        for cell in master.cells:
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                text = []
            text.append(cell.source if cell.cell_type == "markdown" else "")
            if role(cell) in ("test", "by hand"):
                named = tuple(sorted(set(LECTURE.findall("\n".join(text)))))
                if grade_id(cell) in known:
                    named = (known[grade_id(cell)],)
                yield grade_id(cell), float(cell.metadata.nbgrader.get("points", 0)), named


def misconceptions_of(
    submissions: Sequence[Submission], tasks: Sequence[Task]
) -> list[Misconception]:
    """The mistakes of a class by their names, the most frequent first."""
    lectures = {task.name: task.lectures for task in tasks}
    found: dict[tuple[str, str], Misconception] = {}
    for submission in submissions:
        for cell, reason in submission.reasons.items():
            for about, sentence, certain, example in told(reason):
                one = found.setdefault((about, sentence), Misconception(about, sentence))
                one.students.add(submission.student)
                one.tasks.add(cell)
                one.lectures.update(lectures.get(cell, ()))
                one.certain |= certain
                if example and (not one.example or len(example) < len(one.example)):
                    one.example = example
    return sorted(found.values(), key=lambda m: (-len(m.students), m.about, m.sentence))


def told(reason: str) -> list[tuple[str, str, bool, str]]:
    """What a reason names: function, sentence, whether it is certain, and the case.

    A check's reason begins with "✗ function, part: what differs"; its sentences stand below. A quiz
    has one such line for each answer. Where no sentence tells a cause, the headline stands for it,
    without its numbers.
    """
    found = []
    lines = reason.splitlines() or [""]
    headlines = [line for line in lines if line.startswith("✗ ")]
    for headline in headlines or lines[:1]:
        about, _, what = headline.removeprefix("✗ ").partition(": ")
        if not what or about.startswith("your code"):  # no check spoke, but Python
            about, what = "", headline.removeprefix("✗ ").removesuffix(": ")
        name = re.split(r"[ ,(]", about)[0].strip("`")
        sentences = explanations(reason) if len(headlines) == 1 else []
        example = _example(reason) if sentences else ""
        if not sentences and CASE.search(reason):  # numbers of one case name no mistake
            what = f"{UNKNOWN}{re.sub(NUMBER, '…', what)}"
        for each in sentences or [what]:
            found.append((name, *without_hedge(each), example))
    return found


def _example(reason: str) -> str:
    """The case of a reason: its numbers, and what came back."""
    lines = reason.splitlines()
    start = next((i for i, line in enumerate(lines) if CASE.match(line)), None)
    return "" if start is None else "\n".join(line[2:] for line in lines[start:])[:SHOWN]


def write(
    assignment: str, root: Path, *, student: str | None = None, into: Path | None = None
) -> Path:
    """Write the report of an assignment, or a student's page.

    Parameters
    ----------
    assignment
        Its name.
    root
        Folder of the course.
    student
        Only what this student earned and was told, beside numbers of the class without names.
    into
        The folder to write into; `gradebook/reports/ASSIGNMENT` by default, which git does not see.

    Returns
    -------
    Path
        The page. Beside that of the class stand `tasks.csv`, `misconceptions.csv` and
        `students.csv`.

    Raises
    ------
    CourseError
        If nothing is graded, the student has handed in nothing, or git would see the folder.
    """
    course = run.open_course(root)
    masters = run.read_masters(course, assignment)
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        record.demand_assignment(gradebook, assignment, run.points_of(masters))
        submissions = read_class(gradebook, course, assignment)
    tasks = tasks_of(submissions, masters)
    mistakes = misconceptions_of(submissions, tasks)
    folder = into or course.examined.parent / "reports" / assignment
    demand_hidden(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"assignment": assignment, "n": len(submissions), "few": FEWEST,
             "possible": sum(task.most for task in tasks)}  # fmt: skip
    totals = [s.total for s in submissions]
    if student is None:
        page = folder / "index.html"
        about |= {"tasks": tasks, "mistakes": [m for m in mistakes if m.tried],
                  "untried": _untried(mistakes, tasks), "submissions": submissions,
                  "looks": [s for s in submissions if s.remarks],
                  "wait": [s.student for s in submissions if None in s.points.values()],
                  "nobody": [t for t in tasks if t.n and not t.full],
                  "median": statistics.median(totals)}  # fmt: skip
        about["pictures"] = [_histogram(totals, about["possible"]), _bars(tasks)]
        _write_tables(folder, tasks, mistakes, submissions)
    else:
        own = next((s for s in submissions if s.student == student), None)
        if own is None:
            raise CourseError(f"{student} has no graded submission of {assignment}.")
        page = folder / f"{_file_name(student)}.html"
        about |= {"own": own, "tasks": tasks, "median": statistics.median(totals),
                  "mistakes": [m for m in mistakes if student in m.students]}  # fmt: skip
        about["pictures"] = [_histogram(totals, about["possible"], own.total)]
    page.write_text(rendered("report.html", about), encoding="utf-8")
    return page


def _file_name(student: str) -> str:
    """No two students share one, also where a disk does not tell `Ada` from `ada`."""
    clean = re.sub(r"[^A-Za-z0-9_.-]", "_", student)
    more = (
        "" if clean.lower() == student else f"-{hashlib.sha256(student.encode()).hexdigest()[:8]}"
    )
    return f"student-{clean}{more}"


def _untried(
    mistakes: Sequence[Misconception], tasks: Sequence[Task]
) -> list[tuple[list[str], list[str]]]:
    """Who left which tasks as they were handed out: those of one task, or of several, together."""
    who: dict[str, set[str]] = defaultdict(set)
    for mistake in mistakes:
        if not mistake.tried:
            for task in mistake.tasks:
                who[task] |= mistake.students
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for task in [
        *(t.name for t in tasks if t.name in who),
        *sorted(who.keys() - {t.name for t in tasks}),
    ]:
        found[tuple(sorted(who[task]))].append(task)
    together = [([*students], left) for students, left in found.items()]
    return sorted(together, key=lambda one: (-len(one[0]), one))


def rendered(template: str, about: dict) -> str:
    """A page that needs no network: a template of this folder, whatever is put into it as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = lambda x: "–" if x is None else f"{100 * x:.0f} %"
    environment.filters["two"] = lambda x: "–" if x is None else f"{x:.2f}"
    environment.filters["points"] = lambda x: "waits" if x is None else f"{x:g}"
    return environment.get_template(template).render(about)


def _histogram(totals: Sequence[float], possible: float, own: float | None = None) -> dict:
    from course_utils import plotting

    fig, axes = plotting.figure(height=2.4)
    bins = np.linspace(0, max(possible, max(totals)) or 1, 21)
    axes[0, 0].hist(totals, bins=bins, color=plotting.BLUE)
    if own is not None:
        axes[0, 0].axvline(own, color=plotting.ORANGE, lw=3)
    axes[0, 0].set(xlabel="points", ylabel="submissions")
    axes[0, 0].yaxis.get_major_locator().set_params(integer=True)
    alt = (f"Histogram of the points of {len(totals)} submissions: from {min(totals):g} to "
           f"{max(totals):g} of {possible:g}, median {statistics.median(totals):g}")  # fmt: skip
    return picture(fig, alt + ("" if own is None else f"; a line at your {own:g}"))


def _bars(tasks: Sequence[Task]) -> dict:
    from course_utils import plotting

    known = [t for t in tasks if t.difficulty is not None][::-1]
    fig, axes = plotting.figure(height=0.5 + 0.24 * len(known))
    axes[0, 0].barh([t.name for t in known], [100 * t.difficulty for t in known])
    axes[0, 0].set(xlim=(0, 100), xlabel="points earned, %")
    return picture(fig, "Bars: the share of points that was earned in each task; the table below "
                    "has the numbers")  # fmt: skip


def picture(fig: object, alt: str) -> dict:
    """A figure as a page holds it, and its description; the figure is closed."""
    import matplotlib.pyplot as plt

    from course_utils import plotting

    mime, data = plotting.render(fig)
    plt.close(fig)
    return {"alt": alt, "src": f"data:{mime};base64,{base64.b64encode(data).decode()}"}


def _write_tables(
    folder: Path,
    tasks: Sequence[Task],
    mistakes: Sequence[Misconception],
    submissions: Sequence[Submission],
) -> None:
    names = [task.name for task in tasks]
    tables = {
        "tasks": [["task", "points", "earned", "discrimination", "all points", "n", "lectures"]]
        + [[t.name, t.most, t.difficulty, t.discrimination, t.full, t.n, "; ".join(t.lectures)]
           for t in tasks],
        "misconceptions": [["function", "what is said", "certain", "students", "who", "tasks"]]
        + [[m.about, m.sentence, m.certain, len(m.students), " ".join(sorted(m.students)),
            " ".join(sorted(m.tasks))] for m in mistakes],
        "students": [["student", "total", "late", "seconds", "memory", *names]]
        + [[s.student, s.total, s.late, s.seconds, s.memory, *map(s.points.get, names)]
           for s in submissions],
    }  # fmt: skip
    for name, rows in tables.items():
        write_csv(folder / f"{name}.csv", rows)


def write_csv(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write a table that a spreadsheet may open: no text in it is a formula."""
    text = io.StringIO()
    csv.writer(text).writerows([[*map(harmless, row)] for row in rows])
    path.write_text(text.getvalue(), encoding="utf-8")


def harmless(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value
