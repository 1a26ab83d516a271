"""Two kernels of one template, side by side: one attacks, the other and the template notice nothing."""

import contextlib
import dataclasses
import json
import mmap
import os
import signal
import threading
import time

import psutil
import pytest

from course_utils.grading import nest, template, warm
from course_utils.grading.candidate import Candidate, Ended
from course_utils.grading.sandbox import OfItsOwn
from grading.conftest import QUICK

pytestmark = pytest.mark.usefixtures("forking")
LIBC = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True)\n"
TELL = "print(os.strerror(ctypes.get_errno()))"
NOT_PERMITTED = "Operation not permitted\n"


def said(candidate, cell):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in candidate.run(cell))


@pytest.fixture(scope="module")
def attacker(start):
    candidate = Candidate(QUICK)
    yield candidate
    candidate.end()


@pytest.fixture(scope="module")
def neighbour(start):
    candidate = Candidate(QUICK)
    yield candidate
    candidate.end()


@pytest.fixture(autouse=True)
def unharmed(request, forking):
    """After each test the template still forks, and the neighbour, where there is one, answers."""
    yield
    assert forking.alive
    if "neighbour" in request.fixturenames:
        neighbour = request.getfixturevalue("neighbour")
        neighbour.run("def f(x): return 2 * x")
        with neighbour.questions():
            assert neighbour.named("f")(21) == 42


def test_it_is_forked(attacker, neighbour):
    assert isinstance(attacker.sandbox.program, template.Forked)
    assert isinstance(neighbour.sandbox.program, template.Forked)


class TestSeeing:
    def test_no_process_but_its_own(self, attacker, neighbour):
        cell = "import os; print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))"
        assert said(attacker, cell) == "[1, 2]\n"
        assert said(attacker, "print(os.getpid(), os.getppid(), os.getsid(0))") == "2 0 2\n"

    def test_no_file_descriptor_that_a_kernel_of_its_own_does_not_have(self, fresh):
        cell = """
import collections, os, re
links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
kinds = [re.sub(r"\\d+", "", os.readlink(link)) for link in links if os.path.lexists(link)]
print(sorted(collections.Counter(kinds).items()))"""
        forked, alone = fresh(), fresh(dataclasses.replace(QUICK, cold=True))
        assert isinstance(alone.sandbox.program, OfItsOwn)
        assert said(forked, cell) == said(alone, cell)

    def test_nothing_of_the_template_in_the_folders(self, attacker, neighbour):
        said(neighbour, "open('/tmp/mark', 'w'); open('/dev/shm/mark', 'w'); open('mark', 'w')")
        cell = """
import os
for folder in ("/tmp", "/dev/shm", "/home/student", "/dev/pts"):
    for top in ("", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../.."):
        print(sorted(set(os.listdir(top + folder)) - {"ipython", "matplotlib", ".local"}))"""
        assert set(said(attacker, cell).splitlines()) == {"[]", "['ptmx']"}

    def test_no_module_or_value_of_the_neighbour(self, attacker, neighbour, fresh):
        said(neighbour, "import numpy; numpy.zeros = 'poison'; secret = 'mark of the neighbour'")
        for candidate in (attacker, fresh()):
            assert said(candidate, "import numpy; print(numpy.zeros(2))") == "[0. 0.]\n"
            assert "secret" in said(candidate, "secret")
        said(neighbour, "from numpy import zeros as z; numpy.zeros = numpy.ones")

    def test_no_socket_of_the_neighbour(self, attacker, neighbour):
        cell = """
import socket
a = socket.socket(socket.AF_UNIX); a.bind("\\0meet"); a.listen()
b = socket.socket(); b.bind(("127.0.0.1", 7777)); b.listen(); print("up")"""
        assert said(neighbour, cell) == "up\n"
        connect = "import socket; socket.socket(socket.{}).connect({})"
        assert "refused" in said(attacker, connect.format("AF_UNIX", '"\\0meet"'))
        assert "refused" in said(attacker, connect.format("AF_INET", '("127.0.0.1", 7777)'))

    def test_no_shared_memory_or_queue_of_the_neighbour(self, attacker, neighbour):
        make = "print(libc.shmget(4242, 4096, {0:#o}) >= 0, libc.mq_open(b'/meet', {1}, 0o600, 0) >= 0)"
        create = make.format(0o1600, os.O_CREAT | os.O_RDWR)
        assert said(neighbour, LIBC + create) == "True True\n"
        assert said(attacker, LIBC + make.format(0o600, os.O_RDWR)) == "False False\n"

    def test_no_terminal_of_the_neighbour(self, attacker, neighbour):
        assert "/dev/pts/0" in said(
            neighbour, "import os, pty; t = pty.openpty(); print(os.ttyname(t[1]))"
        )
        assert "No such file" in said(attacker, "import os; os.open('/dev/pts/0', os.O_RDWR)")

    def test_no_keys_of_the_neighbour(self, attacker, neighbour):
        # keyctl(2): add_key(type, description, payload, length, @s), request_key(…, @s)
        add = "print(libc.syscall(248, b'user', b'meet', b'mark', 4, -3) > 0)"
        assert said(neighbour, LIBC + add) == "True\n"
        find = "print(libc.syscall(249, b'user', b'meet', None, 0) > 0)"
        assert said(neighbour, LIBC + find) == "True\n"
        assert said(attacker, LIBC + find) == "False\n"

    def test_memory_holds_no_question_of_another_submission(self, forking, fresh):
        """What is given to one kernel never was in the template's memory."""
        fresh(files={"notes.txt": b"mark-of-another-student"})
        cell = """
import re
found = 0
mark = re.compile(rb"mark-of-an[o]ther-student")
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        start, end = (int(x, 16) for x in line.split()[0].split("-"))
        if line.split()[1].startswith("rw"):
            memory.seek(start)
            try:
                found += len(mark.findall(memory.read(end - start)))
            except OSError:
                pass
print(found)"""
        later = fresh()
        assert int(said(later, cell)) == 0


