"""The report of a class: what it counts, whom it names, and what it refuses."""

import csv
import json
import re
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from typer.testing import CliRunner

from course_utils.checks.say import explanations, without_hedge
from course_utils.course import cli
from course_utils.errors import CourseError
from course_utils.grading import report, run, taught, workers
from course_utils.grading.rebuild import grade_id, role
from course_utils.grading.report import Submission, harmless, misconceptions_of, tasks_of, told
from course_utils.repository import ROOT, known_assignments
from grading import target
from grading.classes import (
    MIX,
    NAME,
    RIGHT,
    SCORES,
    contents,
    copy_course,
    hand_in,
    make_course,
)
from grading.conftest import QUICK

FLIPPED = """✗ correlate2d, plain: 2 of 2 values differ, the largest by 14
  The kernel is flipped: that is true convolution.
  Seen with 2×3 image, 2×2 kernel.
  yours    = [[13. 23.]]"""
DOUBT = """✗ correlate2d, stride: the result has shape (8, 6), expected (6, 8)
  In this case: The kernel is flipped: that is true convolution.
  It is right wherever the width is 2.
  Seen with 7×10 image, 2×3 kernel, stride=1, padding=0, dilation=1, which is longer to read."""
PLAIN = """✗ pad2d, modes: 3 of 25 values differ, the largest by 0.5
  Seen with 3×3 image."""
QUIZ = "✗ size_plain (7, kernel 3): the + 1 is missing\n✗ size_same: the padding is ignored"


@pytest.fixture(scope="module")
def graded(sandboxed, tmp_path_factory):
    course = make_course(tmp_path_factory.mktemp("reported"))
    for student, submission in MIX.items():
        hand_in(course, student, submission)
    run.grade(NAME, course, limits=QUICK)
    report.write(NAME, course)
    return course


class TestWords:
    def test_a_sentence_of_a_check_is_the_name_of_a_mistake(self):
        assert told(FLIPPED) == [
            ("correlate2d", "The kernel is flipped: that is true convolution.", True,
             "Seen with 2×3 image, 2×2 kernel.\nyours    = [[13. 23.]]"),
        ]  # fmt: skip

    def test_what_was_said_with_a_hedge_is_the_same_mistake_and_not_certain(self):
        (flipped, place) = told(DOUBT)
        assert flipped[:3] == (*told(FLIPPED)[0][:2], False)
        assert place[1] == "It is right wherever the width is 2."
        assert without_hedge("In this case: Two things at once: A.") == ("A.", False)
        assert without_hedge("and: B.") == ("B.", True)
        assert without_hedge("or: C.") == ("C.", False)

    def test_where_no_cause_is_told_the_numbers_of_the_case_are_left_out(self):
        ((about, sentence, certain, _),) = told(PLAIN)
        assert (about, certain) == ("pad2d", True)
        assert sentence == "no likely mistake is known; … of … values differ, the largest by …"

    def test_each_wrong_answer_of_a_quiz_is_one(self):
        assert [(a, s) for a, s, *_ in told(QUIZ)] == [
            ("size_plain", "the + 1 is missing"), ("size_same", "the padding is ignored"),
        ]  # fmt: skip

    def test_what_is_no_check_stands_for_itself(self):
        assert told("Your code ran for more than 3 s.")[0][:2] == (
            "", "Your code ran for more than 3 s.",
        )  # fmt: skip
        assert told("")[0][1] == ""
        assert explanations("✗ f: it is wrong") == []


def _class(points, **about):
    return [Submission(f"s{i}", dict(zip("abc", row, strict=True)), **about)
            for i, row in enumerate(points)]  # fmt: skip


def _masters():
    from nbformat.v4 import new_markdown_cell, new_notebook

    from grading.tiny import code

    cells = [new_markdown_cell("# A\nSee lecture 02 and lectures 04.")]
    cells += [code(name, "assert f()", points=2) for name in "ab"]
    return {
        "x": new_notebook(cells=[*cells, new_markdown_cell("## C"), code("c", "g()", points=4)])
    }


