"""Set-up: pins agree, `make` says what is wrong and changes nothing then, imports are light."""

import ast
import functools
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text()
PIN = re.compile(r"([A-Za-z0-9._-]+)==([\w.]+)")  # exact, and without a local part such as +cpu


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lines):
    """Name and version of each line, all of which must be exact pins."""
    matches = [PIN.fullmatch(line) for line in lines]
    assert None not in matches, lines[matches.index(None)]
    return {normal(match[1]): match[2] for match in matches}


def modules(path):
    """Names of the modules that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.fixture(scope="module")
def direct():
    project = tomllib.loads(PYPROJECT)["project"]
    extras = project["optional-dependencies"].values()
    return pinned([*project["dependencies"], *(line for extra in extras for line in extra)])


@pytest.fixture(scope="module")
def locked():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return pinned([line for line in lines if not line.startswith("#")])


class TestPins:
    def test_lock_holds_every_direct_pin(self, direct, locked):
        assert {name: locked.get(name) for name in direct} == direct

    def test_lock_is_sorted_and_says_how_to_renew_it(self):
        lines = (ROOT / "requirements.lock").read_text().splitlines()
        assert "make lock" in lines[0]
        pins = [line for line in lines if not line.startswith("#")]
        assert pins == sorted(pins, key=str.upper)

    def test_lock_holds_what_pip_builds_the_project_with(self, locked):
        (backend,) = tomllib.loads(PYPROJECT)["build-system"]["requires"]
        name, lowest = backend.split(">=")
        assert int(locked[name].split(".")[0]) >= int(lowest)
        assert f"'{backend}'" in (ROOT / "Makefile").read_text()

    def test_conda_pins_equal_those_of_pyproject(self, direct):
        """Without the website and the hub, which are a maintainer's and an instructor's."""
        extras = tomllib.loads(PYPROJECT)["project"]["optional-dependencies"]
        wanted = direct.keys() - pinned([*extras["site"], *extras["hub"]]).keys()
        environment = yaml.safe_load((ROOT / "environment.yml").read_text())
        by_pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
        assert "--editable ." in by_pip
        pins = pinned([line for line in by_pip if not line.startswith("-")])
        assert pins == {name: direct[name] for name in wanted}

    def test_every_direct_pin_says_its_reason(self, direct):
        lines = [line for line in PYPROJECT.splitlines() if re.match(r'\s+"[^"]+==', line)]
        assert len(lines) == len(direct)
        assert [line for line in lines if not re.search(r"# \S+ \S+", line)] == []

    def test_every_package_that_is_imported_is_pinned(self, direct):
        """What another package happens to bring along may be gone with its next version."""
        ours = {"benchmarks", "course_utils", *(path.stem for path in (ROOT / "tests").iterdir())}
        files = [*(ROOT / "course_utils").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
        imported = {name.split(".")[0] for path in files for name in modules(path)} - ours
        distributions = importlib.metadata.packages_distributions()
        unpinned = {
            name
            for name in imported - sys.stdlib_module_names
            if not {normal(d) for d in distributions[name]} & direct.keys()
        }
        assert unpinned == set()

    def test_supported_pythons_are_the_same_everywhere(self):
        lowest = tomllib.loads(PYPROJECT)["project"]["requires-python"].removeprefix(">=")
        environment = yaml.safe_load((ROOT / "environment.yml").read_text())
        assert f"python={lowest}" in environment["dependencies"]
        assert lowest in (ROOT / ".devcontainer/devcontainer.json").read_text()
        workflow = (ROOT / ".github/workflows/test.yml").read_text()
        assert f'"{lowest}"' in workflow
        assert "bash .ci/run" in workflow

    def test_every_pin_allows_the_first_of_the_lowest_python(self, locked):
        """Debian 12 has 3.11.2: a release that asks for 3.11.5 would end the set-up there."""
        lowest = tomllib.loads(PYPROJECT)["project"]["requires-python"]
        here = importlib.metadata.distributions()
        same = [d for d in here if locked.get(normal(d.name)) == d.version]
        later = re.compile(r">=?3\.(11\.[1-9]|1[2-9])")
        assert lowest == ">=3.11"
        assert len(same) > 150
        assert [d.name for d in same if later.search(d.metadata.get("Requires-Python", ""))] == []

    def test_the_newest_of_every_dependency_is_what_make_newest_asks_for(self, direct):
        shown = make("--dry-run", "newest").stdout.splitlines()
        (line,) = [line for line in shown if line.startswith("sed -n")]
        command = line.rpartition(" > ")[0]
        asked = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
        assert [*map(normal, asked.stdout.split())] == [*direct]


class TestImport:
    def test_rooms_import_one_way(self):
        """The command asks grading, grading asks checks, checks ask probes: never back."""
        rooms = ["course", "grading", "checks", "probes"]
        back = [
            (str(path.relative_to(ROOT)), name)
            for number, room in enumerate(rooms)
            for path in (ROOT / "course_utils" / room).rglob("*.py")
            for name in modules(path)
            if any(f"{name}.".startswith(f"course_utils.{above}.") for above in rooms[:number])
        ]
        assert back == []

    def test_is_quick_and_leaves_the_large_packages_alone(self):
        code = (
            "import time, sys; before = {*sys.modules}; began = time.process_time();"
            "import course_utils; print(time.process_time() - began);"
            "print(*sys.modules.keys() - before - sys.stdlib_module_names)"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        )
        taken, loaded = ran.stdout.splitlines()
        assert loaded == "course_utils"
        assert float(taken) < 0.2  # of this process alone, whatever runs beside it


def make(*arguments, cwd=ROOT, path=None, **environment):
    """Run make as a user does, with `path` ahead on PATH, not as a part of `make test`."""
    own = "MFLAGS", "PYTHON", "VENV"  # of `make test PYTHON=...`, which hands them on
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k not in own}
    kept["PATH"] = f"{path}{os.pathsep}{kept['PATH']}" if path else kept["PATH"]
    return subprocess.run(
        ["make", *arguments],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


class TestHelp:
    def test_lists_every_target_and_is_the_default(self):
        makefile = (ROOT / "Makefile").read_text()
        targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
        assert {"lab", "test", "demo", "release", "bench", "help"} <= set(targets)
        ran = make()
        assert ran.returncode == 0
        assert ran.stdout == make("help").stdout
        listed = dict(re.findall(r"^  (\w+) +(\S.+)$", ran.stdout, re.MULTILINE))
        assert list(listed) == targets


# What makes pip find nothing at all, whatever this machine's own configuration is; and what keeps
# it from changing this Python, if a test goes wrong.
NO_NETWORK = {
    "PIP_DRY_RUN": "1",
    "PIP_IGNORE_INSTALLED": "1",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_RETRIES": "0",
}
READY = ".venv/.ready"


@pytest.fixture
def clone(tmp_path):
    """The files that set-up reads, in a folder of their own (with a space, as people have it)."""
    folder = tmp_path / "my course"
    folder.mkdir()
    for name in ("Makefile", "start.py", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def python(tmp_path):
    """Write a `python3` that runs a file after a line of Python of ours."""

    def write(line):
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "python3"
        first = f"import runpy, sys; {line}; sys.argv = sys.argv[1:]"
        run = 'runpy.run_path(sys.argv[0], run_name="__main__")'
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c \'{first}; {run}\' "$@"\n')
        program.chmod(0o755)
        return folder

    return write


@pytest.fixture
def start(clone, monkeypatch):
    """The clone's start.py, for which an environment is made at once, with this Python in it."""
    spec = importlib.util.spec_from_file_location("start", clone / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(command, **options):
        if command[1:3] != ["-m", "venv"]:
            return subprocess.run(command, **options)
        earlier(clone)
        (clone / READY).unlink()
        return subprocess.CompletedProcess(command, 0)

    shown = SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL)
    monkeypatch.setattr(module, "subprocess", shown)
    monkeypatch.setattr(module, "has_nvidia_card", lambda: False)
    monkeypatch.setattr(module, "CPU_BUILDS", "http://127.0.0.1:9/cpu")
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)
    return module