class TestTouching:
    def test_no_process_but_its_own_can_be_killed(self, fresh, neighbour):
        cell = """
import os, signal
failures = set()
own = {int(thread) for thread in os.listdir("/proc/self/task")}
for pid in sorted({1, *range(400), -1} - own - {0}):
    for number in (signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(pid, number)
            failures.add((pid, "sent"))
        except ProcessLookupError:
            pass
print(failures)"""
        # The first process can be sent a signal by its own, which Linux then ignores.
        assert said(fresh(), cell) == "{(1, 'sent')}\n"

    @pytest.mark.parametrize(
        "deed",
        [
            "libc.unshare(0x10000000)",  # CLONE_NEWUSER
            "libc.unshare(0x00020000)",
            "libc.unshare(0x20000000)",
            "libc.setns(os.open('/proc/1/ns/user', 0), 0)",
            "libc.setns(os.open('/proc/1/ns/mnt', 0), 0)",
            "libc.setns(os.open('/proc/1/ns/net', 0), 0)",
            "libc.setns(libc.syscall(434, 1, 0), 0x20000000)",  # pidfd_open, CLONE_NEWPID
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
            "libc.mount(b'none', b'/', None, 32 | 4096, None)",  # MS_REMOUNT | MS_BIND
            "libc.umount2(b'/tmp', 2)",
            "libc.umount2(b'/proc', 2)",
            "libc.umount2(b'/dev/shm', 2)",
            "libc.pivot_root(b'/tmp', b'/tmp')",
            "libc.chroot(b'/tmp')",
            "libc.sethostname(b'x', 1)",
            "libc.setuid(0)",
            "libc.setgroups(0, None)",
            "libc.ptrace(16, 3, 0, 0)",  # PTRACE_ATTACH
            "libc.prlimit(1, 6, (ctypes.c_ulong * 2)(-1, -1), None)",
            "libc.mknod(b'/tmp/disk', 0o60600, 0x0800)",
        ],
    )
    def test_it_is_refused(self, attacker, neighbour, deed):
        ctypes_and_deed = f"{LIBC}ctypes.set_errno(0)\nprint({deed})\n{TELL}"
        answer, why = said(attacker, ctypes_and_deed).splitlines()
        assert answer == "-1"
        assert why in ("Operation not permitted", "No space left on device", "No such process",
                       "Invalid argument", "Permission denied", "Function not implemented")  # fmt: skip

    def test_no_right_is_left_in_any_process_and_none_comes_back(self, attacker):
        cell = """
import subprocess
for pid in (1, 2, "self"):
    text = open(f"/proc/{pid}/status").read()
    print(*[line.split()[1] for line in text.splitlines() if line.startswith(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"))])
print(subprocess.run(["/bin/sh", "-c", "grep CapPrm /proc/self/status; id -u"], capture_output=True, text=True).stdout.split())
for program in ("su", "mount", "passwd", "newgrp"):
    done = subprocess.run(f"{program} --help; {program} root true", shell=True, capture_output=True, stdin=subprocess.DEVNULL)
print(open("/proc/sys/user/max_user_namespaces").read().strip())
print([line for line in open("/proc/self/mountinfo") if "nosuid" not in line])"""
        nothing = " ".join(["0" * 16] * 5)
        *status, program, namespaces, mounts = said(attacker, cell).splitlines()
        assert set(status) == {f"{nothing} 1"}
        assert program == "['CapPrm:', '0000000000000000', '1000']"
        assert (namespaces, mounts) == ("0", "[]")

    def test_a_file_that_all_read_cannot_be_changed_in_memory(self, attacker, neighbour):
        cell = """
import ctypes, mmap, os, re
path = "/course/course_utils/errors.py"
before = open(path, "rb").read()
def try_(what):
    try:
        what()
    except OSError as error:
        print(error.strerror)
    except TypeError as error:
        print("read-only")
for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE):
    mapped = mmap.mmap(os.open(path, os.O_RDONLY), 0, flags, mmap.PROT_READ)
    address = next(int(l.split("-")[0], 16) for l in open("/proc/self/maps") if l.strip().endswith(path))
    def poke():
        with open("/proc/self/mem", "r+b", 0) as memory:
            memory.seek(address)
            memory.write(b"evil")
    try_(poke)
    print(ctypes.CDLL(None).mprotect(ctypes.c_void_p(address), 4096, 3))
    mapped.close()
try_(lambda: open(path, "r+b"))
try_(lambda: os.truncate(path, 0))
try_(lambda: os.utime(path))
print(open(path, "rb").read() == before)"""
        assert said(attacker, cell).splitlines()[-1] == "True"
        assert (
            said(
                neighbour, "print(open('/course/course_utils/errors.py', 'rb').read(4) != b'evil')"
            )
            == "True\n"
        )

    def test_the_limits_cannot_be_raised(self, attacker):
        cell = """
import resource
for kind in ("RLIMIT_NPROC", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    try:
        resource.setrlimit(getattr(resource, kind), (resource.RLIM_INFINITY,) * 2)
        print(kind)
    except (ValueError, OSError) as error:
        print("no")"""
        assert said(attacker, cell) == "no\n" * 4


