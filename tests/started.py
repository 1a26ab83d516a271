"""Programs in Python without the second that their imports take: forked from one that has them."""

import atexit
import functools
import gc
import importlib
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from course_utils.repository import ROOT

SECONDS = 240  # for one program


class Warm:
    """A Python that has imported modules and forks for each program; use `warm`.

    Modules are those of this checkout, whatever `PYTHONPATH` a program is given.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._control, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", "import started; started.serve()", str(theirs.fileno()),
                 *modules],
                pass_fds=[theirs.fileno()],
                env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def run(
        self,
        *arguments: str,
        cwd: Path | str = ROOT,
        env: Mapping[str, str] = os.environ,
    ) -> subprocess.CompletedProcess:
        """As `subprocess.run([sys.executable, *arguments])`, with what it prints as text.

        The arguments begin with `-m` and a module, or `-c` and code.
        """
        with tempfile.TemporaryDirectory() as folder:
            paths = [str(Path(folder, name)) for name in ("out", "err")]
            with self._lock:
                self._control.send((arguments, str(cwd), dict(env), paths))
                code = self._control.recv()
            out, err = (Path(path).read_text() for path in paths)
        return subprocess.CompletedProcess([sys.executable, *arguments], code, out, err)

    def close(self) -> None:
        """End it; it also ends with this process."""
        self._control.close()
        self._process.wait()


@functools.cache
def warm(*modules: str) -> Warm:
    """The one that has imported these modules."""
    made = Warm(modules)
    atexit.register(made.close)
    return made


def serve() -> None:
    """Import, and fork for each program that comes, until the other side closes."""
    control, modules = Connection(int(sys.argv[1])), sys.argv[2:]
    gc.disable()  # looking for garbage takes a quarter of the time of imports
    for name in modules:
        importlib.import_module(name)
    gc.freeze()
    gc.enable()
    if api := sys.modules.get("nbgrader.api"):  # a program of a second says this for each gradebook
        os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        api.get_alembic_version = functools.partial(str, api.get_alembic_version())
    while True:
        try:
            about = control.recv()
        except EOFError:
            return
        if (child := os.fork()) == 0:
            control.close()
            _be(*about)
            return
        control.send(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _be(arguments: tuple[str, ...], cwd: str, env: dict[str, str], paths: list[str]) -> None:
    """Be as a process that has just been started."""
    signal.alarm(SECONDS)
    for number, path in enumerate(paths, start=1):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    kind, what, *others = arguments
    own = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [cwd if kind == "-m" else "", *filter(None, own), *sys.path[1:]]
    sys.argv[:] = [kind, *others]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})
