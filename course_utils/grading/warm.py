"""The template: a process in the sandbox that has imported what kernels need, and forks them.

It holds no secret, has one thread and never runs a student's code. For each submission it forks a
keeper, which leaves for namespaces of its own and starts two processes in them: the first, which
does nothing and with which all others end, and the kernel.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell

from course_utils.grading import inside, nest, wire

FIRST = ["/usr/bin/sleep", "infinity"]
FONTS = "/tmp/matplotlib"
MESSAGE = 1024  # bytes of a request, and of what is said to it
STARTED = b"started"
SMALL = 1 << 20
PATIENCE = 2.0  # seconds for threads that are about to end, such as a timer that was cancelled
PASSED = 6  # file descriptors that come with one


def main() -> None:
    """Import modules, say what came of it, and fork a kernel for each request."""
    control, telling = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:3])
    about = json.loads(sys.argv[3])
    before = _loaded()
    os.environ.setdefault("MPLBACKEND", inside.BACKEND)
    inside.leave_out(about["forbidden"])
    _import(["course_utils.grading.seccomp", *about["modules"]])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave the table by themselves
    try:
        demand_that_it_can_be_forked()
        _rehearse()
        told = {"modules": sorted(_loaded() - before), "fonts": _fonts()}
    except nest.CannotNest as error:
        told = {"cannot": str(error)}
    with telling:
        telling.sendall(wire.write(told))
    sys.argv[1:] = []
    gc.collect()
    gc.freeze()  # looking for garbage would copy the pages that all share
    gc.enable()
    while "cannot" not in told:
        message, fds = nest.receive(control, MESSAGE, PASSED)
        if not message:
            return
        if os.fork() == 0:
            _keep(json.loads(message)["disk"], fds)
        for fd in fds:
            os.close(fd)


def _loaded() -> set[str]:
    """Names on the search path that a file of the student's could have taken, were it not so."""
    return {name.partition(".")[0] for name in sys.modules}


def _import(modules: list[str]) -> None:
    """Import what the notebook will.

    A module that asks for the notebook's shell while it is imported would find none here and one
    there, such as `tqdm.auto`. Then this program begins anew and leaves that module to the kernel.
    """
    asked = []
    InteractiveShell.initialized = classmethod(lambda _: bool(asked.append(True)))
    for name in modules:
        with contextlib.suppress(BaseException):  # a name that is imported may be no module
            importlib.import_module(name)
        if asked:
            *command, about = sys.orig_argv
            fewer = [other for other in modules if other != name]
            about = json.dumps(json.loads(about) | {"modules": fewer})
            os.execv(sys.executable, [*command, about])
    del InteractiveShell.initialized


def _fonts() -> dict[str, bytes]:
    """Matplotlib's list of fonts, if it has made one."""
    return {str(path): path.read_bytes() for path in Path(FONTS).glob("*.json")}


def demand_that_it_can_be_forked() -> None:
    """One thread, since a fork copies only one; no memory that parent and children share."""
    patience = time.monotonic() + PATIENCE
    while (many := len(os.listdir("/proc/self/task")) > 1) and time.monotonic() < patience:
        time.sleep(0.01)
    if many:
        raise nest.CannotNest("a module that the notebook imports has started a thread")
    for line in Path("/proc/self/maps").read_text().splitlines():
        rights = line.split()[1]
        if "w" in rights and "s" in rights:
            raise nest.CannotNest("a module that the notebook imports has made shared memory")


def _rehearse() -> None:
    """Go once the way of a kernel, up to where it would start."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        _keep(SMALL, [theirs.fileno(), os.dup(2)])
    theirs.close()
    if (said := ours.recv(MESSAGE)) != STARTED:
        raise nest.CannotNest(said.decode(errors="replace") or "it ended")


def _keep(disk: int, fds: list[int]) -> None:
    """Start a kernel in namespaces of its own, and end it with the examiner that asked for it."""
    try:
        lifeline, errors, *of_the_kernel = fds
        nest.close_all_but(fds)
        os.dup2(errors, 2)
        os.close(errors)
        examiner = socket.socket(fileno=lifeline)
        try:
            nest.leave(disk)
            first = os.pidfd_open(_start_the_first())
        except (nest.CannotNest, OSError) as error:
            examiner.sendall(str(error).encode()[:MESSAGE])
            return
        keeper = os.pidfd_open(os.getpid())
        if os.fork() == 0:
            _be_the_kernel(examiner, [keeper, first], of_the_kernel)
        nest.give_up_rights()
        nest.close_all_but([lifeline, first])
        watch = select.poll()
        watch.register(lifeline, 0)  # for its end, which needs no asking
        watch.poll()
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(first, signal.SIGKILL)
    finally:
        os._exit(0)


def _start_the_first() -> int:
    """Start the first process of the new namespaces; what ends there leaves the table."""
    return os.posix_spawn(FIRST[0], FIRST, {}, setsid=True)


def _be_the_kernel(examiner: socket.socket, ends: list[int], fds: list[int]) -> None:
    """Be as a process that has just been started."""
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            nest.settle()
        except (nest.CannotNest, OSError) as error:
            examiner.sendall(str(error).encode()[:MESSAGE])
            return
        socket.send_fds(examiner, [STARTED], [*ends, os.pidfd_open(os.getpid())])
        examiner.close()
        nest.close_all_but(fds)
        if fds:
            _seed_anew()
            inside.be_the_kernel(fds[0], fds[1:])
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _seed_anew() -> None:
    """Be as random as any process; Python's own generator is so by itself."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.seed()
