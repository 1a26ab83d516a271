"""A department's server for a test: system users, the course, JupyterHub, and browsers."""

import contextlib
import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path

import requests
import websocket
from grading.tiny import make_course
from ports import free_ports

from course_utils.grading import bubblewrap
from course_utils.repository import ROOT

PATIENCE = 120  # seconds until something must answer on a busy machine


class Person:
    """A system user, and their browser after they have logged in.

    Attributes
    ----------
    name
        Of the system user.
    home
        Their folder.
    """

    def __init__(self, name: str, home: Path, url: str) -> None:
        self.name, self.home, self.url = name, home, url
        self.password = secrets.token_urlsafe(12)

    def log_in(self, password: str | None = None) -> requests.Response:
        """Fill the form of the login page, and ask the hub for a token if that succeeded."""
        self.session = requests.Session()  # a browser that knows nothing yet
        form = self.url + "/hub/login"
        xsrf = self.session.get(form, timeout=PATIENCE).cookies["_xsrf"]
        entered = {"username": self.name, "password": password or self.password, "_xsrf": xsrf}
        answer = self.session.post(
            form, entered, params={"next": "/hub/home"}, allow_redirects=False, timeout=PATIENCE
        )
        if answer.status_code != 302:
            return answer
        self.session.get(self.url + "/hub/home", timeout=PATIENCE)
        xsrf = next(c.value for c in self.session.cookies if (c.name, c.path) == ("_xsrf", "/hub/"))
        answer = self.session.post(
            f"{self.url}/hub/api/users/{self.name}/tokens",
            json={},
            headers={"X-XSRFToken": xsrf, "Referer": self.url + "/hub/home"},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        self.token = {"Authorization": f"token {answer.json()['token']}"}
        return answer

    def ask_for_server(self) -> requests.Response:
        """What the hub answers."""
        hub = f"{self.url}/hub/api/users/{self.name}/server"
        return requests.post(hub, headers=self.token, timeout=PATIENCE)

    def start_server(self) -> None:
        """Ask for it, and wait until it answers."""
        answer = self.ask_for_server()
        assert answer.status_code in (201, 202), answer.text
        end = time.monotonic() + PATIENCE
        while self.get("api/status").status_code != 200:
            assert time.monotonic() < end, f"the server of {self.name} does not answer"
            time.sleep(0.5)

    def get(self, path: str, whose: "Person | None" = None) -> requests.Response:
        """A page of one's own server, or the attempt to see somebody else's."""
        url = f"{self.url}/user/{(whose or self).name}/{path}"
        return requests.get(url, headers=self.token, timeout=PATIENCE, allow_redirects=False)

    def ask(self, path: str, data: dict | None = None, method: str = "POST") -> dict:
        """What one's own server answers to data."""
        url = f"{self.url}/user/{self.name}/{path}"
        answer = requests.request(method, url, json=data, headers=self.token, timeout=PATIENCE)
        assert answer.ok, answer.text
        return answer.json()

    @functools.cached_property
    def kernel(self) -> str:
        """The id of a kernel, started when it is first asked for."""
        return self.ask("api/kernels", {"name": "python3"})["id"]

    def run(self, code: str) -> object:
        """Run code in one's kernel; what it leaves in `result`, which must be plain data."""
        address = self.url.replace("http", "ws", 1)
        channels = f"{address}/user/{self.name}/api/kernels/{self.kernel}/channels"
        code += "\nimport json; print('RESULT' + json.dumps(result))"
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "version": "5.4",
            "username": self.name,
            "session": uuid.uuid4().hex,
            "date": "2000-01-01T00:00:00Z",
        }
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        with contextlib.closing(
            websocket.create_connection(channels, header=self.token, timeout=PATIENCE)
        ) as connection:
            connection.send(json.dumps(message | {"channel": "shell", "buffers": []}))
            said = ""
            while True:
                answer = json.loads(connection.recv())
                if answer["parent_header"].get("msg_id") != header["msg_id"]:
                    continue
                said += answer["content"].get("text", "")
                assert answer["msg_type"] != "error", "\n".join(answer["content"]["traceback"])
                if answer["content"].get("execution_state") == "idle":
                    return json.loads(said.split("RESULT", 1)[1])


