"""A kernel in a sandbox: no network, a read-only system, and bounded memory, disk and processes.

The kernel's sockets are opened out here and inherited, so no folder is shared with the sandbox and
nothing can be written outside it.
"""

import contextlib
import functools
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import psutil

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, patience, wire

CHANNELS = ("shell", "control", "iopub")
START_SECONDS = 120
PREFIX = "candidate-"
YOUNG = 10  # seconds in which a folder may not be locked yet
MB = 1 << 20
# Looking for garbage takes a quarter of the time of imports; whoever starts so enables it again.
QUICKLY = "import gc; gc.disable();"


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
    cold
        Whether each kernel starts in a sandbox of its own, instead of by a fork of a template.
    """

    cell_seconds: float = 60
    total_seconds: float = 900
    memory: int = 2048 * MB
    processes: int = 48
    disk: int = 64 * MB
    output: int = 20_000
    reply: int = 256 * MB
    sandbox: bool = True
    cold: bool = False

    def __post_init__(self) -> None:
        for name in ("cell_seconds", "total_seconds", "memory", "processes", "disk", "output"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


class Watch:
    """Looks at what a process and all below it use.

    Parameters
    ----------
    top
        Number of the process.
    limits
        What they may use.
    """

    def __init__(self, top: int, limits: Limits) -> None:
        self.top, self.limits = top, limits
        self._clocks: dict[str, patience.Waiting] = {}

    def overuse(self) -> str:
        """What they use too much of, in words; empty if nothing.

        Limits of the operating system hold for one process and not for root; this holds for all
        of them together.
        """
        below = _below(self.top)
        if sum(_number_of_threads(p) for p in below) > self.limits.processes + 32:
            return f"more than {self.limits.processes} processes and threads"
        if sum(_memory(p, "memory_info", "rss") for p in below) <= self.limits.memory:
            return ""
        # Children share pages with their parent, which are counted once here.
        used = sum(_memory(p, "memory_full_info", "pss") for p in below)
        too_much = used > self.limits.memory + 256 * MB
        return f"more than {self.limits.memory // MB} MB of memory" if too_much else ""

    def mark(self, clock: str) -> None:
        """Let a clock count from now on; there may be several."""
        self._clocks[clock] = patience.Waiting(self.top)

    def excused(self, clock: str) -> float:
        """Seconds since the mark of a clock in which a processor was waited for."""
        return self._clocks[clock].excused()

    def used(self) -> dict[str, float]:
        """What was used so far, as `patience.used` tells."""
        return patience.used(self.top)


class Program(Protocol):
    """What runs in a sandbox, as seen from outside.

    Attributes
    ----------
    ended
        A file descriptor that can be read once the kernel has ended.
    watch
        Looks at all of it.
    errors
        What bubblewrap or Python said.
    """

    ended: int
    watch: Watch
    errors: BinaryIO

    def end(self) -> None:
        """Kill everything, wait for its end, and close what is open."""


@dataclass
class Sandbox:
    """A kernel that runs.

    Attributes
    ----------
    program
        The kernel, and all that it has started.
    questions
        The connection on which the agent answers.
    addresses
        Where zmq reaches each channel.
    key
        That signs the kernel's messages.
    folder
        That is removed when the kernel ends.
    in_use
        Tells others that the folder still has an owner.
    """

    program: Program
    questions: socket.socket
    addresses: dict[str, str]
    key: bytes
    folder: Path
    in_use: "_Lock"
    limits: Limits
    ended: bool = field(default=False, init=False)
    _said: str = field(default="", init=False)

    def has_ended(self, seconds: float) -> bool:
        """Whether the kernel ends within some time."""
        return self.ended or bool(select.select([self.program.ended], [], [], seconds)[0])

    @property
    def last_words(self) -> str:
        """The last line that bubblewrap or Python said before the kernel came up."""
        errors = self.program.errors
        if not self._said and not errors.closed:
            os.set_blocking(errors.fileno(), False)
            self._said = (errors.read(8192) or b"").decode(errors="replace")
        return (self._said.strip().splitlines() or [""])[-1]

    def end(self) -> None:
        """Kill everything that runs in it, and leave nothing behind."""
        if self.ended:
            return
        self.ended = True
        self.program.end()
        _ = self.last_words
        self.program.errors.close()
        self.questions.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.in_use.close()


class OfItsOwn:
    """A kernel in a sandbox that was made for it, or without one."""

    def __init__(self, fds: list[int], limits: Limits, work: Path, forbidden: tuple[str, ...]):
        start_ = f"{QUICKLY} from course_utils.grading.inside import main; main()"
        python = [sys.executable, "-c", start_, json.dumps(forbidden), *map(str, fds)]
        command, user = python, {}
        if limits.sandbox:
            command, user = bubblewrap.command(python, limits.disk, forbidden)
        self.process = subprocess.Popen(
            command,
            pass_fds=fds,
            env=environment(limits, work),
            cwd="/" if limits.sandbox else work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,  # read only if it does not come up
            start_new_session=True,
            **user,
        )
        self.sandboxed = limits.sandbox
        self.top, self.errors = self.process.pid, self.process.stderr
        self.watch = Watch(self.top, limits)
        self.ended = os.pidfd_open(self.top)

    def end(self) -> None:
        """Kill everything, and wait for its end."""
        below = [] if self.sandboxed else _below(self.top)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.top, signal.SIGKILL)  # with its init, all in a sandbox end
        for process in below:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self.process.wait()
        os.close(self.ended)


def _below(top: int) -> list[psutil.Process]:
    """All that a process and its children have started, and that has not ended."""
    if sys.platform != "linux":
        with contextlib.suppress(psutil.Error):
            return psutil.Process(top).children(recursive=True)
        return []
    found = []  # psutil would look at every process of the machine
    for pid in patience.family(top)[1:]:
        with contextlib.suppress(psutil.Error, ValueError):
            found.append(psutil.Process(pid))
    return found


def _number_of_threads(process: psutil.Process) -> int:
    try:
        return process.num_threads()
    except psutil.Error:
        return 0


def _memory(process: psutil.Process, what: str, kind: str) -> int:
    try:
        return getattr(getattr(process, what)(), kind)
    except (psutil.Error, ValueError):  # it has just ended
        return 0


def start(
    limits: Limits,
    files: Mapping[str, bytes] | None = None,
    forbidden: tuple[str, ...] = (),
    begin: Callable[..., Program] = OfItsOwn,
    fonts: Mapping[str, bytes] | None = None,
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
    begin
        Makes the process, like `OfItsOwn`.
    fonts
        Matplotlib's list of them, if it is known.

    Raises
    ------
    CourseError
        If there is no bubblewrap, it does not work here, or there is no room.
    """
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as passed:
        try:
            folder = Path(tempfile.mkdtemp(prefix=PREFIX))
            undo.callback(shutil.rmtree, folder, ignore_errors=True)
            in_use = undo.enter_context(_Lock(folder))
            work = folder / "work"
            work.mkdir()
            ours, theirs = socket.socketpair()
            undo.enter_context(ours)
            passed.enter_context(theirs)
            fds = [theirs.fileno()]
            for channel in CHANNELS:
                listening = passed.enter_context(socket.socket(socket.AF_UNIX))
                listening.bind(str(folder / channel))
                listening.listen(4)
                fds.append(listening.fileno())
            program = begin(fds, limits, work, forbidden)
        except OSError as error:
            raise CourseError(f"The candidate's kernel cannot be started: {error}") from None
        undo.pop_all()
    key = secrets.token_hex(16).encode()
    addresses = {channel: f"ipc://{folder / channel}" for channel in CHANNELS}
    sandbox = Sandbox(program, ours, addresses, key, folder, in_use, limits)
    if fonts is None:
        fonts = font_list() if limits.sandbox else {}
    hello = {
        "key": key,
        "limits": _limits_of_a_process(limits),
        "closed": limits.sandbox,  # to the system calls that nobody needs
        "files": [*(files or {}).items(), *fonts.items()],
    }
    with contextlib.suppress(OSError):  # it has ended already, which whoever waits for it sees
        ours.sendall(wire.write(hello))
    return sandbox


