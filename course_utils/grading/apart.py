"""Examine each submission in a process of its own, which is forked from one that is warm.

Importing torch for the checks takes longer than grading, so one process imports it once and forks
for each submission: nothing that one submission leaves behind is there for the next, but for the
names of modules that its checks were the first to need, which the warm process then imports too.
It also keeps the templates that kernels are forked from (see `template`), and computes, once, what
the tests of an assignment compare with (see `ahead`).
"""

import ast
import contextlib
import ctypes
import functools
import gc
import importlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import reduction
from multiprocessing.connection import Connection, Pipe

from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.grading import ahead, names, patience, sandbox, template
from course_utils.grading.beside import remove_folder_of
from course_utils.grading.bubblewrap import PACKAGE
from course_utils.grading.examine import examine
from course_utils.grading.sandbox import Limits
from course_utils.grading.template import Templates
from course_utils.grading.verdicts import ExamResult

MARGIN = 120  # seconds beyond the submission's own limit, for the checks themselves
LOOK = 5.0  # seconds between looks at what the child has computed
CHECKS = "course_utils.checks"  # which the kernel does not have
BY_THE_FIRST_OPTIMISER = "torch._dynamo"  # imported when it is made, which takes a second
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class ExaminerDied(Exception):
    """The examining process ended without a result; the text says how."""


class TemplateDied(Exception):
    """The template that the kernel was forked from has ended, and the kernel with it."""


class Examiner:
    """A warm process that examines submissions, several at a time if several threads ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = self._control = None
        self._needed: set[str] = set()

    def examine(
        self,
        submission: bytes | str,
        master: NotebookNode,
        limits: Limits,
        files: Mapping[str, bytes] | None = None,
        own_files: Mapping[str, bytes] | None = None,
    ) -> ExamResult:
        """As `examine.examine`, in a fresh process.

        Raises
        ------
        ExaminerDied
            If that process crashes or takes far longer than the limits allow.
        Exception
            Whatever `examine.examine` raises.
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
        child, (ours, theirs) = 0, Pipe()
        with ours:
            try:
                with self._lock, theirs:
                    self._start()
                    self._control.send(self._wanted(master, limits, own_files))
                    reduction.send_handle(self._control, theirs.fileno(), self._process.pid)
                child = ours.recv()
                ours.send((submission, master, limits, files, own_files))
                if not _comes_to_an_end(ours, child, limits.total_seconds + MARGIN):
                    os.kill(child, signal.SIGKILL)
                    raise ExaminerDied("the examiner did not come to an end")
                result, needed = ours.recv()
                self._needed.update(needed)
            except (EOFError, OSError):
                raise ExaminerDied("the examiner ended without a result") from None
            finally:
                remove_folder_of(child)  # it is still there if the child was killed
        if isinstance(result, BaseException):
            raise result
        return result

    def _wanted(self, master: NotebookNode, limits: Limits, own_files: Mapping) -> dict:
        """What a fork is to find: modules of the examiner's, and a template with the kernel's.

        Those that lie beside the notebook are for each submission to import by itself.
        """
        beside = {name.partition("/")[0].removesuffix(".py") for name in own_files}
        code = names.code_of(master)
        given, kernels = (
            [n for n in _imports(code, roles) if n.partition(".")[0] not in beside]
            for roles in (("given",), ("given", ""))
        )
        kernels = [name for name in kernels if not _is_of_checks(name)]
        if any(name.partition(".")[0] == "torch" for name in kernels):
            kernels.append(BY_THE_FIRST_OPTIMISER)
        forbidden = tuple(master.metadata.get("convnet", {}).get("forbidden", ()))
        return {
            "modules": sorted(self._needed.union(given)),
            "code": code,
            "warm": limits.sandbox and not limits.cold,
            "template": (tuple(dict.fromkeys(kernels)), forbidden),
        }

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


def _comes_to_an_end(connection: Connection, child: int, seconds: float) -> bool:
    """Whether a result comes before the child itself has computed too long, or by the clock."""
    latest = time.monotonic() + patience.PRECAUTION * seconds
    while not connection.poll(min(seconds, LOOK)):
        if time.monotonic() > latest or patience.own_seconds(child) > seconds:
            return False
    return True


@functools.lru_cache(maxsize=32)  # the same for a whole class
def _imports(code: names.Code, roles: tuple[str, ...]) -> list[str]:
    """Modules that every fork would import again: what cells of these roles import."""
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


def serve() -> None:
    """Fork a child for each connection that comes, until the other side closes."""
    sandbox.remove_what_was_left()
    tried, known, templates = set(), set(), Templates()
    with Connection(int(sys.argv[1])) as control, contextlib.closing(templates):
        while True:
            try:
                wanted = control.recv()
                handle = reduction.recv_handle(control)
            except (EOFError, OSError):
                return
            # It imports beside this process.
            chosen = templates.start(*wanted["template"]) if wanted["warm"] else None
            imported = set(wanted["modules"]) - tried
            for name in imported:
                with contextlib.suppress(Exception):  # a name that is imported may be no module
                    importlib.import_module(name)
            tried.update(wanted["modules"])
            asked = ahead.questions(wanted["code"])
            ahead.remember([question for question in asked if question not in known])
            known.update(asked)
            names.plan_of(wanted["code"])  # which is kept for all forks
            template.choose(templates.wait(chosen))
            if template.chosen is None:
                with contextlib.suppress(CourseError):  # which each examination will tell
                    sandbox.prepare()
            if imported:  # looking for garbage would copy the pages that all forks share
                gc.collect()
                gc.freeze()
            if os.fork() == 0:
                control.close()
                _be_the_child(Connection(handle))
            os.close(handle)
            with contextlib.suppress(ChildProcessError):  # children that have ended leave the table
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _be_the_child(connection: Connection) -> None:
    """Examine, send the result, and leave without running anything else."""
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
        connection.send(os.getpid())
        submission, master, limits, *files = connection.recv()
        room = 12 * limits.reply + (2 << 30)  # a giant answer must not take the machine with it
        resource.setrlimit(resource.RLIMIT_DATA, (room, room))
        if limits.sandbox:
            from course_utils.grading import seccomp  # which only Linux has

            seccomp.close(nesting=True)  # a kernel may still have to be started in a sandbox
        before = set(sys.modules)
        try:
            result = examine(submission, master, limits, *files)
        except BaseException as error:
            result = error
        if template.lost():
            result = TemplateDied()
        needed = sys.modules.keys() - before
        try:
            connection.send((result, needed))
        except Exception as error:
            connection.send((ExaminerDied(f"the result cannot be sent: {error}"), needed))
    finally:
        os._exit(0)
