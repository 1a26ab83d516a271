"""Jupyter servers on loopback for tests, each with a home of its own, and their end."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from ports import free_ports

TOKEN = "only-for-this-test"
PATIENCE = 180  # seconds until a server must answer on a busy machine


@contextlib.contextmanager
def serving(
    folder: Path, environment: dict[str, str], application: str, *flags: str
) -> Iterator[str]:
    """Run `jupyter lab` or `jupyter server` in a folder; its address, `http://…/`."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter", application, "--no-browser", "--allow-root",
         f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
         *flags],
        cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait_for(url: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        try:
            urllib.request.urlopen(f"{url}api", timeout=PATIENCE).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"no answer in {PATIENCE} s")


def person(folder: Path, home: Path, exchange: Path) -> dict[str, str]:
    """What the shell of somebody holds who has activated the environment in a copy of the course.

    Nothing of the caller's own Jupyter; `home` is made.
    """
    home.mkdir(parents=True)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("JUPYTER", "IPYTHON", "MPL"))}
    return own | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own.get('PATH', '')}",
        "PYTHONPATH": str(folder),  # the package of this copy, whatever is installed
        "COURSE_EXCHANGE": str(exchange),
    }