class _Lock(contextlib.closing):
    """Locks a folder until it is closed, or the process ends."""

    def __init__(self, folder: Path) -> None:
        import fcntl  # which Windows does not have

        super().__init__(self)
        self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise

    def close(self) -> None:
        os.close(self._fd)


def remove_what_was_left() -> None:
    """End and remove what processes left that were killed before they could do it themselves.

    A bubblewrap whose parent is killed while it makes its namespaces waits for ever: it has not yet
    asked to die with it.
    """
    for process in psutil.process_iter(["ppid", "cmdline", "create_time"]):
        about = process.info
        program, *options = about["cmdline"] or [""]
        ours = Path(program).name == "bwrap" and bubblewrap.COURSE in options
        if ours and about["ppid"] == 1 and time.time() - about["create_time"] > YOUNG:
            with contextlib.suppress(psutil.Error):
                process.kill()
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = folder.lstat()
            if about.st_uid == os.geteuid() and time.time() - about.st_mtime > YOUNG:
                with _Lock(folder):
                    shutil.rmtree(folder, ignore_errors=True)


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


def environment(limits: Limits, home: Path) -> dict[str, str]:
    """All that the kernel's environment holds: nothing of the instructor's."""
    inside = limits.sandbox
    return {
        "PATH": "/usr/bin:/bin" if inside else f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/home/student" if inside else str(home),
        "USER": "student",
        "NBGRADER_EXECUTION": "autograde",  # by which a notebook can tell, as with nbgrader
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
def font_list() -> dict[str, bytes]:
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
        env=environment(limits, Path("/")),
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
    font_list()