def earlier(clone):
    """An environment that an earlier set-up finished; its Python is this one."""
    (clone / ".venv/bin").mkdir(parents=True, exist_ok=True)
    (clone / ".venv/bin/python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (clone / ".venv/bin/python").chmod(0o755)
    (clone / READY).write_text(f"{clone}\n")


def outdate(clone):
    """Make the pins newer than the environment."""
    os.utime(clone / READY, (0, 0))


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def assert_refused(ran, *words):
    """Make failed, and its last line but make's own is one sentence with these words."""
    assert ran.returncode != 0
    said = ran.stdout.strip().splitlines()[-1]
    for word in words:
        assert word in said
    assert "Traceback" not in ran.stdout + ran.stderr


class TestSetUp:
    def test_old_python_is_refused(self, clone, python):
        old = (
            'import platform; sys.version_info = (3, 9); platform.python_version = "3.9.18".format'
        )
        before = contents(clone)
        ran = make(READY, cwd=clone, path=python(old))
        assert_refused(ran, "needs Python 3.11 or newer", "is 3.9.18", "make PYTHON=")
        assert contents(clone) == before

    def test_missing_python_is_named(self, clone):
        ran = make(READY, "PYTHON=python3.99", cwd=clone)
        assert_refused(ran, "There is no python3.99", "make PYTHON=")

    def test_missing_venv_is_told_with_debians_package(self, clone, python):
        before = contents(clone)
        ran = make(READY, cwd=clone, path=python("sys.modules.update(ensurepip=None)"))
        assert_refused(ran, "sudo apt install python3-venv")
        assert contents(clone) == before

    def test_without_network_nothing_changes(self, clone, start):
        before = contents(clone)
        with pytest.raises(start.CannotStart, match=r"no network.*nothing was changed"):
            start.set_up()
        assert contents(clone) == before

    def test_finished_set_up_is_skipped(self, clone, start):
        earlier(clone)
        ran = make("--question", READY, cwd=clone)
        assert (ran.returncode, ran.stdout) == (0, "")
        assert start.is_ready()

    def test_changed_pins_are_noticed(self, clone, start):
        earlier(clone)
        outdate(clone)
        assert make("--question", READY, cwd=clone).returncode == 1
        assert not start.is_ready()

    def test_failed_update_leaves_the_earlier_environment(self, clone, start):
        earlier(clone)
        before = contents(clone / ".venv")
        (clone / "requirements.lock").write_text("there-is-no-such-package==1.0\n")
        outdate(clone)
        with pytest.raises(start.CannotStart, match=r"could not be installed.*nothing is lost"):
            start.set_up()
        assert contents(clone / ".venv") == before

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda venv: (venv / ".unfinished").touch(), "was left unfinished"),
            (
                lambda venv: (venv / ".ready").write_text("/elsewhere\n"),
                "was made for another folder",
            ),
            (lambda venv: (venv / "bin/python").unlink(), "has no working Python"),
        ],
        ids=["unfinished", "moved", "no Python"],
    )
    def test_spoiled_environment_is_made_anew(self, clone, start, capsys, spoil, said):
        earlier(clone)
        outdate(clone)
        spoil(clone / ".venv")
        before = contents(clone)
        with pytest.raises(start.CannotStart, match="nothing was changed"):
            start.set_up()  # here it cannot be made: the old one is back
        assert f".venv {said}: making it anew." in capsys.readouterr().out
        assert contents(clone) == before

    def test_interrupted_it_leaves_nothing(self, clone, start, monkeypatch):
        before = contents(clone)

        def interrupted():
            raise KeyboardInterrupt

        monkeypatch.setattr(start, "_install", interrupted)
        monkeypatch.setattr(start, "pip", lambda *_, **__: 0)
        with pytest.raises(KeyboardInterrupt):
            start.set_up()
        assert contents(clone) == before


