"""What is installed, what is missing, and the command that mends it.

Needs the standard library alone, and only an old Python, so that it also runs where nothing else
does: `python -m course_utils.course.doctor`.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.repository import ROOT

PIP = f"{sys.executable} -m pip install"
WIDTH = 33  # of the column of names
INSTALL_GIT = {"win32": "winget install Git.Git", "darwin": "xcode-select --install"}


@dataclass(frozen=True)
class Finding:
    """One line of the report: fine, missing but optional, or broken with its remedy."""

    name: str
    found: str
    remedy: str = ""
    optional: bool = False

    @property
    def fine(self) -> bool:
        """Whether nothing is to be done."""
        return not self.remedy

    @property
    def broken(self) -> bool:
        """Whether the course does not work like this."""
        return not self.fine and not self.optional

    @property
    def line(self) -> str:
        """A line of the table."""
        sign = "✓" if self.fine else "·" if self.optional else "✗"
        return f"{sign} {self.name.ljust(WIDTH)} {self.found}"


def examine(root: Path = ROOT) -> Iterator[Finding]:
    """Look at everything that the course needs, one by one; changes nothing.

    What depends on something broken is left out: its own remedy would be wrong.
    """
    for look in (_python, _packages, _torch, _kernel, _extensions, _commands):
        findings = []
        for finding in look(root):
            yield finding
            findings.append(finding)
        if any(finding.broken for finding in findings):
            return


def remedies(findings: list[Finding]) -> str:
    """What is to be done, one command a line."""
    lines = []
    for title, some in (
        ("To mend:", [f for f in findings if f.broken]),
        ("If you want it:", [f for f in findings if f.optional and not f.fine]),
    ):
        if some:
            lines += [title, *(f"  {remedy}" for remedy in dict.fromkeys(f.remedy for f in some))]
    if not any(f.broken for f in findings):
        lines.append("Everything that the course needs is here.")
    return "\n".join(lines)


def main() -> int:
    """Print each finding as it is found, then the remedies; 1 if something needed is missing."""
    findings = []
    for finding in examine():
        print(finding.line, flush=True)
        findings.append(finding)
    print("\n" + remedies(findings))
    return int(any(finding.broken for finding in findings))


def _python(root: Path) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 - an old Python is what this is to find
        yield Finding("Python", version, "make lab PYTHON=/path/to/python3.11 (or newer)")
    else:
        yield Finding("Python", f"{version}, {sys.executable}")


def pins(root: Path) -> dict[str, str]:
    """The version of each package that the course asks for by name, from pyproject.toml."""
    import tomllib  # not there before Python 3.11, which the report says first

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return dict(pin.split("==") for pin in wanted)


def activate(environment: Path) -> str:
    """The command that activates an environment: of PowerShell on Windows, else of a shell."""
    if sys.platform == "win32":
        return f'& "{environment / "Scripts" / "Activate.ps1"}"'
    return f"source {environment / 'bin' / 'activate'}"


def _packages(root: Path) -> Iterator[Finding]:
    """The course itself and each pinned package: the versions that the course was tested with."""
    if not (root / "pyproject.toml").exists():
        yield Finding(
            "course", f"no pyproject.toml in {root}", "cd CLONE-OF-THE-COURSE && make lab"
        )
        return
    remedy, own = f"{PIP} -r {root / 'requirements.lock'}", root / ".venv"
    if (own / ".ready").exists() and Path(sys.prefix).resolve() != own.resolve():
        remedy = activate(own)  # this Python is not the course's
    for name, wanted in pins(root).items():
        found = _version(name)
        if found is None:
            yield Finding(name, f"missing, {wanted} wanted", remedy)
        elif found != wanted:
            yield Finding(name, f"{found}, tested with {wanted}", remedy, optional=True)
        else:
            yield Finding(name, found)
    if _version("convnet-course") is None:
        if not remedy.startswith("source"):
            remedy = f"{PIP} --no-deps --editable {root}"
        yield Finding("course", "not installed", remedy)
    else:
        yield Finding("course", str(root))


def _version(name: str) -> str | None:
    try:
        # Without the local part, such as +cpu, which names a build for one machine.
        return importlib.metadata.version(name).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch(root: Path) -> Iterator[Finding]:
    """Whether PyTorch and torchvision work together, and what they run on."""
    name, remedy = "torchvision imports", f"{PIP} --force-reinstall --no-deps torch torchvision"
    ran = _run(
        sys.executable,
        "-c",
        "from course_utils import reproducibility, torchvision_compat\n"
        "print(reproducibility.device())",
    )
    if ran.returncode:
        yield Finding(name, _last_line(ran.stderr), remedy)
    else:
        yield Finding(name, "yes")
        device = ran.stdout.split()[-1]
        yield Finding("GPU", "none, and none is needed" if device == "cpu" else device)


def _kernel(root: Path) -> Iterator[Finding]:
    """Whether notebooks start in this Python: another kernel of that name would hide it."""
    ran = _run(sys.executable, "-m", "jupyter", "kernelspec", "list", "--json")
    remedy = f"{sys.executable} -m ipykernel install --sys-prefix"
    kernels = {} if ran.returncode else json.loads(ran.stdout)["kernelspecs"]
    if "python3" not in kernels:
        yield Finding("kernel python3", _last_line(ran.stderr) or "missing", remedy)
        return
    spec = kernels["python3"]
    program = spec["spec"]["argv"][0]
    # Jupyter reads a bare `python` as the Python that it runs in itself.
    if Path(program).is_absolute() and Path(program) != Path(sys.executable):
        where = spec["resource_dir"]
        yield Finding("kernel python3", f"{where} starts {program}", f"rm -r {where}")
    else:
        yield Finding("kernel python3", "yes")


def _extensions(root: Path) -> Iterator[Finding]:
    """Whether JupyterLab shows nbgrader's menus (lab) and serves what they need (server)."""
    for side, name in (
        ("labextension", "@jupyter/nbgrader"),
        ("server extension", "nbgrader.server_extensions.formgrader"),
    ):
        ran = _run(sys.executable, "-m", "jupyter", *side.split(), "list")
        enabled = re.search(rf"{re.escape(name)}\s.*enabled", ran.stdout + ran.stderr)
        remedy = f"{sys.executable} -m jupyter {side} enable {'--py ' * (side[0] == 's')}"
        remedy += "nbgrader" if side[0] == "s" else name
        yield Finding(
            f"nbgrader's {side}",
            "enabled" if enabled else "not enabled",
            "" if enabled else remedy,
        )


def _commands(root: Path) -> Iterator[Finding]:
    own, sandbox = Path(sys.prefix), "sudo apt install bubblewrap"
    if sys.platform in INSTALL_GIT:
        sandbox = "only Linux has it: grade in a container, see docs/instructor.md"
    # nbgrader starts alembic by name, so it must be on the search path, not only installed.
    for command, remedy, missing, optional in [
        ("alembic", activate(own), "not on PATH; plain nbgrader commands need it", True),
        ("git", INSTALL_GIT.get(sys.platform, "sudo apt install git"), "missing", True),
        ("bwrap", sandbox, "missing; only grading needs it", True),
    ]:
        where = shutil.which(command)
        yield Finding(command, where or missing, "" if where else remedy, optional)


def _run(*command: str) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1][:120]


if __name__ == "__main__":
    sys.exit(main())
