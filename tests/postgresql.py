"""A PostgreSQL server that a test starts and ends."""

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


class Server:
    """A running server; whoever connects must be the system user of that name.

    Attributes
    ----------
    sockets
        The folder through which it is reached.
    """

    def __init__(self, programs: Path, folder: Path, other: dict) -> None:
        self.programs, self.folder, self.other = programs, folder, other
        self.sockets = folder / "sockets"

    def call(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as its owner."""
        subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self.other,
        )

    def database(self, name: str, user: str) -> str:
        """The address of a new database that belongs to a system user."""
        here = ("-h", str(self.sockets))
        if user != self.other.get("user", getpass.getuser()):
            self.call("createuser", *here, user)
        self.call("createdb", *here, "--owner", user, name)
        return f"postgresql+psycopg:///{name}?host={self.sockets}"


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Start a server, and end it; skip where none is installed, but fail in CI."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = next((p for p in places if (p / "initdb").exists()), None)
    if programs is None:
        why = "no PostgreSQL server is installed: sudo apt install postgresql"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    folder = Path(tempfile.mkdtemp(prefix="course-postgresql-", dir="/tmp"))
    server = Server(programs, folder, {})
    server.sockets.mkdir()
    if os.geteuid() == 0:  # the server refuses to run as root
        server.other = {"user": "postgres", "group": "postgres", "extra_groups": []}
        for path in (folder, server.sockets):
            shutil.chown(path, "postgres", "postgres")
    for path in (folder, server.sockets):
        path.chmod(0o711)  # others reach the sockets; what else is here the server keeps closed
    data = str(folder / "data")
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server.call("initdb", "--auth=peer", "--no-sync", "-D", data)
        options = f"-c listen_addresses='' -k {server.sockets} -F"
        server.call("pg_ctl", "start", "-w", "-D", data, "-o", options, "-l", f"{folder}/log")
        stack.callback(server.call, "pg_ctl", "stop", "-m", "immediate", "-D", data)
        yield server
