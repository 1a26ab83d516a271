"""A term on the department's server, with real system users, one of whom cheats where they can."""

import contextlib
import json
import os
import select
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import postgresql
import pytest
from bs4 import BeautifulSoup
from grading.tiny import NAME, cell

from hub.department import as_user, department

pytestmark = [pytest.mark.usefixtures("sandboxed"), pytest.mark.timeout(600)]

COPY = f"convnet/{NAME}/{NAME}.ipynb"
CONTENTS = f"api/contents/{COPY}"
SECRET = "ada's very own thought"
WHERE = {"course_id": "convnet", "assignment_id": NAME}

# What mallory puts into the inbound folder by hand, beside a submission made with nbgrader.
FORGE = """
import glob, os, shutil
inbound, copy, name, ada, me, solutions = {arguments}
before = os.umask(0)
def put(folder):
    place = os.path.join(inbound, folder)
    shutil.copytree(copy, place, ignore=shutil.ignore_patterns("feedback"))
    return place
put(f"{{ada}}+{{name}}+2100-01-01 00:00:00 UTC+forged")
put(f"..+{{name}}+2100-01-01 00:00:00 UTC+forged")
put(f"{{me}}+{{name}}+no time at all+forged")
place = put(f"{{me}}+{{name}}+2001-01-01 00:00:00 UTC+early")
os.symlink(solutions, f"{{inbound}}/{{me}}+{{name}}+2000-01-01 00:00:00 UTC+link")
place = put(f"{{me}}+{{name}}+2099-01-01 00:00:00 UTC+traps")
os.symlink(solutions, place + "/link")
os.mkfifo(place + "/pipe")
os.mkdir(place + "/closed")
os.chmod(place + "/closed", 0)
open(place + "/secret.txt", "w").close()
os.chmod(place + "/secret.txt", 0)
open(place + "/timestamp.txt", "w").write("no time at all")
(secret,) = glob.glob(os.path.expanduser("~/.local/share/jupyter/nbgrader_cache/*/*/*secret.txt"))
shutil.copyfile(secret, place + "/submission_secret.txt")
os.umask(before)
result = None
"""

# Reads files and lists folders; says what stopped it, or nothing.
READ = """
import os
result = {{}}
for path in {paths}:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        result[path] = ""
    except OSError as error:
        result[path] = type(error).__name__
"""

# Reads every file below a folder that it may read, and counts those with each of the words.
SEARCH = """
import os
found = dict.fromkeys({words}, 0)
for top, folders, names in os.walk({folder}):
    for path in (os.path.join(top, name) for name in names):
        try:
            data = open(path, "rb").read() if os.path.isfile(path) else b""
        except OSError:
            continue
        for word in found:
            found[word] += word.encode() in data
result = list(found.values())
"""

# Each of these raises the exception beside it.
TRICKS = {
    "put a folder in place of the course": (
        "os.rename(f'{exchange}/convnet', f'{exchange}/mine')",
        "PermissionError",
    ),
    "take a submission away": ("os.rename(submission, submission + 'x')", "PermissionError"),
    "release an assignment": ("os.mkdir(f'{exchange}/convnet/outbound/mine')", "PermissionError"),
    "change a released one": (
        "open(f'{exchange}/convnet/outbound/{name}/{name}.ipynb', 'a')",
        "PermissionError",
    ),
    "list what was submitted": ("os.listdir(f'{exchange}/convnet/inbound')", "PermissionError"),
    "list the feedback": ("os.listdir(f'{exchange}/convnet/feedback')", "PermissionError"),
    "list what is asked before the deadline": (
        "os.listdir(f'{exchange}/convnet/official/questions')",
        "PermissionError",
    ),
    "list the answers": ("os.listdir(f'{exchange}/convnet/official/answers')", "PermissionError"),
    "answer instead": ("open(f'{exchange}/convnet/official/answers/x', 'w')", "PermissionError"),
    "change what all run": ("open(f'{course}/course_utils/quiz.py', 'a')", "PermissionError"),
    "become the instructor": ("os.setuid(teacher)", "PermissionError"),
    "read the gradebook": ("psycopg.connect(database).execute('select 1')", "OperationalError"),
    "read it in the instructor's name": (
        "psycopg.connect(database + f' user={teacher_name}')",
        "OperationalError",
    ),
    "read the hub's secrets": ("open(f'/proc/{hub}/environ').read()", "PermissionError"),
    "read the instructor's secrets": ("open(f'/proc/{server}/environ').read()", "PermissionError"),
}