class TestUsingUp:
    def test_full_folders_are_full_for_oneself(self, fresh, neighbour):
        flood = """
for folder in ("/tmp", "/dev/shm", "/home/student"):
    try:
        for number in range(40):
            open(f"{folder}/{number}", "wb").write(bytes(1 << 20))
    except OSError as error:
        print(error.strerror)"""
        assert said(fresh(), flood) == "No space left on device\n" * 3
        write = "open('/dev/shm/a', 'wb').write(bytes(8 << 20)); print(open('/tmp/a', 'wb').write(bytes(8 << 20)))"
        assert said(neighbour, write) == f"{8 << 20}\n"

    def test_each_has_its_own_number_of_processes(self, fresh, neighbour):
        bomb, start = (
            fresh(),
            """
import os, time
made = 0
try:
    while made < 100:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError:
    pass
print(made)""",
        )
        made = int(said(bomb, start))
        assert QUICK.processes / 2 < made < QUICK.processes
        ten = "import subprocess; print([subprocess.run('true').returncode for _ in range(10)])"
        assert said(neighbour, ten) == f"{[0] * 10}\n"
        many = "import subprocess as s; p = [s.Popen(['sleep', '60']) for _ in range(30)]; [q.kill() for q in p]; print(len(p))"
        assert said(neighbour, many) == "30\n"

    def test_nothing_outlives_the_kernel(self, fresh):
        candidate, daemon = (
            fresh(),
            """
import os, sys
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for fd in range(3, 100):
                try: os.close(fd)
                except OSError: pass
            os.execvp("sleep", ["sleep", "4242.5"])
        os._exit(0)
    os.wait()
print("up")""",
        )
        assert said(candidate, daemon) == "up\n"
        with pytest.raises(Ended):
            candidate.run("os._exit(0)")
        assert not [
            p for p in psutil.process_iter(["cmdline"]) if "4242.5" in (p.info["cmdline"] or ())
        ]

    def test_orphans_leave_the_table(self, attacker):
        orphans = (
            "import os, time; os.system('for i in $(seq 200); do (true &); done'); time.sleep(0.2)"
        )
        count = "print(len([p for p in os.listdir('/proc') if p.isdigit()]))"
        assert said(attacker, f"{orphans}; {count}") == "2\n"


