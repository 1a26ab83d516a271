"""The side of the candidate: a Jupyter kernel that also answers the examiner's questions.

This runs in the sandbox, in one process with the student's code, so nothing here is a secret and
nothing here can be relied on: what is answered is taken for the student's own work in any case.
"""

import builtins
import contextlib
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import pickle
import signal
import socket
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from course_utils.grading import deeds, kinds, nest, wire
from course_utils.probes import calls
from course_utils.tracebacks import own_line

BACKEND = "module://matplotlib_inline.backend_inline"  # which the kernel would choose itself
QUIET = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template", "inline"}  # that open no window
ANSWER_LIMIT = 1 << 30  # bytes of a question: the examiner is trusted
LATER = ("ipykernel.debugger", "IPython.core.debugger", "IPython.core.oinspect", "msgpack",
         "IPython.core.completerlib", "IPython.extensions.storemagic", "tornado.platform.asyncio",
         "faulthandler", "pdb", "sqlite3")  # fmt: skip
SETTINGS = Config(HistoryManager={"hist_file": ":memory:"})
ENOUGH = 500_000  # bytes of results, then those that are there are told; few enough parts, too
STAY = contextlib.nullcontext()
_ERRORS_KEPT = 10
_ERRORS_TOLD = 10  # names of base classes that cross with an error


def _load_what_a_kernel_needs_later() -> None:
    """Before the student's folder comes first on the search path, and for all forks at once.

    The kernel finds no debugger: nobody can use one here, and loading it takes half of the start.
    """
    sys.modules["debugpy"] = None
    for name in LATER:
        importlib.import_module(name)
    del sys.modules["debugpy"]


_load_what_a_kernel_needs_later()


class Kernel(IPKernelApp):
    """A kernel whose sockets were made outside, so that it needs no folder shared with outside."""

    listening: list = []  # noqa: RUF012 - filled once, before the only instance starts

    def _bind_socket(self, s: zmq.Socket, port: int) -> int:
        if s is self.stdin_socket:
            return 1  # nobody can type here
        s.setsockopt(zmq.USE_FD, self.listening.pop(0))
        s.bind("ipc:///listening-already")
        return 1

    def init_heartbeat(self) -> None:
        """Leave it out: the examiner watches the process itself."""

    def write_connection_file(self, **kwargs: Any) -> None:
        """Leave it out: the examiner has all of it."""


