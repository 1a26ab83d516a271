"""What is installed, what is missing, and the command that mends it.

Needs the standard library alone, so that it also runs where nothing else does:
`python -m course_utils.doctor`.
"""

import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SET_UP = "make lab"  # sets up, or mends, everything that pip installs


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
    def mark(self) -> str:
        """A sign for the margin of the report."""
        return "✓" if self.fine else "·" if self.optional else "✗"


def examine(root: Path = ROOT) -> list[Finding]:
    """Look at everything that the course needs; changes nothing."""
    return [
        _python(),
        *_packages(root),
        _torchvision(),
        _kernel(),
        *_commands(),
        _extensions(),
        _bubblewrap(),
        _gpu(),
    ]


def report(findings: list[Finding]) -> str:
    """The findings as a table, with the remedies below it."""
    width = max(len(f.name) for f in findings)
    lines = [f"{f.mark} {f.name.ljust(width)}  {f.found}" for f in findings]
    broken = [f for f in findings if not f.fine and not f.optional]
    optional = [f for f in findings if not f.fine and f.optional]
    for title, some in (("To mend", broken), ("If you want it", optional)):
        if some:
            remedies = dict.fromkeys(f"{f.remedy}" for f in some)
            lines += ["", f"{title}:", *(f"  {remedy}" for remedy in remedies)]
    if not broken:
        lines += ["", "Everything that the course needs is here."]
    return "\n".join(lines)


def main() -> int:
    """Print the report; 1 if something that the course needs is missing."""
    findings = examine()
    print(report(findings))
    return int(any(not f.fine and not f.optional for f in findings))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    too_old = sys.version_info < (3, 11)
    return Finding(
        "Python", version, "install Python 3.11 or newer, then: make lab" if too_old else ""
    )


def _packages(root: Path) -> Iterator[Finding]:
    """Each pinned package: the versions that the course was tested with."""
    import tomllib  # not there before Python 3.11, which the report is to say first

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    for pin in pins:
        name, wanted = re.fullmatch(r"([\w.-]+)==(.+)", pin).groups()
        try:
            version = importlib.metadata.version(name).split("+")[0]
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, f"missing, {wanted} wanted", SET_UP)
            continue
        if version == wanted:
            yield Finding(name, version)
        else:
            yield Finding(name, f"{version}, tested with {wanted}", SET_UP, optional=True)


def _torchvision() -> Finding:
    name = "torchvision imports"
    if importlib.util.find_spec("torchvision") is None or importlib.util.find_spec("torch") is None:
        return Finding(name, "not installed", SET_UP)
    ran = _run(sys.executable, "-c", "import course_utils.torchvision_compat")
    if ran is None or ran.returncode:
        last = ran.stderr.strip().splitlines()[-1:] if ran else ["no answer"]
        return Finding(name, *last, remedy="rm -r .venv && make lab")
    return Finding(name, "yes")


def _kernel() -> Finding:
    ran = _run(sys.executable, "-m", "jupyter", "kernelspec", "list", "--json")
    kernels = json.loads(ran.stdout)["kernelspecs"] if ran and not ran.returncode else {}
    return (
        Finding("kernel python3", "yes")
        if "python3" in kernels
        else Finding("kernel python3", "missing", SET_UP)
    )


def _commands() -> Iterator[Finding]:
    # nbgrader runs alembic by name, so it must be on the search path, not only installed.
    for command, remedy in [
        ("alembic", "activate the environment: source .venv/bin/activate"),
        ("git", "sudo apt install git"),
    ]:
        where = shutil.which(command)
        yield Finding(f"command {command}", where or "not on PATH", "" if where else remedy)


def _extensions() -> Finding:
    ran = _run(sys.executable, "-m", "jupyter", "server", "extension", "list")
    listed = ran.stdout + ran.stderr if ran else ""
    enabled = re.search(r"nbgrader\S*\s.*enabled", listed) is not None
    return Finding(
        "nbgrader in JupyterLab", "enabled" if enabled else "not enabled", "" if enabled else SET_UP
    )


def _bubblewrap() -> Finding:
    where = shutil.which("bwrap")
    return Finding(
        "bubblewrap (sandbox)",
        where or "missing; needed by instructors alone",
        "" if where else "sudo apt install bubblewrap",
        optional=True,
    )


def _gpu() -> Finding:
    if importlib.util.find_spec("torch") is None:
        return Finding("GPU", "unknown without torch")
    import torch

    found = torch.cuda.get_device_name() if torch.cuda.is_available() else "none, none is needed"
    return Finding("GPU", found)


def _run(*command: str) -> subprocess.CompletedProcess | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None


if __name__ == "__main__":
    sys.exit(main())
