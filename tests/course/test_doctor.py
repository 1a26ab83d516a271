"""The doctor finds what is missing, names the command that mends it, and needs no package."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys

import pytest

from course_utils.course import doctor
from course_utils.repository import ROOT


def found(findings):
    return {finding.name: finding for finding in findings}


@pytest.fixture
def without(monkeypatch):
    """Pretend that packages are not installed, or are in another version."""
    real = importlib.metadata.version

    def pretend(**versions):
        def version(name):
            if versions.get(name, "") is None:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions.get(name) or real(name)

        monkeypatch.setattr(doctor.importlib.metadata, "version", version)

    return pretend


@pytest.fixture
def answers(monkeypatch):
    """Let programs that the doctor asks answer what a test says."""

    def answer(code=0, out="", err=""):
        ran = subprocess.CompletedProcess([], code, out, err)
        monkeypatch.setattr(doctor, "_run", lambda *command: ran)

    return answer


class TestHere:
    def test_nothing_that_the_course_needs_is_missing(self):
        ran = subprocess.run(
            [sys.executable, "-m", "course_utils.course.doctor"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "Everything that the course needs is here." in ran.stdout
        listed = set(re.findall(r"^[✓·] (.+?)  ", ran.stdout, re.MULTILINE))
        assert set(doctor.pins(ROOT)) | {"Python", "kernel python3", "GPU", "bwrap"} <= listed

    def test_local_part_of_a_version_is_no_difference(self, without):
        without(torch=f"{doctor.pins(ROOT)['torch']}+cpu")
        assert found(doctor._packages(ROOT))["torch"].fine


class TestPackages:
    def test_missing_package_is_broken_and_the_lock_mends_it(self, without):
        without(numpy=None)
        finding = found(doctor._packages(ROOT))["numpy"]
        assert finding.broken
        assert finding.line.startswith("✗ numpy")
        assert f"missing, {doctor.pins(ROOT)['numpy']} wanted" in finding.found
        assert finding.remedy.endswith((f"-r {ROOT / 'requirements.lock'}", "bin/activate"))

    def test_other_version_is_told_but_not_broken(self, without):
        without(numpy="1.0")
        finding = found(doctor._packages(ROOT))["numpy"]
        assert not finding.broken
        assert not finding.fine
        assert finding.found == f"1.0, tested with {doctor.pins(ROOT)['numpy']}"

    def test_course_itself_must_be_installed(self, without):
        without(**{"convnet-course": None})
        assert found(doctor._packages(ROOT))["course"].broken

    def test_outside_of_the_course_it_says_where_to_go(self, tmp_path):
        (finding,) = doctor._packages(tmp_path)
        assert finding.broken
        assert "make lab" in finding.remedy

    def test_python_beside_the_courses_own_is_told_to_activate_that(self, tmp_path, without):
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        (tmp_path / ".venv").mkdir()
        (tmp_path / ".venv/.ready").touch()
        without(numpy=None)
        remedy = found(doctor._packages(tmp_path))["numpy"].remedy
        assert remedy == f"source {tmp_path}/.venv/bin/activate"


class TestPrograms:
    def test_failing_torchvision_says_why(self, answers):
        answers(code=1, err="Traceback ...\nRuntimeError: operator torchvision::nms is missing\n")
        (finding,) = doctor._torch(ROOT)
        assert finding.broken
        assert finding.found == "RuntimeError: operator torchvision::nms is missing"

    def test_gpu_is_told_and_not_needed(self, answers):
        answers(out="cpu\n")
        gpu = found(doctor._torch(ROOT))["GPU"]
        assert (gpu.fine, gpu.found) == (True, "none, and none is needed")
        answers(out="cuda\n")
        assert found(doctor._torch(ROOT))["GPU"].found == "cuda"

    @pytest.mark.parametrize(
        ("program", "fine"),
        [("python", True), (sys.executable, True), ("/elsewhere/python", False)],
    )
    def test_kernel_must_start_this_python(self, answers, program, fine):
        spec = {"resource_dir": "/home/me/kernel", "spec": {"argv": [program]}}
        answers(out=json.dumps({"kernelspecs": {"python3": spec}}))
        (finding,) = doctor._kernel(ROOT)
        assert finding.broken is not fine
        assert fine or finding.remedy == "rm -r /home/me/kernel"

    def test_missing_kernel_and_missing_jupyter_are_told(self, answers):
        answers(out='{"kernelspecs": {}}')
        (finding,) = doctor._kernel(ROOT)
        assert (finding.broken, finding.found) == (True, "missing")
        answers(code=1, err="No module named jupyter")
        (finding,) = doctor._kernel(ROOT)
        assert (finding.broken, finding.found) == (True, "No module named jupyter")

    def test_disabled_extensions_are_told(self, answers):
        answers(out="@jupyter/nbgrader v0.9.6 disabled\n")
        findings = list(doctor._extensions(ROOT))
        assert [finding.broken for finding in findings] == [True, True]
        assert findings[0].remedy.endswith("-m jupyter labextension enable @jupyter/nbgrader")
        assert findings[1].remedy.endswith("-m jupyter server extension enable --py nbgrader")

    def test_missing_commands_are_optional(self, monkeypatch):
        monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
        commands = found(doctor._commands(ROOT))
        assert {name: finding.broken for name, finding in commands.items()} == {
            "alembic": False,
            "git": False,
            "bwrap": False,
        }
        assert commands["bwrap"].remedy == "sudo apt install bubblewrap"
        assert commands["alembic"].remedy.startswith("source ")

    @pytest.mark.parametrize(("system", "git"), [("win32", "winget"), ("darwin", "xcode-select")])
    def test_elsewhere_no_command_of_linux_is_named(self, monkeypatch, system, git):
        monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
        monkeypatch.setattr(doctor.sys, "platform", system)
        commands = found(doctor._commands(ROOT))
        assert not [finding for finding in commands.values() if "apt" in finding.remedy]
        assert commands["git"].remedy.startswith(git)
        assert "container" in commands["bwrap"].remedy
        assert commands["alembic"].remedy.endswith('Activate.ps1"') == (system == "win32")


class TestReport:
    def test_old_python_is_all_that_is_said(self, monkeypatch, capsys):
        monkeypatch.setattr(doctor.sys, "version_info", (3, 9, 18))
        assert doctor.main() == 1
        said = capsys.readouterr().out
        assert "✗ Python" in said
        assert "3.9.18" in said
        assert "make lab PYTHON=" in said
        assert "numpy" not in said

    def test_what_depends_on_something_broken_is_left_out(self, without, capsys):
        without(torch=None, nbgrader=None)
        assert doctor.main() == 1
        table, _, advice = capsys.readouterr().out.partition("To mend:")
        assert table.count("✗") == 2
        assert "kernel python3" not in table
        needed, *_ = advice.partition("If you want it:")
        assert len(needed.strip().splitlines()) == 1  # one command for both

    def test_runs_with_the_standard_library_alone(self, tmp_path):
        shutil.copytree(ROOT / "course_utils", tmp_path / "course_utils")
        shutil.copy(ROOT / "pyproject.toml", tmp_path)
        ran = subprocess.run(
            [
                sys.executable,
                "-S",
                "-m",
                "course_utils.course.doctor",
            ],  # -S: nothing that is installed
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 1
        assert ran.stderr == ""
        assert ran.stdout.count("✗") == len(doctor.pins(ROOT)) + 1  # and the course itself