class TestNumbers:
    def test_difficulty_and_discrimination_are_those_of_the_formula(self):
        tasks = tasks_of(_class([(2, 2, 4), (2, 0, 4), (0, 0, 0), (0, 2, 1)]), _masters())
        assert [t.difficulty for t in tasks] == [0.5, 0.5, 2.25 / 4]
        assert [t.full for t in tasks] == [2, 2, 2]
        assert tasks[0].discrimination == pytest.approx(7 / (2 * 18.75**0.5))
        assert tasks[0].lectures == ("02", "04")
        assert tasks[2].lectures == ()

    @pytest.mark.parametrize("points", [[(2, 2, 4)], [(2, 2, 4)] * 9, [(0, 1, 2), (2, 1, 0)]])
    def test_there_is_none_where_nothing_varies_or_too_few_are_there(self, points):
        assert all(t.discrimination is None for t in tasks_of(_class(points), _masters()))

    def test_what_waits_for_a_mark_is_not_counted(self):
        task = tasks_of(_class([(2, 2, None), (0, 2, 4)]), _masters())[2]
        assert (task.n, task.difficulty) == (1, 1.0)

    def test_a_student_counts_once_for_each_sentence(self):
        twice = _class([(0, 0, 0)] * 2, reasons={"a": FLIPPED, "b": DOUBT})
        place, flipped = misconceptions_of(twice, tasks_of(twice, _masters()))
        assert place.sentence.startswith("It is right wherever")
        assert flipped.students == {"s0", "s1"}
        assert flipped.tasks == {"a", "b"}
        assert flipped.certain
        assert flipped.lectures == {"02", "04"}
        assert flipped.example.startswith("Seen with 2×3 image")

    def test_what_python_says_is_told_as_it_is(self):
        said = "✗ your code raised ModuleNotFoundError: torch is not there: build it yourself"
        assert [one[:2] for one in told(said)] == [("", said.removeprefix("✗ "))]


@pytest.mark.parametrize("name", known_assignments())
def test_each_task_of_the_course_names_the_section_that_teaches_it(name):
    master = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    graded = {grade_id(cell) for cell in master.cells if role(cell) in ("test", "by hand")}
    found = taught.places(name)
    assert found.keys() == graded
    for place in found.values():
        number, heading = place.split(" ", 1)
        (lecture,) = ROOT.glob(f"lectures/{number}_*.ipynb")
        assert f"# {heading}" in "\n".join(c.source for c in nbformat.read(lecture, 4).cells)


def test_a_place_that_is_gone_is_told():
    with pytest.raises(LookupError, match="has no heading in a cell 'nu'"):
        taught.section("05 nu")
    assert taught.places("t9_of_another_course") == {}


