"""Namespaces of its own for a process in the sandbox: what bubblewrap does, from within.

Sources: user_namespaces(7), pid_namespaces(7), mount(2), capabilities(7), prctl(2), keyctl(2).
"""

import ctypes
import os
import platform
import re
import socket
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

# From linux/sched.h, mount.h, prctl.h, capability.h, keyctl.h, sockios.h and if.h.
CLONE_NEWNS = 0x0002_0000
CLONE_NEWCGROUP = 0x0200_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC = 2, 4, 8, 0x1000, 0x4000
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
LINUX_CAPABILITY_VERSION_3 = 0x2008_0522
KEYCTL_JOIN_SESSION_KEYRING = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}
OWN = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS

HOME = "/home/student"
WRITABLE = ("/tmp", "/dev/shm", HOME)
MIN_LINUX = (5, 14)  # before that, processes were counted for all of a user's namespaces together
_libc = None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)


class CannotNest(Exception):
    """A step that this machine does not allow; the text says which, and why."""


def receive(connection: socket.socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """A message and its file descriptors, which no program that is started later inherits."""
    message, fds, *_ = socket.recv_fds(connection, size, most)
    for fd in fds:
        os.set_inheritable(fd, False)
    return message, list(fds)


def leave(disk: int) -> None:
    """Leave for namespaces of one's own, with nothing to read or write that is another's.

    From then on this process starts its children in them. The first is their first process, with
    which all others end; one of the others calls `settle`, for which this one keeps its rights.
    What is executed has none.

    Parameters
    ----------
    disk
        Bytes of each folder that can be written; all are empty, and lie in memory.

    Raises
    ------
    CannotNest
        If a step fails; the process must then end.
    """
    _demand_linux()
    user, group = os.getuid(), os.getgid()
    _call("unshare", OWN | CLONE_NEWCGROUP)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    for folder in WRITABLE:
        _empty(folder, disk)
    # Terminals, of which all that share this folder could open each other's.
    _mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.chdir(HOME)  # which until now was the folder beneath
    _connect_with_itself()
    own_keyring()
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)


def settle() -> None:
    """In one of the children: see the new processes only, and give up every right.

    Raises
    ------
    CannotNest
        If a step fails; all in these namespaces must then end.
    """
    _mount("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "")
    _write("/proc/sys/user/max_user_namespaces", "0")
    give_up_rights()


def _empty(folder: str, disk: int) -> None:
    """Cover a folder with an empty one, in which only what is mounted there stays: Python itself
    and its packages, where they lie in such a folder."""
    stay = {place: os.open(place, os.O_PATH) for place in mounted_below(folder)}
    _mount("tmpfs", folder, MS_NOSUID | MS_NODEV, f"size={disk},mode=0755")
    for place, fd in stay.items():
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            os.makedirs(place)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT))
        _call("mount", f"/proc/self/fd/{fd}".encode(), place.encode(), None, MS_BIND | MS_REC, None)
        os.close(fd)


def mounted_below(folder: str) -> list[str]:
    """Where something is mounted below a folder, without what lies below that again."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    escaped = re.compile(r"\\([0-7]{3})")  # as spaces are
    places = sorted(escaped.sub(lambda m: chr(int(m[1], 8)), line.split()[4]) for line in lines)
    found = []
    for place in map(Path, places):
        if Path(folder) in place.parents and not {*map(Path, found)} & {place, *place.parents}:
            found.append(str(place))
    return found


def _connect_with_itself() -> None:
    """Have 127.0.0.1, as programs expect; there is no other network."""
    import fcntl  # which Windows does not have

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def own_keyring() -> None:
    """Join an empty keyring of the session: the one inherited is shared with who started this."""
    number = SYS_KEYCTL.get(platform.machine())
    if number is not None:  # a kernel without keyrings has none to share
        _libc.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


def give_up_rights() -> None:
    """Drop all capabilities; none can come back."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def close_all_but(fds: Iterable[int]) -> None:
    """Close what this process has inherited, but for standard input, output and errors."""
    last = 2
    for fd in sorted(fds):
        os.closerange(last + 1, fd)
        last = fd
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX"))


def _demand_linux() -> None:
    release = os.uname().release
    version = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
    if version < MIN_LINUX:
        needed = ".".join(map(str, MIN_LINUX))
        raise CannotNest(f"forking kernels needs Linux {needed}, here is {release}")


def _mount(kind: str, where: str, flags: int, options: str) -> None:
    _call("mount", kind.encode(), where.encode(), kind.encode(), flags, options.encode())


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text)
    except OSError as error:
        why = f"{path}: {error.strerror}"
        raise CannotNest(f"namespaces cannot be nested here ({why})") from None


def _call(function: str, *arguments: object) -> None:
    """Call a function of the C library, which gives 0 or -1."""
    wide = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if getattr(_libc, function)(*wide) == -1:
        what = " ".join(a.decode() for a in arguments[:2] if isinstance(a, bytes))
        why = os.strerror(ctypes.get_errno())
        raise CannotNest(
            f"namespaces cannot be nested here ({f'{function} {what}'.strip()}: {why})"
        )
