"""`course official --serve`: examine what students ask about before the deadline, one by one.

The folder of questions is the queue: what lies in it waits, in the order in which the system says
that it was put there, so a server that was killed loses nobody's place. Who asked is whom the file
belongs to, whatever it says. How often somebody has asked is kept in a small database of the
instructor's; a question is written there before it is examined, and only once.

What is told of hidden tests is whether a task was passed. What explains comes from a second
examination, of the visible tests alone: the code that it runs has never met a hidden input.
"""

import contextlib
import copy
import datetime
import functools
import json
import os
import secrets
import shutil
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbgrader.api import MissingEntry

from course_utils import asking
from course_utils.errors import CourseError
from course_utils.grading import record, run, workers
from course_utils.grading.bubblewrap import require
from course_utils.grading.rebuild import grade_id, hidden_lines, role
from course_utils.grading.submissions import READING, Submission
from course_utils.grading.verdicts import CellResult, ExamResult

LOOK = 1.0  # seconds between looks at the queue
DAY = 86400.0  # seconds; a question that was not even finished then is removed
LOST_POINTS = {"partly", "failed", "no answer"}
BEGUN, DONE, FAILED = "begun", "done", "failed"
FAULT = "The grading failed, not your notebook. It does not count; your instructor can see why."


class Refused(Exception):
    """Why a question is not examined, in a sentence for the student."""


@dataclass(frozen=True)
class Quota:
    """How often a student may ask about an assignment.

    Attributes
    ----------
    number
        Questions; none at all if 0.
    days
        Within so many times 24 hours; in all if 0.
    """

    number: int = 3
    days: float = 1

    def __str__(self) -> str:
        when = f"{24 * self.days:g} hours" if self.days else "all"
        return f"{self.number} in {when}"

    def since(self) -> float:
        """From when on questions count now, in seconds since 1970."""
        return time.time() - DAY * self.days if self.days else 0.0


@dataclass(frozen=True)
class Question:
    """What lies in the queue.

    Attributes
    ----------
    when
        Seconds since 1970 when it was put there, or last changed: the system's word.
    """

    secret: str
    user: int
    when: float
    assignment: str

    @functools.cached_property
    def student(self) -> str:
        """The name that the system has for them.

        Raises
        ------
        Refused
            If the system does not know them.
        """
        import pwd  # which Windows does not have

        try:
            name = pwd.getpwuid(self.user).pw_name
        except KeyError:
            raise Refused("The system does not know who you are.") from None
        if "/" in name or name.startswith("."):
            raise Refused("Your name cannot be that of a folder.")
        return name


def quota(course: run.Course) -> Quota:
    """The quota of `nbgrader_config.py`.

    Raises
    ------
    CourseError
        If it is no number.
    """
    own = course.config.Official
    number, days = own.get("quota", Quota.number), own.get("days", Quota.days)
    if type(number) is not int or number < 0 or not isinstance(days, int | float) or days < 0:
        raise CourseError("c.Official.quota and c.Official.days must be numbers from 0 up.")
    return Quota(number, days)


# One examination


class _Here:
    """Examines in this thread, as the workers of `course grade` do in theirs."""

    def run(self, tasks: Iterable[tuple]) -> Iterator[tuple[Submission, object]]:
        for task in tasks:
            yield task[0], workers.examine_all(*task)


def examine(course: run.Course, assignment: str, student: str) -> dict:
    """Examine a submission as `course grade` does, and say of it what a student may know.

    Parameters
    ----------
    course
        One whose submissions are the question.

    Returns
    -------
    dict
        `tasks` and `remarks`, see `course_utils.asking.lines`.

    Raises
    ------
    CourseError
        If the grading failed.
    """
    task = run.read_task(course, assignment, run.configured_limits(course))
    (submission, whole), *_ = run.examined(_Here(), course, task, [student])
    if isinstance(whole, str):
        raise CourseError(whole)
    visible: dict[str, ExamResult] = {}
    cells = [cell for result in whole.values() for cell in result.cells]
    if any(cell.verdict in LOST_POINTS for cell in cells):
        masters = {name: without_hidden(master) for name, master in task.masters.items()}
        without = replace(task, masters=masters)
        (_, found), *_ = run.examined(_Here(), course, without, [student])
        visible = {} if isinstance(found, str) else found
    explained = {cell.name: cell for result in visible.values() for cell in result.cells}
    hidden = {grade_id(cell): bool(hidden_lines(cell.source))
              for master in task.masters.values() for cell in master.cells}  # fmt: skip
    tasks = [told(cell, explained.get(cell.name), hidden=hidden[cell.name]) for cell in cells]
    return {"tasks": tasks, "remarks": [_printable(text) for text in submission.remarks]}


