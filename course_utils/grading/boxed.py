"""The examiner's side of its box: a warm process, and a fork of it for each submission.

The warm process imports what tests need and computes what they compare with; nothing of a
submission ever reaches it. A fork reads what a hostile kernel sends. So it has no network, nothing
to write but small folders in memory, no process to see but its own, and no rights; bytes come in,
and a result goes out, of which `results` believes nothing but its form.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
from multiprocessing import reduction
from multiprocessing.connection import Connection

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.errors import CourseError
from course_utils.grading import ahead, beside, errands, names, nest, results, template
from course_utils.grading.examine import examine
from course_utils.grading.sandbox import Limits

BOXED, ALONE, OPEN = "boxed", "alone", "open"  # ways: see `main`
DISK = 64 << 20  # bytes that tests may write, beside the instructor's files
SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Fork an examiner for each request, until the other side closes.

    The way is an argument: `boxed` is in a box, and gives each fork namespaces of its own; `alone`
    is in a box that is nobody else's, where that cannot be; `open` has all rights of its user.
    """
    control, way = Connection(int(sys.argv[1])), sys.argv[2]
    control.send(_why_not() if way == BOXED else "")
    _be_ready()
    tried, known = set(), set()
    while True:
        try:
            wanted = control.recv()
            handles = [reduction.recv_handle(control) for _ in range(2)]
        except (EOFError, OSError):
            return
        imported = set(wanted["modules"]) - tried
        gc.disable()  # as at the start, see `sandbox.QUICKLY`
        for name in imported:
            with contextlib.suppress(Exception, SystemExit):  # it may be no module
                importlib.import_module(name)
        tried.update(wanted["modules"])
        asked = ahead.questions(wanted["code"])
        ahead.remember([question for question in asked if question not in known])
        known.update(asked)
        names.plan_of(wanted["code"])  # which is kept for all forks
        if imported:  # looking for garbage would copy the pages that all forks share
            gc.collect()
            gc.freeze()
        gc.enable()
        if os.fork() == 0:
            _be_the_examiner(way, *handles)
        for handle in handles:
            os.close(handle)
        with contextlib.suppress(ChildProcessError):  # children that have ended leave the table
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _be_ready() -> None:
    """Do once what every fork would do anew: nbformat compiles what it validates with."""
    outputs = [new_output("stream", text=""), new_output("error", ename="", evalue="")]
    nbformat.writes(new_notebook(cells=[new_code_cell("", outputs=outputs), new_markdown_cell()]))


def _why_not() -> str:
    """Why no fork can have namespaces of its own here; empty if it can."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            _leave()
            os.write(writing, b"\0")
        except (nest.CannotNest, OSError) as error:
            os.write(writing, str(error).encode()[:1000] or b"it ended")
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as told:
        said = told.read()
    os.wait()
    return "" if said == b"\0" else said.decode(errors="replace") or "it ended"


def _leave() -> None:
    """Go on as the first and only process of namespaces of one's own.

    Raises
    ------
    CannotNest
        If a step fails; the process must then end.
    """
    nest.leave(beside.MAX_FILES + DISK)
    if os.fork() != 0:
        os._exit(0)
    nest.settle()


def _be_the_examiner(way: str, *handles: int) -> None:
    """Examine, tell the result, and leave without running anything else."""
    try:
        nest.close_all_but(handles)
        connection, asking = (socket.socket(fileno=handle) for handle in handles)
        why = ""
        if way == BOXED:
            try:
                _leave()
            except (nest.CannotNest, OSError) as error:
                why = f"no box can be had for the examiner: {error}"
        elif way == OPEN and sys.platform == "linux":
            ctypes.CDLL(None).prctl(SET_DEATH_SIGNAL, signal.SIGKILL)
        connection.sendall(b"\0")  # Linux tells the other side whose this is
        told = results.fault(CourseError(why)) if why else _examined(way, connection, asking)
        connection.sendall(told)
    finally:
        os._exit(0)


def _examined(way: str, connection: socket.socket, asking: socket.socket) -> bytes:
    """What came of it, as `results` tells it."""
    with Connection(os.dup(connection.fileno())) as given:
        submission, master, limits, files, own_files, fonts = given.recv()
    import resource  # which Windows does not have

    room = room_of(limits)
    resource.setrlimit(resource.RLIMIT_DATA, (room, room))
    try:
        if way != OPEN:
            _give_up(limits)
            template.elsewhere = errands.Outside(asking, fonts).start
        return results.told(examine(submission, master, limits, files, own_files))
    except BaseException as error:
        return results.fault(error)


def room_of(limits: Limits) -> int:
    """Bytes of memory that an examiner may have: a giant answer must not take the machine."""
    return 12 * limits.reply + (2 << 30)


def _give_up(limits: Limits) -> None:
    """Give up what reading hostile bytes does not need."""
    import resource  # which Windows does not have

    from course_utils.grading import seccomp  # which only Linux has

    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in range(3):  # a terminal obeys what is written to it
        os.dup2(nothing, fd)
    os.close(nothing)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (limits.processes, limits.processes))
    nest.own_keyring()
    nest.give_up_rights()
    seccomp.close()