class TestAsFresh:
    """A forked kernel is like one that has just been started."""

    def test_it_is_not_as_random_as_its_neighbour(self, attacker, neighbour):
        cell = "import random, numpy, os, uuid; print(random.random(), numpy.random.rand(), uuid.uuid4())"
        mine, others = said(attacker, cell).split(), said(neighbour, cell).split()
        assert not set(mine) & set(others)

    def test_signals_and_folder_are_those_of_a_new_process(self, attacker):
        cell = """
import os, signal, sys
print(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, os.getcwd(), sys.argv[1:], sys.path[0])
print(os.popen("echo $HOME $IPYTHONDIR; hostname").read().split())"""
        assert said(attacker, cell).splitlines() == [
            "True /home/student [] ",
            "['/home/student', '/tmp/ipython', 'candidate']",
        ]

    def test_a_module_that_asks_for_the_notebook_is_left_to_it(self, fresh, monkeypatch):
        with contextlib.closing(template.Template(["tqdm.auto", "json.tool"])) as made:
            made.wait()
            monkeypatch.setattr(template, "chosen", made)
            cell = "import sys; print('tqdm.auto' in sys.modules, 'json.tool' in sys.modules)"
            assert said(fresh(), cell) == "False True\n"

    def test_a_file_that_is_called_like_a_module_takes_its_place(self, fresh):
        candidate = fresh(files={"matplotlib.py": b"mark = 7", "helper/__init__.py": b""})
        assert isinstance(candidate.sandbox.program, OfItsOwn)
        assert said(candidate, "import matplotlib; print(matplotlib.mark)") == "7\n"
        candidate = fresh(files={"helper/__init__.py": b"mark = 8"})
        assert isinstance(candidate.sandbox.program, template.Forked)
        assert said(candidate, "import helper; print(helper.mark)") == "8\n"


def test_what_has_threads_or_shared_memory_is_not_forked():
    with pytest.raises(nest.CannotNest, match="started a thread"):
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        try:
            warm._demand_that_it_can_be_forked()
        finally:
            stop.set()
            thread.join()