class Department:
    """Two students, an instructor with a clone of the course, and the hub that lets them in."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.port, self.hub_port, self.proxy_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "state" / "log"
        self.exchange = folder / "shared" / "exchange"
        mark = secrets.token_hex(3)
        self.groups = {"COURSE_STUDENTS": f"cs{mark}", "COURSE_INSTRUCTORS": f"ci{mark}"}
        self.instructor = self._user(f"teacher{mark}")
        _call(ROOT / "hub" / "setup.sh", self.instructor.name, env=self._environment())
        for group in self.groups.values():
            stack.callback(_call, "groupdel", group)
        students = [self._user(f"{name}{mark}", self.groups["COURSE_STUDENTS"])
                    for name in ("ada", "mallory")]  # fmt: skip
        self.ada, self.mallory = students
        self.people = [self.instructor, *students]
        self.stranger = self._user(f"stranger{mark}")  # of the machine, but not of the course

    def _user(self, name: str, *groups: str) -> Person:
        """A user with a password, as docs/hub.md makes them."""
        home = self.folder / "home" / name
        more = ["--groups", ",".join(groups)] if groups else []
        _call("useradd", "--create-home", "--home-dir", str(home), "--key", "HOME_MODE=0700",
              "--shell", "/bin/bash", *more, name)  # fmt: skip
        self.stack.callback(_remove, name)
        person = Person(name, home, self.url)
        _call("chpasswd", input=f"{name}:{person.password}\n")
        return person

    @property
    def clone(self) -> Path:
        """The instructor's copy of the course, with the solutions."""
        return self.instructor.home / "convnet-course"

    def install(self) -> None:
        """The clone with a small assignment, the students' copy, and the configuration."""
        ignore = shutil.ignore_patterns("__pycache__")
        self.clone.mkdir()
        make_course(self.clone)
        shutil.copytree(ROOT / "course_utils", self.clone / "course_utils", ignore=ignore)
        shutil.copytree(ROOT / "hub", self.folder / "hub", ignore=ignore)
        _call("chown", "-R", f"{self.instructor.name}:", str(self.clone))
        _call("chmod", "-R", "go-rwx", str(self.clone))
        _call("chmod", "-R", "a+rX", str(self.folder / "hub"))

    def hand_out(self) -> None:
        """The students' copy of the course, where everybody can read it."""
        archive = self.instructor.home / "course.zip"
        command = [sys.executable, "-m", "course_utils.course.cli", "bundle", str(archive)]
        _call(*as_user(self.instructor), *command, cwd=self.clone, env={"PATH": os.environ["PATH"]})
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(self.folder)
        _call("chmod", "-R", "a+rX", str(self.folder / "course"))

    def _environment(self, database: str = "") -> dict[str, str]:
        return os.environ | self.groups | {
            "COURSE_FOLDER": str(self.folder / "course"),
            "COURSE_EXCHANGE": str(self.exchange),
            "COURSE_GRADEBOOK": database,
            "HUB_URL": self.url,
        }  # fmt: skip

    def open(self, database: str) -> None:
        """Start the hub with the repository's configuration, on free ports."""
        state = self.log.parent
        state.mkdir(mode=0o700)
        config = state / "jupyterhub_config.py"
        config.write_text(
            f"load_subconfig({str(self.folder / 'hub' / 'jupyterhub_config.py')!r})\n"
            f"c.JupyterHub.hub_port = {self.hub_port}\n"
            f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{self.proxy_port}'\n"
            "c.LocalProcessSpawner.interrupt_timeout = 1\n"  # nothing is left to be saved
        )
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                [*ways(), sys.executable, "-m", "jupyterhub", "-f", str(config)],
                cwd=state,
                env=self._environment(database),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.stack.callback(_end, self.process)
        end = time.monotonic() + PATIENCE
        while not _answers(f"{self.url}/hub/api"):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.2)

    @contextlib.contextmanager
    def office(self, database: str) -> Iterator[Path]:
        """The instructor's examination before the deadline; the path of what it says."""
        said = self.log.with_name("official")
        with open(said, "w") as log:
            process = subprocess.Popen(
                [*as_user(self.instructor), sys.executable, "-m", "course_utils.course.cli",
                 "official", "--serve"],
                cwd=self.clone,
                env=self._environment(database)
                | {"HOME": str(self.instructor.home), "PYTHONPATH": str(self.clone)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )  # fmt: skip
        try:
            yield said
        finally:
            _end(process)

    def course(self, person: Person, *arguments: str) -> str:
        """What the command `course` says to a student."""
        environment = {"HOME": str(person.home), "PATH": os.environ["PATH"],
                       "PYTHONPATH": str(self.folder / "course"), "COURSE_PYTHON": sys.executable,
                       "COURSE_EXCHANGE": str(self.exchange)}  # fmt: skip
        command = [*as_user(person), "sh", str(self.folder / "hub" / "course"), *arguments]
        done = subprocess.run(
            command, cwd="/", env=environment, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


@contextlib.contextmanager
def department() -> Iterator[Department]:
    """Make everything, and take it all away."""
    folder = Path(tempfile.mkdtemp(prefix="course-hub-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "home").mkdir(mode=0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Department(folder, stack)


def as_user(person: Person) -> list[str]:
    """A command before a command, which then runs with the rights of that person."""
    return [*ways(), "runuser", "-u", person.name, "--"]


def ways() -> list[str]:
    """A command before a command, so that every user can reach this Python, wherever it lies."""
    places = [Path(place) for place in (sys.prefix, sys.base_prefix)]
    closed = [p for place in places for p in [place, *place.parents] if not p.stat().st_mode & 1]
    return list(bubblewrap.open_ways()) if closed else []


def _call(*command: str | Path, **options: object) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **options)


def _remove(name: str) -> None:
    for _ in range(20):  # a server may still be ending
        if subprocess.run(["userdel", name], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.5)
    subprocess.run(["userdel", "--force", name], capture_output=True, check=False)


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=PATIENCE).ok
    except requests.ConnectionError:
        return False