def without_hidden(master: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An instructor's notebook whose tests are only those that students have."""
    found = copy.deepcopy(master)
    for cell in found.cells:
        if role(cell) == "test":
            lines = hidden_lines(cell.source)
            kept = [text for n, text in enumerate(cell.source.splitlines(), 1) if n not in lines]
            cell.source = "\n".join(kept)
    return found


def told(cell: CellResult, visible: CellResult | None, *, hidden: bool) -> dict:
    """What a student may know of a graded cell.

    Parameters
    ----------
    cell
        What it earned.
    visible
        What its visible part earned by itself, if that is known.
    hidden
        Whether it has a hidden part: then a part of the points would tell more than passed or not.
    """
    about = {"name": cell.name, "points": cell.points, "earned": None, "part": "", "told": ""}
    if cell.verdict in ("by hand", "missing"):
        return about | {"result": "by hand", "told": _printable(cell.reason)}
    if cell.verdict == "not graded":
        return about | {"result": "not graded"}
    if cell.verdict == "passed":
        return about | {"result": "passed", "earned": cell.score}
    alone = visible.verdict if visible else "not graded"
    stopped = alone in LOST_POINTS
    if hidden and alone != "not graded":
        about["part"] = "the part that you see" if stopped else "the hidden part"
    if alone != "not graded":
        about["told"] = _printable(visible.reason)
    if not hidden or (stopped and not cell.score):
        about["earned"] = cell.score
    return about | {"result": "not passed"}


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


# The queue


class Office:
    """The queue, the answers, and how often everybody has asked.

    Parameters
    ----------
    root
        Folder of the course.
    say
        Takes a line for the instructor.

    Raises
    ------
    CourseError
        If there is no queue with the rights that keep students apart, or another server uses it.
    """

    def __init__(self, root: Path, say: Callable[[str], None] = print) -> None:
        self.root, self.say = root, say
        import fcntl  # which Windows does not have

        course = run.open_course(root)
        quota(course)  # which must be one
        self.exchange = Path(str(course.config.Exchange.root))
        place = self.exchange / asking.PLACE
        self.questions, self.answers = place / "questions", place / "answers"
        _demand_rights(self.questions, 0o044, "list the questions")
        _demand_rights(self.answers, 0o066, "list the answers")
        self.own = course.examined.parent / "official"
        self.own.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = open(self.own / "lock", "w")  # noqa: SIM115 (open as long as this is)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError("Another `course official --serve` is at work here.") from None
        shutil.rmtree(self.own / "asked", ignore_errors=True)  # of one that was killed
        self.known = sqlite3.connect(self.own / "questions.db", isolation_level=None)
        self.known.execute(
            "CREATE TABLE IF NOT EXISTS questions (secret TEXT PRIMARY KEY, user INTEGER, "
            "student TEXT, assignment TEXT, began REAL, state TEXT)"
        )
        self._published: dict[str, dict] = {}
        self._accepted: set[Question] = set()
        self._said: set[str] = set()
        self.running: dict[str, Question] = {}

    def close(self) -> None:
        """Let another one be."""
        self.known.close()
        self._lock.close()

    def look(self) -> list[Question]:
        """Those that wait, in their order; what cannot be examined is answered with a sentence."""
        (self.answers / asking.ALIVE).touch()
        waiting, ahead = [], Counter((q.user, q.assignment) for q in self.running.values())
        for question in sorted(self._found(), key=lambda q: (q.when, q.secret)):
            who = question.user, question.assignment
            try:
                state = self._state(question)
                if state in (DONE, FAILED):  # a server was killed before it was taken away
                    self._remove(question.secret)
                    continue
                if state is None:
                    if question not in self._accepted:
                        self._demand(course := run.open_course(self.root), question)
                        self._demand_quota(course, question, ahead[who])
                        self._accepted.add(question)
                    ahead[who] += 1
            except Refused as why:
                self._refuse(question.secret, str(why))
            except CourseError as error:  # of the gradebook: it may be there soon
                self._say_once(str(error))
            else:
                waiting.append(question)
        self._accepted.intersection_update(waiting)
        there = {question.secret for question in waiting} | self.running.keys()
        self._published = {k: v for k, v in self._published.items() if k in there}
        for place, question in enumerate(waiting, 1):
            self._publish(question.secret, {"state": "waiting", "place": place})
        return waiting

    def begin(self, question: Question) -> tuple[run.Course, str, str] | None:
        """Read a question and write down that it counts; the arguments of `examine`."""
        try:
            student, (assignment, files) = question.student, self._read(question)
        except Refused as why:
            self._refuse(question.secret, str(why))
            return None
        place = self.own / "asked" / question.secret
        row = (question.secret, question.user, student, assignment, time.time(), BEGUN)
        # Once, however often it is examined because a server was killed.
        self.known.execute("INSERT OR IGNORE INTO questions VALUES (?, ?, ?, ?, ?, ?)", row)
        course = run.open_course(self.root)
        config = copy.deepcopy(course.config)
        config.CourseDirectory.submitted_directory = str(place)
        course = replace(course, config=config)
        _write_files(course.folder("submitted", student, assignment), files)
        self.running[question.secret] = question
        self._publish(question.secret, {"state": "begun"})
        return course, assignment, student

    def finish(self, question: Question, outcome: dict | BaseException) -> None:
        """Publish what came of it."""
        answer, state = {"state": "refused", "why": FAULT}, FAILED
        said = f"not examined: {outcome}"
        if not isinstance(outcome, BaseException):
            state, tasks = DONE, outcome["tasks"]
            limit = quota(run.open_course(self.root))
            used = self._used(question, limit) + 1
            asked = datetime.datetime.fromtimestamp(question.when).strftime("%Y-%m-%d %H:%M:%S")
            answer = {"state": DONE, "assignment": question.assignment, "asked": asked, **outcome,
                      "quota": f"That was question {used}, of {limit}."}  # fmt: skip
            passed = sum(task["result"] == "passed" for task in tasks)
            said = f"{passed} of {len(tasks)} tasks passed, question {used} of {limit}"
        self._publish(question.secret, answer)
        self.known.execute("UPDATE questions SET state = ? WHERE secret = ?",
                           (state, question.secret))  # fmt: skip
        self._remove(question.secret)
        self.running.pop(question.secret, None)
        shutil.rmtree(self.own / "asked" / question.secret, ignore_errors=True)
        self.say(f"{time.strftime('%H:%M:%S')} {question.student} {question.assignment}: {said}")

    # What is in the folder of questions

    def _found(self) -> Iterator[Question]:
        with os.scandir(self.questions) as entries:
            names = [entry.name for entry in entries]
        for name in names:
            if name in self.running:
                continue
            try:
                if not asking.SECRET.fullmatch(name):
                    self._sweep(name)
                    continue
                with self._open(name) as (file, about):
                    line = file.readline(asking.HEAD)
                try:
                    assignment, _ = asking.read_head(line)
                except ValueError as error:
                    raise Refused(f"Your question cannot be read: {error}.") from None
                yield Question(name, about.st_uid, about.st_ctime, assignment)
            except Refused as why:
                self._refuse(name, str(why))
            except FileNotFoundError:
                pass  # it was taken back

    @contextlib.contextmanager
    def _open(self, name: str) -> Iterator[tuple]:
        """A question, which may be anything that a student can make, and what the system says."""
        try:
            descriptor = os.open(self.questions / name, READING)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Refused(f"Your question cannot be opened: {error.strerror}.") from None
        with open(descriptor, "rb") if _is_file(descriptor) else _closing(descriptor) as file:
            about = os.fstat(descriptor)
            if file is None or about.st_nlink != 1:
                raise Refused("Your question is no file of its own.")
            if about.st_size > asking.LIMIT + asking.HEAD:
                raise Refused(f"Your question has more than {asking.LIMIT // 10**6} MB.")
            yield file, about

    def _read(self, question: Question) -> tuple[str, dict[str, bytes]]:
        """The whole of a question, which must be what it was when its place was given."""
        try:
            with self._open(question.secret) as (file, about):
                data = file.read(about.st_size)
                now = os.fstat(file.fileno())
                if (now.st_uid, now.st_ctime) != (question.user, question.when):
                    raise Refused("Your question was changed while it waited.")
            assignment, files = asking.unpack(data)
            if assignment != question.assignment:
                raise Refused("Your question was changed while it waited.")
        except FileNotFoundError:
            raise Refused("Your question was taken back.") from None
        except ValueError as error:
            raise Refused(f"Your question cannot be read: {error}.") from None
        return assignment, files

    def _sweep(self, name: str) -> None:
        """Remove what is no question, and what nobody will finish."""
        about = os.lstat(self.questions / name)
        unfinished = name.startswith(".") and asking.SECRET.fullmatch(name[1:])
        if not unfinished or time.time() - about.st_ctime > DAY:
            self._remove(name)

    def _remove(self, name: str) -> None:
        path = self.questions / name
        try:
            if stat.S_ISDIR(path.lstat().st_mode):
                path.rmdir()
            else:
                path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:  # a folder of somebody's with something in it
            owner = os.lstat(path).st_uid
            self._say_once(f"{name!a} of user {owner} cannot be removed: {error.strerror}")

    # Who may ask

    def _state(self, question: Question) -> str | None:
        """What is written down of it; nothing before it is examined for the first time."""
        query = "SELECT user, assignment, state FROM questions WHERE secret = ?"
        row = self.known.execute(query, (question.secret,)).fetchone()
        if row is not None and row[:2] != (question.user, question.assignment):
            raise Refused("Something else was asked under this name. Ask again.")
        return row and row[2]

    def _demand(self, course: run.Course, question: Question) -> None:
        """Refuse what is no assignment, or comes too late."""
        name = question.assignment
        released = self.exchange / str(course.course_id) / "outbound" / name
        try:
            run.read_masters(course, name)
        except CourseError:
            released = None
        if released is None or not released.is_dir():
            raise Refused(f"No assignment {name} is released.")
        due = _due(course, name, question.student)
        if due is not None and question.when > due.timestamp():
            when = due.astimezone().strftime("%Y-%m-%d %H:%M")
            raise Refused(f"{name} was due at {when}: there are no official results any more.")

    def _demand_quota(self, course: run.Course, question: Question, ahead: int) -> None:
        limit = quota(course)
        if not limit.number:
            raise Refused("Your instructor has switched official results off.")
        if self._used(question, limit) + ahead < limit.number:
            return
        text = f"You may ask {limit} about {question.assignment}, and have done so."
        query = ("SELECT began FROM questions WHERE user = ? AND assignment = ? AND began > ? "
                 "ORDER BY began")  # fmt: skip
        about = question.user, question.assignment, limit.since()
        oldest = self.known.execute(query, about).fetchone()
        if limit.days and oldest:
            again = time.localtime(oldest[0] + DAY * limit.days)
            text += time.strftime(" Again from %Y-%m-%d %H:%M on.", again)
        raise Refused(text)

    def _used(self, question: Question, limit: Quota) -> int:
        """Questions that count, without those that are examined now.

        What failed because of the grading does not count, but only so often as the quota: who can
        make it fail has no more questions than twice as many.
        """
        query = ("SELECT state, COUNT(*) FROM questions WHERE user = ? AND assignment = ? "
                 "AND began > ? AND secret != ? GROUP BY state")  # fmt: skip
        who = question.user, question.assignment, limit.since(), question.secret
        found = dict(self.known.execute(query, who))
        mine = [q for q in self.running.values() if q.secret != question.secret
                and (q.user, q.assignment) == (question.user, question.assignment)]  # fmt: skip
        beyond = max(0, found.get(FAILED, 0) - limit.number)
        return found.get(DONE, 0) + found.get(BEGUN, 0) - len(mine) + beyond

    # What is told

    def _refuse(self, secret: str, why: str) -> None:
        if asking.SECRET.fullmatch(secret):
            self._publish(secret, {"state": "refused", "why": why})
        self._remove(secret)

    def _publish(self, secret: str, answer: dict) -> None:
        """Write an answer, whole or not at all, under the name that only the student knows."""
        if self._published.get(secret) == answer:
            return
        fresh = self.answers / f".{secrets.token_hex(32)}"
        fresh.write_text(json.dumps(answer), encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(self.answers / secret)
        self._published[secret] = answer
        if answer["state"] in ("done", "refused"):
            del self._published[secret]

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield None
    finally:
        os.close(descriptor)


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _demand_rights(folder: Path, closed: int, what: str) -> None:
    try:
        about = folder.stat()
    except OSError:
        raise CourseError(f"There is no {folder}: as root, hub/setup.sh makes it.") from None
    if about.st_uid != os.geteuid():
        raise CourseError(f"{folder} does not belong to you: as root, run hub/setup.sh.")
    if about.st_mode & closed or (about.st_mode & 0o022 and not about.st_mode & stat.S_ISVTX):
        raise CourseError(f"Others could {what} in {folder}: as root, run hub/setup.sh.")


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Lay down what was sent; names that cannot be one are left out, as a folder would."""
    folder.mkdir(parents=True, mode=0o700)
    for name, data in files.items():
        with contextlib.suppress(OSError):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _due(course: run.Course, assignment: str, student: str) -> datetime.datetime | None:
    """When an assignment is due for a student, with an extension if there is one."""
    file = course.db_url.removeprefix("sqlite:///")
    if file != course.db_url and not Path(file).exists():
        return None  # and reading makes none
    with record.open_gradebook(course.db_url, course.course_id) as gradebook:
        try:
            due, more = gradebook.find_assignment(assignment).duedate, None
            with contextlib.suppress(MissingEntry):
                more = gradebook.find_submission(assignment, student).extension
        except MissingEntry:
            return None
    if due is None:
        return None
    return due.replace(tzinfo=datetime.UTC) + (more or datetime.timedelta())


def serve(
    root: Path,
    *,
    count: int = 1,
    say: Callable[[str], None] = print,
    until: Callable[[], bool] = lambda: False,
    examine: Callable[[run.Course, str, str], dict] = examine,
) -> None:
    """Examine what is asked, for ever.

    Parameters
    ----------
    root
        Folder of the course.
    count
        How many at the same time.
    say
        Takes a line for each.
    until
        Asked again and again; ends it, after what is under way.
    examine
        What examines one.

    Raises
    ------
    CourseError
        If nothing can be examined here.
    """
    require()
    office = Office(root, say)
    with contextlib.closing(office), ThreadPoolExecutor(count) as threads:
        under_way: dict[Future, Question] = {}
        try:
            while not until():
                for question in office.look():
                    if len(under_way) < count and (about := office.begin(question)):
                        under_way[threads.submit(examine, *about)] = question
                _finish(office, under_way, LOOK)
        finally:
            while under_way:
                _finish(office, under_way, None)


def _finish(office: Office, under_way: dict[Future, Question], seconds: float | None) -> None:
    """Answer what has been examined; wait for the first so many seconds at the most."""
    if not under_way:
        time.sleep(seconds or 0)
    for future in wait(under_way, seconds, return_when="FIRST_COMPLETED").done:
        question = under_way.pop(future)
        office.finish(question, future.exception() or future.result())