# Listens where a kernel tells everybody who is connected what it runs.
LISTEN = """
import time, zmq
socket = zmq.Context().socket(zmq.SUB)
key = {key}
if key:
    public, private = zmq.curve_keypair()
    socket.curve_publickey, socket.curve_secretkey = public, private
    socket.curve_serverkey = key.encode()
socket.subscribe(b"")
socket.connect("tcp://127.0.0.1:{port}")
print("listening", flush=True)
heard, end = b"", time.monotonic() + {seconds}
while b"very own" not in heard and time.monotonic() < end:
    if socket.poll(100):
        heard += b"".join(socket.recv_multipart())
print(b"very own" in heard)
"""


@pytest.fixture(scope="module")
def term():
    """A department after a term: released, fetched, submitted, graded, returned."""
    if os.geteuid() != 0:
        pytest.skip("only root can make system users")
    with postgresql.running() as server, department() as place:
        place.install()
        place.database = f"dbname=grades host={server.sockets}"
        address = server.database("grades", place.instructor.name)
        place.open(address)
        place.nobody = _refused_by_the_login(place)
        place.with_an_open_home = _ask_with_an_open_home(place.ada)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(_enter, place.people))
        _release(place)
        for student, double in ((place.ada, "2 * x"), (place.mallory, "x * x")):
            _work(student, double)
        with place.office(address) as said:
            place.official = {student: place.course(student, "official", NAME)
                              for student in (place.ada, place.mallory)}  # fmt: skip
            place.examined = said.read_text()
        _submit(place)
        place.collected = _grade_and_return(place)
        yield place


def _enter(person):
    person.log_in()
    person.start_server()


def _ask_with_an_open_home(person):
    """What the hub answers to somebody whose home others can enter."""
    person.log_in()
    person.home.chmod(0o711)
    answer = person.ask_for_server()
    person.home.chmod(0o700)
    return answer


def _refused_by_the_login(place):
    """What the login page answers to a wrong password, and to a user outside of the groups."""
    answers = place.ada.log_in("not my password"), place.stranger.log_in()
    return [answer.status_code for answer in answers]


def _form(place, action, assignment=f"assignment/{NAME}"):
    """A button of the instructor's formgrader; what it logs."""
    done = place.instructor.ask(f"formgrader/api/{assignment}/{action}", {})
    assert done["success"], done["error"]
    return done["log"]


def _release(place):
    _form(place, "assign")
    place.hand_out()
    _form(place, "release")


def _work(student, double):
    """Fetch, edit in JupyterLab, validate."""
    student.ask("assignments/fetch", WHERE)
    nb = nbformat.from_dict(student.get(CONTENTS).json()["content"])
    cell(nb, "double").source = f"def double(x):\n    return {double}"
    cell(nb, "answers").source = "first, second = 3, [4]"
    cell(nb, "essay").source = f"It is so: {SECRET if student.name.startswith('ada') else 'yes'}."
    student.ask(CONTENTS, {"type": "notebook", "content": nb}, "PUT")
    validated = student.ask("assignments/validate", {"path": COPY})
    assert validated["success"], validated
    student.validated = not validated["value"].get("failed")


def _submit(place):
    for student in (place.ada, place.mallory):
        listed = student.ask("assignments/submit", WHERE)
        assert listed["success"], listed
    inbound = place.exchange / "convnet" / "inbound"
    (submitted,) = inbound.glob(f"{place.ada.name}+*")
    place.submission = submitted
    names = place.ada.name, place.mallory.name
    copy = place.mallory.home / "convnet" / NAME
    arguments = tuple(map(str, (inbound, copy, NAME, *names, place.clone / "solutions")))
    place.mallory.run(FORGE.format(arguments=arguments))


