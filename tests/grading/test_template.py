"""Two kernels of one template: one attacks, the other one and the template notice nothing."""

import contextlib
import dataclasses
import os
import platform
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
import pytest

from course_utils.grading import bubblewrap, nest, template, warm
from course_utils.grading.candidate import Candidate
from course_utils.grading.kernel import Ended
from course_utils.grading.sandbox import OfItsOwn
from grading.conftest import PATIENT, QUICK

pytestmark = pytest.mark.usefixtures("forking")
LIBC = "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True)\n"
ADD_KEY, REQUEST_KEY = (217, 218) if platform.machine() == "aarch64" else (248, 249)


def said(candidate, cell):
    return "".join(o.get("text", "") + o.get("evalue", "") for o in candidate.run(cell))


@pytest.fixture(scope="module")
def attacker(start):
    candidate = Candidate(PATIENT)
    yield candidate
    candidate.end()


@pytest.fixture(scope="module")
def neighbour(start):
    candidate = Candidate(PATIENT)
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


def test_both_are_forked(attacker, neighbour):
    for candidate in (attacker, neighbour):
        assert isinstance(candidate.sandbox.program, template.Forked)


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

    def test_no_file_descriptor_of_the_template_in_the_first_process(self, attacker):
        cell = "import os; print(sorted(os.listdir('/proc/1/fd')))"
        assert said(attacker, cell) == "['0', '1', '2']\n"
        # pidfd_getfd(2) of what the template has at the place of its control socket
        steal = "print([libc.syscall(438, libc.syscall(434, 1, 0), fd, 0) for fd in range(3, 40)])"
        assert said(attacker, LIBC + steal) == f"{[-1] * 37}\n"

    def test_no_file_of_the_template_or_the_neighbour(self, attacker, neighbour):
        said(neighbour, "open('/tmp/mark', 'w'); open('/dev/shm/mark', 'w'); open('mark', 'w')")
        python = {part for place in bubblewrap._prefixes() for part in Path(place).parts}
        cell = f"""
import os
usual = {{"ipython", "matplotlib", ".local"}} | {python}
for folder in ("/tmp", "/dev/shm", "/home/student", "/dev/pts"):
    for top in ("", "/proc/1/root", "/proc/self/root", "/proc/self/cwd/../.."):
        print(sorted(set(os.listdir(top + folder)) - usual))"""
        assert set(said(attacker, cell).splitlines()) == {"[]", "['ptmx']"}

    def test_no_module_or_value_of_the_neighbour(self, attacker, neighbour, fresh):
        said(neighbour, "import numpy; numpy.zeros = 'poison'; secret = 'of the neighbour'")
        for candidate in (attacker, fresh()):
            assert said(candidate, "import numpy; print(numpy.zeros(2))") == "[0. 0.]\n"
            assert "secret" in said(candidate, "secret")

    def test_no_socket_of_the_neighbour(self, attacker, neighbour):
        cell = """
import socket
a = socket.socket(socket.AF_UNIX); a.bind("\\0meet"); a.listen()
b = socket.socket(); b.bind(("127.0.0.1", 7777)); b.listen(); print("up")"""
        assert said(neighbour, cell) == "up\n"
        connect = "import socket; socket.socket(socket.{}).connect({})"
        assert "refused" in said(attacker, connect.format("AF_UNIX", '"\\0meet"'))
        assert "refused" in said(attacker, connect.format("AF_INET", '("127.0.0.1", 7777)'))

    def test_no_shared_memory_and_no_queue_of_the_neighbour(self, attacker, neighbour):
        cell = (
            LIBC
            + "print(libc.shmget(4242, 4096, {}) >= 0, libc.mq_open(b'/meet', {}, 384, 0) >= 0)"
        )
        create, find = (0o1600, os.O_CREAT | os.O_RDWR), (0o600, os.O_RDWR)
        assert said(neighbour, LIBC + cell.format(*create)) == "True True\n"
        assert said(attacker, LIBC + cell.format(*find)) == "False False\n"

    def test_no_terminal_of_the_neighbour(self, attacker, neighbour):
        cell = "import os, pty; pair = pty.openpty(); print(os.ttyname(pair[1]))"
        assert said(neighbour, cell) == "/dev/pts/0\n"
        assert "No such file" in said(attacker, "import os; os.open('/dev/pts/0', os.O_RDWR)")

    def test_no_key_of_the_neighbour(self, attacker, neighbour):
        """Nobody can leave one, or ask for one: not even of the own keyring."""
        add = f"print(libc.syscall({ADD_KEY}, b'user', b'meet', b'mark', 4, -3), end=' ')"  # @s
        find = f"print(libc.syscall({REQUEST_KEY}, b'user', b'meet', None, 0))"
        for candidate in (neighbour, attacker):
            assert said(candidate, LIBC + add + "\n" + find) == "-1 -1\n"

    def test_nothing_in_memory_of_another_submission(self, fresh):
        fresh(files={"notes.txt": b"mark-of-another-student"})
        cell = """
import re
found, mark = 0, re.compile(rb"mark-of-an[o]ther-student")
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
        assert said(fresh(), cell) == "0\n"
        assert said(fresh(files={"own.txt": b"mark-of-another-student"}), cell) != "0\n"


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
            "libc.unshare(0x00020000)",  # CLONE_NEWNS
            "libc.unshare(0x20000000)",  # CLONE_NEWPID
            "libc.setns(os.open('/proc/1/ns/user', 0), 0)",
            "libc.setns(os.open('/proc/1/ns/mnt', 0), 0)",
            "libc.setns(os.open('/proc/1/ns/net', 0), 0)",
            "libc.setns(libc.syscall(434, 1, 0), 0x20000000)",  # pidfd_open, CLONE_NEWPID
            "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
            "libc.mount(b'none', b'/', None, 32 | 4096, None)",  # MS_REMOUNT | MS_BIND
            "libc.umount2(b'/tmp', 2)",  # MNT_DETACH
            "libc.umount2(b'/proc', 2)",
            "libc.umount2(b'/dev/shm', 2)",
            "libc.pivot_root(b'/tmp', b'/tmp')",
            "libc.chroot(b'/tmp')",
            "libc.sethostname(b'x', 1)",
            "libc.setuid(0)",
            "libc.setgroups(0, None)",
            "libc.ptrace(16, 0, 0, 0)",  # PTRACE_ATTACH
            "libc.prlimit(1, 6, (ctypes.c_ulong * 2)(-1, -1), None)",
            "libc.mknod(b'/tmp/disk', 0o60600, 0x0800)",
        ],
    )
    def test_it_is_refused(self, attacker, neighbour, deed):
        tell = "print(os.strerror(ctypes.get_errno()))"
        result, why = said(
            attacker, f"{LIBC}ctypes.set_errno(0)\nprint({deed})\n{tell}"
        ).splitlines()
        assert result == "-1"
        assert why in ("Operation not permitted", "Permission denied", "Invalid argument",
                       "No such process", "No space left on device")  # fmt: skip

    def test_no_right_is_left_and_none_comes_back(self, attacker):
        cell = """