class Agent:
    """Answers questions about what the student's notebook has defined.

    A question is a dict with a number and what to do; the answer carries the same number.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = wire.Reader(ANSWER_LIMIT)
        self.errors: list[int] = []  # of those, errors
        self.kept = {}  # what the examiner may refer to, by number
        self.busy = False  # whether the student's code is running
        self.interrupted = False  # whether the examiner waits no longer

    def receive(self) -> dict:
        """The examiner's next message."""
        while (message := self.reader.feed(self.connection)) is None:
            pass
        return message

    def send(self, message: dict) -> None:
        """Send a message to the examiner."""
        self.connection.sendall(wire.write(message))

    def serve(self) -> None:
        """Answer questions until the examiner has no more; an interrupt ends the student's code."""

        def interrupt(*_: Any) -> None:
            if self.busy:
                self.interrupted = True
                raise KeyboardInterrupt

        self.interrupted = False
        before = signal.signal(signal.SIGINT, interrupt)
        try:
            self.send({"ready": True})
            while (question := self.receive()) != {"do": "end"}:
                self.answer(question)
        finally:
            signal.signal(signal.SIGINT, before)

    def answer(self, question: dict) -> None:
        """Do what is asked and send what came of it."""
        number, said = question["number"], io.StringIO()
        try:
            with contextlib.redirect_stdout(said) if "said" in question else STAY:
                value = self._do(question)
            data = {"number": number, "value": value}
        except BaseException as error:  # SystemExit and an interrupt are answers too
            data = {"number": number, "error": _told(error)}
            if "target" in question and question["do"] != "try":
                data["raised"] = self._keep_error(error)
        finally:
            self.busy = False
        if "said" in question:
            data["said"] = said.getvalue()[: question["said"]]
        try:
            told = wire.write(data)
        except Exception as error:
            told = wire.write({"number": number, "error": _told(error)})
        self.connection.sendall(told)

    def _keep_error(self, error: BaseException) -> list:
        """Name an error; only the last few are kept, since each keeps what its code has used."""
        self.errors.append(id(error))
        if len(self.errors) > _ERRORS_KEPT:
            self.kept.pop(self.errors.pop(0), None)
        return self.refer(error)

    def _do(self, question: dict) -> Any:
        """What is asked for, packed."""
        do, target = question["do"], question.get("target")
        if do == "names":
            return [self._named(name) for name in target]
        args, kwargs = self._unpack(question["given"])
        self.busy = True
        if do == "try":
            return self._tried(target, args, kwargs, question["cases"])
        thing = self.kept[target] if target is not None else None
        return wire.pack(deeds.DEEDS[do](thing, *args, **kwargs), self.refer)

    def _tried(self, name: str, functions: tuple, options: dict, cases: list) -> list:
        """What the first cases come to, packed at once, since a later one may change it."""
        module, _, name = name.partition(":")
        probe = functools.partial(getattr(importlib.import_module(module), name), **options)
        told, size = [], 0
        for packed in cases:
            args, kwargs = self._unpack(packed)
            told.append(self._one(calls.attempt(probe, functions, args, kwargs, BaseException)))
            size += len(wire.write(told[-1]))
            if size > ENOUGH or self.interrupted:
                break
        return told

    def _one(self, tried: calls.Tried) -> list:
        if tried.error is None:
            try:
                return [wire.pack(tried.value, self.refer, 2), tried.changed]
            except Exception as error:
                tried = calls.Tried(error=error)
        kinds = [kind for kind in calls.OWN_ERRORS if isinstance(tried.error, kind)]
        return [*_told(tried.error), *(kind.__name__ for kind in kinds)]

    def _named(self, name: str) -> list:
        """What stands under a name, packed, in a list; an empty one if nothing can be told."""
        names = IPKernelApp.instance().shell.user_ns
        with contextlib.suppress(Exception):
            return [wire.pack(names[name], self.refer, 2)]
        return []

    def refer(self, value: Any) -> list:
        """Keep a thing; give the number, the name of its type, and where that comes from."""
        self.kept[id(value)] = value
        return ["kept", id(value), type(value).__name__, deeds.origin(value)]

    def resolve(self, reference: list) -> Any:
        """The thing that was kept, a text, or a function that asks the examiner's own."""
        kind, which = reference[:2]
        if kind == "text":
            return which
        if kind == "pickled":  # the examiner is trusted
            return pickle.loads(which)
        if kind == "iterator":
            return iter(self._unpack(which))
        return self.kept[which] if kind == "kept" else self._examiners(which)

    def _unpack(self, packed: Any) -> Any:
        return wire.unpack(packed, self.resolve, _own_named_tuple)

    def _examiners(self, number: int) -> Callable:
        def function(*args: Any, **kwargs: Any) -> Any:
            busy, self.busy = self.busy, False
            try:
                given = wire.pack((args, kwargs), self.refer)
                self.send({"call": number, "given": given})
                while "number" in (message := self.receive()):
                    self.answer(message)  # the function itself may ask for something
            finally:
                self.busy = busy
            if "error" in message:
                name, text = message["error"]
                raise getattr(builtins, name, RuntimeError)(text)
            return self._unpack(message["value"])

        return function


def _own_named_tuple(title: str, fields: tuple) -> type:
    """The notebook's own class of that name, so that what comes back is what was told."""
    own = IPKernelApp.instance().shell.user_ns.get(title)
    same = isinstance(own, type) and kinds.is_named_tuple(own) and own._fields == fields
    return own if same else kinds.named_tuple(title, fields)


