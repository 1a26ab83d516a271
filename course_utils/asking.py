"""`course official`: ask the class's server to grade what one would submit, before the deadline.

This is the student's side, and the form in which a question travels; it needs nothing of grading.
A question is one file in a folder where everybody may put something and only the instructor may
look. Its name is a secret, and the answer is found by it.
"""

import contextlib
import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.errors import CourseError

PLACE = "convnet/official"  # in the exchange
ALIVE = "alive"  # a file among the answers, which the one who examines touches again and again
SILENT = 60.0  # seconds without that, after which nobody examines
LOOK = 0.5  # seconds between looks
LIMIT = 100_000_000  # bytes of all files together, as nbgrader takes
HEAD = 1_000_000  # bytes of the line that names them
SECRET = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
LEFT_OUT = {".ipynb_checkpoints", "__pycache__", "feedback"}  # by nbgrader's submit as well
NO_SERVER = (
    "An official result comes from the class's server, and this is not there. What you have here: "
    "Kernel → Restart Kernel and Run All Cells, then Validate, run every check that you see, "
    "afresh; the hidden ones run when you are graded."
)
HOW = {"passed": "passed", "not passed": "NOT passed", "by hand": "a person marks it",
       "not graded": "could not be judged: your instructor looks at it"}  # fmt: skip


def places() -> tuple[Path, Path]:
    """The folders of questions and of answers.

    Raises
    ------
    CourseError
        If there are none: this is no server of a class.
    """
    exchange = os.environ.get("COURSE_EXCHANGE")
    found = Path(exchange, PLACE) if exchange else None
    if found is None or not (found / "questions").is_dir():
        raise CourseError(NO_SERVER)
    return found / "questions", found / "answers"


def pack(assignment: str, folder: Path) -> bytes:
    """What nbgrader would submit of a folder: a line that names the files, and their contents.

    Raises
    ------
    CourseError
        If there is nothing, or too much.
    """
    contents, room = {}, LIMIT
    for path in _files(folder):
        try:
            room -= path.stat().st_size
            if room < 0:
                raise CourseError(f"{folder} has more than {LIMIT // 10**6} MB: too much.")
            contents[path.relative_to(folder).as_posix()] = path.read_bytes()
        except OSError as error:
            raise CourseError(f"{path} cannot be read: {error.strerror}.") from None
    if not any(name.endswith(".ipynb") for name in contents):
        raise CourseError(f"There is no notebook in {folder}: fetch the assignment first.")
    sizes = [[name, len(data)] for name, data in contents.items()]
    head = json.dumps({"assignment": assignment, "files": sizes}).encode() + b"\n"
    if len(head) > HEAD:
        raise CourseError(f"{folder} has too many files.")
    return head + b"".join(contents.values())


