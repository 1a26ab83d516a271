"""Examine each submission in a process of its own, which is forked from one that is warm.

Importing torch for the checks takes longer than grading, so one process imports it once and forks
for each submission: nothing that one submission leaves behind is there for the next. That process
is in a box, and each fork in one of its own (see `boxed`). Out here kernels are started for them
(`errands`), forked from templates that this process keeps, and what they tell is read strictly
(`results`).
"""

import ast
import contextlib
import functools
import os
import select
import signal
import site
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import reduction
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_utils.grading import boxed, bubblewrap, errands, names, patience, results, sandbox
from course_utils.grading.beside import remove_folder_of
from course_utils.grading.bubblewrap import PACKAGE
from course_utils.grading.sandbox import MB, Limits
from course_utils.grading.template import Template, Templates
from course_utils.grading.verdicts import ExamResult

MARGIN = 120  # seconds beyond the submission's own limit, for the checks themselves
LOOK = 1.0  # seconds between looks at what the examiner uses
CHECKS = "course_utils.checks"  # which the kernel does not have
BY_THE_FIRST_OPTIMISER = "torch._dynamo"  # imported when it is made, which takes a second
START = f"{sandbox.QUICKLY} from course_utils.grading.boxed import main; main()"
DISK = 64 * MB  # of the warm process, which writes hardly anything
END_SECONDS = 10.0  # in which what was killed is gone, however busy the machine
PIECE = 1 << 20  # bytes that are read at once
CREDENTIALS = struct.Struct("3i")  # SCM_CREDENTIALS of unix(7): process, user, group
ALONE = "Each submission starts an examiner of its own, which takes a few seconds longer"


class ExaminerDied(Exception):
    """The examining process ended without a result; the text says how."""


class TemplateDied(Exception):
    """The template that the kernel was forked from has ended, and the kernel with it."""


