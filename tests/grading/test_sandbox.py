"""What a submission cannot do, tried from inside; each line of code would do harm elsewhere."""

import contextlib
import dataclasses
import os
import platform
import time
import types

import psutil
import pytest

from course_utils.errors import CourseError
from course_utils.grading import bubblewrap, sandbox
from course_utils.grading.kernel import Ended, NotStarted
from grading.conftest import QUICK

MARK = "course-sandbox-test"
both = pytest.mark.parametrize("start", ["warm", "cold"], indirect=True, scope="module")


def text_of(outputs):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in outputs)


@both
@pytest.mark.parametrize(
    ("cell", "refusal"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 80), 2)", "refused"),
        ("import socket; socket.create_connection(('192.0.2.1', 80), 2)", "unreachable"),
        ("open('/usr/mark', 'w')", "Read-only"),
        ("open('/mark', 'w')", "Read-only"),
        ("open('/course/course_utils/mark', 'w')", "Read-only"),
        ("open('/dev/mark', 'w')", "Read-only"),
        ("import os; os.setuid(0)", "[Errno"),
        ("import os, signal; os.kill(1, signal.SIGKILL); print('alive')", "alive"),
        ("import resource as r; r.setrlimit(r.RLIMIT_DATA, (-1, -1))", "not allowed"),
        ("import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))", "-1"),
        ("import os; print(os.listdir('/course/course_utils/checks'))", "[]"),
        ("import os; print(os.listdir('/course/course_utils/course'))", "[]"),
        ("import os; print('demo' in os.listdir('/course/course_utils/grading'))", "False"),
        ("import os; print(sorted(os.listdir('/')))", "'course'"),
        ("import os; print(os.listdir('/etc'))", "["),
        ("import os; print(os.environ.get('SECRET_OF_THE_INSTRUCTOR'))", "None"),
    ],
)
def test_it_is_refused(candidate, cell, refusal):
    assert refusal in text_of(candidate.run(cell))


# Numbers of x86-64; what they ask for is nonsense, so that only a filter says EPERM (1).
@both
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are of another processor")
@pytest.mark.parametrize(
    ("number", "arguments", "error"),
    [
        (250, "99, 0, 0", 1),  # keyctl
        (101, "99, 0, 0", 1),  # ptrace
        (321, "99, 0, 0", 1),  # bpf
        (323, "-1", 1),  # userfaultfd
        (298, "0, 0, 0, 0, 0", 1),  # perf_event_open
        (425, "0, 0", 1),  # io_uring_setup
        (165, "0, 0, 0, 0, 0", 1),  # mount
        (308, "-1, 0", 1),  # setns
        (272, "0", 1),  # unshare nothing, which nothing else forbids
        (56, "0x40000011, 0, 0, 0, 0", 1),  # clone into another network
        (435, "0, 0", 38),  # clone3 is not there
        (16, "0, 0x5412, 0", 1),  # ioctl TIOCSTI
        (41, "40, 1, 0", 1),  # a socket of AF_VSOCK
        (41, "38, 5, 0", 1),  # a socket of AF_ALG
    ],
)
def test_a_system_call_is_closed(candidate, number, arguments, error):
    cell = "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
    cell += f"print(c.syscall({number}, {arguments}), ctypes.get_errno())"
    assert text_of(candidate.run(cell)) == f"-1 {error}\n"


@both
def test_threads_and_programs_still_start(candidate):
    cell = """
import os, socket, subprocess, threading
thread = threading.Thread(target=print, args=["a thread"])
thread.start(), thread.join()
print(subprocess.run(["echo", "a program"], capture_output=True, text=True).stdout, end="")
pid = os.fork()
if pid == 0: os._exit(7)
print("a fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6): socket.socket(family).close()
"""
    assert text_of(candidate.run(cell)) == "a thread\na program\na fork 7\n"


@both
def test_nothing_of_the_repository_or_of_the_home_can_be_seen(candidate, monkeypatch):
    course = bubblewrap.PACKAGE.parent
    for path in (course / "solutions", course / "tests", course / "gradebook", course / ".git",
                 *map(os.path.expanduser, ("~/.bashrc", "~/.ssh")), "/home", "/var"):  # fmt: skip
        seen = text_of(candidate.run(f"import os; print(os.listdir({str(path)!r}))"))
        assert "No such file" in seen or seen in ("[]\n", "['student']\n"), (path, seen)


@both
def test_the_environment_holds_nothing_of_the_instructors(candidate):
    cell = "import os; print(dict(os.environ)); print(open('/proc/1/environ').read())"
    for value in {os.environ.get("HOME"), os.environ.get("VIRTUAL_ENV"), os.getcwd()} - {None, "/"}:
        assert f"'{value}'" not in text_of(candidate.run(cell))


