"""Set the course up in .venv, once, and open it in JupyterLab; needs Python alone.

    python start.py                  # Windows: py start.py
    python start.py --author         # with the panel that marks cells of an assignment
    python start.py --only-set-up

`make lab` calls the first. A finished environment carries the stamp .ready, which says where it
stands and is written last. While pip is at work it carries .unfinished: whoever finds that, makes
it anew, since a package that was cut off may look complete. A failure leaves an earlier environment
as it was. One that was moved or copied here still points to its old place.
"""

import os
import platform
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLD = ROOT / ".venv-old"
READY = VENV / ".ready"
UNFINISHED = VENV / ".unfinished"
LOWEST = (3, 11)
LAB = [
    "--LabApp.default_url=/lab/tree/lectures/00_start_here.ipynb",
    "--ServerApp.contents_manager_class=course_utils.course.desk.Untouched",
]
DESK = ROOT / "course_utils" / "course"  # whose labconfig/ lets JupyterLab open without a question
STUDENTS_DESK = DESK / "students"  # and whose leaves that panel out
# Builds of PyTorch that need no NVIDIA card, and a tenth of the room. On Linux alone they are not
# what the default index has.
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
PATIENCE = 4  # seconds that this index has to answer
FETCHED = {
    True: "PyTorch with CUDA for your NVIDIA card: about 10 minutes and 8 GB",
    False: "PyTorch without CUDA: about 2 minutes and 2 GB",
}


class CannotStart(Exception):
    """Why the course cannot be set up, in a sentence for whoever called."""


def python():
    """The environment's own Python."""
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def pip(*arguments, **options):
    """Run the environment's pip; its exit code."""
    command = [python(), "-m", "pip", "--disable-pip-version-check", *arguments]
    try:
        return subprocess.run(command, cwd=str(ROOT), check=False, **options).returncode
    except OSError:
        return 1


