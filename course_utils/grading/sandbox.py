"""A kernel in a sandbox: no network, a read-only system, and bounded memory, disk and processes.

The kernel's sockets are opened out here and inherited, so no folder is shared with the sandbox and
nothing can be written outside it.
"""

import contextlib
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, wire

CHANNELS = ("shell", "control", "iopub")
START_SECONDS = 120
MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell_seconds
        For each cell of the student and for all questions of one test cell.
    total_seconds
        For the whole submission.
    memory
        Bytes, all processes together.
    processes
        Processes and threads together.
    disk
        Bytes of each folder that can be written, which all lie in memory.
    output
        Characters of text that are kept of each cell; pictures have their own limit.
    reply
        Bytes of the largest answer.
    sandbox
        False starts the kernel with the rights of whoever grades: for tests of harmless code.
    """

    cell_seconds: float = 60
    total_seconds: float = 900
    memory: int = 2048 * MB
    processes: int = 48
    disk: int = 64 * MB
    output: int = 20_000
    reply: int = 256 * MB
    sandbox: bool = True

    def __post_init__(self) -> None:
        for name in ("cell_seconds", "total_seconds", "memory", "processes", "disk", "output"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


@dataclass
class Sandbox:
    """A kernel that runs.

    Attributes
    ----------
    process
        Of bubblewrap, or of the kernel where there is no sandbox.
    questions
        The connection on which the agent answers.
    addresses
        Where zmq reaches each channel.
    key
        That signs the kernel's messages.
    folder
        That is removed when the kernel ends.
    """

    process: subprocess.Popen
    questions: socket.socket
    addresses: dict[str, str]
    key: bytes
    folder: Path
    limits: Limits
    ended: bool = field(default=False, init=False)
    _said: str = field(default="", init=False)

    def overuse(self) -> str:
        """What the kernel and its children use too much of, in words; empty if nothing.

        Limits of the operating system hold for one process and not for root; this holds for all
        of them together.
        """
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
            if sum(_number_of_threads(p) for p in family) > self.limits.processes + 32:
                return f"more than {self.limits.processes} processes and threads"
            if sum(_memory(p, "memory_info", "rss") for p in family) <= self.limits.memory:
                return ""
            # Children share pages with their parent, which are counted once here.
            used = sum(_memory(p, "memory_full_info", "pss") for p in family)
        except psutil.Error:
            return ""
        too_much = used > self.limits.memory + 256 * MB
        return f"more than {self.limits.memory // MB} MB of memory" if too_much else ""

    @property
    def last_words(self) -> str:
        """The last line that bubblewrap or Python said before the kernel came up."""
        if not self._said and not self.process.stderr.closed:
            os.set_blocking(self.process.stderr.fileno(), False)
            self._said = (self.process.stderr.read(8192) or b"").decode(errors="replace")
        return (self._said.strip().splitlines() or [""])[-1]

    def end(self) -> None:
        """Kill everything that runs in it, and leave nothing behind."""
        if self.ended:
            return
        self.ended = True
        family = [] if self.limits.sandbox else _family(self.process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # with its init, all in a sandbox end
        for process in family:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
        _ = self.last_words
        self.process.stderr.close()
        self.questions.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _number_of_threads(process: psutil.Process) -> int:
    try:
        return process.num_threads()
    except psutil.Error:
        return 0


def _memory(process: psutil.Process, what: str, kind: str) -> int:
    try:
        return getattr(getattr(process, what)(), kind)
    except psutil.Error:
        return 0


def start(
    limits: Limits, files: Mapping[str, bytes] | None = None, forbidden: tuple[str, ...] = ()
) -> Sandbox:
    """Start a kernel; it may not have come up yet.

    Parameters
    ----------
    limits
        What it may use.
    files
        Contents of files that lie beside the notebook, by relative path.
    forbidden
        Packages that cannot be imported.

    Raises
    ------
    CourseError
        If there is no bubblewrap, or it does not work here.
    """
    folder = Path(tempfile.mkdtemp(prefix="candidate-"))
    ours, theirs = socket.socketpair()
    listening = {}
    try:
        for channel in CHANNELS:
            listening[channel] = socket.socket(socket.AF_UNIX)
            listening[channel].bind(str(folder / channel))
            listening[channel].listen(4)
        inherited = [theirs.fileno(), *(s.fileno() for s in listening.values())]
        start_ = "from course_utils.grading.inside import main; main()"
        python = [sys.executable, "-c", start_, *map(str, inherited)]
        work = folder / "work"
        work.mkdir()
        command, user = python, {}
        if limits.sandbox:
            command, user = bubblewrap.command(python, limits.disk, forbidden)
        process = subprocess.Popen(
            command,
            pass_fds=inherited,
            env=_environment(limits, work),
            cwd="/" if limits.sandbox else work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,  # read only if it does not come up
            start_new_session=True,
            **user,
        )
    except OSError as error:
        ours.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise CourseError(f"The candidate's kernel cannot be started: {error}") from None
    finally:
        for s in (theirs, *listening.values()):
            s.close()
    key = secrets.token_hex(16).encode()
    addresses = {channel: f"ipc://{folder / channel}" for channel in CHANNELS}
    sandbox = Sandbox(process, ours, addresses, key, folder, limits)
    hello = {
        "key": key,
        "limits": _limits_of_a_process(limits),
        "files": [*(files or {}).items(), *(_font_list() if limits.sandbox else {}).items()],
        "forbidden": list(forbidden),
    }
    with contextlib.suppress(OSError):  # it has ended already, which whoever waits for it sees
        ours.sendall(wire.write(hello))
    return sandbox


def _limits_of_a_process(limits: Limits) -> dict[str, int]:
    """By the names of the resource module; without a sandbox they would bind the whole user."""
    bounded = {
        # What a program allocates. RLIMIT_AS would also count libraries that are only mapped,
        # of which torch has more than all that a student computes.
        "RLIMIT_DATA": limits.memory,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 512,
        "RLIMIT_FSIZE": limits.disk,
    }
    return bounded | ({"RLIMIT_NPROC": limits.processes} if limits.sandbox else {})


def _environment(limits: Limits, home: Path) -> dict[str, str]:
    """All that the kernel's environment holds: nothing of the instructor's."""
    inside = limits.sandbox
    return {
        "PATH": "/usr/bin:/bin" if inside else f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/home/student" if inside else str(home),
        "USER": "student",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/course" if inside else str(bubblewrap.PACKAGE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",  # the same notebook gives the same outputs
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLCONFIGDIR": "/tmp/matplotlib" if inside else str(home / ".matplotlib"),
        "IPYTHONDIR": "/tmp/ipython" if inside else str(home / ".ipython"),
        "JUPYTER_PLATFORM_DIRS": "1",
    }


@functools.cache
def _font_list() -> dict[str, bytes]:
    """Matplotlib's list of the fonts in the sandbox, which each kernel would make anew."""
    code = (
        "import matplotlib.font_manager, pathlib\n"
        "(path,) = pathlib.Path('/tmp/matplotlib').glob('*.json')\n"
        "print(path, path.read_text(), sep='\\n')"
    )
    limits = Limits()
    command, user = bubblewrap.command([sys.executable, "-c", code], limits.disk)
    done = subprocess.run(
        command,
        env=_environment(limits, Path("/")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=START_SECONDS,
        check=False,
        **user,
    )
    path, _, content = done.stdout.partition(b"\n")
    return {path.decode(): content} if content else {}


@functools.cache
def prepare() -> None:
    """Find out once what every later start needs to know; for a process that will be forked.

    Raises
    ------
    CourseError
        If no sandbox can be had.
    """
    bubblewrap.require()
    _font_list()
