"""Official results before the deadline: who may ask, how often, what is told, and what is not."""

import json
import os
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from course_utils import asking
from course_utils.course import cli
from course_utils.errors import CourseError
from course_utils.grading import official, rebuild, record, run
from course_utils.grading.verdicts import CellResult
from course_utils.repository import ROOT, known_assignments
from grading.tiny import NAME, cell, make_course, nbgrader, notebook

NOTHING = {"tasks": [], "remarks": []}


class Class:
    """A course with an exchange, and a student who is the user that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "course", folder / "home"
        self.root.mkdir()
        make_course(self.root)
        place = folder / "exchange" / asking.PLACE
        self.questions, self.answers = place / "questions", place / "answers"
        for path, mode in ((self.questions, 0o1730), (self.answers, 0o711)):
            path.mkdir(parents=True)
            path.chmod(mode)
        (folder / "exchange/convnet/outbound" / NAME).mkdir(parents=True)
        self.write(notebook())

    def write(self, work):
        """What the student has saved."""
        path = self.home / "convnet" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(work, path)

    def settings(self, text):
        with open(self.root / "nbgrader_config.py", "a") as file:
            file.write(text + "\n")

    def put(self, data=None, assignment=NAME):
        """A question, and the secret that it is found by."""
        data = asking.pack(assignment, self.home / "convnet" / NAME) if data is None else data
        return asking._put(NAME, data, self.questions)

    def answer(self, secret):
        return asking._read(self.answers / secret)

    def due(self, when, extension=None):
        url = f"sqlite:///{self.root / 'gradebook/gradebook.db'}"
        with record.open_gradebook(url, "convnet") as book:
            book.update_or_create_assignment(
                NAME, duedate=when.astimezone(UTC).replace(tzinfo=None)
            )
            if extension:
                book.update_or_create_student(who())
                book.update_or_create_submission(NAME, who(), extension=extension)


def who():
    return official.Question("", os.geteuid(), 0.0, NAME).student


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_EXCHANGE", str(tmp_path / "exchange"))
    monkeypatch.delenv("COURSE_GRADEBOOK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return Class(tmp_path)


@pytest.fixture
def office(place):
    """The instructor's side; `office.examined` are the secrets that were examined."""
    made = official.Office(place.root, say=lambda _: None)
    yield made
    made.close()


def go_on(office, outcome=NOTHING):
    """Examine all that waits, one by one; the secrets of what was examined."""
    done = []
    while waiting := office.look():
        if office.begin(waiting[0]):
            office.finish(waiting[0], outcome)
            done.append(waiting[0].secret)
    return done


