"""Examine each submission in a process of its own, which is forked from one that is warm.

Importing torch for the checks takes longer than grading, so one process imports it once and forks
for each submission: nothing that one submission leaves behind is there for the next, but for the
names of modules that its checks were the first to need, which the warm process then imports too. It
also computes, once, what the tests of an assignment compare with.
"""

import ast
import contextlib
import ctypes
import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from multiprocessing import reduction
from multiprocessing.connection import Connection, Pipe

from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.grading import ahead, sandbox
from course_utils.grading.bubblewrap import PACKAGE
from course_utils.grading.examine import examine
from course_utils.grading.rebuild import role
from course_utils.grading.sandbox import Limits
from course_utils.grading.verdicts import ExamResult

MARGIN = 120  # seconds beyond the submission's own limit, for the checks themselves
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class ExaminerDied(Exception):
    """The examining process ended without a result; the text says how."""


class Examiner:
    """A warm process that examines submissions, several at a time if several threads ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = self._control = None
        self._needed: set[str] = set()

    def examine(
        self,
        submission: bytes,
        master: NotebookNode,
        limits: Limits,
        files: Mapping[str, bytes] | None = None,
    ) -> ExamResult:
        """As `examine.examine`, in a fresh process.

        Raises
        ------
        ExaminerDied
            If that process crashes or takes far longer than the limits allow.
        Exception
            Whatever `examine.examine` raises.
        """
        ours, theirs = Pipe()
        with ours:
            try:
                with self._lock, theirs:
                    self._start()
                    modules = sorted(self._needed.union(_imports(master)))
                    self._control.send((modules, ahead.questions(master)))
                    reduction.send_handle(self._control, theirs.fileno(), self._process.pid)
                child = ours.recv()
                ours.send((submission, master, limits, dict(files or {})))
                if not ours.poll(limits.total_seconds + MARGIN):
                    os.kill(child, signal.SIGKILL)
                    raise ExaminerDied("the examiner did not come to an end")
                result, needed = ours.recv()
                self._needed.update(needed)
            except (EOFError, OSError):
                raise ExaminerDied("the examiner ended without a result") from None
        if isinstance(result, BaseException):
            raise result
        return result

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._control, theirs = Pipe()
        code = "from course_utils.grading.apart import serve; serve()"
        paths = filter(None, [str(PACKAGE.parent), os.environ.get("PYTHONPATH")])
        # One thread and no other device: autograd cannot be forked once it has threads of its own.
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        own = {**single, "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": os.pathsep.join(paths)}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | own,
                start_new_session=True,  # an interrupt from the keyboard is the parent's business
            )

    def close(self) -> None:
        """End the process, and with it every examination that is under way."""
        if self._process is not None:
            self._control.close()
            self._process.wait()
            self._process = None


def _imports(master: NotebookNode) -> Iterator[str]:
    """Modules that every fork would import again: what the read-only cells import."""
    for cell in master.cells:
        if role(cell) != "given" or cell.cell_type != "code":
            continue
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module
                    yield from (f"{node.module}.{alias.name}" for alias in node.names)


def serve() -> None:
    """Fork a child for each connection that comes, until the other side closes."""
    tried, known, preparing = set(), set(), threading.Thread(target=_prepare)
    preparing.start()  # beside the first imports
    with Connection(int(sys.argv[1])) as control:
        while True:
            try:
                modules, asked = control.recv()
                handle = reduction.recv_handle(control)
            except (EOFError, OSError):
                return
            for name in filter(lambda name: name not in tried, modules):
                with contextlib.suppress(Exception):  # a name that is imported may be no module
                    importlib.import_module(name)
            ahead.remember([question for question in asked if question not in known])
            tried.update(modules)
            known.update(asked)
            preparing.join()
            if os.fork() == 0:
                control.close()
                _be_the_child(Connection(handle))
            os.close(handle)
            with contextlib.suppress(ChildProcessError):  # children that have ended leave the table
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _prepare() -> None:
    with contextlib.suppress(CourseError):  # which each examination will tell
        sandbox.prepare()


def _be_the_child(connection: Connection) -> None:
    """Examine, send the result, and leave without running anything else."""
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
        connection.send(os.getpid())
        submission, master, limits, files = connection.recv()
        room = 12 * limits.reply + (2 << 30)  # a giant answer must not take the machine with it
        resource.setrlimit(resource.RLIMIT_DATA, (room, room))
        before = set(sys.modules)
        try:
            result = examine(submission, master, limits, files)
        except BaseException as error:
            result = error
        needed = sys.modules.keys() - before
        try:
            connection.send((result, needed))
        except Exception as error:
            connection.send((ExaminerDied(f"the result cannot be sent: {error}"), needed))
    finally:
        os._exit(0)
