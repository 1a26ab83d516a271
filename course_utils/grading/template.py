"""Warm kernels: a template in a sandbox has imported everything, and forks one for each submission.

What happens in the sandbox is in `warm` and `nest`. Where that is not possible, and where a
submission would notice, its kernel starts in a sandbox of its own.
"""

import collections
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, nest, sandbox, wire
from course_utils.grading.sandbox import MB, START_SECONDS, Limits, Sandbox

START = f"{sandbox.QUICKLY} from course_utils.grading.warm import main; main()"
ALWAYS = ("matplotlib.font_manager",)  # most notebooks draw, and it makes the list of fonts
MESSAGE = 1024  # bytes of what it says to a request
DISK = 64 * MB  # of the template itself, which writes that list
FIRST_ANSWER = 256 * MB
STARTS = 3  # of one that ends again and again
KEPT = 4  # templates, each of the memory of torch
COLD_START = "Each submission starts a kernel of its own, which takes a second or two longer"
END_SECONDS = 10.0  # in which what was killed is gone, however busy the machine


class NotWarm(Exception):
    """No kernel can be forked; the text says why."""


class Template:
    """A process in a sandbox that waits to be forked; it begins to import at once.

    The thread that makes it must live as long as it is used: bubblewrap ends with that thread.

    Parameters
    ----------
    modules
        What it imports, as far as they exist.
    forbidden
        Packages that are not there.

    Raises
    ------
    CourseError
        If there is no bubblewrap.
    """

    def __init__(self, modules: Iterable[str], forbidden: tuple[str, ...] = ()) -> None:
        self.forbidden = forbidden
        self.forked = False  # whether by this process
        self._lock, self._users, self._left = threading.Lock(), 0, False
        self.modules: frozenset[str] = frozenset()
        self.fonts: dict[str, bytes] = {}
        # Each request is one message, so that many processes can ask on the same connection.
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._telling, telling = socket.socketpair()
        about = {"modules": [*ALWAYS, *modules], "forbidden": forbidden}
        with control, telling:
            fds = [control.fileno(), telling.fileno()]
            python = [sys.executable, "-c", START, *map(str, fds), json.dumps(about)]
            command, user = bubblewrap.command(python, DISK, forbidden, nested=True)
            self._process = subprocess.Popen(
                command,
                pass_fds=fds,
                env=sandbox.environment(Limits(), Path("/")),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **user,
            )

    def wait(self) -> None:
        """Wait until it has imported everything.

        Raises
        ------
        NotWarm
            If it ends instead, or cannot fork kernels on this machine.
        """
        if self._telling.fileno() == -1:
            return
        reader = wire.Reader(FIRST_ANSWER)
        with self._telling:
            self._telling.settimeout(START_SECONDS)
            try:
                while (told := reader.feed(self._telling)) is None:
                    pass
            except (OSError, wire.WireError):
                raise NotWarm("the process that imports modules for all has ended") from None
        if "cannot" in told:
            raise NotWarm(told["cannot"])
        self.modules, self.fonts = frozenset(told["modules"]), told["fonts"]

    @property
    def alive(self) -> bool:
        """Whether it still listens; also in a process that was forked since."""
        try:
            return bool(self._control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def has_ended(self) -> bool:
        """Whether its process is gone, as seen by the process that made it."""
        return self._process.poll() is not None

    def suits(self, files: Iterable[str]) -> bool:
        """Whether no file is called like a module that is imported already.

        In a notebook that finds its own files first, such a file would take the module's place.
        """
        names = {Path(name).parts[0].partition(".")[0] for name in files if Path(name).parts}
        return not names & self.modules

    def fork(self, fds: list[int], limits: Limits, *_: object) -> "Forked":
        """Start a kernel on these file descriptors; a `begin` of `sandbox.start`.

        Raises
        ------
        NotWarm
            If none was started.
        """
        reading, errors = os.pipe()
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.enter_context(ours)
            undo.callback(os.close, reading)
            try:
                with theirs:
                    message = json.dumps({"disk": limits.disk}).encode()
                    socket.send_fds(self._control, [message], [theirs.fileno(), errors, *fds])
                ours.settimeout(START_SECONDS)
                said, ends = nest.receive(ours, MESSAGE, len(Forked.ENDS))
            except OSError as error:
                raise NotWarm(f"the template does not answer: {error}") from None
            finally:
                os.close(errors)
            if len(ends) != len(Forked.ENDS):
                raise NotWarm(said.decode(errors="replace") or "the template has ended")
            undo.pop_all()
        self.forked = True
        return Forked(ours, ends, os.fdopen(reading, "rb"), limits)

    @contextlib.contextmanager
    def used(self) -> Iterator[None]:
        """Need it in this block, whatever others do."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._left and not self._users:
                    self._hang_up()

    def leave(self) -> None:
        """Need it no more: it ends with the last one that uses it."""
        with self._lock:
            self._left = True
            if not self._users:
                self._hang_up()

    def _hang_up(self) -> None:
        self._control.close()
        self._telling.close()

    def close(self) -> None:
        """End it, and with it every kernel that it has forked."""
        self._hang_up()
        if not self.has_ended():
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Templates:
    """Those that a process keeps, one for each set of modules and of forbidden packages.

    Parameters
    ----------
    make
        Makes a `Template`.
    """

    def __init__(self, make: Callable[..., Template] | None = None) -> None:
        self._make = make or Template
        self._kept: dict[tuple, Template] = {}
        self._left: list[Template] = []
        self._starts = collections.Counter()
        self._told = False

    def start(self, modules: tuple[str, ...], forbidden: tuple[str, ...]) -> Template | None:
        """One that has begun, made in the thread that lives longest; none if there can be none."""
        key = modules, forbidden
        template = self._kept.pop(key, None)
        if template is not None and not template.alive:
            template.close()
            template = None
        if template is None and self._starts[key] < STARTS:
            self._starts[key] += 1
            try:
                template = self._make(modules, forbidden)
            except (CourseError, OSError) as error:
                self._tell(str(error))
        elif template is None:
            self._tell("the process that they are forked from has ended too often")
        if template is not None:
            self._kept[key] = template  # the last one
            self._leave_out()
        return template

    def wait(self, template: Template | None) -> Template | None:
        """The same one once it can be forked; none if it cannot, which is told once."""
        try:
            if template is not None:
                template.wait()
            return template
        except NotWarm as why:
            self._tell(str(why))
            template.close()
            for key in [key for key, kept in self._kept.items() if kept is template]:
                del self._kept[key]
                self._starts[key] = STARTS
            return None

    def _leave_out(self) -> None:
        """Need no more than a few at a time; the others end with their last submission."""
        self._left = [template for template in self._left if not template.has_ended()]
        while len(self._kept) > KEPT:
            key = next(iter(self._kept))
            template = self._kept.pop(key)
            self._starts[key] -= 1  # it has not ended by itself
            template.leave()
            self._left.append(template)

    @property
    def all(self) -> list[Template]:
        """Those that may still run."""
        return [*self._kept.values(), *self._left]

    def _tell(self, why: str) -> None:
        if not self._told:
            self._told = True
            print(f"{COLD_START}: {why}. Grades are the same.", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End all."""
        for template in self.all:
            template.close()
        self._kept.clear()
        self._left.clear()


chosen: Template | None = None
elsewhere: Callable[..., Sandbox] | None = None  # starts kernels where this process cannot


def choose(template: Template | None) -> None:
    """Fork it for whatever is started in this process from now on."""
    global chosen
    chosen = template


def start(
    limits: Limits, files: Mapping[str, bytes] | None = None, forbidden: tuple[str, ...] = ()
) -> Sandbox:
    """As `sandbox.start`, by a fork of the chosen template if that comes to the same."""
    if elsewhere is not None:
        return elsewhere(limits, files, forbidden)
    template = chosen
    warm = limits.sandbox and not limits.cold and template is not None
    if warm and template.forbidden == forbidden and template.suits(files or ()):
        with contextlib.suppress(NotWarm):
            return sandbox.start(limits, files, forbidden, template.fork, template.fonts)
    return sandbox.start(limits, files, forbidden)


class Forked:
    """A kernel that a template has forked.

    Parameters
    ----------
    lifeline
        At whose end its keeper ends the kernel.
    ends
        For the keeper, the first process of the kernel's namespaces, and the kernel.
    errors
        What the kernel says before it comes up.
    limits
        What it may use.
    """

    ENDS = ("keeper", "first", "kernel")

    def __init__(
        self, lifeline: socket.socket, ends: list[int], errors: BinaryIO, limits: Limits
    ) -> None:
        self.errors = errors
        self._lifeline = lifeline
        self._keeper, self._first, self.ended = ends
        self.top = number_of(self._keeper)
        self.watch = sandbox.Watch(self.top, limits)

    def end(self) -> None:
        """Kill the first process, with which all others end, and wait for that."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)
        self._lifeline.close()
        for end in (self._first, self._keeper, self.ended):
            select.select([end], [], [], END_SECONDS)
            os.close(end)


def number_of(pidfd: int) -> int:
    """Of the process that a file descriptor stands for; -1 if it has ended."""
    about = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    return next(int(line.split()[1]) for line in about.splitlines() if line.startswith("Pid:"))