import subprocess
def shell(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, stdin=-3)
    return done.stdout.split()
for pid in ("1", "2", "self"):
    print(*shell(f"grep -E 'Cap|NoNewPrivs' /proc/{pid}/status | cut -f 2"))
for program in ("su root -c", "mount", "newgrp root -c", "passwd"):
    print(*shell(f"{program} 'id -u'"))
print(*shell("id -u; cat /proc/sys/user/max_user_namespaces"))
print(*shell("grep -v nosuid /proc/self/mountinfo"))"""
        none = " ".join(["0" * 16] * 5 + ["1"])
        assert said(attacker, cell).splitlines() == [none] * 3 + [""] * 4 + ["1000 0", ""]

    def test_a_file_that_all_read_cannot_be_changed_in_memory(self, attacker, neighbour):
        path = "/course/course_utils/errors.py"
        cell = f"""
import ctypes, mmap, os
path = "{path}"
def attempt(what):
    try:
        what()
        print("done")
    except OSError as error:
        print(error.strerror)
def write_through(address):
    with open("/proc/self/mem", "r+b", 0) as memory:
        memory.seek(address)
        memory.write(b"evil")
for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE):
    mapped = mmap.mmap(os.open(path, os.O_RDONLY), 0, flags, mmap.PROT_READ)
    lines = [line for line in open("/proc/self/maps") if line.strip().endswith(path)]
    address = int(lines[0].split("-")[0], 16)
    attempt(lambda: write_through(address))
    ctypes.CDLL(None).mprotect(ctypes.c_void_p(address), 4096, 3)
    mapped.close()
attempt(lambda: open(path, "r+b"))
attempt(lambda: os.truncate(path, 0))
attempt(lambda: os.utime(path))"""
        shared, private, *others = said(attacker, cell).splitlines()
        assert shared == "Input/output error"
        assert private == "done"  # into a copy of its own
        assert len(others) == 3
        assert set(others) <= {"Read-only file system", "Permission denied"}
        assert "evil" not in said(neighbour, f"print(open({path!r}).read())")

    def test_the_limits_cannot_be_raised(self, attacker):
        cell = """