class TestTheWay:
    def test_a_student_asks_waits_and_reads(self, place, monkeypatch):
        """Both sides at once, but for the examination."""
        monkeypatch.setattr(official, "require", lambda: None)
        monkeypatch.setattr(official, "LOOK", 0.01)
        monkeypatch.setattr(asking, "LOOK", 0.01)
        monkeypatch.setattr(asking, "SILENT", 600.0)
        over, sent = threading.Event(), []

        def examine(course, assignment, student):
            folder = course.folder("submitted", student, assignment)
            sent.extend(path.read_bytes() for path in folder.iterdir())
            return NOTHING | {"remarks": [f"{student}, {assignment}"]}

        served = threading.Thread(
            target=official.serve,
            args=[place.root],
            kwargs={"until": over.is_set, "examine": examine, "say": lambda _: None},
        )
        served.start()
        try:
            answer = asking.ask(NAME, say=lambda _: None)
        finally:
            over.set()
            served.join()
        assert answer["remarks"] == [f"{who()}, {NAME}"]
        assert sent == [(place.home / "convnet" / NAME / f"{NAME}.ipynb").read_bytes()]
        assert asking.last(NAME) == answer
        assert "That was question 1, of 3 in 24 hours." in "\n".join(asking.lines(answer))
        assert list(place.questions.iterdir()) == []
        assert not (place.root / "gradebook" / "gradebook.db").exists()

    def test_the_queue_has_places_and_an_order(self, place, office):
        secrets = [place.put() for _ in range(3)]
        assert [question.secret for question in office.look()] == secrets
        assert [place.answer(s) for s in secrets] == [
            {"state": "waiting", "place": n} for n in (1, 2, 3)
        ]
        office.begin(office.look()[0])
        office.look()
        told = [asking._where(NAME, place.questions, place.answers, s, place.answer(s))
                for s in secrets]  # fmt: skip
        assert told == ["It is being examined.", "Waiting: place 1.", "Waiting: place 2."]

    def test_who_asked_and_waits_does_not_ask_twice(self, place, monkeypatch):
        place.put()
        monkeypatch.setattr(asking, "_wait", lambda *_: {})
        asking.ask(NAME, say=lambda _: None)
        assert len(list(place.questions.iterdir())) == 1

    def test_where_nobody_examines_it_says_so(self, place, office):
        secret = place.put()
        office.look()
        os.utime(place.answers / asking.ALIVE, (0, time.time() - 2 * asking.SILENT))
        told = asking._where(NAME, place.questions, place.answers, secret, place.answer(secret))
        assert told == "Nobody examines at the moment. Your place is kept."

    def test_only_the_owner_can_read_an_answer_whose_name_is_not_known(self, place, office):
        secret = place.put()
        go_on(office)
        assert (place.answers.stat().st_mode & 0o777) == 0o711
        assert {p.name for p in place.answers.iterdir()} == {asking.ALIVE, secret}
        memory = place.home / ".local/share/convnet/official" / NAME
        assert memory.stat().st_mode & 0o077 == 0

    def test_without_a_server_it_says_what_there_is_instead(self, place, monkeypatch):
        monkeypatch.delenv("COURSE_EXCHANGE")
        with pytest.raises(CourseError, match=r"Restart Kernel and Run All Cells, then Validate"):
            asking.ask(NAME, say=print)


class TestTheQuota:
    def test_more_questions_at_once_are_no_more_questions(self, place, office):
        secrets = [place.put() for _ in range(5)]
        assert go_on(office) == secrets[:3]
        why = f"You may ask 3 in 24 hours about {NAME}, and have done so."
        assert [place.answer(secret)["why"] for secret in secrets[3:]] == [why, why]
        again = place.put()
        assert go_on(office) == []
        tomorrow = time.strftime("%Y-%m-%d", time.localtime(time.time() + 86400))
        assert place.answer(again)["why"].startswith(f"{why} Again from {tomorrow}")
        assert list(place.questions.iterdir()) == []

    def test_another_student_has_their_own(self, place, office, monkeypatch):
        for _ in range(3):
            place.put()
        mine = {question.secret for question in office.look()}
        go_on(office)
        place.put()
        found = official.Office._found
        monkeypatch.setattr(  # as another user's file would be
            official.Office,
            "_found",
            lambda self: [official.replace(q, user=0 if q.user else 1) for q in found(self)],
        )
        assert [q.secret not in mine for q in office.look()] == [True]

    def test_after_a_day_there_are_new_ones_but_not_in_all(self, place, office):
        for _ in range(3):
            place.put()
        go_on(office)
        office.known.execute("UPDATE questions SET began = began - 86401")
        place.settings("c.Official.days = 0")
        place.put()
        assert go_on(office) == []
        place.settings("c.Official.days = 1")
        secret = place.put()
        assert go_on(office) == [secret]

    def test_the_instructor_switches_it_off(self, place, office):
        place.settings("c.Official.quota = 0")
        secret = place.put()
        assert go_on(office) == []
        assert "switched official results off" in place.answer(secret)["why"]

    def test_what_was_answered_is_not_asked_again_under_its_name(self, place, office):
        secret = place.put()
        go_on(office)
        (place.questions / secret).write_bytes(asking.pack(NAME, place.home / "convnet" / NAME))
        assert go_on(office) == []
        assert place.answer(secret)["state"] == "done"

    def test_a_failure_of_grading_is_free_but_not_for_ever(self, place, office):
        for _ in range(3):
            place.put()
        assert len(go_on(office, CourseError("the sandbox is gone"))) == 3
        with pytest.raises(CourseError, match="It does not count"):
            asking.last(NAME)
        place.put()
        assert len(go_on(office)) == 1
        for _ in range(9):
            place.put()
            go_on(office, CourseError("the sandbox is gone"))
        states = office.known.execute("SELECT state, COUNT(*) FROM questions GROUP BY state")
        assert dict(states) == {"done": 1, "failed": 5}