def _grade_and_return(place):
    log = _form(place, "collect")
    for student in (place.ada, place.mallory):
        _form(place, "autograde", f"submission/{NAME}/{student.name}")
    _form(place, "generate_feedback")
    _form(place, "release_feedback")
    for student in (place.ada, place.mallory):
        fetched = student.ask("assignments/fetch_feedback", WHERE)
        assert fetched["success"], fetched
    return log


def test_only_who_is_of_the_course_and_knows_the_password_enters(term):
    assert term.nobody == [403, 403]


def test_nobody_gets_a_server_for_a_home_that_others_can_enter(term):
    assert term.with_an_open_home.status_code == 403
    assert f"chmod 700 {term.ada.home}" in term.with_an_open_home.text


def test_each_server_runs_as_its_user_and_writes_for_them_alone(term):
    for person in term.people:
        person.run("open('note.txt', 'w').close(); result = None")
        (note,) = person.home.rglob("note.txt")
        assert note.owner() == person.name
        assert stat.S_IMODE(note.stat().st_mode) == 0o600


def test_lab_shows_each_what_they_need(term):
    for person, formgrader in ((term.instructor, True), (term.mallory, False)):
        page = BeautifulSoup(person.get("lab").text, "html.parser")
        settings = json.loads(page.find(id="jupyter-config-data").string)
        off = settings["disabledExtensions"]
        assert ("@jupyter/nbgrader:formgrader" not in off) == formgrader
        assert "@jupyter/nbgrader:assignment-list" not in off
        assert "@jupyterlab/debugger-extension" in off  # its port is open to everybody
        said = person.get("lab/api/settings/@jupyterlab/apputils-extension:notification").json()
        assert said["schema"]["properties"]["fetchNews"]["default"] == "false"  # no question


def test_right_work_earns_the_points_and_wrong_work_does_not(term):
    assert term.ada.validated
    submissions = term.instructor.ask(f"formgrader/api/submissions/{NAME}", method="GET")
    scores = {submission["student"]: submission["score"] for submission in submissions}
    assert scores == {term.ada.name: 7, term.mallory.name: 2}
    assert not list(term.clone.rglob("gradebook.db"))


def test_each_is_told_before_the_deadline_what_their_own_work_earns(term):
    for student, result in (
        (term.ada, "check-double   passed (5 of 5 points)"),
        (term.mallory, "check-double   NOT passed: the hidden part (5 points)"),
    ):
        assert result in term.official[student], term.official[student] + term.examined
        assert f"{student.name} {NAME}: " in term.examined
        assert "-21" not in term.official[student]


