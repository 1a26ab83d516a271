"""A kernel in the sandbox, which runs the cells of a submission within their limits.

Whatever it sends may be hostile: a message is taken for what it says of a cell's outputs, or left.
"""

import contextlib
import math
import time
from collections.abc import Mapping

import zmq
from jupyter_client.session import Session
from nbformat import NotebookNode

from course_utils.errors import CourseError
from course_utils.grading import patience, sandbox, template
from course_utils.grading.outputs import Outputs

MAX_MESSAGE = 8 << 20  # bytes of one message of the kernel
GRACE = 2.0  # seconds to obey an interrupt
LOOK = 0.25  # seconds between looks at memory and processes
SOON = LOOK / 10  # until when it is not counted what a kernel waits: most answers come before


class Unanswered(BaseException):
    """There is no answer, because of time, the end of the kernel, or a forged message.

    Derived from BaseException, so that no check takes it for an error of the student's function.
    """


class Ended(Unanswered):
    """The kernel is gone; a new one must be started before anything else is asked."""


class Forged(Ended):
    """A message that no honest notebook can send; nothing more is asked of such a submission."""


class NotStarted(CourseError):
    """No kernel came up; before the student's code has run, that is not their fault."""


class Kernel:
    """Runs cells.

    Parameters
    ----------
    limits
        What it may use.
    files
        Contents of files beside the notebook, by relative path.
    forbidden
        Packages that it cannot import.

    Raises
    ------
    CourseError
        If no sandbox can be had.
    """

    def __init__(
        self,
        limits: sandbox.Limits,
        files: Mapping[str, bytes] | None = None,
        forbidden: tuple[str, ...] = (),
    ) -> None:
        self.limits = limits
        self.seconds = limits.cell_seconds  # for the next cell, or the next block of questions
        self.sandbox = template.start(limits, files, forbidden)
        self.failure: Ended | None = None  # why it is gone, where that is known
        self._outputs = Outputs(limits.output)
        self._context = zmq.Context()
        self._session = Session(key=self.sandbox.key)
        self._session.digest_history_size = 0  # replayed messages do no harm here
        self._connect()

    def _connect(self) -> None:
        kinds = {"shell": zmq.DEALER, "control": zmq.DEALER, "iopub": zmq.SUB}
        self._sockets = {}
        for channel, kind in kinds.items():
            s = self._sockets[channel] = self._context.socket(kind)
            s.linger, s.rcvhwm, s.sndtimeo = 0, 64, 1000
            s.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
            if kind == zmq.SUB:
                s.subscribe(b"")
            s.connect(self.sandbox.addresses[channel])
        self.sandbox.questions.setblocking(False)
        self._ended = self.sandbox.program.ended
        self._poller = zmq.Poller()
        watched = self._sockets["shell"], self._sockets["iopub"], self.sandbox.questions
        for s in (*watched, self._ended):
            self._poller.register(s, zmq.POLLIN)
        self._look_at = time.monotonic() + LOOK
        self._request = self._replied = self._idle = self._no_answer = ""
        self._left = self.seconds
        self.used: dict[str, float] = {}  # of processors and memory, known at its end
        self.hurried = False  # whether it was stopped by the clock alone, on a busy machine
        self._watch = self.sandbox.program.watch
        self._waited = 0.0  # until its end
        self._watch.mark("all")

    def run(self, source: str) -> list[NotebookNode]:
        """Run a cell; what the student's code raises is among the outputs.

        Raises
        ------
        Ended
            If the kernel ends or cannot be stopped; its `outputs` are those until then.
        """
        self._outputs = Outputs(self.limits.output)
        request = self._execute(source, silent=False)
        try:
            if self._finish(request):
                self._outputs.error("OutOfTime", f"it ran for more than {self.seconds:g} s")
        except Ended as ended:
            self._outputs.error("Ended", str(ended))
            ended.outputs = self._outputs.items
            raise
        return self._outputs.items

    def _execute(self, source: str, *, silent: bool) -> str:
        content = {"code": source, "silent": silent, "store_history": not silent}
        content |= {"user_expressions": {}, "allow_stdin": False, "stop_on_error": False}
        self._left = self.seconds
        self._allow(self._left)
        try:
            sent = self._session.send(self._sockets["shell"], "execute_request", content)
        except zmq.ZMQError:
            self._fail("the kernel does not listen any more", Forged)
        self._replied = self._idle = ""
        self._request = sent["header"]["msg_id"]
        return self._request

    def _finish(self, request: str) -> bool:
        """Wait until a cell has ended and its last output is here; whether it was interrupted."""
        interrupted = False
        while self._replied != request:
            self._poll()
            if self._is_late():
                if interrupted:
                    self._fail(f"it ran for more than {self.seconds:g} s and cannot be stopped")
                self._interrupt()
                interrupted = True
                self._allow(GRACE)
        patience = time.monotonic() + GRACE  # where messages were lost in a flood, it never comes
        while self._idle != request and time.monotonic() < patience:
            self._poll()
        return interrupted

    def _allow(self, seconds: float) -> None:
        """Give time, from now on."""
        now = time.monotonic()
        self._deadline, self._latest = now + seconds, now + patience.PRECAUTION * seconds
        self._mark_at = now + min(SOON, seconds / 10)
        self._notice_at = self._deadline - seconds / 2  # who waits at the end is noticed before it

    def _is_late(self) -> bool:
        """Whether the time is over; what the kernel waited for a processor is given back."""
        now = time.monotonic()
        if now > self._mark_at and not self.sandbox.ended:
            self._deadline += now - self._mark_at  # in which nobody has counted
            self._mark_at = math.inf
            self._watch.mark("now")
        if now <= self._deadline:
            if now > self._notice_at:
                self._notice_at = now + LOOK
                self._watch.excused("now")
            return False
        if self.sandbox.ended or (excused := self._watch.excused("now")) < LOOK / 10:
            return True
        if now > self._latest:
            self.hurried = True
            return True
        self._deadline += excused
        self._watch.mark("now")
        return time.monotonic() > self._deadline

    def waited(self) -> float:
        """Seconds that it waited for a processor, since it came up."""
        return self._waited if self.sandbox.ended else self._watch.excused("all")

    def _interrupt(self) -> None:
        with contextlib.suppress(zmq.ZMQError):  # who does not listen is ended soon
            self._session.send(self._sockets["control"], "interrupt_request", {})

    def _poll(self, milliseconds: int = 50) -> None:
        """Take in what the kernel has to say, and look whether it keeps its limits."""
        ready = dict(self._poller.poll(milliseconds))
        for channel in ("shell", "iopub"):
            if self._sockets[channel] in ready:
                self._take(channel)
        if self._ended in ready:
            self._fail(f"{self._no_answer}the kernel ended")
        if time.monotonic() > self._look_at:
            self._look_at = time.monotonic() + LOOK
            if why := self._watch.overuse():
                self._fail(f"it used {why}")

    def _take(self, channel: str) -> None:
        """Take the messages that are there, at most as many as fit between two looks."""
        for _ in range(50):
            try:
                parts = self._sockets[channel].recv_multipart(zmq.NOBLOCK)
                _, parts = self._session.feed_identities(parts)
                message = self._session.deserialize(parts)
                kind, parent = str(message["msg_type"]), message["parent_header"].get("msg_id", "")
            except zmq.Again:
                return
            except Exception:  # whatever a hostile kernel sends: it is no message
                continue
            if channel == "shell":
                self._replied = parent
            elif parent != self._request:
                continue  # of an earlier cell, such as what it printed during a hidden test
            elif kind != "status":
                self._outputs.add(kind, message["content"])
            elif isinstance(message["content"], dict) and (
                message["content"].get("execution_state") == "idle"
            ):
                self._idle = parent

    def _fail(self, why: str, kind: type[Ended] = Ended) -> None:
        """End the kernel, since nothing that it says can be believed or waited for any more."""
        self.end()
        self.failure = kind(why)
        raise self.failure

    def end(self) -> None:
        """Kill the kernel and all that it has started."""
        if not self.sandbox.ended:
            self.used = self._watch.used()
            self._waited = self._watch.excused("all")
            self.sandbox.end()
            for s in self._sockets.values():
                s.close(0)
            self._context.term()