class TestKilled:
    def test_what_was_begun_is_examined_again_and_counts_once(self, place):
        secrets = [place.put() for _ in range(4)]
        first = official.Office(place.root, say=lambda _: None)
        first.begin(first.look()[0])
        first.close()  # all that a killed process leaves
        second = official.Office(place.root, say=lambda _: None)
        assert [question.secret for question in second.look()] == secrets[:3]
        assert go_on(second) == secrets[:3]
        assert place.answer(secrets[0])["quota"].startswith("That was question 1,")
        assert not list((place.root / "gradebook/official").glob("asked/*"))
        second.close()

    def test_what_was_answered_stays_answered(self, place, office, monkeypatch):
        secret = place.put()
        monkeypatch.setattr(office, "_remove", lambda _: None)  # killed just before
        question = office.look()[0]
        office.begin(question)
        office.finish(question, NOTHING)
        monkeypatch.undo()
        assert (place.questions / secret).exists()
        assert office.look() == []
        assert place.answer(secret)["state"] == "done"
        assert list(place.questions.iterdir()) == []

    def test_only_one_at_a_time_serves(self, place, office):
        with pytest.raises(CourseError, match="Another"):
            official.Office(place.root)


def _head(files, assignment=NAME):
    return json.dumps({"assignment": assignment, "files": files}).encode() + b"\n"


FORGED = {
    "no question": b"\x80\x04 anything",
    "endless nesting": b"[" * 900_000,
    "a way out": _head([["../../../../evil", 4]]) + b"evil",
    "an absolute way": _head([["/tmp/evil", 4]]) + b"evil",
    "a name with a zero": _head([["a\0b", 4]]) + b"evil",
    "negative sizes": _head([["a", -4], ["b", 8]]) + b"evil",
    "fewer bytes than it says": _head([["a", 5_000_000_000]]) + b"evil",
    "more bytes than it says": _head([["a", 1]]) + b"evil",
    "a path as assignment": _head([], "../solutions"),
    "an assignment that is not released": _head([], "t2_secret"),
}


class TestForged:
    def test_contents(self, place, office, tmp_path):
        secrets, honest = {what: place.put(data) for what, data in FORGED.items()}, place.put()
        assert go_on(office) == [honest]
        states = {what: place.answer(secret)["state"] for what, secret in secrets.items()}
        assert states == dict.fromkeys(FORGED, "refused")
        assert not list(tmp_path.rglob("evil"))
        assert office.known.execute("SELECT COUNT(*) FROM questions").fetchone() == (1,)

    def test_what_is_no_file_of_its_own(self, place, office, tmp_path):
        """Links to what others wrote, pipes, folders and giants stop nobody."""
        other = tmp_path / "other"
        other.write_bytes(asking.pack(NAME, place.home / "convnet" / NAME))
        make = {
            "a link": lambda path: path.symlink_to(other),
            "a hard link": lambda path: path.hardlink_to(other),
            "a pipe": os.mkfifo,
            "a folder": lambda path: path.mkdir(),
            "a full folder": lambda path: (path / "in it").mkdir(parents=True),
            "a giant": lambda path: path.touch() or os.truncate(path, 1 << 40),
        }
        secrets = {what: f"{n:064x}" for n, what in enumerate(make)}
        for what, secret in secrets.items():
            make[what](place.questions / secret)
        (place.questions / "no secret").write_bytes(other.read_bytes())
        assert go_on(office) == []
        states = {what: place.answer(secret).get("state") for what, secret in secrets.items()}
        assert states == dict.fromkeys(make, "refused")
        assert [p.name for p in place.questions.iterdir()] == [secrets["a full folder"]]
        honest = place.put()
        assert go_on(office) == [honest]

    def test_what_changes_while_it_waits_is_not_examined(self, place, office):
        secret = place.put()
        question = office.look()[0]
        with open(place.questions / secret, "ab") as file:
            file.write(b"after the deadline")
        assert office.begin(question) is None
        assert "changed while it waited" in place.answer(secret)["why"]

    def test_what_was_never_finished_is_swept_away_later(self, place, office, monkeypatch):
        unfinished = place.questions / f".{'0' * 64}"
        unfinished.touch()
        office.look()
        assert unfinished.exists()
        monkeypatch.setattr(official, "DAY", -1.0)
        office.look()
        assert not unfinished.exists()

    @pytest.mark.parametrize(("folder", "mode"), [("questions", 0o1733 | 0o4), ("answers", 0o755)])
    def test_a_queue_that_others_can_list_is_not_served(self, place, folder, mode):
        getattr(place, folder).chmod(mode)
        with pytest.raises(CourseError, match="Others could list"):
            official.Office(place.root)