def _told(error: BaseException) -> list:
    """Of an error: its type, what it derives from, its text, and the student's line."""
    with contextlib.suppress(BaseException):
        bases = [base.__name__ for base in type(error).__mro__[:_ERRORS_TOLD]]
        told = [type(error).__name__, bases, str(error)[:4000], own_line(error)]
        wire.write(told)  # half of a surrogate pair cannot be sent
        return told
    return ["Exception", ["Exception"], "an error that cannot be told", ""]


class _Silent(types.ModuleType):
    """Stands where the checks stand: they are the examiner's, and it runs them."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Silent(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        print(f"{self.__name__.rpartition('.')[2]}: the examiner runs the checks, not this cell.")


class _Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds what is not here: the checks as silent modules, and what an assignment leaves out."""

    def __init__(self, forbidden: list[str]) -> None:
        self.forbidden = set(forbidden)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        for forbidden in self.forbidden:
            if name == forbidden or name.startswith(forbidden + "."):
                raise ModuleNotFoundError(
                    f"{forbidden} is not there while this assignment is graded: build it yourself",
                    name=name,
                )
        if name == "course_utils.checks" or name.startswith("course_utils.checks."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: Any) -> types.ModuleType:
        return _Silent(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__path__ = []


class _Drawing(importlib.abc.MetaPathFinder):
    """Lets Matplotlib be told to draw into windows, which are not here, and not do it."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "matplotlib":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None:
            execute = spec.loader.exec_module

            def then_draw_inline(module: types.ModuleType) -> None:
                execute(module)
                draw_inline()

            spec.loader.exec_module = then_draw_inline
        return spec


def draw_inline() -> None:
    """Have `matplotlib.use` and `%matplotlib` take every backend for the one that there is."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        sys.meta_path.insert(0, _Drawing())
        return
    if not hasattr(matplotlib, "use"):  # a file of the student's that is called so
        return
    use = matplotlib.use

    def use_without_window(backend: str, *, force: bool = True) -> None:
        quiet = str(backend).lower() in QUIET or str(backend).startswith("module://matplotlib_inl")
        use(backend if quiet else BACKEND, force=force)

    matplotlib.use = use_without_window


def _magics(shell: Any) -> None:
    matplotlib = shell.find_line_magic("matplotlib")

    def inline(line: str) -> None:
        matplotlib(line if line.strip().startswith("-") else "inline")

    shell.register_magic_function(inline, "line", "matplotlib")


def _limit(limits: dict) -> None:
    """Lower what this process and its children may use; it cannot be raised again."""
    import resource

    for name, value in limits.items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def leave_out(forbidden: list[str]) -> None:
    """Have no checks, and none of these packages."""
    sys.meta_path.insert(0, _Absent(forbidden))


def main() -> None:
    """Start the kernel on file descriptors that the examiner has opened."""
    gc.enable()
    questions, *listening = map(int, sys.argv[2:])
    leave_out(json.loads(sys.argv[1]))
    sys.argv[1:] = []
    nest.own_keyring()
    be_the_kernel(questions, listening)


def be_the_kernel(questions: int, listening: list[int]) -> None:
    """Be a kernel and its agent until the end.

    Parameters
    ----------
    questions
        File descriptor of the connection with the examiner.
    listening
        Those of the kernel's sockets, in the order of its channels.
    """
    Agent.only = agent = Agent(socket.socket(fileno=questions))
    hello = agent.receive()
    _limit(hello["limits"])
    if hello["closed"]:
        from course_utils.grading import seccomp  # which only Linux has

        seccomp.close()
    Kernel.listening = listening
    app = Kernel.instance(transport="ipc", log_level=50, config=SETTINGS)
    app.session.key = hello["key"]
    app.initialize([])
    draw_inline()
    _magics(app.shell)
    for name, data in hello["files"]:  # now, since they may be named like modules of the kernel
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    importlib.invalidate_caches()  # a folder that changed twice within a tick looks unchanged
    agent.send({"ready": True})
    app.start()


def serve() -> None:
    """What the examiner runs as a cell, to ask its questions during it."""
    Agent.only.serve()
