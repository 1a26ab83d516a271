"""Kernels for the notebooks that nbval runs, forked from one process that has imported much.

A kernel that starts cold imports for three seconds what the one before it has just imported. Each
fork has a namespace of its own, as fresh as any, and other seeds. `course execute`, which stores
outputs, starts cold, so an import that a notebook forgets is missed there.

Three processes: the **server** belongs to pytest and forks; the **starter** is what Jupyter starts
and kills, and stands for the kernel; the **kernel** ends when its starter does.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

NAME = "warm"  # pytest --nbval-kernel-name=warm
# None that looks for its notebook's shell while it is imported, as tqdm.auto does.
MODULES = (
    "ipykernel.kernelapp", "matplotlib_inline.backend_inline", "matplotlib.pyplot", "numpy",
    "torch", "torch._dynamo", "torch.utils.data", "scipy", "skimage", "course_utils.plotting",
    "course_utils.quiz", "course_utils.data", "course_utils.torchvision_compat",
)  # fmt: skip
BACKEND = "module://matplotlib_inline.backend_inline"  # what ipykernel would choose
END, INTERRUPT = b"", b"i"  # what a starter says to its kernel


def start_server(folder: Path) -> None:
    """Start the server, which ends with this process, and tell Jupyter of its kernels.

    Parameters
    ----------
    folder
        Where its socket and Jupyter's description of the kernel are written.
    """
    address = str(folder / "server")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(16)
    ours, theirs = socket.socketpair()
    fds = [listening.fileno(), theirs.fileno()]
    subprocess.Popen(
        [sys.executable, __file__, *map(str, fds)],
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"MPLBACKEND": BACKEND},
    )
    listening.close()
    theirs.close()
    _KEPT.append(ours)
    described = folder / "kernels" / NAME
    described.mkdir(parents=True)
    command = [sys.executable, "-S", __file__, address, "{connection_file}"]
    about = {"argv": command, "display_name": "Python, warm", "language": "python"}
    (described / "kernel.json").write_text(json.dumps(about))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(
        filter(None, [str(folder), os.environ.get("JUPYTER_PATH")])
    )


_KEPT: list[socket.socket] = []  # at whose end the server ends


def serve(listening: socket.socket, lifeline: socket.socket) -> None:
    """Import, and fork a kernel for each starter that comes, until pytest has ended."""
    sys.path.remove(str(Path(__file__).parent))  # where notebooks look for nothing
    gc.disable()  # looking for garbage takes a quarter of the time of imports
    for name in MODULES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave the table by themselves
    gc.collect()
    gc.freeze()  # looking for garbage would copy the pages that all share
    gc.enable()
    while lifeline not in select.select([listening, lifeline], [], [])[0]:
        starter, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            lifeline.close()
            be_the_kernel(starter)
        starter.close()


def be_the_kernel(starter: socket.socket) -> None:
    """Be as a kernel that has just been started, in the place and with the variables it is told."""
    with contextlib.suppress(BaseException):
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        message, fds, *_ = socket.recv_fds(starter, 1 << 20, 2)
        about = json.loads(message)
        for number, fd in enumerate(fds, start=1):
            os.dup2(fd, number)
            os.close(fd)
        os.chdir(about["cwd"])
        os.environ.clear()
        os.environ.update(about["env"])
        sys.modules["numpy.random"].seed()  # Python's own generator seeds itself
        threading.Thread(target=_obey, args=[starter], daemon=True).start()
        app = sys.modules["ipykernel.kernelapp"].IPKernelApp
        app.launch_instance(["-f", about["connection"]])
    os._exit(0)


def _obey(starter: socket.socket) -> None:
    while starter.recv(1) != END:
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(0)


def start(address: str, connection: str) -> None:
    """Have a kernel forked, and stand for it until it ends."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        signal.signal(signal.SIGINT, lambda *_: server.send(INTERRUPT))
        own = {k: v for k, v in os.environ.items() if k != "JPY_PARENT_PID"}  # not the fork's
        about = {"connection": connection, "cwd": os.getcwd(), "env": own}
        socket.send_fds(server, [json.dumps(about).encode()], [1, 2])
        while server.recv(1):
            pass


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        serve(*(socket.socket(fileno=int(fd)) for fd in sys.argv[1:3]))
    else:
        start(*sys.argv[1:])