def silent():
    """Options for a process of which nothing is shown."""
    return {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def is_ready():
    """Whether the environment stands here, finished, and no pins are newer."""
    if not READY.exists() or READY.read_text().strip() != str(ROOT):
        return False
    pins = [ROOT / "pyproject.toml", ROOT / "requirements.lock"]
    return all(path.stat().st_mtime <= READY.stat().st_mtime for path in pins)


def require_python():
    """Raise if this Python is too old, or cannot make environments."""
    if sys.version_info < LOWEST:
        newer = [f"python3.{minor}" for minor in (14, 13, 12, 11)]
        other = next(filter(shutil.which, newer), "/path/to/python3.11")
        raise CannotStart(
            f"The course needs Python 3.11 or newer, but {sys.executable} is "
            f"{platform.python_version()}. Name another: make PYTHON={other}, or {other} start.py"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise CannotStart(
            f"{sys.executable} cannot make environments yet. On Debian or Ubuntu: "
            "sudo apt install python3-venv"
        ) from None


def has_nvidia_card():
    """Whether this machine has an NVIDIA card that PyTorch could use."""
    places = ["/proc/driver/nvidia/version", "/usr/lib/wsl/lib/nvidia-smi"]
    return bool(shutil.which("nvidia-smi")) or any(map(os.path.exists, places))


def cpu_index():
    """Where builds without CUDA are, if this machine needs them and that place answers."""
    if not sys.platform.startswith("linux") or has_nvidia_card():
        return None
    try:
        with urllib.request.urlopen(CPU_BUILDS + "/torch/", timeout=PATIENCE):
            return CPU_BUILDS
    except (OSError, ValueError):  # no network, no answer in time, or no address
        return None


def why_anew():
    """What is wrong with the environment that stands here, or None."""
    if UNFINISHED.exists():
        return "was left unfinished"
    if READY.exists() and READY.read_text().strip() != str(ROOT):
        return "was made for another folder"
    if VENV.exists() and pip("--version", **silent()):
        return "has no working Python"
    return None


def locked(*names):
    """The pins of these packages, as requirements.lock writes them."""
    lines = (ROOT / "requirements.lock").read_text().split()
    return [line for line in lines if line.split("==")[0] in names]


def set_up():
    """Make the environment, or bring it up to date; raises CannotStart with all as it was."""
    require_python()
    reason = why_anew()
    if reason:
        print(f".venv {reason}: making it anew.", flush=True)
        shutil.rmtree(OLD, ignore_errors=True)
        VENV.rename(OLD)
    made = not VENV.exists()
    try:
        if made:
            _make()
        else:
            print("Bringing .venv up to date.", flush=True)
        UNFINISHED.touch()
        _install()
    except BaseException:
        # What was made just now is no use; what was there is as it was.
        if made:
            shutil.rmtree(VENV, ignore_errors=True)
        elif UNFINISHED.exists():
            UNFINISHED.unlink()
        if OLD.exists():
            OLD.rename(VENV)
        raise
    shutil.rmtree(OLD, ignore_errors=True)
    UNFINISHED.unlink()
    READY.write_text(f"{ROOT}\n")
    print(".venv is ready.", flush=True)


def _make():
    with_cuda = sys.platform.startswith("linux") and has_nvidia_card()
    print(f"Setting up .venv, once, with {FETCHED[with_cuda]}.", flush=True)
    VENV.mkdir()
    UNFINISHED.touch()
    if subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False).returncode:
        raise CannotStart(f"{sys.executable} could not make .venv, it says why above.")
    print("Asking for the packages ...", flush=True)
    first = (ROOT / "requirements.lock").read_text().split("\n")
    first = next(line for line in first if "==" in line)
    asked = ["--quiet", "--quiet", "--retries", "1", "--timeout", "15", "install", "--dry-run"]
    if pip(*asked, "--no-deps", first, **silent()):
        raise CannotStart(
            "The packages cannot be fetched: there is no network, or no package index answers pip. "
            "Connect (behind a proxy: set https_proxy=http://...) and run the same command again; "
            "nothing was changed."
        )


def fetch():
    """Install what requirements.lock pins; pip's exit code."""
    index = cpu_index()
    if index:  # without these, the pins would bring CUDA along
        builds = locked("torch", "torchvision")
        pip("install", "--progress-bar", "on", "--no-deps", "--index-url", index, *builds)
    return pip("install", "--progress-bar", "on", "-r", "requirements.lock")


def _install():
    done = threading.Event()
    dots = threading.Thread(target=_dots, args=[done], daemon=True)
    dots.start()
    try:
        failed = fetch() or pip(
            "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."
        )
    finally:
        done.set()
    if failed:
        raise CannotStart(
            "The packages could not be installed, pip says why above. Mend that and run the same "
            "command again; nothing is lost."
        )


def _dots(done):
    """Show that something happens while pip says nothing."""
    while not done.wait(4):
        print(". ", end="", flush=True)


def open_lab(*, author=False):
    """Open the first lecture in JupyterLab, until it is ended."""
    flags = LAB + (["--allow-root"] if hasattr(os, "geteuid") and not os.geteuid() else [])
    environment = dict(os.environ)
    # Jupyter starts its subcommands by name.
    environment["PATH"] = os.path.dirname(python()) + os.pathsep + environment.get("PATH", "")
    environment["JUPYTER_CONFIG_PATH"] = settings(environment, author=author)
    _trust(environment)
    command = [python(), "-m", "jupyter", "lab", *flags]
    if os.name != "nt":
        os.chdir(str(ROOT))
        os.execve(command[0], command, environment)
    return subprocess.run(command, cwd=str(ROOT), env=environment, check=False).returncode


def settings(environment, *, author=False):
    """Where Jupyter looks for settings, the course's first."""
    own = [DESK] if author else [STUDENTS_DESK, DESK]
    return os.pathsep.join(filter(None, [*map(str, own), environment.get("JUPYTER_CONFIG_PATH")]))


def _trust(environment):
    """Let what is stored in the course's own notebooks be alive before a cell is run."""
    own = [*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb")]
    if own:  # if it fails, questions wait until their cell is run
        command = [python(), "-m", "jupyter", "trust", *map(str, own)]
        subprocess.run(command, env=environment, check=False, **silent())


def main():
    """Set up what is missing, then open the course; the exit code."""
    asked = sys.argv[1:]
    if asked not in ([], ["--author"], ["--only-set-up"]):
        print(__doc__)
        return 2
    try:
        if not is_ready():
            set_up()
    except CannotStart as reason:
        print(reason)
        return 1
    return 0 if asked == ["--only-set-up"] else open_lab(author=bool(asked))


if __name__ == "__main__":
    sys.exit(main())
