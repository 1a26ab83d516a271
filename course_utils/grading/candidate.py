"""The examiner's view of the candidate: run a cell, ask a question, hold what cannot cross.

Everything that comes from the candidate may be hostile. A message is read with limits, turned into
plain data of exact types, and believed to be nothing more than the student's answer.
"""

import contextlib
import functools
import itertools
import select
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from course_utils.grading import remote, sandbox, student_errors, wire
from course_utils.grading.kernel import GRACE, Forged, Kernel, NotStarted, Unanswered
from course_utils.grading.outputs import Outputs
from course_utils.grading.pickled import apart_from_examiner
from course_utils.grading.remote import Remote
from course_utils.grading.student_errors import CandidateError, NotDefined
from course_utils.probes.calls import Tried

SERVE = "__import__('course_utils.grading.inside', fromlist=['serve']).serve()"
READY_SECONDS = 10.0  # to begin with answering questions
END_SECONDS = 5.0  # to leave off answering questions
MANY_ANSWERS = 4  # times the largest answer, for all questions of a test
NO_EVIDENCE = {
    "names",
    "set",
    "set item",
    "delete",
    "delete item",
    "iterate",
    "define",
    "undefine",
    "restore",
    "patch",
    "unpatch",
    "seed",
    "read file",
    "write file",
    "bases",
    "copy",
    "deep copy",
}  # what only prepares
RUNS = {"call", "change", "next", "operate", "operate on", "enter", "exit"}  # the student's code
MOST_ITEMS = 100_000  # of an iterator that is given to the candidate
FETCHES = {"get", "get item"}  # tell something unless what they give stays there


