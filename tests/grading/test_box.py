"""What an examiner that hostile bytes have taken over could do: nothing but mark itself.

A test cell of the master stands for the exploit: it runs whatever it likes in the examiner.
"""

import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path

import nbformat
import pytest

from course_utils.grading import errands, results
from course_utils.grading.apart import Examiner, ExaminerDied
from grading import target
from grading.conftest import PATIENT
from grading.tiny import cell

pytestmark = pytest.mark.usefixtures("sandboxed")
SECRET = "pw-of-the-gradebook"
RIGHT = nbformat.writes(target.submission(target.RIGHT)).encode()
OWN = {"data.csv": b"6,7", "beside.py": b"number = 6"}
NOT_THERE = ["FileNotFoundError"]
NOT_WRITTEN = ["Read-only file system", "Permission denied"]  # the second is for another user
# Everything is tried, and what came of it is printed.
TRIES = """
import json, os, socket, subprocess, sys
found = {}
def attempt(name, deed):
    try:
        found[name] = str(deed())
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"
def write(path):
    with open(path, "a") as file:
        return file.write("evil")
def opened(path):
    open(path, "ab").close()
def reach(family, address):
    with socket.socket(family) as s:
        s.settimeout(5)
        s.connect(address)
        return "connected"
"""
SAY = "\nprint('FOUND', json.dumps(found))\nassert count(3) == 6"


def master(exploit):
    nb = target.master()
    cell(nb, "check-count").source = exploit
    return nb


def said(result):
    """What an exploit has found."""
    (shown,) = cell(result.notebook, "check-count").outputs
    return json.loads(shown.text.partition("FOUND ")[2])


@pytest.fixture(scope="module")
def course():
    """A course as it lies on an instructor's disk, on the search path as well."""
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        yield _filled(Path(top))