@both
@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm", "/home/student"])
def test_a_disk_flood_ends_at_the_limit(candidate, folder):
    flood = f"""
import os
try:
    with open("{folder}/flood", "wb") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))
            file.flush()
except OSError as error:
    print(error.strerror, os.path.getsize("{folder}/flood") >> 20)
os.remove("{folder}/flood")
"""
    words, megabytes = text_of(candidate.run(flood)).rsplit(maxsplit=1)
    assert words in ("No space left on device", "File too large")
    assert int(megabytes) <= QUICK.disk >> 20


@both
def test_garbage_is_looked_for_as_in_any_kernel(candidate):
    assert text_of(candidate.run("import gc; print(gc.isenabled())")) == "True\n"


@both
def test_one_giant_array_is_a_memory_error(candidate):
    outputs = candidate.run("import numpy as np\nx = np.ones(2 << 30)")
    assert "MemoryError" in outputs[-1].ename


@both
def test_memory_of_all_processes_together_is_limited(fresh):
    candidate = fresh(dataclasses.replace(QUICK, cell_seconds=30))
    with pytest.raises(Ended, match="MB of memory"):
        candidate.run("""
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = bytearray(os.urandom(1 << 20)) * 300
        time.sleep(60)
time.sleep(60)
""")


@both
@pytest.mark.parametrize(
    "bomb",
    [
        "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
        "import threading, time\nwhile True:\n  try:\n    "
        "threading.Thread(target=time.sleep, args=(600,)).start()\n  except RuntimeError: pass",
    ],
    ids=["processes", "threads"],
)
def test_bombs_are_put_out(fresh, bomb):
    before = len(psutil.pids())
    candidate = fresh(dataclasses.replace(QUICK, cell_seconds=0.5))
    with contextlib.suppress(Ended):  # in time or not
        candidate.run(bomb)
    candidate.end()
    time.sleep(0.5)
    assert len(psutil.pids()) < before + 300  # other tests run beside this one


@both
def test_nothing_keeps_running_and_nothing_is_left(fresh):
    candidate = fresh()
    candidate.run(f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{MARK}"])
    os._exit(0)
time.sleep(0.5)
""")
    assert any(
        MARK in p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"]
    )
    folder = candidate.sandbox.folder
    candidate.end()
    time.sleep(0.3)
    assert not any(MARK in (p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    assert not folder.exists()


def test_the_kernel_ends_with_the_process_that_started_it(sandboxed):
    code = """
import os
from course_utils.grading.candidate import Candidate
from course_utils.grading.sandbox import Limits
candidate = Candidate(Limits())
candidate.run("import subprocess, sys; p = subprocess.Popen(['sleep', '1000.5'])")
print("up", flush=True)
os.kill(os.getpid(), 9)
"""
    import subprocess
    import sys

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.stdout == "up\n"
    deadline = time.monotonic() + 10
    while "sleep 1000.5" in _all_commands() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert "sleep 1000.5" not in _all_commands()


def _all_commands():
    return "\n".join(" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))


def test_without_bubblewrap_the_command_that_installs_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "_way", lambda: "as it is")
    with pytest.raises(CourseError, match="sudo apt install bubblewrap"):
        bubblewrap.require()
    with pytest.raises(CourseError, match="sudo apt install bubblewrap"):
        sandbox.start(QUICK)


def test_a_sandbox_that_does_not_work_says_what_bubblewrap_says(monkeypatch, tmp_path):
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(bubblewrap, "_way", lambda: "as it is")
    with pytest.raises(CourseError, match="No permissions to create new namespace"):
        bubblewrap.require()
    from course_utils.grading.candidate import Candidate

    with pytest.raises(NotStarted, match=r"did not come up.*No permissions"):
        Candidate(QUICK)


@pytest.mark.parametrize("name", ["cell_seconds", "memory", "processes", "disk"])
def test_a_limit_must_be_above_0(name):
    with pytest.raises(ValueError, match=f"{name} must be above 0"):
        sandbox.Limits(**{name: 0})


def test_without_a_sandbox_the_same_questions_are_answered(fresh):
    candidate = fresh(dataclasses.replace(QUICK, sandbox=False))
    candidate.run("def f(x): return 2 * x")
    with candidate.questions():
        assert candidate.named("f")(4) == 8


def test_a_bubblewrap_that_was_orphaned_while_it_started_is_ended(monkeypatch):
    """As one waits whose parent was killed before it could ask to die with it."""
    killed = []

    def process(name, *, program="bwrap", ppid=1, age=60, place=bubblewrap.COURSE):
        command = [f"/usr/bin/{program}", "--ro-bind", "/somewhere", place]
        info = {"cmdline": command, "ppid": ppid, "create_time": time.time() - age}
        return types.SimpleNamespace(info=info, kill=lambda: killed.append(name))

    others = [
        process("somebody else's sandbox", place="/app"),
        process("another program", program="bash"),
        process("one that is at work", ppid=4711),
        process("one that has just begun", age=1),
        types.SimpleNamespace(info={"cmdline": None, "ppid": 1, "create_time": 0.0}),
    ]
    found = [*others, process("orphan")]
    monkeypatch.setattr(sandbox.psutil, "process_iter", lambda _: found)
    sandbox.remove_what_was_left()
    assert killed == ["orphan"]