class TestPages:
    def test_the_page_of_the_class_needs_nothing_from_elsewhere(self, graded):
        page = (graded / "gradebook/reports" / NAME / "index.html").read_text()
        soup = BeautifulSoup(page, "html.parser")
        assert not re.search(r"(src|href)=\"(?!data:|tasks|misconceptions|students)", page)
        assert [i["alt"][:9] for i in soup.find_all("img")] == ["Histogram", "Bars: the"]
        assert all(student in page for student in MIX)
        assert len(soup.find_all("table")) == 3

    def test_the_tables_hold_what_the_gradebook_holds(self, graded):
        folder = graded / "gradebook/reports" / NAME
        rows = list(csv.DictReader((folder / "students.csv").open()))
        assert {row["student"] for row in rows} == set(MIX)
        notes = {p.stem: json.loads(p.read_text()) for p in
                 (graded / "gradebook/examined" / NAME).glob("*.json")}  # fmt: skip
        assert {r["student"]: float(r["total"]) for r in rows} == {
            name: note["score"] for name, note in notes.items()
        }
        assert all(float(row["seconds"]) > 0 for row in rows)

    def test_a_students_page_names_nobody_else(self, graded):
        student, *others = MIX
        page = report.write(NAME, graded, student=student).read_text()
        assert not [other for other in others if re.search(rf"\b{other}\b", page)]
        assert "what you earned" in page

    def test_the_command_says_where_it_is(self, graded, monkeypatch):
        monkeypatch.chdir(graded)
        done = CliRunner().invoke(cli.app, ["report", NAME])
        assert "index.html" in done.output, done.output

    @pytest.fixture
    def made_up(self, graded, monkeypatch, tmp_path):
        """The page, and a table, of a class that is given."""

        def write(submissions, table="students", **about):
            monkeypatch.setattr(report, "read_class", lambda *_: submissions)
            page = report.write(NAME, graded, into=tmp_path, **about).read_text()
            with open(tmp_path / f"{table}.csv", newline="") as file:
                return " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split()), [
                    *csv.reader(file)
                ]

        return write

    def test_a_class_of_one(self, made_up):
        text, _ = made_up([Submission("ada", {"check-scale": 6.0}, reasons={"check-count": ""})])
        assert "1 submission, with 6 of 25 points." in text
        assert "With 1 submissions it is mostly chance" not in text
        text, _ = made_up([Submission("ada", {"check-scale": 6.0})], student="ada")
        assert "6 of 25 points." in text  # half of the class would be herself

    def test_everybody_is_perfect(self, made_up):
        text, _ = made_up([Submission(s, dict(target.POINTS)) for s in ("ada", "ben", "cleo")])
        assert "Nothing: no point was lost that a check could tell of." in text
        assert "Everybody tried everything." in text
        assert "nan" not in text

    def test_a_large_class_is_counted_and_its_names_are_folded(self, made_up):
        left = dict.fromkeys(("check-count", "check-scale"), "✗ count: it is not written yet")
        many = [Submission(f"s{i:04}", {**target.POINTS, "essay": None}, reasons=left)
                for i in range(9)]  # fmt: skip
        text, _ = made_up(many)
        assert "check-scale, check-count: 9 of 9, 9 students s0000" in text
        assert "9 of 9 wait for a mark by hand: 9 students" in text

    def test_a_name_that_is_a_formula_stays_a_name(self, made_up):
        odd = [Submission("=1+1", {"check-count": 0.0}, reasons={"check-count": FLIPPED})]
        assert made_up(odd)[1][1][0] == "'=1+1"
        assert made_up(odd, table="misconceptions")[1][1][4] == "'=1+1"

    def test_no_two_students_share_a_file(self):
        names = ["a b", "a_b", "a/b", "Ada", "ada", "=1+1"]
        assert len({report._file_name(name).lower() for name in names}) == len(names)
        assert report._file_name("ada") == "student-ada"

    def test_what_students_write_is_no_html(self, graded):
        page = report.rendered("report.html", {
            "assignment": "a", "n": 1, "few": 1, "possible": 1, "median": 1, "pictures": [],
            "tasks": [], "mistakes": [], "looks": _class([(1, 1, 1)], remarks=["<script>x"]),
            "nobody": [], "untried": [], "submissions": [], "wait": [],
        })  # fmt: skip
        assert "<script>x" not in page
        assert "&lt;script&gt;x" in page