def _filled(folder):
    files = {
        "gradebook/gradebook.db": "SQLite",
        "gradebook/submitted/ben/t2_target/t2_target.ipynb": "work of ben",
        "solutions/t2_target/t2_target.ipynb": "solution",
        "nbgrader_config.py": f"url = '{SECRET}'",
        "helper.py": "word = 'found'",
        "notes.txt": "private",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def examiner(course):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_OF_THE_INSTRUCTOR", SECRET)
        paths = [str(course), *filter(None, [os.environ.get("PYTHONPATH")])]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        made = Examiner()
        yield made
        made.close()


@pytest.fixture(scope="module")
def found(examiner, course):
    """What came of each deed, and of the files of the instructor's meanwhile."""
    server, local, abstract = (
        socket.socket(kind) for kind in (socket.AF_INET, socket.AF_UNIX, socket.AF_UNIX)
    )
    place = course / "agent"
    with server, local, abstract:
        server.bind(("127.0.0.1", 0))
        local.bind(str(place))
        abstract.bind(f"\0{place}")
        for each in (server, local, abstract):
            each.listen()
        files = {
            "gradebook": "gradebook/gradebook.db",
            "submission": "gradebook/submitted/ben/t2_target/t2_target.ipynb",
            "settings": "nbgrader_config.py",
            "notes": "notes.txt",
        }
        tries = [
            *((name, f"open({str(course / path)!r}).read()") for name, path in files.items()),
            ("course", f"write({str(course / 'notes.txt')!r})"),
            ("module", f"opened({str(course / 'helper.py')!r})"),
            ("package", "opened(sys.modules['course_utils'].__file__)"),
            ("python", "opened(os.__file__)"),
            ("top", "opened('/usr/bin/env')"),
            ("home", f"os.listdir({os.path.expanduser('~')!r})"),
            ("tcp", f"reach(socket.AF_INET, {server.getsockname()!r})"),
            ("unix", f"reach(socket.AF_UNIX, {str(place)!r})"),
            ("abstract", f"reach(socket.AF_UNIX, {f'{chr(0)}{place}'!r})"),
            ("netlink", "socket.if_nameindex()"),
            ("processes", "sorted(int(p) for p in os.listdir('/proc') if p.isdigit())"),
            ("kill", f"os.kill({os.getpid()}, 0)"),
            ("trace", "open('/proc/1/environ').read()"),
            ("environment", "dict(os.environ)"),
            ("rights", "[l for l in open('/proc/self/status') if l[:6] in ('CapEff', 'NoNewP')]"),
            ("namespace", "__import__('ctypes').CDLL(None).unshare(0x10000000)"),
            ("terminal", "[os.readlink(f'/proc/self/fd/{n}') for n in range(3)]"),
            ("tmp", "[n for n in os.listdir('/tmp') if n[:9] not in ('examiner-', 'candidate')]"),
            ("beside", "open('data.csv').read()"),
            ("module beside", "__import__('beside').number"),
            ("module on the path", "__import__('helper').word"),
            ("file of the test", "(write('log.txt'), open('log.txt').read())"),
            ("program", "subprocess.run(['echo', 'up'], capture_output=True, text=True).stdout"),
        ]
        exploit = "".join(f"\nattempt({name!r}, lambda: {deed})" for name, deed in tries)
        result = examiner.examine(RIGHT, master(TRIES + exploit + SAY), PATIENT, OWN, OWN)
    assert result.score == 23
    return said(result)


class TestSeizure:
    @pytest.mark.parametrize(
        ("deed", "refusal"),
        [
            *((name, NOT_THERE) for name in ("gradebook", "submission", "settings", "notes")),
            *((name, NOT_WRITTEN) for name in ("module", "package", "python", "top")),
            ("unix", NOT_THERE),
            ("tcp", ["ConnectionRefusedError"]),
            ("abstract", ["ConnectionRefusedError"]),
            ("kill", ["ProcessLookupError"]),
        ],
    )
    def test_it_is_refused(self, found, deed, refusal):
        assert any(word in found[deed] for word in refusal)

    def test_nothing_is_written_into_the_course(self, found, course):
        assert "course" in found  # what was written there, if anything, lay in memory
        assert (course / "notes.txt").read_text() == "private"
        assert not list(course.rglob("log.txt"))

    def test_no_home_of_the_instructor(self, found):
        inside = {part for path in (sys.prefix, *sys.path) for part in Path(path).parts}
        if not found["home"].startswith("FileNotFoundError"):  # Python may lie in it
            assert {*json.loads(found["home"].replace("'", '"'))} <= inside

    def test_it_sees_itself_alone(self, found, course):
        assert found["processes"] == "[1]"
        assert found["tmp"] == f"{[course.name]}"  # in which the module lies that it imports
        assert found["netlink"] == "[(1, 'lo')]"

    def test_no_secret_is_in_its_environment(self, found):
        for place in ("environment", "trace"):
            assert "PYTHONPATH" in found[place]
            assert SECRET not in found[place]
        assert f"'HOME': {os.environ.get('HOME')!r}" not in found["environment"]

    def test_it_has_no_right_and_no_terminal(self, found):
        assert found["rights"] == r"['CapEff:\t0000000000000000\n', 'NoNewPrivs:\t1\n']"
        assert found["namespace"] == "-1"
        assert found["terminal"] == f"{['/dev/null'] * 3}"

    def test_what_tests_may_do_they_still_can(self, found):
        assert found["beside"] == "6,7"
        assert found["module beside"] == "6"
        assert found["module on the path"] == "found"
        assert found["file of the test"] == "(4, 'evil')"
        assert found["program"] == "up\n"


def test_two_side_by_side_see_nothing_of_each_other(examiner, monkeypatch):
    """Each marks all places that it can, both wait for each other, and then both look."""
    exploit = f"""{TRIES}
from course_utils.grading import template
mark = "mark-of-" + open("whose.csv").read()
wait = lambda: template.elsewhere.__self__.ask("used") if template.elsewhere else None
meet = socket.socket(socket.AF_UNIX)
attempt("bind", lambda: meet.bind("\\0meet"))
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    attempt(folder, lambda: write(f"{{folder}}/{{mark}}"))
os.environ["MARK"] = sys.mark = mark
wait()
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    found[folder] = sorted(name for name in os.listdir(folder) if name.startswith("mark-of"))
attempt("processes", lambda: sorted(int(p) for p in os.listdir("/proc") if p.isdigit()))
wait()
{SAY}"""
    meeting, told, do = threading.Barrier(2), {}, errands.Errands._do

    def waiting(self, asked, fds):
        if asked == ["used"]:
            meeting.wait(120)
        return do(self, asked, fds)

    monkeypatch.setattr(errands.Errands, "_do", waiting)

    def examine(name):
        own = {"whose.csv": name.encode()}
        told[name] = said(examiner.examine(RIGHT, master(exploit), PATIENT, own, own))

    threads = [threading.Thread(target=examine, args=[name]) for name in ("ada", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in ("ada", "ben"):
        marks = [f"mark-of-{name}"]
        assert told[name] == {
            "bind": "None", "/tmp": marks, "/dev/shm": marks, "/home/student": marks,
            "processes": "[1]",
        }  # fmt: skip


TELL = """
import os, socket
for fd in range(3, 100):
    try:
        out = socket.socket(fileno=os.dup(fd))
        if out.type == socket.SOCK_STREAM and not out.getsockname() and fd < 10:
            break
    except OSError:
        pass
"""


class TestLies:
    """What it tells beyond the form of a result is no result."""

    @pytest.mark.parametrize(
        ("lie", "error", "why"),
        [
            ("out.sendall(b'{\"score\": 1000}')", results.Forged, "its head is another"),
            ("try:\n    while True: out.sendall(b'x' * 2**20)\nexcept OSError: pass",
             ExaminerDied, "told too much"),
            ("from course_utils.grading import template\n"
             "while True: template.elsewhere.__self__.ask('start')", ExaminerDied, "was stopped"),
        ],
    )  # fmt: skip
    def test_it_is_told_and_no_grade(self, examiner, lie, error, why):
        with pytest.raises(error, match=why):
            examiner.examine(RIGHT, master(f"{TELL}\n{lie}\nos._exit(0)"), PATIENT)

    def test_the_next_submission_is_graded(self, examiner):
        assert examiner.examine(RIGHT, target.master(), PATIENT).score == 23


class TestErrands:
    """Requests of no examiner, as one that was taken over can send them."""

    @pytest.mark.parametrize(
        "message",
        [
            b"\xff", b"{}", b"[[]]", b'"start"', b'["start"]', b'["used"]', b'["end"]', b'["stop"]',
            b'["mark", "/proc"]', b'["start", "/bin/sh"]', b"[" * 4000,
        ],
    )  # fmt: skip
    def test_it_is_refused(self, message):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs, contextlib.closing(errands.Errands(ours, PATIENT, (), (), None)) as some:
            theirs.send(message)
            with pytest.raises(errands.Misused):
                some.run()

    def test_too_many_are_refused(self, monkeypatch):
        monkeypatch.setattr(errands, "MOST_AT_ONCE", 0)
        monkeypatch.setattr(errands, "MOST_A_SECOND", 0)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs, contextlib.closing(errands.Errands(ours, PATIENT, (), (), None)) as some:
            theirs.send(b'["used"]')
            with pytest.raises(errands.Misused, match="too often"):
                some.run()
