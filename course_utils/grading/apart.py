"""Examine each submission in a process of its own, which is forked from one that is warm.

Importing torch for the checks takes longer than grading, so a process imports it once and forks
for each submission: nothing that one submission leaves behind is there for the next.
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
from collections.abc import Mapping
from multiprocessing.connection import Connection, Pipe, wait

from nbformat import NotebookNode

from course_utils.grading.examine import ExamResult, examine
from course_utils.grading.rebuild import role
from course_utils.grading.sandbox import PACKAGE, Limits

MARGIN = 120  # seconds beyond the submission's own limit, for the checks themselves
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class ExaminerDied(Exception):
    """The examining process ended without a result; the text says how."""


class Examiner:
    """A warm process that examines one submission after the other."""

    def __init__(self) -> None:
        self._process = self._connection = None

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
        if self._process is None or self._process.poll() is not None:
            self._start()
        try:
            self._connection.send((submission, master, limits, dict(files or {})))
            if not self._connection.poll(limits.total_seconds + MARGIN):
                raise ExaminerDied("the examiner did not come to an end")
            result = self._connection.recv()
        except (EOFError, OSError) as error:
            self.close()
            raise ExaminerDied(f"the examiner ended: {error}") from None
        except ExaminerDied:
            self.close()
            raise
        if isinstance(result, BaseException):
            raise result
        return result

    def _start(self) -> None:
        self.close()
        self._connection, theirs = Pipe()
        code = "from course_utils.grading.apart import serve; serve()"
        paths = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ
            | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=True,  # an interrupt from the keyboard is the parent's business
        )
        theirs.close()

    def close(self) -> None:
        """End the process; a running examination ends with it."""
        if self._process is not None:
            self._connection.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None


def serve() -> None:
    """Examine what comes, until the other side closes."""
    connection = Connection(int(sys.argv[1]))
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        _import_what_is_given(task[1])
        connection.send(_in_a_fork(task, connection))


def _import_what_is_given(master: NotebookNode) -> None:
    """Import here what every fork would import again: what the read-only cells do."""
    for cell in master.cells:
        if role(cell) != "given" or cell.cell_type != "code":
            continue
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                else:
                    continue
                for name in names:
                    with contextlib.suppress(Exception):  # a name need not be a module
                        importlib.import_module(name)


def _in_a_fork(task: tuple, connection: Connection) -> ExamResult | BaseException:
    """Examine in a child and return what it sends; end it when the other side goes away."""
    ours, theirs = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        _be_the_child(theirs, task)
    theirs.close()
    try:
        if connection in wait([ours, connection]) and not ours.poll():
            os.kill(child, signal.SIGKILL)  # nobody waits for the result any more
        result = ours.recv()
    except (EOFError, OSError):
        result = None
    _, status = os.waitpid(child, 0)
    ours.close()
    if result is None:
        return ExaminerDied(f"the examiner ended with status {os.waitstatus_to_exitcode(status)}")
    return result


def _be_the_child(connection: Connection, task: tuple) -> None:
    """Examine, send the result, and leave without running anything else."""
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
        submission, master, limits, files = task
        room = 12 * limits.reply + (2 << 30)  # a giant answer must not take the machine with it
        resource.setrlimit(resource.RLIMIT_DATA, (room, room))
        try:
            result = examine(submission, master, limits, files)
        except BaseException as error:
            result = error
        try:
            connection.send(result)
        except Exception as error:
            connection.send(ExaminerDied(f"the result cannot be sent: {error}"))
    finally:
        os._exit(0)