class TestBuildOfPyTorch:
    """What is asked of pip, which does nothing here, and what is said first."""

    @pytest.fixture
    def asked(self, start, monkeypatch):
        commands = []
        monkeypatch.setattr(start, "pip", lambda *command, **_: commands.append(command) or 0)
        monkeypatch.setattr(start.sys, "platform", "linux")
        return commands

    @pytest.fixture
    def index(self, start, tmp_path, monkeypatch):
        (tmp_path / "cpu/torch").mkdir(parents=True)
        handler = functools.partial(SimpleHTTPRequestHandler, directory=tmp_path)
        handler.log_message = handler.func.log_message = lambda *_: None
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setattr(start, "CPU_BUILDS", f"http://127.0.0.1:{server.server_port}/cpu")
            yield start.CPU_BUILDS
            server.shutdown()

    def test_without_a_card_it_is_the_one_without_cuda(self, start, asked, index, locked, capsys):
        start.set_up()
        assert "without CUDA" in capsys.readouterr().out.splitlines()[0]
        first, then = [command for command in asked if "--index-url" in command or "-r" in command]
        assert first[first.index("--index-url") + 1] == index
        assert {*first[-2:]} == {f"{name}=={locked[name]}" for name in ("torch", "torchvision")}
        assert "--index-url" not in then
        assert start.is_ready()

    def test_where_its_index_does_not_answer_it_is_the_default(self, start, asked, capsys):
        start.set_up()
        assert not [command for command in asked if "--index-url" in command]
        assert start.is_ready()

    def test_with_a_card_it_is_the_default(self, start, asked, index, monkeypatch, capsys):
        monkeypatch.setattr(start, "has_nvidia_card", lambda: True)
        start.set_up()
        assert "with CUDA" in capsys.readouterr().out.splitlines()[0]
        assert not [command for command in asked if "--index-url" in command]

    @pytest.mark.parametrize("system", ["darwin", "win32"])
    def test_elsewhere_it_is_the_default(self, start, asked, index, system, monkeypatch):
        monkeypatch.setattr(start.sys, "platform", system)
        start.set_up()
        assert not [command for command in asked if "--index-url" in command]