class Candidate(Kernel):
    """A kernel that runs the student's notebook and answers questions about it.

    It is made as any `Kernel`.

    Raises
    ------
    CourseError
        If no sandbox can be had, or the kernel does not come up.
    """

    def __init__(self, limits: sandbox.Limits, *about: Any, **options: Any) -> None:
        super().__init__(limits, *about, **options)
        self.answers = 0  # how many questions have been answered
        self.evidence = 0  # how many of them have told something of the student's work
        self.special: frozenset[str] = frozenset()  # methods that types are believed, see `Remote`
        self.errors: dict[str, type] = {}  # classes of errors that a test catches, by name
        self.unheard: list[str] = []  # types of which a test wanted to know what is not asked
        self.around: tuple[Callable, Callable] | None = None  # called before and after a call
        self._stdout = sys.stdout  # of the examiner, while no test has replaced it
        self._numbers = itertools.count(1)
        self._callbacks: dict[int, Callable] = {}
        self._resolve = functools.partial(remote.remote, self)
        self._reader = wire.Reader(limits.reply)
        self._allow(sandbox.START_SECONDS)
        try:
            self._wait_for_message()
        except Unanswered as error:
            words = self.sandbox.last_words
            self.end()
            why = f"The kernel for a submission did not come up: {error}. {words}"
            raise NotStarted(why.strip()) from None

    @contextlib.contextmanager
    def questions(self, *, more: bool = False) -> Iterator[Outputs]:
        """Let the candidate answer questions in this block; gives what it prints meanwhile.

        Parameters
        ----------
        more
            Of the same test as the block before, in the time that is left of that.

        Raises
        ------
        Unanswered
            If an answer does not come in time, or is none.
        Ended
            If the kernel is gone.
        """
        self._outputs = Outputs(self.limits.output)
        self._stdout = sys.stdout
        self._reader.total = 0
        self._no_answer = "there is no answer: "  # said first where none can come any more
        left = self._left
        request = self._execute(SERVE, silent=True)
        if more:
            self._left = left
        self._wait_until_ready()
        try:
            yield self._outputs
        finally:
            if not self.sandbox.ended:
                self._callbacks.clear()
                self._allow(END_SECONDS)
                self._send({"do": "end"})
                self._no_answer = ""
                self._finish(request)

    def named(self, name: str) -> Any:
        """What the student's notebook has under a name: plain data, or a `Remote`.

        Raises
        ------
        NotDefined
            If there is nothing.
        """
        (values,) = self._ask({"do": "names", "target": [name]}, remote.found)
        if not values:
            raise NotDefined(name)
        return values[0]

    def ask(self, do: str, target: int | None, *args: Any, **kwargs: Any) -> Any:
        """Ask for one thing, as named in `deeds`.

        What the student's code prints goes where the test has it printed, if it says so.
        """
        before, after = (do in RUNS and self.around) or (None, None)
        if before:
            before()
        question = {"do": do, "target": target, "given": self._pack((args, kwargs))}
        if do in RUNS and sys.stdout is not self._stdout:
            question["said"] = self.limits.output
        try:
            return self._ask(question)
        finally:
            if after and not self.sandbox.ended:
                after()

    def try_all(self, probe: Callable, functions: Sequence, cases: Sequence) -> list[Tried]:
        """Try a probe on functions with each case, of positional and keyword arguments."""
        target, options = remote.address(probe)
        given, tried = self._pack((functions, options)), []
        left = [self._pack(case) for case in cases]
        while left:
            question = {"do": "try", "target": target, "given": given, "cases": remote.some(left)}
            new = self._ask(question, remote.tried)
            tried, left = tried + new, left[len(new) :]
        return tried

    def _pack(self, value: Any) -> Any:
        return wire.pack(value, self._refer)

    def _ask(self, question: dict, read: Callable = lambda value, question: value) -> Any:
        if self.sandbox.ended:
            raise Unanswered("this was made by a kernel that has ended")
        if self._left <= 0:
            raise Unanswered(self._too_long)
        number, raised = next(self._numbers), None
        self._deadline = time.monotonic() + self._left  # the examiner's thinking does not count
        try:
            self._send({"number": number, **question})
            while "call" in (message := self._wait_for_message()):
                self._left = self._deadline - time.monotonic()
                raised = self._answer_call(message) or raised
        except Unanswered:
            self._left = 0.0  # the deadline may be that of the stop by now
            raise
        self._left = min(self._left, self._deadline - time.monotonic())
        if raised is not None:  # what ends a test, once the candidate has ended its call
            raise raised
        if self._reader.total > MANY_ANSWERS * self.limits.reply:
            self._fail("the candidate's answers are too large, all together")
        if message.get("number") != number:
            self._fail("the candidate answered a question that was not asked", Forged)
        self.answers += 1
        do = question["do"]
        if "said" in question and type(message.get("said")) is str:
            print(message["said"][: question["said"]], end="")
        try:
            if "error" in message:
                self.evidence += do not in NO_EVIDENCE | FETCHES
                raised = student_errors.error(*message["error"], known=self.errors)
                if "raised" in message:
                    raised.theirs = self._resolve(message["raised"])
                raise raised
            value = read(wire.unpack(message["value"], self._resolve), question)
            fetched = do in FETCHES and isinstance(value, Remote)
            self.evidence += not fetched and do not in NO_EVIDENCE
            return value
        except (wire.WireError, TypeError, KeyError, AttributeError) as fault:
            if isinstance(fault, CandidateError):
                raise
            self._fail(f"there is no answer: {fault}"[:300])

    def _answer_call(self, message: dict) -> BaseException | None:
        """Call a function that was given to the candidate; gives what no code may keep back."""
        try:
            function = self._callbacks[message["call"]]
            args, kwargs = wire.unpack(message["given"], self._resolve)
            call = functools.partial(function, *args, **kwargs)
        except (wire.WireError, TypeError, KeyError, ValueError):
            self._fail("the candidate called a function that it was not given", Forged)
        final = None
        try:
            answer = {"value": self._pack(call())}
        except BaseException as raised:
            if self.sandbox.ended or isinstance(raised, KeyboardInterrupt):
                raise
            answer = {
                "error": [student_errors.builtin_name(type(raised).__mro__), str(raised)[:1000]]
            }
            final = None if isinstance(raised, Exception) else raised
        self._send(answer)
        return final

    def _refer(self, value: Any) -> list:
        if isinstance(value, Remote):
            if value._candidate is not self:
                raise TypeError("this object is of a kernel that has ended")
            return ["kept", value._number]
        if isinstance(value, str):
            return ["text", str.__str__(value)]
        if type(value) is student_errors.LocalError:
            return self._refer(value.theirs)
        if isinstance(value, types.GeneratorType):
            items = list(itertools.islice(value, MOST_ITEMS + 1))
            if len(items) > MOST_ITEMS:
                raise TypeError(f"a generator of more than {MOST_ITEMS} items cannot be given")
            return ["iterator", self._pack(items)]
        if (pickled := apart_from_examiner(value)) is not None:
            return ["pickled", pickled]
        if not callable(value) or isinstance(value, type):
            raise TypeError(f"a {type(value).__name__} cannot be given to the candidate")
        number = len(self._callbacks)
        self._callbacks[number] = value
        return ["yours", number]

    def _send(self, message: dict) -> None:
        """Send whole, reading meanwhile, since the candidate may be busy with talking."""
        data = memoryview(wire.write(message))
        while data:
            try:
                data = data[self.sandbox.questions.send(data) :]
            except BlockingIOError:
                select.select([], [self.sandbox.questions], [], 0.05)
                self._poll(0)
                if self._is_late():
                    self._fail("the candidate does not listen")
            except OSError:
                self._fail("the candidate has closed the connection")

    def _wait_for_message(self) -> dict:
        """The next message on the connection of questions."""
        while True:
            message = self._read()
            if self._is_late():
                self._stop(message)  # also where messages come without end
            if message is not None:
                return message
            self._poll()

    def _wait_until_ready(self) -> None:
        self._allow(READY_SECONDS)
        while (message := self._read()) is None:
            self._poll()
            if self._is_late():
                self._fail("the candidate does not answer questions any more")
        self._allow(self._left)
        if message != {"ready": True}:
            self._fail("the candidate answered a question that was not asked", Forged)

    def _read(self) -> dict | None:
        """A message if it is whole, as far as can be told without waiting."""
        try:
            while (message := self._reader.feed(self.sandbox.questions)) is None:
                pass
        except BlockingIOError:
            return None
        except (wire.WireError, OSError) as error:
            why = str(error)
            if self.sandbox.has_ended(seconds=1):
                why = "the kernel ended"
            self._fail(f"there is no answer: {why}")
        if not isinstance(message, dict):
            self._fail("there is no answer, but something else", Forged)
        return message

    def _stop(self, message: dict | None) -> None:
        """The time for questions is over: end the student's function, or else the kernel."""
        self._interrupt()
        self._allow(GRACE)
        why = self._too_long
        while not self._is_late():
            if message is not None and "number" in message:
                raise Unanswered(why)
            self._poll()
            message = self._read()
        self._fail(f"{why} and could not be stopped")

    @property
    def _too_long(self) -> str:
        return f"your code ran for more than {self.seconds:g} s"