def test_too_late_is_what_the_system_says_whenever_it_is_examined(place, office):
    early = place.put()
    time.sleep(0.03)
    late = place.put()
    put = (place.questions / early).stat().st_ctime
    place.due(datetime.fromtimestamp(put + 0.01, UTC))
    assert go_on(office) == [early]
    assert f"{NAME} was due at" in place.answer(late)["why"]
    place.due(datetime.now(UTC) - timedelta(hours=1), extension=timedelta(hours=2))
    extended = place.put()
    assert go_on(office) == [extended]


def _told(verdict, visible, *, hidden=True, score=0.0):
    alone = visible and CellResult("c", 4, 0, visible, "said of the visible part")
    cell = CellResult("c", 4, score, verdict, "said of the hidden part", "a detail")
    found = official.told(cell, alone, hidden=hidden)
    return found["result"], found["part"], found["earned"], found["told"]


SAID = "said of the visible part"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (_told("passed", None, score=4.0), ("passed", "", 4.0, "")),
        (_told("failed", "passed"), ("not passed", "the hidden part", None, SAID)),
        (_told("partly", "passed", score=3.0), ("not passed", "the hidden part", None, SAID)),
        (_told("failed", "failed"), ("not passed", "the part that you see", 0.0, SAID)),
        (_told("partly", "failed", score=3.0), ("not passed", "the part that you see", None, SAID)),
        (_told("partly", "partly", hidden=False, score=3.0), ("not passed", "", 3.0, SAID)),
        (_told("no answer", None), ("not passed", "", None, "")),
        (_told("failed", "not graded"), ("not passed", "", None, "")),
        (_told("not graded", "passed", score=None), ("not graded", "", None, "")),
    ],
)
def test_what_is_told_of_a_task(told, expected):
    assert told == expected


def _work(**sources):
    work = notebook()
    for name, source in sources.items():
        cell(work, name).source = source
    return work


WORK = {
    "right": _work(),
    "wrong": _work(double="def double(x):\n    return 5"),
    "hidden": _work(double="def double(x):\n    return 4", answers="first, second = 3, 5"),
    # What it shows of the hidden input would be told by the visible part of the next test.
    "tells": _work(
        double="seen = []\ndef double(x):\n    seen.append(x)\n    return x + x",
        answers="first = None if -21 in seen else 3\nsecond = [4]",
    ),
    "stops": _work(double="import os\nos._exit(1)"),
}
EXPECTED = {
    "right": [("passed", ""), ("passed", "")],
    "wrong": [("not passed", "the part that you see"), ("passed", "")],
    "hidden": [("not passed", "the hidden part"), ("not passed", "the hidden part")],
    "tells": [("passed", ""), ("not passed", "the hidden part")],
    "stops": [("not passed", "the part that you see"), ("passed", "")],
}


