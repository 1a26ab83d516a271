"""The `course` command: what the user can mend is one sentence, and each subcommand is wired."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_utils.course import cli, doctor
from course_utils.repository import ROOT, known_assignments


@pytest.fixture
def run(monkeypatch):
    """Run the command in this process, where what it calls can be replaced."""
    monkeypatch.setenv("PATH", os.environ["PATH"])  # the command adds to it
    return lambda *arguments: CliRunner().invoke(cli.app, arguments)


@pytest.fixture
def typed(monkeypatch, capsys):
    """As `run`, with what the installed command does around it: the exit code, and what it said."""
    monkeypatch.setenv("PATH", os.environ["PATH"])

    def type_(*arguments):
        monkeypatch.setattr(sys, "argv", ["course", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code, said = ended.value.code, capsys.readouterr().err
        return (1, code) if isinstance(code, str) else (code, said)  # as Python does

    return type_


def test_help_lists_every_command(run):
    said = run("--help").output
    commands = [c.name or c.callback.__name__ for c in cli.app.registered_commands]
    groups = [group.name for group in cli.app.registered_groups]
    assert {"grade", "data"} <= {*commands, *groups}
    for command in commands + groups:
        assert re.search(rf"^\W*{command} ", said, re.MULTILINE)
        assert run(command, "--help").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["release", "a9_nothing"], ["no assignment 'a9_nothing'", "a1_convolution"]),
        (["execute", "nowhere.ipynb"], ["nowhere.ipynb does not exist"]),
        (["official", "a1_convolution"], ["the class's server", "Restart Kernel", "Validate"]),
        (["official"], ["Which assignment?"]),
        (["data", "fetch", "minst"], ["nothing is called 'minst'", "mnist, fashion-mnist"]),
    ],
    ids=["unknown assignment", "missing notebook", "no server", "no assignment", "unknown data"],
)
def test_what_the_user_can_mend_is_one_sentence(typed, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = typed(*arguments)
    assert code == 1
    assert len(said.strip().splitlines()) == 1
    assert said.startswith("course: ")
    for word in words:
        assert word in said


def test_the_installed_command_tells_an_unknown_one():
    command = Path(sys.executable).parent / "course"
    ran = subprocess.run([command, "relaese"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "relaese" in ran.stderr


@pytest.mark.parametrize("code", [0, 1])
def test_doctor_returns_what_the_doctor_says(run, monkeypatch, code):
    monkeypatch.setattr(doctor, "main", lambda: code)
    assert run("doctor").exit_code == code


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "said"),
    [
        ([], [], 0, "assignments/ is up to date"),
        (["--check"], [], 0, "assignments/ is up to date"),
        (["a1_x"], ["assignments/a1_x/a1_x.ipynb"], 0, "written: assignments/a1_x/a1_x.ipynb"),
        (["--check"], ["assignments/a"], 1, "differs: assignments/a"),
    ],
    ids=["nothing", "check", "written", "differs"],
)
def test_release_tells_what_changed(run, monkeypatch, arguments, changed, code, said):
    calls = []

    def release(names, root, check):
        calls.append((list(names or []), root, check))
        return changed

    monkeypatch.setattr("course_utils.course.release.release", release)
    ran = run("release", *arguments)
    assert (ran.exit_code, said in ran.output) == (code, True)
    names = [name for name in arguments if not name.startswith("-")]
    assert calls == [(names, ROOT, "--check" in arguments)]


def test_demo_passes_its_options_on(run, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr("course_utils.grading.demo.run", lambda **options: calls.append(options))
    assert run("demo", "a1", "--keep", str(tmp_path), "--timeout", "5").exit_code == 0
    assert calls == [{"assignments": ["a1"], "root": ROOT, "keep": tmp_path, "timeout": 5}]
    assert run("demo").exit_code == 0
    assert calls[1]["assignments"] is None
    assert run("demo", "--all").exit_code == 0
    assert calls[2]["assignments"] == known_assignments(ROOT)
    assert run("demo", "--timeout", "0").exit_code == 2


def test_execute_runs_each_notebook(run, monkeypatch):
    ran = []
    monkeypatch.setattr(
        "course_utils.course.notebooks.execute", lambda path: ran.append(path) or 1.0
    )
    assert run("execute", "a.ipynb", "b.ipynb").exit_code == 0
    assert ran == [Path("a.ipynb"), Path("b.ipynb")]


def test_data_lists_what_is_there(run, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    ran = run("data")
    assert ran.exit_code == 0
    assert "· mnist" in ran.output
    assert str(tmp_path) in ran.output


def test_data_fetch_fetches_each_name(run, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "course_utils.data.standard.fetch", lambda name: asked.append(name) or name == "mnist"
    )
    ran = run("data", "fetch", "mnist", "resnet18")
    assert ran.exit_code == 0
    assert asked == ["mnist", "resnet18"]
    assert "mnist: fetched" in ran.output
    assert "resnet18: is here already" in ran.output
    assert run("data", "fetch").exit_code == 2


def test_an_unknown_name_stops_before_anything_is_fetched(run, monkeypatch):
    asked = []
    monkeypatch.setattr("course_utils.data.standard.fetch", asked.append)
    assert run("data", "fetch", "mnist", "minst").exit_code == 1
    assert asked == []


def test_alembic_is_found_without_an_activated_environment(run, monkeypatch):
    seen = []
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(
        "course_utils.course.release.release", lambda *a, **k: seen.append(os.environ["PATH"]) or []
    )
    run("release")
    assert seen == [f"{Path(sys.executable).parent}{os.pathsep}/usr/bin"]


def test_other_errors_keep_their_traceback(run, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr("course_utils.course.release.release", broken)
    assert isinstance(run("release").exception, RuntimeError)