class TestWhatIf:
    """The gradebook is made to differ from what grading gives, as after a test was mended."""

    @pytest.fixture
    def course(self, graded, tmp_path):
        course = copy_course(graded, tmp_path / "course")
        with Gradebook(f"sqlite:///{course / 'gradebook/gradebook.db'}", "convnet") as book:
            for student, by_hand in (("ada", None), ("ben", 3)):
                grade = book.find_grade("check-count", NAME, NAME, student)
                grade.auto_score, grade.manual_score = 1, by_hand
            book.db.commit()
        return course

    def test_only_what_differs_is_told_and_nothing_is_written(self, course):
        before = contents(course)
        changes, count = run.what_if(NAME, course, limits=QUICK)
        assert count == len(MIX)
        assert [(c.student, c.cell, c.before, c.by_hand) for c in changes] == [
            ("ada", "check-count", 1, False), ("ben", "check-count", 1, True),
        ]  # fmt: skip
        assert changes[0].after == target.POINTS["check-count"]
        assert changes[1].after == 0
        assert "NotImplementedError" in changes[1].why or changes[1].why
        assert contents(course) == before

    def test_accepting_writes_just_those_and_a_mark_by_hand_stands(self, course):
        notes = course / "gradebook/examined" / NAME
        before = {path.stem: path.stat().st_mtime_ns for path in notes.glob("*.json")}
        run.what_if(NAME, course, limits=QUICK, accept=True)
        after = contents(course)
        assert after["ada"]["score"] == SCORES["ada"]
        assert after["ben"]["grades"]["check-count"][:2] == (0, 3)
        written = {p.stem for p in notes.glob("*.json") if p.stat().st_mtime_ns != before[p.stem]}
        assert written == {"ada", "ben"}
        assert run.what_if(NAME, course, limits=QUICK) == ([], len(MIX))

    def test_an_examination_that_fails_takes_nobodys_score(self, course, monkeypatch):
        def fail(*_):
            raise ValueError("no room")

        monkeypatch.setattr(workers, "_examiner", SimpleNamespace(examine=fail))
        before = contents(course)
        changes, _ = run.what_if(NAME, course, limits=QUICK, accept=True)
        assert {c.student for c in changes} == set(MIX)
        assert all("no room" in c.why for c in changes)
        assert contents(course) == before

    def test_the_command_says_it_in_words(self, course, monkeypatch):
        monkeypatch.chdir(course)
        said = CliRunner().invoke(cli.app, ["grade", NAME, "--what-if", "--only", "ada"]).stdout
        assert re.search(r"^ada  \+\d", said, re.MULTILINE), said
        assert "1 of 1 submissions would change; --accept records them." in said
        refused = CliRunner().invoke(cli.app, ["grade", NAME, "--accept"])
        assert "--accept belongs to --what-if" in str(refused.exception)

    def test_where_nothing_is_graded_there_is_nothing_to_compare(self, sandboxed, tmp_path):
        course = make_course(tmp_path)
        hand_in(course, "ada", RIGHT)
        with pytest.raises(CourseError, match=f"course grade {NAME}"):
            run.what_if(NAME, course, limits=QUICK)


class TestRefused:
    def test_nothing_is_graded_yet(self, sandboxed, tmp_path):
        with pytest.raises(CourseError, match=f"course grade {NAME}"):
            report.write(NAME, make_course(tmp_path))

    def test_an_unknown_student_or_assignment(self, graded):
        with pytest.raises(CourseError, match="zoe has no graded submission"):
            report.write(NAME, graded, student="zoe")
        with pytest.raises(CourseError, match="no assignment 'a9'"):
            report.write("a9", graded)

    @pytest.mark.parametrize("what_if", [False, True])
    def test_a_gradebook_of_another_course_or_of_a_check_by_another_name(
        self, graded, tmp_path, what_if
    ):
        def ask():
            return (
                run.what_if(NAME, course, limits=QUICK) if what_if else report.write(NAME, course)
            )

        course = copy_course(graded, tmp_path / "course")
        book = course / "gradebook/gradebook.db"
        master = course / "solutions" / NAME / f"{NAME}.ipynb"
        master.write_text(master.read_text().replace("check-count", "check-total"))
        with pytest.raises(CourseError, match=f"course update {NAME}"):
            ask()
        book.unlink()
        with pytest.raises(CourseError, match=f"gradebook does not know {NAME} yet"):
            ask()

    def test_notes_from_before_a_cell_was_renamed_are_told(self, graded, tmp_path):
        course = copy_course(graded, tmp_path / "course")
        note = course / "gradebook/examined" / NAME / "ada.json"
        note.write_text(note.read_text().replace("check-count", "check-sum"))
        assert (
            "its note is older than the assignment&#39;s cells"
            in report.write(NAME, course).read_text()
        )

    def test_a_note_that_is_lost_is_told(self, graded, tmp_path):
        course = copy_course(graded, tmp_path / "course")
        (course / "gradebook/examined" / NAME / f"{next(iter(MIX))}.json").write_text("{")
        assert "there is no note of its grading" in report.write(NAME, course).read_text()

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
    def test_a_spreadsheet_takes_no_name_for_a_formula(self, text):
        assert harmless(text) == f"'{text}"
        assert harmless(-1.5) == -1.5
        assert harmless(None) == ""
