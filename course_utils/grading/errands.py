"""What an examiner in its box has done for it outside: kernels started, looked at, and ended.

The examiner reads what hostile code sends, so it has no rights; who starts kernels needs some. Both
talk in small messages of plain data, one datagram each. Nothing that an examiner asks can do more
than a submission may: it names no file, no process and no limit, all of which are known out here.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from course_utils.errors import CourseError
from course_utils.grading import nest, sandbox, template
from course_utils.grading.sandbox import Limits, Program

MESSAGE = 4096  # bytes
SOCKETS = 1 + len(sandbox.CHANNELS)
CLOCKS = ("now", "all")
MOST_KERNELS = 20  # of a submission, which may end six
MOST_AT_ONCE, MOST_A_SECOND = 2000, 200  # messages


class Misused(Exception):
    """An examiner has asked for what none asks for: it is no examiner any more."""


class Errands:
    """Does what the examiner of one submission asks for.

    Parameters
    ----------
    connection
        On which it asks.
    limits, forbidden
        Of the kernels.
    files
        Names of the files that will lie beside them.
    forked
        What they are forked from; None if each starts in a sandbox of its own.
    """

    def __init__(
        self,
        connection: socket.socket,
        limits: Limits,
        forbidden: tuple[str, ...],
        files: Collection[str],
        forked: template.Template | None,
    ) -> None:
        self.connection, self.limits, self.forbidden = connection, limits, forbidden
        self.template = forked if forked is not None and forked.suits(files) else None
        self.program: Program | None = None
        self._forked = False
        self._started = self._asked = 0
        self._began = time.monotonic()

    @property
    def lost(self) -> bool:
        """Whether a kernel ended through no fault of its own, with what it was forked from."""
        return self._forked and not self.template.alive

    def run(self) -> bool:
        """Do what the next message asks for; False if there will be none any more.

        Raises
        ------
        Misused
            If it is no message of an examiner.
        """
        try:
            message, fds = nest.receive(self.connection, MESSAGE, SOCKETS)
        except OSError:
            return False
        try:
            if not message:
                return False
            self._asked += 1
            seconds = time.monotonic() - self._began
            if self._asked > MOST_AT_ONCE + MOST_A_SECOND * seconds:
                raise Misused("it asked too often")
            answer, passed = self._do(_read(message), fds)
        finally:
            for fd in fds:
                os.close(fd)
        data = json.dumps(answer).encode()
        try:
            socket.send_fds(self.connection, [data], passed, socket.MSG_DONTWAIT)
        except BlockingIOError:
            raise Misused("it asked, and did not listen") from None
        except OSError:
            return False
        return True

    def _do(self, asked: list[str], fds: list[int]) -> tuple[list, list[int]]:
        """The answer, and file descriptors that go with it."""
        match asked:
            case ["start"] if self.program is None and len(fds) == SOCKETS:
                return self._start(fds)
            case ["overuse"] if self.program:
                return ["", self.program.watch.overuse()], []
            case ["used"] if self.program:
                return ["", self.program.watch.used()], []
            case ["mark", clock] if self.program and clock in CLOCKS:
                self.program.watch.mark(clock)
                return ["", None], []
            case ["excused", clock] if self.program and clock in CLOCKS:
                return ["", self.program.watch.excused(clock)], []
            case ["end"] if self.program:
                self.close()
                return ["", None], []
        raise Misused("it asked for what no examiner asks for")

    def _start(self, fds: list[int]) -> tuple[list, list[int]]:
        self._started += 1
        if self._started > MOST_KERNELS:
            raise Misused("it asked for too many kernels")
        try:
            if self.template is not None:
                with contextlib.suppress(template.NotWarm):
                    self.program, self._forked = self.template.fork(fds, self.limits), True
            if self.program is None:
                about = fds, self.limits, Path("/"), self.forbidden
                self.program = sandbox.OfItsOwn(*about)
        except (CourseError, OSError) as error:
            return [str(error)[:1000] or "no kernel", None], []
        for clock in CLOCKS:
            self.program.watch.mark(clock)
        return ["", None], [self.program.ended, self.program.errors.fileno()]

    def close(self) -> None:
        """End the kernel, if there is one."""
        if self.program is not None:
            self.program.end()
            self.program.errors.close()
            self.program = None


def _read(message: bytes) -> list[str]:
    with contextlib.suppress(ValueError, RecursionError):
        asked = json.loads(message)
        if type(asked) is list and all(type(word) is str for word in asked):
            return asked
    raise Misused("it sent no message")


class Outside:
    """The other end: in the box, where errands are asked for."""

    def __init__(self, connection: socket.socket, fonts: dict[str, bytes]) -> None:
        self.connection, self.fonts = connection, fonts

    def ask(self, *words: str, fds: Collection[int] = ()) -> tuple[Any, list[int]]:
        """The answer, and file descriptors that came with it.

        Raises
        ------
        CourseError
            If it could not be done.
        """
        socket.send_fds(self.connection, [json.dumps(words).encode()], list(fds))
        answer, passed = nest.receive(self.connection, MESSAGE, 2)
        if not answer:
            raise CourseError("whoever grades has gone")
        why, value = json.loads(answer)
        if why:
            raise CourseError(why)
        return value, passed

    def start(
        self, limits: Limits, files: Mapping[str, bytes] | None, forbidden: tuple[str, ...]
    ) -> sandbox.Sandbox:
        """As `template.start`."""
        return sandbox.start(limits, files, forbidden, self._begin, self.fonts)

    def _begin(self, fds: list[int], *_: object) -> "Elsewhere":
        """Have a kernel started on file descriptors."""
        _, (ended, errors) = self.ask("start", fds=fds)
        return Elsewhere(self, ended, os.fdopen(errors, "rb"))


class Elsewhere:
    """A kernel that was started outside of the box: a `sandbox.Program`."""

    def __init__(self, outside: Outside, ended: int, errors: BinaryIO) -> None:
        self.watch, self.ended, self.errors = _Watch(outside), ended, errors
        self._outside = outside

    def end(self) -> None:
        """Have everything killed, and wait for that."""
        self._outside.ask("end")
        os.close(self.ended)


class _Watch:
    """As `sandbox.Watch`."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def overuse(self) -> str:
        return self._outside.ask("overuse")[0]

    def used(self) -> dict[str, float]:
        return self._outside.ask("used")[0]

    def mark(self, clock: str) -> None:
        self._outside.ask("mark", clock)

    def excused(self, clock: str) -> float:
        return self._outside.ask("excused", clock)[0]