def test_only_students_can_ask(term):
    place = term.exchange / "convnet" / "official" / "questions" / "mine"
    for person, code in ((term.ada, 0), (term.stranger, 1)):
        command = [*as_user(person), "touch", str(place)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code


def test_each_student_gets_their_own_feedback(term):
    for student, score in ((term.ada, 7), (term.mallory, 2)):
        pages = list((student.home / "convnet" / NAME / "feedback").rglob("*.html"))
        assert pages
        for page in pages:
            assert f"Score: {score}.0 / 10.0" in page.read_text()
            assert (SECRET in page.read_text()) == (student is term.ada)


def test_what_was_forged_is_neither_collected_nor_stops_anybody(term):
    collected = term.clone / "gradebook" / "submitted"
    assert {path.name for path in collected.iterdir()} == {term.ada.name, term.mallory.name}
    assert SECRET in (collected / term.ada.name / NAME / f"{NAME}.ipynb").read_text()
    mine = {path.name for path in (collected / term.mallory.name / NAME).iterdir()}
    assert mine == {f"{NAME}.ipynb", "timestamp.txt", "submission_secret.txt"}
    for left_out in (f"belongs to {term.mallory.name}", "no name of a submission", "'pipe'",
                     "'link'", "'closed'", "'secret.txt'"):  # fmt: skip
        assert left_out in term.collected


def _private(place):
    """Who may read what, and nobody else."""
    clone, ada = place.clone, place.ada
    (note,) = (clone / "gradebook" / "submitted" / ada.name).rglob("*.ipynb")
    return {
        place.instructor: [
            clone / "solutions" / NAME / f"{NAME}.ipynb",
            clone / "gradebook",
            note,
            clone / "course_utils" / "grading" / "examine.py",
            clone / "nbgrader_config.py",
            place.exchange / "convnet" / "inbound",
        ],
        ada: [
            ada.home,
            ada.home / COPY,
            next((ada.home / ".local/share/jupyter/nbgrader_cache").rglob("*.ipynb")),
            next((ada.home / "convnet").rglob("feedback/**/*.html")),
        ],
    }


def test_what_is_private_is_read_by_its_owner_alone(term):
    for owner, paths in _private(term).items():
        names = [str(path) for path in paths]
        assert owner.run(READ.format(paths=names)) == dict.fromkeys(names, "")
        denied = dict.fromkeys(names, "PermissionError")
        assert term.mallory.run(READ.format(paths=names)) == denied
        for path in names:  # without any of Jupyter
            for person, code in ((owner, 0), (term.mallory, 2)):
                command = ["runuser", "-u", person.name, "--", "ls", path]
                done = subprocess.run(command, capture_output=True, check=False)
                assert done.returncode == code, done.stderr


def test_no_file_that_a_student_can_read_holds_a_solution_or_hidden_test(term):
    words = ["return x + x", "double(-21)", "assert double(2) == 4"]
    code = SEARCH.format(folder=repr(str(term.folder)), words=words)
    assert min(term.instructor.run(code)) > 0
    solution, hidden, visible = term.mallory.run(code)
    assert (solution, hidden) == (0, 0)
    assert visible > 0


def test_no_door_of_the_servers_leads_to_others(term):
    mallory = term.mallory
    assert mallory.get("api/contents/convnet").ok
    for owner, path in (
        (term.ada, CONTENTS),
        (term.ada, "api/kernels"),
        (term.instructor, "formgrader"),
        (term.instructor, "api/contents/solutions"),
    ):
        assert owner.get(path).status_code in (200, 302)
        assert mallory.get(path, owner).status_code in (403, 404)
    up = f"../{term.ada.name}/{COPY}"
    assert mallory.get(f"api/contents/{up.replace('..', '%2e%2e')}").status_code in (403, 404)
    mallory.run(f"import os; os.symlink({str(term.ada.home)!r}, 'way'); result = None")
    behind = mallory.get(f"api/contents/way/{COPY}")
    assert not behind.ok
    assert SECRET not in behind.text
    assert mallory.get("formgrader").status_code == 404


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused(term, trick):
    code, refusal = TRICKS[trick]
    names = {
        "exchange": str(term.exchange),
        "course": str(term.folder / "course"),
        "submission": str(term.submission),
        "name": NAME,
        "database": term.database,
        "teacher_name": term.instructor.name,
        "teacher": term.instructor.run("import os; result = os.getuid()"),
        "server": term.instructor.run("import os; result = os.getppid()"),
        "hub": term.process.pid,
    }
    lines = [f"{name} = {value!r}" for name, value in names.items()]
    lines += ["import importlib, os, psycopg", "try:", f"    {code}", "    result = 'done'"]
    lines += ["except Exception as error:", "    result = type(error).__name__"]
    assert term.mallory.run("\n".join(lines)) == refusal


def test_nobody_hears_what_another_ones_kernel_runs(term):
    """Kernels listen on the loopback, which all share; only who has the key can follow."""
    term.ada.run("result = None")
    runtime = term.ada.home / ".local/share/jupyter/runtime"
    about = json.loads((runtime / f"kernel-{term.ada.kernel}.json").read_text())
    assert about["transport"] == "tcp"
    for person, key, patience, hears in (
        (term.mallory, None, 3, False),
        (term.ada, about["curve_publickey"], 60, True),
    ):
        code = LISTEN.format(key=repr(key), port=about["iopub_port"], seconds=patience)
        with _running_as(person, code) as listener:
            assert listener.stdout.readline() == "listening\n"
            while not select.select([listener.stdout], [], [], 0)[0]:
                term.ada.run(f"print({SECRET!r}); result = 1")
            assert listener.stdout.readline() == f"{hears}\n"


@contextlib.contextmanager
def _running_as(person, code):
    command = [*as_user(person), sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd="/")
    with process:
        yield process