import resource
for kind in ("RLIMIT_NPROC", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_NOFILE"):
    try:
        resource.setrlimit(getattr(resource, kind), (resource.RLIM_INFINITY,) * 2)
        print(kind)
    except (ValueError, OSError):
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
        for folder in ("/tmp", "/dev/shm", "/home/student"):
            write = f"print(open('{folder}/own', 'wb').write(bytes(8 << 20)))"
            assert said(neighbour, write) == f"{8 << 20}\n"

    def test_each_has_its_own_number_of_processes(self, fresh, neighbour):
        bomb = """
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
print(made)"""
        bomber = fresh()
        assert QUICK.processes / 2 < int(said(bomber, bomb)) < QUICK.processes
        many = """
import subprocess
started = [subprocess.Popen(["sleep", "60"]) for _ in range(30)]
for process in started:
    process.kill()
    process.wait()
print(len(started))"""
        assert said(neighbour, many) == "30\n"

    def test_nothing_outlives_the_kernel(self, fresh):
        daemon = """
import os
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(3, 500)
            os.execvp("sleep", ["sleep", "4242.5"])
        os._exit(0)
    os.wait()
print("up")"""
        candidate = fresh()
        assert said(candidate, daemon) == "up\n"
        assert len(_running("4242.5")) == 3
        with pytest.raises(Ended):
            candidate.run("os._exit(0)")
        assert not _running("4242.5")

    def test_the_kernel_ends_with_the_examiner(self, fresh):
        program = fresh().sandbox.program
        program._lifeline.close()  # as it is when its process is killed
        assert select.select([program.ended], [], [], 20)[0]

    def test_orphans_leave_the_table(self, attacker):
        cell = """
import os, time
os.system("for i in $(seq 200); do (true &); done")
time.sleep(0.2)
print(len([process for process in os.listdir("/proc") if process.isdigit()]))"""
        assert said(attacker, cell) == "2\n"


def _running(argument):
    processes = psutil.process_iter(["cmdline"])
    return [p for p in processes if argument in (p.info["cmdline"] or ())]


@pytest.mark.parametrize("above", ["/tmp", "/dev/shm"])
def test_python_may_lie_where_folders_are_emptied(above, monkeypatch):
    with tempfile.TemporaryDirectory(dir=above) as place:
        os.chmod(place, 0o755)
        package = Path(place, "with space", "package.py")
        package.parent.mkdir(0o755)
        package.write_text("word = 'found'")
        package.chmod(0o666)
        system = (*bubblewrap._system(), "--ro-bind", str(package.parent), str(package.parent))
        monkeypatch.setattr(bubblewrap, "_system", lambda: system)
        with contextlib.closing(template.Template([])) as made:
            made.wait()
            monkeypatch.setattr(template, "chosen", made)
            candidate = Candidate(QUICK)
            try:
                assert (
                    said(candidate, f"print(open({str(package)!r}).read())") == "word = 'found'\n"
                )
                assert "Read-only" in said(candidate, f"open({str(package)!r}, 'a')")
                look = f"import os; print(os.listdir({above!r}), os.listdir({place!r}))"
                assert said(candidate, look).endswith("['with space']\n")
            finally:
                candidate.end()


class TestAsFresh:
    """A forked kernel is like one that has just been started."""

    def test_it_is_not_as_random_as_its_neighbour(self, attacker, neighbour):
        cell = """
import numpy, os, random, uuid
print(random.random(), numpy.random.rand(), uuid.uuid4(), os.urandom(8))"""
        assert not set(said(attacker, cell).split()) & set(said(neighbour, cell).split())

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
        with contextlib.closing(template.Template(["tqdm.auto", "json.tool", "torch"])) as made:
            made.wait()
            monkeypatch.setattr(template, "chosen", made)
            first, second = fresh(), fresh()
            names = "('tqdm.auto', 'json.tool', 'torch')"
            loaded = f"import sys; print([name in sys.modules for name in {names}])"
            assert said(first, loaded) == "[False, True, True]\n"
            random = "import torch; print(torch.rand(1).item())"
            assert said(first, random) != said(second, random)

    def test_a_file_that_is_called_like_a_module_takes_its_place(self, fresh):
        candidate = fresh(files={"matplotlib.py": b"mark = 7", "helper/__init__.py": b""})
        assert isinstance(candidate.sandbox.program, OfItsOwn)
        assert said(candidate, "import matplotlib; print(matplotlib.mark)") == "7\n"
        candidate = fresh(files={"helper/__init__.py": b"mark = 8"})
        assert isinstance(candidate.sandbox.program, template.Forked)
        assert said(candidate, "import helper; print(helper.mark)") == "8\n"


class TestWhatIsNotForked:
    def test_a_process_with_threads(self, monkeypatch):
        monkeypatch.setattr(warm, "PATIENCE", 0.01)
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait)
        thread.start()
        with pytest.raises(nest.CannotNest, match="has started a thread"):
            warm.demand_that_it_can_be_forked()
        stop.set()
        thread.join()

    def test_memory_that_forks_would_share(self):
        """In a process of its own: what other tests have imported may share some as well."""
        code = (
            "import mmap\n"
            "from course_utils.grading import nest, warm\n"
            "warm.demand_that_it_can_be_forked()\n"
            "shared = mmap.mmap(-1, 4096)\n"
            "try:\n"
            "    warm.demand_that_it_can_be_forked()\n"
            "except nest.CannotNest as error:\n"
            "    print(error)\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert "has made shared memory" in ran.stdout, ran.stderr