@pytest.mark.usefixtures("sandboxed")
def test_the_verdict_is_that_of_grading_and_nothing_hidden_is_told(place, office):
    """The real examination, against `course grade` of the same work, by each cell's verdict."""
    place.settings("c.Official.quota = 9\nc.Examiner.cell_seconds = 20")
    nbgrader(place.root, "generate_assignment", NAME)
    found, book = {}, (place.root / "gradebook/gradebook.db")
    before = book.read_bytes()
    for student, work in WORK.items():
        place.write(work)
        place.put()
        question = office.look()[0]
        office.finish(question, official.examine(*office.begin(question)))
        found[student] = asking.last(NAME)
        folder = place.root / "gradebook/submitted" / student / NAME
        folder.mkdir(parents=True)
        nbformat.write(work, folder / f"{NAME}.ipynb")
    assert book.read_bytes() == before
    run.grade(NAME, place.root)
    for student, answer in found.items():
        machine = [task for task in answer["tasks"] if task["result"] != "by hand"]
        assert [(task["result"], task["part"]) for task in machine] == EXPECTED[student]
        note = json.loads((place.root / f"gradebook/examined/{NAME}/{student}.json").read_text())
        passed = {c["name"]: c["verdict"] == "passed" for c in note["cells"]}
        assert {t["name"]: t["result"] == "passed" for t in answer["tasks"]} == passed
        text = "\n".join([json.dumps(answer), *asking.lines(answer)])
        for secret in ("-21", "-42", "[4]", "is not answered"):
            assert secret not in text
    told = {task["name"]: task["told"] for task in found["wrong"]["tasks"]}
    assert "double(2) == 4" in told["check-double"]


def test_without_hidden_tests_nothing_of_them_is_left():
    for assignment in known_assignments():
        path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
        master = nbformat.read(path, as_version=4)
        visible = official.without_hidden(master)
        assert len(visible.cells) == len(master.cells)
        assert not any("HIDDEN" in c.source for c in visible.cells)
        released = ROOT / "assignments" / assignment / f"{assignment}.ipynb"
        tests = {c.metadata.nbgrader.grade_id: c.source
                 for c in nbformat.read(released, as_version=4).cells
                 if rebuild.role(c) == "test"}  # fmt: skip
        assert tests
        for c in visible.cells:
            if rebuild.role(c) == "test":
                assert c.source.strip() == tests[rebuild.grade_id(c)].strip()


def test_the_guides_say_what_is_so():
    """Commands, defaults and numbers of the pages, the configuration and the service."""
    page = {name: (ROOT / "docs" / f"{name}.md").read_text()
            for name in ("grading", "hub", "instructor", "student")}  # fmt: skip
    settings = (ROOT / "nbgrader_config.py").read_text()
    default = official.Quota()
    for where in (settings, page["instructor"]):
        assert f"c.Official.quota = {default.number}" in where
        assert f"c.Official.days = {default.days:g}" in where
    path = ROOT / "solutions" / "a1_convolution" / "a1_convolution.ipynb"
    bits = sum(bool(rebuild.hidden_lines(c.source)) for c in nbformat.read(path, 4).cells)
    many = f"{default.number} questions in 24 hours are at most {default.number * bits} bits"
    assert f"with a hidden part, {bits} in a1; {many}" in page["grading"]
    service = (ROOT / "hub" / "convnet-official@.service").read_text()
    assert "-m course_utils.course.cli official --serve" in service
    hub = (ROOT / "hub" / "jupyterhub_config.py").read_text()
    for line in re.findall(r"^Environment=(\w+)=(\S+)$", service, re.MULTILINE):
        assert '"{}", "{}"'.format(*line) in hub
    known = CliRunner().invoke(cli.app, ["official", "--help"], terminal_width=200).output
    said = re.findall(r"`course official ([^`]+)`", "\n".join(page.values()))
    assert {"a1_convolution", "--serve", "a1_convolution --last"} == set(said)
    for option in ("--serve", "--last", "--workers"):
        assert option in known