def _files(folder: Path) -> Iterator[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for path in (Path(top, name) for name in sorted(names) if not name.endswith(".pyc")):
            if stat.S_ISREG(path.lstat().st_mode) and _is_text(path.name):
                yield path


def _is_text(name: str) -> bool:
    """Whether it is more than bytes; others are left out when graded, too."""
    with contextlib.suppress(UnicodeEncodeError):
        return bool(name.encode())
    return False


def unpack(data: bytes) -> tuple[str, dict[str, bytes]]:
    """Name of the assignment, and contents of the files; whoever wrote it may have lied.

    Raises
    ------
    ValueError
        If this is not what `pack` makes.
    """
    head = data[: HEAD + 1].partition(b"\n")[0]
    assignment, sizes = read_head(head)
    at, contents = len(head) + 1, {}
    for name, size in sizes:
        contents[name] = data[at : at + size]
        at += size
    if at != len(data) or len(contents) != len(sizes):
        raise ValueError("its files are not those that it names")
    return assignment, contents


def read_head(line: bytes) -> tuple[str, list[tuple[str, int]]]:
    """Name of the assignment, and relative paths and sizes of the files.

    Raises
    ------
    ValueError
        If the line says anything else.
    """
    try:
        about = json.loads(line)
        assignment, sizes = about["assignment"], [(name, size) for name, size in about["files"]]
        safe = all(_is_inside(name) and type(size) is int and size >= 0 for name, size in sizes)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("it is no question") from None
    if not isinstance(assignment, str) or not NAME.fullmatch(assignment) or not safe:
        raise ValueError("it names something else than files of an assignment")
    return assignment, sizes


def _is_inside(name: str) -> bool:
    """Whether a path stays in its folder, and can be one."""
    parts = name.split("/")
    name.encode()
    return "\0" not in name and len(parts) <= 20 and not {"", ".", ".."}.intersection(parts)


def ask(assignment: str, say: Callable[[str], None]) -> dict:
    """Put a question, unless one is waiting already, and wait for the answer.

    Parameters
    ----------
    assignment
        Its name; what lies in `~/convnet/NAME` is sent, as by nbgrader's submit.
    say
        Takes a line for each change of the place in the queue.

    Returns
    -------
    dict
        The answer, see `lines`.

    Raises
    ------
    CourseError
        If nobody can be asked, or the question was refused.
    """
    questions, answers = places()
    secret = _last(assignment)
    if secret is not None and os.path.lexists(questions / secret):
        say("You have asked already, and what you sent then is still waiting.")
    else:
        data = pack(assignment, Path.home() / "convnet" / assignment)
        secret = _put(assignment, data, questions)
        say("Your notebook, as it is saved, was sent. Ctrl-C stops the waiting, not the question.")
    return _wait(assignment, questions, answers, secret, say)


def last(assignment: str) -> dict:
    """The answer to the last question.

    Raises
    ------
    CourseError
        If there is none, or none yet.
    """
    questions, answers = places()
    secret = _last(assignment)
    if secret is None:
        raise CourseError(f"You have not asked yet: course official {assignment}")
    answer = _read(answers / secret)
    if not _is_an_end(answer):
        raise CourseError(_where(assignment, questions, answers, secret, answer))
    return _or_refuse(answer)


def _memory(assignment: str) -> Path:
    if not NAME.fullmatch(assignment):
        raise CourseError(f"{assignment!r} is no name of an assignment.")
    return Path.home() / ".local/share/convnet/official" / assignment


def _last(assignment: str) -> str | None:
    with contextlib.suppress(OSError):
        text = _memory(assignment).read_text(encoding="ascii", errors="replace").strip()
        return text if SECRET.fullmatch(text) else None
    return None


def _put(assignment: str, data: bytes, questions: Path) -> str:
    """Write a question under a name that nobody can guess, whole or not at all."""
    secret, memory = secrets.token_hex(32), _memory(assignment)
    memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = questions / f".{secret}"
    try:
        _write(unfinished, data)
        unfinished.chmod(0o644)  # who knows the name is the student and the instructor
        fresh = memory.with_name(f"{memory.name}.{secret[:8]}")
        _write(fresh, secret.encode())
        fresh.replace(memory)
        unfinished.rename(questions / secret)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise CourseError(f"The question could not be sent: {error.strerror}.") from None
    return secret


def _write(path: Path, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _wait(
    assignment: str, questions: Path, answers: Path, secret: str, say: Callable[[str], None]
) -> dict:
    said = ""
    while True:
        here = os.path.lexists(questions / secret)
        answer = _read(answers / secret)
        if _is_an_end(answer):
            return _or_refuse(answer)
        now = _where(assignment, questions, answers, secret, answer)
        if not here:  # and no answer, which would have come before
            raise CourseError(now)
        if now != said:
            say(now)
            said = now
        time.sleep(LOOK)


def _where(assignment: str, questions: Path, answers: Path, secret: str, answer: dict) -> str:
    """Where a question stands that has no answer yet."""
    if not os.path.lexists(questions / secret):
        return f"Your question is no longer there. Ask again: course official {assignment}"
    with contextlib.suppress(OSError):
        if time.time() - (answers / ALIVE).stat().st_mtime < SILENT:
            if answer.get("state") == "begun":
                return "It is being examined."
            return f"Waiting: place {answer['place']}." if "place" in answer else "Waiting."
    return "Nobody examines at the moment. Your place is kept."


def _read(path: Path) -> dict:
    """What stands there; nothing while nothing does."""
    with contextlib.suppress(OSError, ValueError):
        answer = json.loads(path.read_text(encoding="utf-8"))
        return answer if isinstance(answer, dict) else {}
    return {}


def _is_an_end(answer: dict) -> bool:
    return answer.get("state") in ("done", "refused")


def _or_refuse(answer: dict) -> dict:
    if answer["state"] == "refused":
        raise CourseError(answer["why"])
    return answer


def lines(answer: dict) -> list[str]:
    """An answer, for a terminal.

    It has the keys `assignment`, `asked` (when), `quota` (a sentence), `remarks`, and `tasks`, each
    with `name`, `points`, `earned` (None where that is not told), `result` (a key of `HOW`), `part`
    (which part of it did not pass; empty where all did) and `told`.
    """
    tasks = answer["tasks"]
    wide = max((len(task["name"]) for task in tasks), default=0)
    found = [f"{answer['assignment']}, the official result of what you sent at {answer['asked']}"]
    found += ["", *(f"! {remark}" for remark in answer["remarks"])]
    for task in tasks:
        points = f"{task['points']:g} points"
        if task["earned"] is not None:
            points = f"{task['earned']:g} of {points}"
        what = HOW[task["result"]] + (f": {task['part']}" if task["part"] else "")
        found.append(f"  {task['name']:{wide}}  {what} ({points})")
    for task in tasks:
        if task["told"]:
            found += ["", f"{task['name']}:", *(f"  {line}" for line in task["told"].splitlines())]
    sure = sum(task["earned"] or 0 for task in tasks)
    possible = sum(task["points"] for task in tasks)
    about = "" if all(task["earned"] is not None for task in tasks) else "at least "
    found += ["", f"So far {about}{sure:g} of {possible:g} points. {answer['quota']}",
              "Nothing of this is your mark: hand in before the deadline."]  # fmt: skip
    return found
