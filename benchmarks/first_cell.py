"""From `git clone` to the first executed cell: what a newcomer waits for.

    python benchmarks/first_cell.py           # print
    python benchmarks/first_cell.py --store   # and keep the seconds

It clones this repository, calls `make lab` there, which sets the course up and opens JupyterLab,
and has its server start a kernel and run the first code cell of the first lecture, as the page
does. On Windows `py start.py` goes the same way, since `make lab` calls it as well. How long
packages are on their way depends on the network: their size is printed too.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path

import nbformat
from tornado.websocket import websocket_connect

from course_utils.repository import ROOT

STORED = ROOT / "benchmarks" / "results" / "commands.json"
LECTURE = "lectures/00_start_here.ipynb"
OPENED = re.compile(r"http://127\.0\.0\.1:(\d+)/lab\S*\?token=(\w+)")
PATIENCE = 1800  # seconds


def first_cell(clone: Path) -> str:
    """Source of the first code cell."""
    notebook = nbformat.read(clone / LECTURE, as_version=4)
    return next(cell.source for cell in notebook.cells if cell.cell_type == "code")


def opened(log: Path, lab: subprocess.Popen) -> tuple[str, str]:
    """Port and token that JupyterLab tells, once it does."""
    latest = time.monotonic() + PATIENCE
    while time.monotonic() < latest and lab.poll() is None:
        if found := OPENED.search(log.read_text()):
            return found[1], found[2]
        time.sleep(0.1)
    raise SystemExit(f"JupyterLab did not open: {log.read_text()}")


async def execute(port: str, token: str, code: str) -> None:
    """Run code in a new kernel of the lecture, and wait for the answer."""
    wanted = {"path": LECTURE, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    session = f"http://127.0.0.1:{port}/api/sessions?token={token}"
    for left in reversed(range(100)):
        try:
            with urllib.request.urlopen(session, json.dumps(wanted).encode()) as answer:
                kernel = json.loads(answer.read())["kernel"]["id"]
            break
        except OSError:  # it tells its address before it listens
            if not left:
                raise
            await asyncio.sleep(0.1)
    channels = f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels?token={token}"
    connection = await websocket_connect(channels)
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "",
              "session": uuid.uuid4().hex, "version": "5.3", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": True}  # fmt: skip
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    await connection.write_message(json.dumps(message | {"channel": "shell", "buffers": []}))
    while (told := json.loads(await connection.read_message()))["msg_type"] != "execute_reply":
        pass
    assert told["content"]["status"] == "ok", told["content"]
    connection.close()


def main() -> None:
    """Clone, open, run, print and keep the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help=f"keep the time in {STORED.name}")
    arguments = parser.parse_args()
    own = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if k not in own and "JUPYTER" not in k}
    with tempfile.TemporaryDirectory(prefix="course-clone-") as folder:
        clone, home, log = (Path(folder, name) for name in ("course", "home", "log"))
        home.mkdir()
        environment |= {f"JUPYTER_{kind}_DIR": str(home) for kind in ("CONFIG", "DATA", "RUNTIME")}
        environment["BROWSER"] = "true"  # the program that opens nothing and succeeds
        began = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        print(f"cloned     {time.perf_counter() - began:6.1f} s", flush=True)
        with log.open("w") as out:
            lab = subprocess.Popen(
                ["make", "lab"], cwd=clone, env=environment, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        try:
            address = opened(log, lab)
            print(f"opened     {time.perf_counter() - began:6.1f} s", flush=True)
            asyncio.run(execute(*address, first_cell(clone)))
            seconds = time.perf_counter() - began
            print(f"first cell {seconds:6.1f} s")
        finally:
            os.killpg(lab.pid, signal.SIGTERM)
            lab.wait(timeout=60)
        size = subprocess.run(["du", "-sm", clone / ".venv"], check=True, capture_output=True)
        print(f"environment {size.stdout.split()[0].decode()} MB")
    if arguments.store:
        known = json.loads(STORED.read_text())
        STORED.write_text(json.dumps(known | {"first cell": round(seconds)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