class Examiner:
    """A warm process that examines submissions, several at a time if several threads ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warm: dict[str, _Warm] = {}
        # What bubblewrap starts ends with the thread that started it: this one lives as long.
        self._starter = ThreadPoolExecutor(1, "starter")
        self._templates = Templates(lambda *about: self._lasting(Template, *about))
        self._alone = False

    def examine(
        self,
        submission: bytes | str,
        master: NotebookNode,
        limits: Limits,
        files: Mapping[str, bytes] | None = None,
        own_files: Mapping[str, bytes] | None = None,
    ) -> ExamResult:
        """As `examine.examine`, in a fresh process, which is in a box if the limits say sandbox.

        Raises
        ------
        ExaminerDied
            If that process crashes or takes far longer than the limits allow.
        results.Forged
            If it tells what is no result.
        results.Failed, CourseError
            If `examine.examine` raised.
        """
        given = submission, master, dict(files or {}), dict(own_files or {})
        try:
            return self._examine(limits, *given)
        except TemplateDied:
            return self._examine(replace(limits, cold=True), *given)

    def _examine(
        self,
        limits: Limits,
        submission: bytes | str,
        master: NotebookNode,
        files: dict,
        own_files: dict,
    ) -> ExamResult:
        wanted = _wanted(master, limits, own_files)
        modules, forbidden = wanted["template"]
        with contextlib.ExitStack() as stack:
            ours, theirs = socket.socketpair()
            asked, asking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for each in (ours, asked):
                stack.enter_context(each)
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with self._lock, theirs, asking:
                # It imports beside the warm process.
                chosen = self._templates.start(modules, forbidden) if wanted["warm"] else None
                try:
                    warm = self._ready(limits, stack)
                    warm.fork(wanted, theirs, asking)
                except (EOFError, OSError):
                    if limits.sandbox:
                        bubblewrap.require()  # or tell why not
                    raise ExaminerDied("the examiner cannot be started") from None
                chosen = self._templates.wait(chosen)
                if chosen is not None:
                    stack.enter_context(chosen.used())
            fonts = {}
            if limits.sandbox:
                fonts = chosen.fonts if chosen else _fonts()
            about = limits, forbidden, files.keys(), chosen
            with contextlib.closing(errands.Errands(asked, *about)) as outside:
                given = submission, master, limits, files, own_files, fonts
                told = _Examination(ours, outside, limits).run(given)
                if outside.lost:
                    raise TemplateDied
        if not told:
            raise ExaminerDied("the examiner ended without a result")
        return results.read(told, master)

    def _ready(self, limits: Limits, stack: contextlib.ExitStack) -> "_Warm":
        """The warm process; where it cannot make boxes, one that ends with the stack."""
        way = boxed.BOXED if limits.sandbox else boxed.OPEN
        if way == boxed.BOXED and not self._alone:
            warm = self._kept(way)
            if not warm.why_not:
                return warm
            self._alone = True
            self._warm.pop(way).close()
            print(f"{ALONE}: {warm.why_not}. Grades are the same.", file=sys.stderr, flush=True)
        if way == boxed.BOXED:
            return stack.enter_context(contextlib.closing(self._lasting(_Warm, boxed.ALONE)))
        return self._kept(way)

    def _kept(self, way: str) -> "_Warm":
        if way not in self._warm or self._warm[way].process.poll() is not None:
            self._warm[way] = self._lasting(_Warm, way)
        return self._warm[way]

    def _lasting(self, make: Callable, *about: Any) -> Any:
        return self._starter.submit(make, *about).result()

    def close(self) -> None:
        """End all processes, and with them every examination that is under way."""
        for warm in self._warm.values():
            warm.close()
        self._warm.clear()
        self._templates.close()
        self._starter.shutdown()


class _Warm:
    """The process that examiners are forked from, see `boxed`."""

    def __init__(self, way: str) -> None:
        sandbox.remove_what_was_left()
        self.control, theirs = Pipe()
        python = [sys.executable, "-c", START, str(theirs.fileno()), way]
        user: dict = {}
        if way == boxed.OPEN:
            own = os.environ.get("PYTHONPATH", "")
            environment = os.environ | _environment(str(PACKAGE.parent), own)
        else:
            python, user = bubblewrap.command(
                python, DISK, nested=way == boxed.BOXED, examiner=True
            )
            environment = sandbox.environment(Limits(), Path("/"))
            del environment["PYTHONHASHSEED"]
            environment |= _environment(bubblewrap.PLACE, *bubblewrap.named_folders())
            environment |= {
                "MPLBACKEND": "agg",
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "PYTHONUSERBASE": site.getuserbase(),
                "USER": "examiner",
            }
        with theirs:
            self.process = subprocess.Popen(
                python,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=None if way == boxed.OPEN else "/",
                start_new_session=True,  # an interrupt from the keyboard is the parent's business
                **user,
            )

    @functools.cached_property
    def why_not(self) -> str:
        """Why no fork of it can have a box of its own; empty if it can."""
        return self.control.recv()

    def fork(self, wanted: dict, *passed: socket.socket) -> None:
        """Have an examiner forked, to whom these sockets are passed."""
        _ = self.why_not
        self.control.send(wanted)
        for each in passed:
            reduction.send_handle(self.control, each.fileno(), self.process.pid)

    def close(self) -> None:
        """End it, and with it all that it has forked."""
        self.control.close()
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class _Examination:
    """One submission, seen from outside.

    Parameters
    ----------
    connection
        With the examiner.
    outside
        Does what it asks for.
    limits
        Of the submission.
    """

    def __init__(self, connection: socket.socket, outside: errands.Errands, limits: Limits) -> None:
        self.connection, self.outside, self.limits = connection, outside, limits

    def run(self, given: tuple) -> bytes:
        """Give it the submission; what it tells until its end, which may be nothing.

        Raises
        ------
        ExaminerDied
            If it has to be ended.
        """
        process = _sender(self.connection)
        if process is None:
            return b""
        try:
            end = os.pidfd_open(process)  # since its number may become another's
        except ProcessLookupError:
            return b""
        try:
            with contextlib.suppress(OSError), Connection(os.dup(self.connection.fileno())) as to:
                to.send(given)
            return self._told(process)
        except errands.Misused as why:
            raise ExaminerDied(f"the examiner was stopped: {why}") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(end, signal.SIGKILL)
            select.select([end], [], [], END_SECONDS)
            os.close(end)
            if not self.limits.sandbox:
                remove_folder_of(process)  # it is still there if it was killed

    def _told(self, process: int) -> bytes:
        """All that it tells."""
        told, seconds = bytearray(), self.limits.total_seconds + MARGIN
        latest = time.monotonic() + patience.PRECAUTION * seconds
        look_at = time.monotonic() + LOOK
        waiting = select.poll()
        for each in (self.connection, self.outside.connection):
            waiting.register(each, select.POLLIN)
        while True:
            ready = {fd for fd, _ in waiting.poll(LOOK * 1000)}
            if self.outside.connection.fileno() in ready and not self.outside.run():
                waiting.unregister(self.outside.connection)
            if self.connection.fileno() in ready:
                with contextlib.suppress(ConnectionResetError):
                    if piece := self.connection.recv(PIECE):
                        told += piece
                        if len(told) > results.MAX_BYTES:
                            raise ExaminerDied("the examiner told too much")
                        continue
                return bytes(told)
            if time.monotonic() > look_at:
                look_at = time.monotonic() + LOOK
                if time.monotonic() > latest or patience.own_seconds(process) > seconds:
                    raise ExaminerDied("the examiner did not come to an end")
                if why := self._overuse(process):
                    raise ExaminerDied(f"the examiner used {why}")

    def _overuse(self, process: int) -> str:
        """What programs that tests have started use too much of; Linux bounds the examiner."""
        if not self.limits.sandbox or len(patience.family(process)) == 1:
            return ""
        limits = replace(self.limits, memory=boxed.room_of(self.limits))
        return sandbox.Watch(process, limits).overuse()


def _sender(connection: socket.socket) -> int | None:
    """Number of the process that sends the first byte, as Linux knows it; None if none does."""
    try:
        said, about, *_ = connection.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
    except OSError:
        return None
    told = [data for _, kind, data in about if kind == socket.SCM_CREDENTIALS]
    return CREDENTIALS.unpack(told[0])[0] if said and told else None


def _fonts() -> dict[str, bytes]:
    sandbox.prepare()
    return sandbox.font_list()


def _environment(package: str, *more: str) -> dict[str, str]:
    """Where modules are found. One thread and no other device: autograd cannot be forked once it
    has threads of its own."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    paths = os.pathsep.join(filter(None, [package, *more]))
    return {**single, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": paths}


def _wanted(master: NotebookNode, limits: Limits, own_files: Mapping) -> dict:
    """What a fork is to find: modules of the examiner's, and a template with the kernel's.

    Those that lie beside the notebook are for each submission to import by itself.
    """
    beside = {name.partition("/")[0].removesuffix(".py") for name in own_files}
    code = names.code_of(master)
    all_, kernels = (
        [n for n in _imports(code, roles) if n.partition(".")[0] not in beside]
        for roles in (tuple(dict(code)), ("given", ""))
    )
    kernels = [name for name in kernels if not _is_of_checks(name)]
    if any(name.partition(".")[0] == "torch" for name in kernels):
        kernels.append(BY_THE_FIRST_OPTIMISER)
    forbidden = tuple(master.metadata.get("convnet", {}).get("forbidden", ()))
    return {
        "modules": sorted(set(all_)),
        "code": code,
        "warm": limits.sandbox and not limits.cold,
        "template": (tuple(dict.fromkeys(kernels)), forbidden),
    }


@functools.lru_cache(maxsize=32)  # the same for a whole class
def _imports(code: names.Code, roles: tuple[str, ...]) -> list[str]:
    """Modules that cells of these roles import, which every fork would import again."""
    found = []
    for role, source in code:
        if role not in roles:
            continue
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Import):
                    found += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return found


def _is_of_checks(name: str) -> bool:
    return name == CHECKS or name.startswith(f"{CHECKS}.")