def test_the_container_fetches_with_start_and_runs_the_course_that_is_mounted(start):
    """Nothing else is in its image, so nothing of a course is either."""
    steps = (ROOT / "Containerfile").read_text()
    (copied,) = re.findall(r"^COPY (.*) \./$", steps, re.MULTILINE)
    assert all((ROOT / name).is_file() for name in copied.split())
    called = re.findall(r"start\.(\w+)\(", steps)
    assert called
    assert all(callable(getattr(start, name)) for name in called)
    (mounted,) = re.findall(r"PYTHONPATH=(\S+)", steps)
    assert f"WORKDIR {mounted}\n" in steps
    guide = (ROOT / "docs/instructor.md").read_text()
    (tag,) = re.findall(r"podman build -t (\S+) \.  ", guide)
    assert re.search(rf"podman run .* -v \.:{mounted} {tag} grade a1_convolution", guide)


def test_windows_has_what_lectures_and_assignments_import():
    """Modules of Python that are Linux's and macOS's alone are grading's alone."""
    missing = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
    files = [*(ROOT / "course_utils").rglob("*.py"), ROOT / "start.py"]
    using = {path for path in files for name in modules(path) if {*name.split(".")} & missing}
    assert using
    assert {path.parent.name for path in using} == {"grading"}


class TestLab:
    def test_opens_the_first_lecture_though_the_port_is_taken(self, tmp_path):
        if not (ROOT / ".venv/.ready").exists():
            pytest.skip("the environment was not made by make (conda, say)")
        environment = os.environ | {
            "BROWSER": "true",  # the program that opens nothing and succeeds
            "JUPYTER_CONFIG_DIR": str(tmp_path),
            "JUPYTER_DATA_DIR": str(tmp_path / "data"),
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        }
        with socket.socket() as taken, (tmp_path / "log").open("w+") as log:
            try:
                taken.bind(("127.0.0.1", 8888))
                taken.listen()
            except OSError:
                pass  # somebody else has it: as good
            lab = subprocess.Popen(
                ["make", "lab"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                url = None
                for _ in range(240):
                    said = Path(log.name).read_text()
                    url = re.search(r"http://127\.0\.0\.1:(\d+)(/lab\S*)\?token=(\w+)", said)
                    if url or lab.poll() is not None:
                        break
                    time.sleep(0.25)
                assert url, said
                assert url[1] != "8888"
                assert url[2] == "/lab/tree/lectures/00_start_here.ipynb"
                # The whole course is in the file browser, not the folder of the lecture alone; and
                # what is stored in it is trusted, so that questions answer before a cell is run.
                lecture = "lectures/03_output_size.ipynb"
                api = f"http://127.0.0.1:{url[1]}/api/contents/{lecture}?token={url[3]}"
                for _ in range(40):
                    try:
                        cells = json.loads(urlopen(api, timeout=10).read())["content"]["cells"]
                        code = [c["metadata"] for c in cells if c["cell_type"] == "code"]
                        assert all(metadata["trusted"] for metadata in code)
                        break
                    except OSError:  # also as URLError: it says its address before it listens
                        time.sleep(0.25)
                else:
                    pytest.fail("the server did not answer")
            finally:
                os.killpg(lab.pid, signal.SIGTERM)
                lab.wait(timeout=30)
